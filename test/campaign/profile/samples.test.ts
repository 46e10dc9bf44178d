// SPDX-License-Identifier: GPL-2.0-only
/** Samples as perf prints them, of a User-Mode Linux without frame pointers whose boot found no root file system. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sampleReader } from '../../../src/campaign/profile/samples.ts';
import { readSegments, symbolsOf } from '../../../src/campaign/profile/symbols.ts';
import { byKind, folded, foldedText, hottest } from '../../../src/measure/profile.ts';

const kernel = '/root/.cache/initbench/kernels/12591d5d4bc8/linux';
const printed = readFileSync('test/fixtures/perf/um-boot.txt', 'utf8');

function stacksOf(text: string) {
  const reader = sampleReader(kernel, offset => `at_${offset.toString(16)}`);
  for (const line of text.split('\n')) reader.line(line);
  reader.end();
  return reader.stacks;
}

describe('samples', () => {
  const stacks = stacksOf(printed);

  test('each of the guest is a stack; those of what starts it are none', () => {
    const own = printed.split('\n').filter(line => line === 'linux ').length;
    expect(own).toBeGreaterThan(10);
    expect(stacks).toHaveLength(own);
  });

  test('the outermost function is first, with the kernel of the host inside', () => {
    const frames = stacks.flatMap(stack => stack.frames);
    // no program ran in that guest, though perf took some addresses for functions of one
    expect(printed).toContain('[unknown] ([unknown])');
    expect(new Set(frames.map(({ kind }) => kind))).toEqual(new Set(['kernel', 'host', 'library']));
    const fault = stacks.find(({ frames: own }) => own.some(({ name }) => name === 'asm_exc_page_fault'))!;
    const kinds = fault.frames.map(({ kind }) => kind);
    expect(kinds.at(-1)).toBe('host');
    expect(kinds.lastIndexOf('kernel')).toBeLessThan(kinds.indexOf('host'));
  });

  test('folded, no sample is lost', () => {
    const counted = folded(stacks);
    expect(counted.reduce((sum, { samples }) => sum + samples, 0)).toBe(stacks.length);
    const lines = foldedText({ stacks: counted }).trimEnd().split('\n');
    expect(lines).toHaveLength(counted.length);
    for (const line of lines) expect(line).toMatch(/^[^ ;]+(;[^ ;]+)* \d+$/);
    const kinds = byKind({ stacks: counted });
    expect(Object.values(kinds).reduce((sum, one) => sum + one, 0)).toBe(stacks.length);
    const hot = hottest({ stacks: counted });
    expect(hot.reduce((sum, { self }) => sum + self, 0)).toBe(stacks.length);
    for (const { self, total } of hot) expect(total).toBeGreaterThanOrEqual(self);
  });

  test('what is behind the end of the boot is left out', () => {
    const ending = printed.replaceAll(/^(\s+[0-9a-f]+) \S+ (\(\[kernel)/gm, '$1 sys_reboot $2');
    expect(stacksOf(ending).length).toBeLessThan(stacks.length);
  });
});

test('a function that calls itself took its time once', () => {
  const frame = (name: string) => ({ name, kind: 'kernel' as const });
  const stacks = folded(
    [[frame('a'), frame('a'), frame('b')], [frame('a')], [frame('a')]].map(frames => ({
      frames,
      samples: 1,
    })),
  );
  expect(hottest({ stacks }).map(({ frame: { name }, self, total }) => [name, self, total])).toEqual([
    ['a', 2, 3],
    ['b', 1, 1],
  ]);
});

describe('what is loaded of a program, as readelf has it', () => {
  test.each([process.execPath, '/bin/busybox'])('%s', async file => {
    const told = [
      ...execFileSync('readelf', ['-lW', file], { encoding: 'utf8' }).matchAll(
        /^ {2}LOAD\s+(0x\w+) (0x\w+) 0x\w+ (0x\w+)/gm,
      ),
    ].map(([, offset, address, bytes]) => ({
      ...{ offset: Number(offset), address: BigInt(address!), bytes: Number(bytes) },
    }));
    expect(told.length).toBeGreaterThan(1);
    expect(await readSegments(file)).toEqual(told);
  });

  test('a function is found from its first byte to its last, by its place in the file', () => {
    const segments = [
      { offset: 0, address: 0x60000000n, bytes: 0x1000 },
      { offset: 0x2000, address: 0x60001000n, bytes: 0x100 },
    ];
    const listed = '0000000060001000 T first\n0000000060001010 t second.isra.0\n0000000060001020 D data\n';
    const at = symbolsOf(segments, listed);
    expect([0x2000, 0x200f, 0x2010, 0x20ff].map(at)).toEqual(['first', 'first', 'second', 'second']);
    expect([0x1500, 0x2100, 0].map(at)).toEqual([undefined, undefined, undefined]);
  });
});
