// SPDX-License-Identifier: GPL-2.0-only
/** The matrix from answers: what passes, what fails, what cannot be asked of a patch; what is run for it, and how it
 *  reads at 80 columns. */
import { describe, expect, test } from 'vitest';
import { askedOf } from '../../../src/campaign/check/asked.ts';
import {
  type Answer,
  type Case,
  casesOf,
  type CheckPlan,
  type Finding,
  keyOfCase,
  labelOfCase,
  nextCases,
} from '../../../src/campaign/check/check.ts';
import { conflictMatrix, matrixOf } from '../../../src/campaign/check/matrix.ts';
import { type Checked, passed } from '../../../src/campaign/check/series.ts';
import { formatCheck, ranges } from '../../../src/campaign/check/table.ts';
import type { Waiver } from '../../../src/campaign/check/waivers.ts';
import { questionsOf } from '../../../src/campaign/check/check.ts';
import type { Outcome } from '../../../src/events.ts';

const subjects = [
  'erofs: register the file system at fs_initcall when built in',
  'initramfs: add an option that does nothing yet',
  'initramfs: boot from a file system image in the initrd',
  'Documentation: describe booting from an image',
];
/** Four patches; the option comes with the second, the third completes the feature. */
const plan: CheckPlan = {
  patches: subjects.map((subject, i) => ({
    file: `000${i + 1}-x.patch`,
    subject,
    commit: `${i}`.repeat(40),
    treeId: `${i + 4}`.repeat(40),
    option: i > 0 ? { exists: true } : { exists: false, reason: 'Kconfig has no CONFIG_TRIAL yet' },
    suites: i > 1 ? { exist: true } : { exist: false, reason: 'no file it changes has a KUnit suite' },
    keys: {
      build: { off: `off${i}`, on: `on${i}`, debug: `debug${i}` },
      messages: `m${i}`,
      checkpatch: `c${i}`,
      kunit: `k${i}`,
    },
  })),
  flows: [
    { id: 'floor', kernel: 'any', key: 'f' },
    { id: 'initramfs', kernel: 'any', key: 'i' },
    { id: 'userspace', kernel: 'any', key: 'u' },
    { id: 'kernelspace', kernel: 'series', key: 'k' },
  ],
};
const all = askedOf(plan, []);
const ready: Outcome = { kind: 'ready' };
const refused = 'Initramfs unpacking failed: invalid magic at start of compressed archive';
const noInit = 'check access for /init failed: -2, ignoring';
const noRoot = 'VFS: Cannot open root device "" or unknown-block(0,0): error -6';
const panic: Outcome = { kind: 'panic', message: 'VFS: Unable to mount root fs' };

/** Everything as it should be: kernelspace boots from the third patch on. */
function good(one: Case): Answer {
  switch (one.kind) {
    case 'build':
      return { kind: 'built', kernel: `${one.variant}${one.patch}`, config: 'c', ms: 1000 };
    case 'messages':
      return { kind: 'messages', objects: ['fs/erofs/super.o'], compiler: [], sparse: [] };
    case 'checkpatch':
      return { kind: 'findings', findings: [] };
    case 'kunit':
      return { kind: 'tested', tests: 10 + one.patch, findings: [] };
    case 'boot': {
      const outcome = one.flow === 'kernelspace' && one.patch < 2 ? panic : ready;
      const trouble = outcome === ready ? [] : [refused, noInit, noRoot];
      return { kind: 'booted', run: `${one.flow}-${one.variant}-${one.patch}`, outcome, trouble };
    }
  }
}

/** Answers to all cases, those that `other` knows better than good() in its words. */
function answers(other: (one: Case) => Answer | undefined = () => undefined): Map<string, Answer> {
  const results = new Map<string, Answer>();
  for (;;) {
    const missing = nextCases(plan, casesOf(plan, all), results).filter(
      one => !results.has(keyOfCase(plan, one)),
    );
    if (missing.length === 0) return results;
    for (const one of missing) results.set(keyOfCase(plan, one), other(one) ?? good(one));
  }
}

