// SPDX-License-Identifier: GPL-2.0-only
/** KTAP of KUnit: the recorded consoles of real kernels, and what damaged ones must not do. */
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kunitSuites, ktapReader } from '../../../src/campaign/kunit/ktap.ts';

const console = [
  'KTAP version 1',
  '1..2',
  '    KTAP version 1',
  '    # Subtest: initramfs',
  '    # module: initramfs_test',
  '    1..3',
  '    ok 1 initramfs_test_extract',
  '    # initramfs_test_csum: EXPECTATION FAILED at init/initramfs_test.c:300',
  '    Expected err to be an error pointer',
  '    not ok 2 initramfs_test_csum',
  '        KTAP version 1',
  '        # Subtest: initramfs_test_many',
  '        ok 1 small',
  '        not ok 2 large',
  '    not ok 3 initramfs_test_many',
  '# initramfs: pass:1 fail:2 skip:0 total:3',
  'not ok 1 initramfs',
  '    KTAP version 1',
  '    # Subtest: image',
  '    1..2',
  '    ok 1 image_test_many # speed: slow',
  '    ok 2 image_test_none # SKIP no memory',
  'ok 2 image',
];

/** What the suites above come to, without their times. */
const expected = [
  {
    name: 'initramfs',
    result: 'failed',
    planned: 3,
    tests: [
      { name: 'initramfs_test_extract', result: 'passed', messages: [] },
      {
        name: 'initramfs_test_csum',
        result: 'failed',
        messages: [
          '# initramfs_test_csum: EXPECTATION FAILED at init/initramfs_test.c:300',
          'Expected err to be an error pointer',
        ],
      },
      { name: 'initramfs_test_many', result: 'failed', messages: ['parameter large failed'] },
    ],
  },
  {
    name: 'image',
    result: 'passed',
    planned: 2,
    tests: [
      { name: 'image_test_many', result: 'passed', messages: [] },
      { name: 'image_test_none', result: 'skipped', reason: 'no memory', messages: [] },
    ],
  },
];

const stamped = (lines: readonly string[]) =>
  lines.map((line, index) => `[    0.${String(100 + index).padStart(6, '0')}] ${line}`);

describe('suites', () => {
  test('of a real run, of which the kernel prints 400 more lines', async () => {
    const text = await readFile('test/fixtures/kunit/initoverlayfs.log', 'utf8');
    const suites = kunitSuites(text.split('\n'));
    expect(suites.map(({ name, result, tests, ms }) => [name, result, tests.length, ms])).toEqual([
      ['initramfs', 'passed', 9, 50],
      ['initoverlayfs', 'passed', 9, 870],
    ]);
    expect(suites.flatMap(({ tests }) => tests).every(one => one.result === 'passed')).toBe(true);
  });

  test('tests, failures with what was printed of them, skips with their reason', () => {
    expect(kunitSuites(console)).toEqual(expected);
  });

  test("printk's stamps change nothing but that each suite has a time", () => {
    const suites = kunitSuites(stamped(console));
    expect(suites.map(({ ms: _ms, ...rest }) => rest)).toEqual(expected);
    // lines 3 to 16, and 18 to 22, a microsecond each
    expect(suites.map(({ ms }) => ms)).toEqual([0.013, 0.004]);
  });

  test.each([
    ['TAP version 14', '# Subtest: old', ' - '],
    ['KTAP version 1', '# Subtest: old', ' '],
  ])('%s: %s', (version, subtest, dash) => {
    const lines = [version, '1..1', `    ${subtest}`, '    1..1', `    ok 1${dash}one`, `ok 1${dash}old`];
    expect(kunitSuites(lines)).toMatchObject([{ name: 'old', result: 'passed', tests: [{ name: 'one' }] }]);
  });

  test('fewer tests than announced is a failure, whatever the line of the suite says', () => {
    const lines = console.filter(line => !line.includes('image_test_none'));
    expect(kunitSuites(lines)[1]).toMatchObject({ name: 'image', result: 'failed', planned: 2 });
  });

  test('what the kernel prints between results is no result', () => {
    const noise = ['EXT4-fs: ok 1 mounted', 'not okay', '  ok', 'ok', '1..', 'Call Trace:'];
    const mixed = console.flatMap(line => [line, ...noise]);
    const counts = (lines: readonly string[]) =>
      kunitSuites(lines).map(({ name, result, tests }) => [name, result, tests.map(one => one.result)]);
    expect(counts(mixed)).toEqual(counts(console));
  });
});

describe('a console that ends too early', () => {
  test('cut anywhere: a suite that had begun is there, unfinished and failed', () => {
    let unfinished = 0;
    for (let end = 0; end <= console.length; end++) {
      const suites = kunitSuites(console.slice(0, end));
      const begun = console.slice(0, end).filter(line => line.startsWith('    # Subtest: ')).length;
      expect(suites).toHaveLength(begun);
      const ended = console.slice(0, end).filter(line => /^(not )?ok /.test(line)).length;
      for (const suite of suites.slice(ended)) {
        expect(suite).toMatchObject({ unfinished: true, result: 'failed' });
        unfinished++;
      }
      expect(suites.slice(0, ended)).toEqual(expected.slice(0, ended));
    }
    expect(unfinished).toBeGreaterThan(10);
  });

  test('a second suite that begins ends one that never came to its line', () => {
    const lines = console.filter(line => line !== 'not ok 1 initramfs');
    expect(kunitSuites(lines)).toMatchObject([
      { name: 'initramfs', unfinished: true },
      { name: 'image', result: 'passed' },
    ]);
  });

  test('announced suites and the version are known', () => {
    const reader = ktapReader();
    expect([reader.begun(), reader.planned()]).toEqual([false, undefined]);
    for (const line of console.slice(0, 2)) reader.line(line);
    expect([reader.begun(), reader.planned()]).toEqual([true, 2]);
  });
});

test('any bytes: nothing is thrown, and no control character comes out', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'ok 1 ',
      'not ok 2 ',
      '    ',
      '# Subtest: ',
      '1..3',
      '# SKIP ',
      'KTAP version 1',
      '[ 1.0] ',
    ),
    fc.uint8Array({ maxLength: 8 }).map(bytes => Buffer.from(bytes).toString('latin1')),
  );
  const line = fc.array(piece, { maxLength: 6 }).map(parts => parts.join(''));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 15 }), lines => {
      const text = JSON.stringify(kunitSuites(lines));
      expect(text).not.toMatch(/\\u00[01][0-9a-f]|\\u007f/);
    }),
    { numRuns: 150 },
  );
});
