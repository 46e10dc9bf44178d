// SPDX-License-Identifier: GPL-2.0-only
/** Bisection as a pure function: lines, merges, commits that tell nothing; and the judging of noisy samples. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judge } from '../../../src/campaign/bisect/judge.ts';
import {
  ancestorsOf,
  type History,
  lineOf,
  type Mark,
  nextCommit,
  suspectsOf,
} from '../../../src/campaign/bisect/search.ts';

const line = (count: number) => lineOf(Array.from({ length: count }, (_, index) => `c${index}`));

/** Runs a search whose commits are judged by `verdict`; both ends are given. */
function search(history: History, verdict: (commit: string) => Mark) {
  const marks = new Map<string, Mark>([
    [history.commits[0]!, 'good'],
    [history.commits.at(-1)!, 'bad'],
  ]);
  for (let tests = 0; ; tests++) {
    const next = nextCommit(history, marks);
    if (next.kind !== 'test') return { next, tests };
    expect(marks.has(next.commit)).toBe(false);
    marks.set(next.commit, verdict(next.commit));
  }
}

describe('nextCommit()', () => {
  test('finds each commit of a line in as few tests as halving takes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 300 }), fc.nat(), (count, at) => {
        const first = 1 + (at % (count - 1));
        const { next, tests } = search(line(count), commit =>
          Number(commit.slice(1)) >= first ? 'bad' : 'good',
        );
        expect(next).toEqual({ kind: 'found', commit: `c${first}` });
        expect(tests).toBeLessThanOrEqual(Math.ceil(Math.log2(count - 1)));
      }),
    );
  });

  test('a middle that does not build is gone round', () => {
    const { next } = search(line(9), commit =>
      commit === 'c4' ? 'skip' : Number(commit.slice(1)) >= 6 ? 'bad' : 'good',
    );
    expect(next).toEqual({ kind: 'found', commit: 'c6' });
  });

  test('when those around it tell nothing, it is one of them', () => {
    const { next } = search(line(7), commit =>
      ['c3', 'c4'].includes(commit) ? 'skip' : Number(commit.slice(1)) >= 4 ? 'bad' : 'good',
    );
    expect(next).toEqual({ kind: 'among', commits: ['c3', 'c4', 'c5'] });
  });

  test('in a history with merges it is the commit that all bad ones have and no good one', () => {
    const shape = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.boolean()), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(shape, fc.nat(), (choices, at) => {
        const commits = ['c0', ...choices.map((_, index) => `c${index + 1}`), 'tip'];
        const parents = new Map<string, string[]>([['c0', []]]);
        choices.forEach(([a, b, merge], index) => {
          const older = commits.slice(0, index + 1);
          const chosen = [older[a % older.length]!, ...(merge ? [older[b % older.length]!] : [])];
          parents.set(`c${index + 1}`, [...new Set(chosen)]);
        });
        parents.set('tip', commits.slice(1, -1));
        const history: History = { commits, parents };
        const culprit = commits[1 + (at % (commits.length - 1))]!;
        const { next } = search(history, commit =>
          ancestorsOf(history, commit).has(culprit) ? 'bad' : 'good',
        );
        expect(next).toEqual({ kind: 'found', commit: culprit });
      }),
    );
  });

  test('suspects are made on no other bad commit', () => {
    const marks = new Map<string, Mark>([
      ['c0', 'good'],
      ['c9', 'bad'],
      ['c2', 'good'],
      ['c5', 'bad'],
    ]);
    expect(suspectsOf(line(10), marks)).toEqual(['c3', 'c4', 'c5']);
  });
});

describe('judge()', () => {
  test.each([
    [[11, 12, 11, 13, 11], 'unclear'],
    [[11, 12, 11, 13, 11, 12], 'above'],
    [[9, 9, 9, 9, 9, 9], 'below'],
    [[11, 11, 11, 11, 11, 9], 'unclear'],
    [[11, 11, 11, 11, 11, 11, 11, 11, 9], 'above'],
    [[10, 10, 10, 10, 10, 10], 'below'],
    [[], 'unclear'],
  ])('%j against 10 is %s', (samples, judgement) => {
    expect(judge(samples, 10)).toBe(judgement);
  });

  test('noise on both sides of the limit is rarely called', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 15, maxLength: 15 }), sides => {
        const samples = sides.map(side => (side ? 11 : 9));
        const above = samples.filter(sample => sample > 10).length;
        expect(judge(samples, 10)).toBe(above >= 12 ? 'above' : above <= 3 ? 'below' : 'unclear');
      }),
    );
  });
});