const rowsOf = (results: Map<string, Answer>, asked = all, waivers: readonly Waiver[] = []) =>
  matrixOf(plan, asked, results, waivers);

function verdicts(rows: ReturnType<typeof rowsOf>): Record<string, string> {
  const short = { pass: 'ok', fail: 'FAIL', 'n/a': '-', open: '.' } as const;
  return Object.fromEntries(
    questionsOf(plan).map(question => [
      question,
      rows.map(row => short[row.cells[question]!.verdict]).join(' '),
    ]),
  );
}

const checkedOf = (rows: ReturnType<typeof rowsOf>, more: Partial<Checked> = {}): Checked => ({
  series: { name: 'trial', digest: 'd' },
  tree: { name: '7.3', version: '7.3.4', commit: 'c', treeId: 't' },
  questions: questionsOf(plan),
  patches: rows,
  unused: [],
  ran: 3,
  known: 40,
  ...more,
});

describe('the matrix', () => {
  test('of a good series: n/a where something cannot be asked, and nothing failed', () => {
    const rows = rowsOf(answers());
    expect(verdicts(rows)).toEqual({
      applies: 'ok ok ok ok',
      off: 'ok ok ok ok',
      on: '- ok ok ok',
      'W=1': 'ok ok ok ok',
      sparse: 'ok ok ok ok',
      checkpatch: 'ok ok ok ok',
      floor: 'ok ok ok ok',
      initramfs: 'ok ok ok ok',
      userspace: 'ok ok ok ok',
      kernelspace: '- - ok ok',
      kunit: '- - ok ok',
      debug: '- - - ok',
    });
    expect(rows.map(row => row.cells.kunit!.tests)).toEqual([undefined, undefined, 12, 13]);
    expect(rows.map(row => row.cells.kernelspace!.reason)).toEqual([
      'Kconfig has no CONFIG_TRIAL yet',
      'patch 0003 completes it',
      undefined,
      undefined,
    ]);
    expect(rows[1]!.cells.floor!.runs).toEqual(['floor-off-1', 'floor-on-1']);
    expect(passed({ patches: rows })).toBe(true);
  });

  test('kernelspace has to boot at every patch behind the one that completes it', () => {
    const rows = rowsOf(
      answers(one =>
        one.kind === 'boot' && one.flow === 'kernelspace' && one.patch === 3 && one.variant === 'on'
          ? { kind: 'booted', run: 'r', outcome: panic, trouble: [] }
          : undefined,
      ),
    );
    expect(verdicts(rows).kernelspace).toBe('- - ok FAIL');
    expect(rows[3]!.cells.kernelspace!.findings[0]!.text).toBe(
      'kernel panic: VFS: Unable to mount root fs (option on, run r)',
    );
  });

  test('a series whose flow boots nowhere fails at its last patch', () => {
    const rows = rowsOf(
      answers(one =>
        one.kind === 'boot' && one.flow === 'kernelspace'
          ? { kind: 'booted', run: 'r', outcome: panic, trouble: [] }
          : undefined,
      ),
    );
    expect(verdicts(rows).kernelspace).toBe('- - - FAIL');
    expect(rows[2]!.cells.kernelspace!.reason).toBe('no patch completes it');
    expect(verdicts(rows).debug).toBe('- - - FAIL');
  });

  test('an oops on the way counts even where the flow need not get there', () => {
    const rows = rowsOf(
      answers(one =>
        one.kind === 'boot' && one.flow === 'kernelspace' && one.patch === 1
          ? { kind: 'booted', run: 'r', outcome: panic, trouble: [refused, 'BUG: KASAN: use-after-free'] }
          : undefined,
      ),
    );
    expect(verdicts(rows).kernelspace).toBe('- FAIL ok ok');
    expect(rows[1]!.cells.kernelspace!.findings.map(({ text }) => text)).toEqual([
      'BUG: KASAN: use-after-free (option on, run r)',
    ]);
  });

  test('a flow without the series has to boot with the option off and on', () => {
    const rows = rowsOf(
      answers(one =>
        one.kind === 'boot' && one.flow === 'floor' && one.patch === 2 && one.variant === 'off'
          ? {
              kind: 'booted',
              run: 'r',
              outcome: { kind: 'hang', deadline: 60000, lastLine: 'x' },
              trouble: [],
            }
          : undefined,
      ),
    );
    expect(verdicts(rows).floor).toBe('ok ok FAIL ok');
    expect(rows[2]!.cells.floor!.findings[0]!.text).toBe(
      'no end within 60 s; last line: x (option off, run r)',
    );
  });

  test('what was not built is not booted: one failure, not five', () => {
    const finding: Finding = { level: 'error', type: 'kbuild', file: 'init/x.c', line: 3, text: 'no' };
    const rows = rowsOf(
      answers(one =>
        one.kind === 'build' && one.patch === 0 && one.variant === 'off'
          ? { kind: 'not-built', findings: [finding] }
          : undefined,
      ),
    );
    expect(Object.entries(rows[0]!.cells).map(([question, { verdict }]) => `${question} ${verdict}`)).toEqual(
      [
        'applies pass',
        'off fail',
        'on n/a',
        'W=1 n/a',
        'sparse n/a',
        'checkpatch pass',
        'floor n/a',
        'initramfs n/a',
        'userspace n/a',
        'kernelspace n/a',
        'kunit n/a',
        'debug n/a',
      ],
    );
    expect(rows[0]!.cells.off!.findings).toEqual([finding]);
  });

  test('a waiver takes findings out of the verdict and keeps them with its reason', () => {
    const long: Finding = { level: 'check', type: 'LONG_LINE', file: 'fs/a.c', line: 9, text: 'long' };
    const results = answers(one =>
      one.kind === 'checkpatch' && one.patch === 1 ? { kind: 'findings', findings: [long] } : undefined,
    );
    expect(verdicts(rowsOf(results)).checkpatch).toBe('ok FAIL ok ok');
    const waiver = { type: 'LONG_LINE', where: 'fs/a.c', reason: 'a table', line: 1 };
    const rows = rowsOf(results, all, [waiver]);
    expect(verdicts(rows).checkpatch).toBe('ok ok ok ok');
    expect(rows[1]!.cells.checkpatch!.waived).toEqual([{ ...long, reason: 'a table' }]);
  });

  test('sparse that does not fit the tree is n/a, not passed', () => {
    const rows = rowsOf(
      answers(one =>
        one.kind === 'messages'
          ? { kind: 'messages', objects: ['a.o'], compiler: [], sparse: 'sparse 0.6.4 is not up to date' }
          : undefined,
      ),
    );
    expect(verdicts(rows)).toMatchObject({ 'W=1': 'ok ok ok ok', sparse: '- - - -' });
  });
});

