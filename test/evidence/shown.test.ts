// SPDX-License-Identifier: GPL-2.0-only
/** What judgements read: libraries of a program, memory by its reports, instances of EROFS. */
import { expect, test } from 'vitest';
import { parseLdd } from '../../src/evidence/verify/host.ts';
import { instances } from '../../src/evidence/verify/leaving.ts';
import { memories, near } from '../../src/evidence/verify/shown.ts';

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
