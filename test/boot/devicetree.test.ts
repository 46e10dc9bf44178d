// SPDX-License-Identifier: GPL-2.0-only
/** Nodes added to a device tree that QEMU made (test/fixtures/virt.dtb), read back by a reader of our own. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withDeviceTree } from '../../src/boot/qemu/devicetree.ts';
import { addNodes } from '../../src/boot/qemu/fdt.ts';
import arm64 from '../../src/boot/machine/arm64.ts';
import { collect, never, type Sample, sampleImage, sampleMachine, sampleVm } from './machine.ts';

const recorded = readFileSync('test/fixtures/virt.dtb');

/** Every property by its path, '/memory@40000000/reg', and each node as `path/`, in order. */
function read(tree: Buffer): Map<string, string> {
  const [total, structure, strings, , , , , stringsSize, size] = Array.from({ length: 9 }, (_, index) =>
    tree.readUInt32BE(4 + 4 * index),
  ) as [number, number, number, number, number, number, number, number, number];
  expect(total).toBeLessThanOrEqual(tree.length);
  expect(strings + stringsSize).toBeLessThanOrEqual(total);
  const text = (at: number) => tree.toString('latin1', at, tree.indexOf(0, at));
  const found = new Map<string, string>();
  const path: string[] = [];
  let at = structure;
  const word = () => tree.readUInt32BE((at += 4) - 4);
  for (;;) {
    const token = word();
    if (token === 1) {
      path.push(text(at));
      at += (text(at).length + 4) & ~3;
      found.set(`${path.join('/')}/`, '');
    } else if (token === 2) path.pop();
    else if (token === 3) {
      const [length, name] = [word(), word()];
      expect(name).toBeLessThan(stringsSize);
      found.set([...path, text(strings + name)].join('/'), tree.toString('hex', at, at + length));
      at += (length + 3) & ~3;
    } else if (token === 9) break;
    else expect(token).toBe(4);
  }
  expect(path).toEqual([]);
  expect(at).toBe(structure + size);
  return found;
}

describe('addNodes()', () => {
  const nodes = [
    { name: 'a@1', properties: { compatible: Buffer.from('x\0'), 'new-name': Buffer.alloc(0) } },
    { name: 'bb@22', properties: { reg: Buffer.from('0001020304050607', 'hex') } },
  ];

  test('leaves all that was there, and adds them last below the root', () => {
    const before = read(recorded);
    const after = read(addNodes(recorded, nodes));
    expect([...after].slice(0, before.size)).toEqual([...before]);
    expect([...after].slice(before.size)).toEqual([
      ['/a@1/', ''],
      ['/a@1/compatible', '7800'],
      ['/a@1/new-name', ''],
      ['/bb@22/', ''],
      ['/bb@22/reg', '0001020304050607'],
    ]);
  });

  test('the result is as good a tree as the first', () => {
    const twice = addNodes(addNodes(recorded, nodes.slice(0, 1)), nodes.slice(1));
    expect(read(twice)).toEqual(read(addNodes(recorded, nodes)));
  });

  test('refuses what is not a tree', () => {
    expect(() => addNodes(Buffer.alloc(100), nodes)).toThrow('not a device tree');
    const cut = Buffer.from(addNodes(recorded, []));
    cut.writeUInt32BE(64, 36);
    expect(() => addNodes(cut, nodes)).toThrow('no end');
  });
});

describe('withDeviceTree()', () => {
  let sample: Sample;
  beforeEach(async () => {
    sample = await sampleMachine();
  });
  afterEach(() => sample.remove());
  const carveOut = arm64.memoryDisk.place(12 * 2 ** 20, 2048, 2 ** 20);
  const disk = {
    kind: 'pmem',
    image: sampleImage('erofs'),
    device: '/dev/pmem0',
    standsFor: 'disk',
    carveOut,
  } as const;

  test("a memory disk on arm64: QEMU's own tree and the disk in it, made once", async () => {
    const vm = sampleVm({ machine: arm64, disks: [disk] });
    const first = await collect(withDeviceTree(sample.workspace, vm, 'row', never));
    const tree = read(readFileSync(first.product.deviceTree!));
    expect(tree.get('/pmem@bf400000/compatible')).toBe(Buffer.from('pmem-region\0').toString('hex'));
    expect(tree.get('/pmem@bf400000/reg')).toBe('00000000bf4000000000000000c00000');
    expect([...tree.keys()]).toEqual(expect.arrayContaining([...read(recorded).keys()]));
    const argv = arm64.argv(first.product);
    expect(argv[argv.indexOf('-dtb') + 1]).toBe(first.product.deviceTree);
    expect(argv.at(-1)).toMatch(/ mem=2036M$/);
    const again = await collect(withDeviceTree(sample.workspace, vm, 'row', never));
    expect(again.product).toEqual(first.product);
    expect(again.events).toMatchObject([{ state: 'cached' }]);
    expect(await sample.calls()).toHaveLength(1);
  });

  test('nothing to tell: the machine as it is', async () => {
    for (const vm of [sampleVm({ disks: [disk] }), sampleVm({ machine: arm64 })]) {
      expect(await collect(withDeviceTree(sample.workspace, vm, 'row', never))).toEqual({
        product: vm,
        events: [],
      });
    }
    expect(await sample.calls()).toEqual([]);
  });
});
