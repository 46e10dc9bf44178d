// SPDX-License-Identifier: GPL-2.0-only
/** What judgements read: libraries of a program, memory by its reports, instances of EROFS, how a boot fails. */
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/events.ts';
import { parseLdd } from '../../src/evidence/verify/host.ts';
import { instances } from '../../src/evidence/verify/leaving.ts';
import { endsClosed, failsClosed, memories, near } from '../../src/evidence/verify/shown.ts';
import { failing, shownIn, text } from './recorded.ts';

test('libraries are the absolute paths that ldd prints', () => {
  const printed = [
    '\tlinux-vdso.so.1 (0x00007fdbbf925000)',
    '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fdbbf72b000)',
    '\t/lib64/ld-linux-x86-64.so.2 (0x00007fdbbf927000)',
    '',
  ].join('\n');
  expect(parseLdd(printed)).toEqual(['/lib/x86_64-linux-gnu/libc.so.6', '/lib64/ld-linux-x86-64.so.2']);
});

const facts = [
  { name: 'memory', values: { at: 'now', MemTotal: '100', MemFree: '50', pcp: '7', Cached: '3' } },
  { name: 'devices', values: { erofs: 'features,initrd' } },
  { name: 'memory', values: { at: 'now', MemTotal: '300', MemFree: '250', Cached: '3' } },
  { name: 'devices', values: { erofs: 'features' } },
];

test('reports of one boot keep their order', () => {
  expect(memories({ facts })).toEqual([
    { total: 100, free: 57, cached: 3 },
    { total: 300, free: 250, cached: 3 },
  ]);
  expect(instances({ facts })).toEqual([['initrd'], []]);
});

test('what is missing is near to nothing', () => {
  expect(near('it is', 100, 104, 4)).toMatchObject({ holds: true, seen: '100 and 104 KiB' });
  expect(near('it is', 100, 105, 4)).toMatchObject({ holds: false });
  expect(near('it is', undefined, 105, 1000)).toMatchObject({ holds: false });
  expect(near('it is', Number.NaN, 105, 1000)).toMatchObject({ holds: false });
});

describe('a series that fails closed', () => {
  const guide = 'Documentation/admin-guide/initoverlayfs.rst';
  const documents = (file: string, ...lines: string[]) => ({ ...text, added: { [file]: lines } });
  const says = [
    'If the image is bad, or what comes after it, the kernel says so in one',
    'line and panics::',
  ];
  const boot = (outcome: Outcome, lines: readonly string[] = []) =>
    shownIn(lines.map(line => `${line}\n`).join(''), { outcome });
  const panic: Outcome = {
    kind: 'panic',
    message: 'Initramfs unpacking failed: erofs image at offset 0x0 is cut off (-EINVAL)',
  };

  test('is known by what its guide says, and by nothing else', () => {
    expect(failsClosed(documents(guide, ...says))).toBe(true);
    expect(failsClosed(documents('Documentation/admin-guide/other.rst', ...says))).toBe(false);
    expect(
      failsClosed(documents(guide, 'A bad image is reported in one line.', 'The kernel never panics.')),
    ).toBe(false);
  });

  test('has to end so: by its own panic, in few words, and with no /init', () => {
    expect(failing(endsClosed('x', boot(panic), []))).toEqual([]);
    expect(
      failing(endsClosed('x', boot({ ...panic, message: 'VFS: Unable to mount root fs' }), [])),
    ).toHaveLength(1);
    expect(failing(endsClosed('x', boot(panic), ['one', 'two']))).toHaveLength(1);
    expect(failing(endsClosed('x', boot(panic, ['initbench: init tsc=1 boottime=1']), []))).toHaveLength(1);
    expect(failing(endsClosed('x', boot({ kind: 'ready' }), []))).toHaveLength(1);
  });
});
