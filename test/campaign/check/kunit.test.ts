// SPDX-License-Identifier: GPL-2.0-only
/** What a recorded run of KUnit comes to as the answer of a check, and what it does when something is wrong with it. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { answerOf } from '../../../src/campaign/check/kunit.ts';
import { ktapReader } from '../../../src/campaign/kunit/ktap.ts';
import type { KunitEnd } from '../../../src/campaign/kunit/run.ts';

const recorded = readFileSync('test/fixtures/kunit/initoverlayfs.log', 'utf8');
const names = ['initramfs', 'initoverlayfs'];

function ran(console: string, more: Partial<Extract<KunitEnd, { kind: 'ran' }>> = {}): KunitEnd {
  const reader = ktapReader();
  for (const line of console.split('\n')) reader.line(line);
  return {
    ...{ kind: 'ran', suites: reader.suites(), builtMs: 1, ranMs: 1, troubles: [], log: 'log' },
    ...more,
  };
}

describe('answerOf()', () => {
  test('all passed: how many there were', () => {
    expect(answerOf(names, ran(recorded))).toEqual({ kind: 'tested', tests: 18, findings: [] });
  });

  test('a test that failed is named, with what it expected', () => {
    const one = /^(.* )ok (\d+) (initramfs_test_\w+)\r?$/m.exec(recorded)!;
    const failed = recorded.replace(one[0], one[0].replace(' ok ', ' not ok '));
    const answer = answerOf(names, ran(failed));
    expect(answer).toMatchObject({ kind: 'tested', tests: 18 });
    expect(answer.kind === 'tested' && answer.findings.map(({ type, text }) => [type, text])).toEqual([
      ['kunit', expect.stringContaining(`initramfs.${one[3]}`)],
    ]);
  });

  test('suites that are missing, and an end that did not come', () => {
    const answer = answerOf([...names, 'other'], ran(recorded, {}));
    expect(answer.kind === 'tested' && answer.findings.map(({ text }) => text)).toEqual([
      'other did not run',
    ]);
    const cut = answerOf(names, ran(recorded, { cut: 'no end within 300 s' }));
    expect(cut.kind === 'tested' && cut.findings.map(({ text }) => text)).toEqual([
      'the tests did not come to their end: no end within 300 s',
    ]);
  });

  test('what cannot be configured or built is not built', () => {
    expect(answerOf(names, { kind: 'not-configured', missing: ['CONFIG_X=y'], log: 'log' })).toMatchObject({
      kind: 'not-built',
      findings: [{ text: 'CONFIG_X=y did not survive' }],
    });
    expect(answerOf(names, { kind: 'not-built', errors: ['init/x.c:1: no'], log: 'log' })).toMatchObject({
      kind: 'not-built',
      findings: [{ text: 'init/x.c:1: no' }],
    });
  });
});