describe('what is run', () => {
  test('in the order of the patches, quick things first, the debug kernel last', () => {
    const labels = casesOf(plan, all).map(one => labelOfCase(plan, one));
    expect(labels.slice(0, 12)).toEqual([
      ...['0001 checkpatch', '0002 checkpatch', '0003 checkpatch', '0004 checkpatch'],
      ...['0001 off', '0001 messages', '0001 off floor', '0001 off initramfs', '0001 off userspace'],
      ...['0002 off', '0002 off floor', '0002 off initramfs'],
    ]);
    expect(labels.slice(-5)).toEqual([
      '0004 debug',
      ...['0004 debug floor', '0004 debug initramfs', '0004 debug userspace', '0004 debug kernelspace'],
    ]);
  });

  test('--only: patches and questions narrow each other', () => {
    const labels = (...words: string[]) =>
      casesOf(plan, askedOf(plan, words)).map(one => labelOfCase(plan, one));
    expect(labels('2', 'checkpatch')).toEqual(['0002 checkpatch']);
    expect(labels('0002-x', 'kernelspace')).toEqual(['0002 on', '0002 on kernelspace']);
    expect(labels('sparse', '1')).toEqual(['0001 off', '0001 messages']);
    expect(labels('on')).toEqual(['0002 on', '0003 on', '0004 on']);
    expect(labels('debug', '1')).toEqual([]);
    expect(() => askedOf(plan, ['boots'])).toThrow("no patch or question of this series is called 'boots'");
  });

  test('what was not asked is open, and does not fail', () => {
    const rows = rowsOf(answers(), askedOf(plan, ['2', 'off']));
    expect(verdicts(rows)).toMatchObject({ off: '. ok . .', on: '. . . .' });
  });
});

