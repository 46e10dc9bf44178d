// SPDX-License-Identifier: GPL-2.0-only
/** Initcalls of a console, and what two boots differ by. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareInitcalls, initcallsOf, populatingRow } from '../../src/measure/initcalls.ts';

/** As Linux 7.3 prints it. */
const archive = `[    0.021350] Kernel command line: console=ttyS0 initcall_debug loglevel=8
[    0.245056] entering initcall level: early
[    0.245141] initcall init_hw_perf_events+0x0/0x750 returned 0 after 0 usecs
[    0.245202] initcall bts_init+0x0/0x110 returned -19 after 4 usecs
[    0.275534] initcall populate_rootfs+0x0/0x40 returned 0 after 2 usecs
[    0.276472] Unpacking initramfs...
[    0.276900] initcall erofs_module_init+0x0/0x90 [erofs] returned 0 after 31 usecs
[    0.384998] Freeing initrd memory: 10004K
initbench: log nonce=14c7c0b4c26d18e6 at=0.276472 text=Unpacking\\040initramfs...`.split('\n');
const image = `[    0.245202] initcall bts_init+0x0/0x110 returned -19 after 4 usecs
[    0.276472] Unpacking initramfs...
[    0.276672] initramfs: root is an overlay on the erofs image at offset 0x0, 11412 KiB, in place
[    0.276900] initcall erofs_module_init+0x0/0x90 returned 0 after 40 usecs
[    0.276901] initcall later+0x0/0x90 returned 0 after 1 usecs
[    0.300000] Run /init as init process
[    0.400000] VFS: Mounted root (ext4 filesystem) readonly on device 254:0.`.split('\n');

describe('initcallsOf()', () => {
  test('functions, and the worker beside them', () => {
    expect(initcallsOf(archive)).toEqual({
      calls: new Map([
        ['init_hw_perf_events', 0],
        ['bts_init', 4],
        ['populate_rootfs', 2],
        ['erofs_module_init', 31],
      ]),
      populating: 108_526,
    });
  });

  test('a boot without initcall_debug has none', () => {
    expect(initcallsOf(archive.filter(line => !line.includes('] initcall')))).toBeUndefined();
  });

  test('takes any console', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...archive, ...image), fc.string())), lines => {
        const found = initcallsOf(lines);
        for (const us of found?.calls.values() ?? []) expect(us).toBeGreaterThanOrEqual(0);
        expect(found?.populating ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

test('what differs, the most first', () => {
  expect(compareInitcalls(initcallsOf(archive)!, initcallsOf(image)!)).toEqual([
    { name: populatingRow, before: 108_526, after: 200, delta: -108_326 },
    { name: 'erofs_module_init', before: 31, after: 40, delta: 9 },
    { name: 'populate_rootfs', before: 2, delta: -2 },
    { name: 'later', after: 1, delta: 1 },
  ]);
});
