// SPDX-License-Identifier: GPL-2.0-only
/** checkpatch's report as findings, and the waivers that let some of them stand. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseCheckpatch } from '../../../src/campaign/check/checkpatch.ts';
import { isWaived, parseWaivers, unusedWaivers } from '../../../src/campaign/check/waivers.ts';
import { UserError } from '../../../src/host/errors.ts';

const report = readFileSync('test/fixtures/check/checkpatch.log', 'utf8');
const patch = '0001-erofs-do-something.patch';
const findings = parseCheckpatch(report, patch);

describe('parseCheckpatch()', () => {
  test('reads level, type, place and text of each finding of a recorded report', () => {
    const lines = findings.map(
      ({ file, line, level, type, text }) => `${file}:${line} ${level} ${type} ${text}`,
    );
    expect(lines).toEqual([
      `${patch}:6 warning COMMIT_LOG_LONG_LINE Prefer a maximum 75 chars per line (possible unwrapped commit description?)`,
      `${patch}:6 warning TYPO_SPELLING 'teh' may be misspelled - perhaps 'the'?`,
      "fs/erofs/super.c:13 error SPACING space prohibited after that open parenthesis '('",
      'fs/erofs/super.c:15 error INITIALISED_STATIC do not initialise statics to NULL',
      'fs/erofs/super.c:15 error POINTER_LOCATION "foo * bar" should be "foo *bar"',
      `${patch}:28 warning FILE_PATH_CHANGES added, moved or deleted file(s), does MAINTAINERS need updating?`,
      'fs/erofs/new.c:3 error TRAILING_WHITESPACE trailing whitespace',
    ]);
  });

  test('finds nothing in a clean report', () => {
    const clean =
      'total: 0 errors, 0 warnings, 0 checks, 151 lines checked\n\n0001.patch has no obvious style problems\n';
    expect(parseCheckpatch(clean, patch)).toEqual([]);
  });

  test('a line of the patch that looks like a place does not move a finding', () => {
    const said =
      'CHECK:LINE_SPACING: Please use a blank line\n#9: FILE: fs/a.c:4:\n+int a;\n#12: FILE: fs/b.c:9:\n';
    expect(parseCheckpatch(said, patch)).toMatchObject([{ file: 'fs/a.c', line: 4 }]);
  });
});

describe('waivers', () => {
  const waivers = parseWaivers(
    `# looked at
SPACING fs/erofs/super.c the file's own style

TYPO_SPELLING message it is a name
POINTER_LOCATION * generated
LONG_LINE fs/erofs/zdata.c a table
`,
    'checkpatch.waivers',
  );

  test('cover type and place; the reason is kept', () => {
    const covered = findings.filter(finding => waivers.some(waiver => isWaived(finding, waiver)));
    expect(covered.map(({ type }) => type)).toEqual(['TYPO_SPELLING', 'SPACING', 'POINTER_LOCATION']);
    expect(waivers[0]).toEqual({
      type: 'SPACING',
      where: 'fs/erofs/super.c',
      reason: "the file's own style",
      line: 2,
    });
  });

  test('a commit message is not a file of the tree', () => {
    const [long] = findings;
    expect(isWaived(long!, { type: long!.type, where: 'fs/erofs/super.c', reason: 'x', line: 1 })).toBe(
      false,
    );
    expect(isWaived(long!, { type: long!.type, where: 'message', reason: 'x', line: 1 })).toBe(true);
  });

  test('that cover nothing are named', () => {
    expect(unusedWaivers(waivers, findings).map(({ line }) => line)).toEqual([6]);
  });

  test('a reason is not optional', () => {
    expect(() => parseWaivers('\nSPACING fs/erofs/super.c\n', 'w')).toThrow(UserError);
    expect(() => parseWaivers('\nSPACING fs/erofs/super.c\n', 'w')).toThrow('w:2:');
  });
});