describe('as text', () => {
  test('a table of 80 columns, findings with file:line, reasons once', () => {
    const rows = rowsOf(
      answers(one => {
        if (one.kind === 'checkpatch' && one.patch > 1) {
          return {
            kind: 'findings',
            findings: [
              {
                level: 'check',
                type: 'LONG_LINE',
                file: 'fs/erofs/a.c',
                line: 9,
                text: 'line length of 120 exceeds 100 columns',
              },
            ],
          };
        }
        return undefined;
      }),
    );
    const lines = formatCheck(
      checkedOf(rows, { unused: [{ type: 'X', where: '*', reason: 'y', line: 4 }] }),
      80,
    );
    expect(lines).toMatchInlineSnapshot(`
      [
        "trial on 7.3 (Linux 7.3.4), 4 patches",
        "",
        "patch apply off on W=1 sparse style floor initra usersp kernel kunit debug",
        "0001  ok    ok  -  ok  ok     ok    ok    ok     ok     -      -     -",
        "0002  ok    ok  ok ok  ok     ok    ok    ok     ok     -      -     -",
        "0003  ok    ok  ok ok  ok     FAIL  ok    ok     ok     ok     ok    -",
        "0004  ok    ok  ok ok  ok     FAIL  ok    ok     ok     ok     ok    ok",
        "",
        "findings:",
        "  0003-0004 fs/erofs/a.c:9: check: checkpatch: LONG_LINE: line length of 120",
        "       exceeds 100 columns",
        "",
        "not asked:",
        "  0001 on, kernelspace: Kconfig has no CONFIG_TRIAL yet",
        "  0001-0002 kunit: no file it changes has a KUnit suite",
        "  0001-0003 debug: asked of the last patch only",
        "  0002 kernelspace: patch 0003 completes it",
        "",
        "note: checkpatch.waivers:4: nothing needs it: X *",
        "38 ok, 2 failed, 8 cannot be asked (-); 3 things run, 40 known before",
      ]
    `);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('a series that does not apply', () => {
    const conflict = {
      patch: '0002-x.patch',
      files: ['init/main.c'],
      details: 'error: patch failed: init/main.c:3',
    };
    const { questions, patches } = conflictMatrix(
      { patches: plan.patches.map(({ file, subject }) => ({ file, subject, path: file, files: [] })) },
      conflict,
    );
    const checked = checkedOf(patches, { questions, ran: 0, known: 0 });
    expect(passed(checked)).toBe(false);
    expect(formatCheck(checked, 80)).toMatchInlineSnapshot(`
      [
        "trial on 7.3 (Linux 7.3.4), 4 patches",
        "",
        "patch apply off on W=1 sparse style",
        "0001  ok    -   -  -   -      -     erofs: register the file system at fs_initc~",
        "0002  FAIL  -   -  -   -      -     initramfs: add an option that does nothing ~",
        "0003  -     -   -  -   -      -     initramfs: boot from a file system image in~",
        "0004  -     -   -  -   -      -     Documentation: describe booting from an ima~",
        "",
        "findings:",
        "  0002 0002-x.patch: error: applies: git apply: conflicts in init/main.c: error:",
        "       patch failed: init/main.c:3",
        "",
        "not asked:",
        "  0001-0004 off, on, W=1, sparse, checkpatch, applies: the series does not",
        "       apply: 0002",
        "",
        "1 ok, 1 failed, 22 cannot be asked (-); 0 things run, 0 known before",
      ]
    `);
  });

  test('ranges()', () => {
    expect(ranges(['0001'])).toBe('0001');
    expect(ranges(['0001', '0002', '0003', '0007', '0009', '0010'])).toBe('0001-0003,0007,0009-0010');
  });
});
