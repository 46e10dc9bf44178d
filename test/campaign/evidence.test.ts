// SPDX-License-Identifier: GPL-2.0-only
/** What judgements read: libraries of a program, results of KUnit, memory by its reports, instances of EROFS. */
import { expect, test } from 'vitest';
import { parseLdd } from '../../src/campaign/verify/host.ts';
import { kunitResults, kunitSuites } from '../../src/campaign/verify/kunit.ts';
import { instances } from '../../src/campaign/verify/leaving.ts';
import { memories, near } from '../../src/campaign/verify/shown.ts';

test('libraries are the absolute paths that ldd prints', () => {
  const printed = [
    '\tlinux-vdso.so.1 (0x00007fdbbf925000)',
    '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fdbbf72b000)',
    '\t/lib64/ld-linux-x86-64.so.2 (0x00007fdbbf927000)',
    '',
  ].join('\n');
  expect(parseLdd(printed)).toEqual(['/lib/x86_64-linux-gnu/libc.so.6', '/lib64/ld-linux-x86-64.so.2']);
});

test('KUnit: suites with their cases, failures and skips told apart', () => {
  const results = kunitResults([
    'KTAP version 1',
    '1..2',
    '    KTAP version 1',
    '    # Subtest: initramfs',
    '    1..2',
    '    ok 1 initramfs_test_extract',
    '    # initramfs_test_csum: EXPECTATION FAILED at init/initramfs_test.c:300',
    '    not ok 2 initramfs_test_csum',
    '# initramfs: pass:1 fail:1 skip:0 total:2',
    'not ok 1 initramfs',
    '        ok 1 a parameter',
    '    ok 1 image_test_many',
    '    ok 2 image_test_none # SKIP no memory',
    'ok 2 image',
  ]);
  expect([...results]).toEqual([
    [
      'initramfs',
      {
        result: 'not ok',
        cases: [
          { name: 'initramfs_test_extract', result: 'ok' },
          { name: 'initramfs_test_csum', result: 'not ok' },
        ],
      },
    ],
    [
      'image',
      {
        result: 'ok',
        cases: [
          { name: 'image_test_many', result: 'ok' },
          { name: 'image_test_none', result: 'skipped' },
        ],
      },
    ],
  ]);
});

test('KUnit: the suites a series adds', () => {
  const suite = (head: string) => [
    '\t.name = "not this",',
    `static struct kunit_suite ${head} = {`,
    '\t.name = "image",',
  ];
  for (const head of ['image_suite', '__refdata image_suite']) {
    const added = { 'init/image_test.c': suite(head), 'init/other.c': ['\t.name = "x",'] };
    expect(kunitSuites(added)).toEqual(['image']);
  }
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
