// SPDX-License-Identifier: GPL-2.0-only
/** Kernel faults on recorded consoles. The kernels were made to fault: in one boot a branch in drop_nlink() always went
 *  to its WARN_ON(), in one erofs_readdir() began with a read through a null pointer. One image names a file as the
 *  inode of its own fragments, whose reader then waits for a page that it has locked itself. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Fault, faultsOf, sameFault } from '../../../src/evidence/fuzz/faults.ts';

const recorded = (name: string) =>
  readFileSync(path.resolve('test/fixtures/console', `${name}.log`), 'utf8').split(/\r*\n/);

describe('faultsOf()', () => {
  test('a warning is one fault for each report, with the function it is in', () => {
    const faults = faultsOf(recorded('warnings'));
    expect(faults).toEqual([
      {
        kind: 'warning',
        message: 'WARNING: fs/inode.c:408 at drop_nlink+0x20/0x30, CPU#0: kworker/u4:0/11',
        where: 'drop_nlink',
      },
      {
        kind: 'warning',
        message: 'WARNING: fs/inode.c:408 at drop_nlink+0x20/0x30, CPU#0: kworker/u4:0/11',
        where: 'drop_nlink',
      },
    ]);
  });

  test('an oops is one fault, though its report says several things', () => {
    expect(faultsOf(recorded('oops-in-readdir'))).toEqual([
      {
        kind: 'oops',
        message: 'BUG: kernel NULL pointer dereference, address: 0000000000000000',
        where: 'erofs_readdir',
      },
    ]);
  });

  test('on User-Mode Linux an exception of the kernel is the panic itself, its place the first of the trace', () => {
    expect(faultsOf(recorded('um-kernel-fault'))).toEqual([
      {
        kind: 'oops',
        message: 'Kernel panic - not syncing: Kernel mode fault at addr 0x0, ip 0x0',
        where: 'filemap_read_folio',
      },
    ]);
  });

  test('a task that waits for ever is one each time the kernel says so, the first the longest ago', () => {
    const faults = faultsOf(recorded('hung-in-io'));
    const message = (seconds: number) =>
      `INFO: task init:1 blocked in I/O wait for more than ${seconds} seconds.`;
    expect(faults).toEqual(
      [10, 20, 30, 40].map(seconds => ({ kind: 'lockup', message: message(seconds), where: '' })),
    );
    expect(sameFault(faults[0]!, faults[3]!)).toBe(true);
  });

  test("TCG's oops of user code is none", () => {
    const lines = recorded('tcg-false-oops');
    expect(lines.some(line => line.includes('Oops: '))).toBe(true);
    expect(faultsOf(lines)).toEqual([]);
  });

  test.each(['ready-initramfs', 'ready-userspace', 'panic-no-root', 'verbose', 'own-init-dies'])(
    '%s: a boot without a fault has none',
    name => {
      expect(faultsOf(recorded(name))).toEqual([]);
    },
  );

  test('without time stamps, and cut off, it is still seen', () => {
    const bare = recorded('oops-in-readdir').map(line => line.replace(/^\[ *\d+\.\d+\] /, ''));
    expect(faultsOf(bare)).toHaveLength(1);
    const start = bare.findIndex(line => line.startsWith('BUG: '));
    expect(faultsOf(bare.slice(0, start + 1))).toMatchObject([{ kind: 'oops', where: '' }]);
  });
});

test('the same fault is told from another, whatever addresses, numbers and tasks', () => {
  const fault = (message: string, where: string, kind: Fault['kind'] = 'warning'): Fault => ({
    kind,
    message,
    where,
  });
  const one = fault('WARNING: fs/inode.c:408 at drop_nlink+0x20/0x30, CPU#0: init/1', 'drop_nlink');
  const moved = fault(
    'WARNING: fs/inode.c:412 at drop_nlink+0x24/0x40, CPU#1: kworker/u4:0/11',
    'drop_nlink',
  );
  expect(sameFault(one, moved)).toBe(true);
  expect(sameFault(one, { ...moved, where: 'inc_nlink' })).toBe(false);
  expect(sameFault(one, { ...moved, kind: 'bug' })).toBe(false);
  expect(sameFault(one, fault('WARNING: fs/dcache.c:412 at drop_nlink+0x24/0x40', 'drop_nlink'))).toBe(false);
});
