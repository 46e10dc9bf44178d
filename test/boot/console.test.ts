// SPDX-License-Identifier: GPL-2.0-only
/** Console text to lines to signs: one recorded console per situation, all through the same functions. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { consoleParser, lineSplitter, type Sign } from '../../src/boot/console.ts';

const recorded = (name: string) => readFile(path.resolve('test/fixtures/console', `${name}.log`));

function split(bytes: Buffer, piece = bytes.length): { lines: string[]; rest: string[] } {
  const splitter = lineSplitter();
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += piece)
    lines.push(...splitter.push(bytes.subarray(at, at + piece)));
  return { lines, rest: splitter.rest() };
}

function signsOf(bytes: Buffer): Sign[] {
  const parser = consoleParser();
  const { lines, rest } = split(bytes);
  return [...lines.flatMap(line => parser.line(line)), ...rest.flatMap(line => parser.rest(line))];
}

const read = async (name: string) => signsOf(await recorded(name));
const marksOf = (signs: readonly Sign[]) =>
  signs.flatMap(sign => (sign.type === 'mark' ? [[sign.mark, sign.tsc, sign.boottime]] : []));
const factsOf = (signs: readonly Sign[], name: string) =>
  signs.flatMap(sign => (sign.type === 'fact' && sign.fact.name === name ? [sign.fact.values] : []));
const othersOf = (signs: readonly Sign[]) =>
  signs.flatMap(sign =>
    sign.type === 'panic' || sign.type === 'trouble' ? [{ type: sign.type, message: sign.message }] : [],
  );

const initramfsMarks = [
  ['init', 305932873, 373417505],
  ['used', 308575531, 376057438],
  ['end', 308807239, 376288816],
];

describe('consoleParser()', () => {
  test('the initramfs flow: marks in order, facts with their values', async () => {
    const signs = await read('ready-initramfs');
    expect(marksOf(signs)).toEqual(initramfsMarks);
    expect(factsOf(signs, 'memory')).toMatchObject([
      { at: 'init', MemTotal: '2051236', MemFree: '2007380', pcp: '18408' },
      { at: 'used' },
    ]);
    expect(factsOf(signs, 'used')).toMatchObject([{ percent: '10', files: '49', bytes: '1906710' }]);
    expect(othersOf(signs)).toEqual([]);
  });

  test('the userspace flow has a first stage', async () => {
    const signs = await read('ready-userspace');
    expect(marksOf(signs).map(([mark]) => mark)).toEqual(['stage1', 'init', 'used', 'end']);
    expect(factsOf(signs, 'switch')).toMatchObject([{ how: 'pivot_root' }]);
  });

  test('escaped values are undone', async () => {
    const [root] = factsOf(await read('ready-userspace'), 'root');
    expect(root).toMatchObject({
      fstype: 'overlay',
      super: 'rw,lowerdir=/image,upperdir=/upper/upper,workdir=/upper/work,uuid=on',
    });
  });

  test('with --rootfs there is one mark more', async () => {
    const signs = await read('ready-rootfs');
    expect(marksOf(signs).map(([mark]) => mark)).toEqual(['init', 'used', 'rootfs', 'end']);
    expect(factsOf(signs, 'rootfs')).toMatchObject([{ fstype: 'ext4', how: 'pivot_root' }]);
  });

  test('systemd on its way to a root file system: what it says of itself among its own lines', async () => {
    const signs = await read('ready-systemd');
    expect(marksOf(signs).map(([mark]) => mark)).toEqual(['init', 'used', 'rootfs', 'end']);
    expect(factsOf(signs, 'reached').map(({ what, boottime }) => [what, boottime])).toEqual([
      ['own-init', '420424654'],
      ['initrd.target', '6134875671'],
      ['switch-root', '6294828663'],
    ]);
    expect(factsOf(signs, 'rootfs')).toMatchObject([{ fstype: 'ext4', how: 'switch-root' }]);
    expect(othersOf(signs)).toEqual([]);
  });

  test('whoever reaches something says so with the nonce of the boot, or is not believed', () => {
    const said = consoleParser('4c2e').line('initbench: reached what=initrd.target tsc=1 boottime=1');
    expect(said).toMatchObject([{ type: 'fact', fact: { name: 'forged' } }]);
  });

  test('reading in steps: every step is a mark and a fact', async () => {
    const signs = await read('used-in-steps');
    expect(factsOf(signs, 'used').map(values => values.percent)).toEqual(['1', '10', '50', '100']);
    const used = signs.filter(sign => sign.type === 'mark' && sign.mark === 'used');
    expect(used.map(sign => sign.type === 'mark' && sign.percent)).toEqual([1, 10, 50, 100]);
  });

  test('an initrd without a program of ours: the kernel says when it runs its /init', async () => {
    const lines = [
      ...['[    0.214215] Unpacking initramfs...', '[    0.511000] Freeing initrd memory: 45440K'],
      ...['[    0.523456] Run /init as init process', 'Run /init as init process', '[    1.0] Run /init'],
    ];
    const parser = consoleParser('0123', true);
    expect(lines.flatMap(line => parser.line(line))).toEqual([
      { type: 'fact', fact: { name: 'log', values: { at: '0.214215', text: 'Unpacking initramfs...' } } },
      {
        type: 'fact',
        fact: { name: 'log', values: { at: '0.511000', text: 'Freeing initrd memory: 45440K' } },
      },
      { type: 'mark', mark: 'init' },
      { type: 'fact', fact: { name: 'log', values: { at: '0.523456', text: 'Run /init as init process' } } },
      { type: 'mark', mark: 'init' },
      { type: 'fact', fact: { name: 'log', values: { text: 'Run /init as init process' } } },
    ]);
    const usual = consoleParser('0123');
    expect(lines.flatMap(line => usual.line(line))).toEqual([]);
  });

  test('a full kernel log changes nothing', async () => {
    const signs = await read('verbose');
    expect(marksOf(signs)).toEqual([
      ['init', 254983819, 321903006],
      ['used', 257548508, 324464969],
      ['end', 257781610, 324697741],
    ]);
    expect(othersOf(signs)).toEqual([]);
  });

  test.each(['panic-no-root', 'printk-time-off'])('%s: the panic, and what led to it', async name => {
    expect(othersOf(await read(name))).toEqual([
      { type: 'trouble', message: 'check access for rdinit=/nope failed: -2, ignoring' },
      { type: 'trouble', message: 'VFS: Cannot open root device "" or unknown-block(0,0): error -19' },
      { type: 'panic', message: 'VFS: Unable to mount root fs on unknown-block(0,0)' },
    ]);
  });

  test('a panic behind the prompt of a program', async () => {
    const signs = await read('own-init-stays');
    expect(othersOf(signs)).toEqual([
      { type: 'panic', message: 'Attempted to kill init! exitcode=0x00000000' },
    ]);
    expect(marksOf(signs).map(([mark]) => mark)).toEqual(['init', 'used', 'end']);
  });

  test('an oops is trouble, not the end', async () => {
    expect(othersOf(await read('damaged-initramfs'))).toEqual([
      { type: 'trouble', message: 'BUG: unable to handle page fault for address: ffff88807ffe0000' },
      { type: 'trouble', message: 'Oops: Oops: 0000 [#1] SMP' },
    ]);
  });

  test.each([
    'BUG: KASAN: slab-out-of-bounds in erofs_bread+0x1/0x2',
    'BUG kmalloc-64 (Not tainted): Poison overwritten',
    '[ BUG: Invalid wait context ]',
    'WARNING: possible circular locking dependency detected',
    'INFO: trying to register non-static key.',
    'UBSAN: array-index-out-of-bounds in ../fs/erofs/super.c:1:2',
    'pagealloc: memory corruption',
    'rcu: INFO: rcu_preempt self-detected stall on CPU',
    'watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [init:1]',
    'INFO: task init:1 blocked for more than 10 seconds.',
    'INFO: task init:1 blocked in I/O wait for more than 10 seconds.',
    'list_del corruption. prev->next should be ffff888, but was 0000. (prev=ffff888)',
  ])('a report is trouble: %s', message => {
    expect(othersOf(signsOf(Buffer.from(`[    0.1] x\n[    1.234567][    T1] ${message}\n`)))).toEqual([
      { type: 'trouble', message },
    ]);
    expect(signsOf(Buffer.from(`[    1.234567] rcu: a line that says ${message}\n`))).toEqual([]);
  });

  test('what the guest reports as wrong is a fact', async () => {
    expect(factsOf(await read('error-no-partition'), 'error')).toEqual([
      { what: 'boot-partition', path: '/dev/nope', errno: '38' },
    ]);
  });

  test('a last line that stops in the middle of a number is not a fact', async () => {
    const { rest } = split(await recorded('stops-mid-line'));
    expect(rest).toEqual(['initbench: used percent=10 tsc=308575531 boottime=376057']);
    const signs = await read('stops-mid-line');
    expect(marksOf(signs).map(([mark]) => mark)).toEqual(['init']);
    expect(factsOf(signs, 'used')).toEqual([]);
  });

  test('a panic is one even if the log stops behind it', () => {
    const bytes = Buffer.from('[    0.1] Kernel panic\r\n[    0.100000] Kernel panic - not syncing: out of');
    expect(signsOf(bytes)).toEqual([{ type: 'panic', message: 'out of' }]);
  });

  test('kernel messages in the middle of facts, even twice in one', async () => {
    const signs = await read('printk-breaks-facts');
    expect(marksOf(signs)).toEqual(initramfsMarks);
    expect(factsOf(signs, 'used')).toMatchObject([{ percent: '10', sum: 'a7dbd707642acd63' }]);
    expect(othersOf(signs)).toEqual([
      { type: 'trouble', message: 'WARNING: CPU: 0 PID: 1 at kernel/x.c:1 x+0x1/0x2' },
    ]);
  });

  test("a firmware's escape sequences and NULs before the first line", async () => {
    expect(marksOf(await read('firmware-escapes'))).toEqual(initramfsMarks);
  });

  test('a hostile guest forges no mark through a value, and no control character passes', async () => {
    const signs = await read('hostile');
    expect(factsOf(signs, 'mount')).toEqual([{ at: '/tmp/\\x1b[2J\\x0ainitbench: end', fstype: 'tmpfs' }]);
    expect(marksOf(signs)).toEqual([
      ['end', undefined, undefined],
      ['init', undefined, undefined],
      ['used', undefined, undefined],
    ]);
    expect(JSON.stringify(signs)).not.toMatch(/\\u00[01]|\x1b|\u202e/);
  });

  test('any bytes: nothing throws, and only safe text comes out', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'initbench: ',
        'end',
        ' tsc=',
        '12',
        '\r\n',
        '\n',
        '[    1.234567] ',
        '\\033',
        '\x1b[',
        '\0',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), pieces => {
        const text = JSON.stringify(signsOf(Buffer.from(pieces.join(''))));
        expect(text).not.toMatch(/[\x7f-\x9f\u2028-\u202e]|\\u00[01]/);
      }),
      { numRuns: 60 },
    );
  });
});

describe('lineSplitter()', () => {
  test.each([1, 7, 4096])('the same lines in pieces of %i bytes', async piece => {
    const bytes = await recorded('hostile');
    expect(split(bytes, piece)).toEqual(split(bytes));
  });

  test('CR LF, several CRs, a last line without an end, UTF-8 across pieces', () => {
    expect(split(Buffer.from('a\r\nb\r\r\nä'), 1)).toEqual({ lines: ['a', 'b'], rest: ['ä'] });
  });

  test('a very long line is cut, and so is the memory it takes', () => {
    const splitter = lineSplitter();
    for (let i = 0; i < 1000; i++) expect(splitter.push(Buffer.alloc(65536, 'x'))).toEqual([]);
    const [line] = splitter.push(Buffer.from('\nnext'));
    expect(line).toBe(`${'x'.repeat(8192)}...`);
    expect(splitter.rest()).toEqual(['next']);
  });
});
