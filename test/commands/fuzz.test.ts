// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series fuzz`: what is printed of a campaign. */
import { expect, test } from 'vitest';
import { seriesFuzz } from '../../src/commands/fuzz.ts';
import { formatCase } from '../../src/evidence/fuzz/case.ts';
import type { FuzzResult } from '../../src/evidence/fuzz/fuzz.ts';
import { openWorkspace } from '../../src/workspace.ts';
import { conforming } from '../conforms.ts';

const workspace = openWorkspace({ INITBENCH_CACHE: '/tmp', INITBENCH_STATE: '/tmp' });
const { request, typed } = seriesFuzz.parse(
  { options: { seed: '1', count: '2', cpus: '1' }, words: ['trial'], rest: [] },
  workspace,
);
const made = { layout: 'plain', kind: 'field', did: 'magic = 0', walked: '', said: ['erofs: no'], ms: 12 };
const fault = { kind: 'bug', message: 'BUG: x', where: 'f' } as const;
const results: readonly FuzzResult[] = [
  { ...made, end: 'no-init', message: 'No working init found', faults: [] },
  { ...made, end: 'fault', message: 'BUG: x in f', faults: [fault], upstream: false },
  {
    ...made,
    end: 'fault',
    message: 'BUG: x in f',
    faults: [fault],
    instead: { message: 'BUG: y', where: 'g' },
  },
];

test('a campaign is as its schema says: every case, the totals of each layout, findings with what replays them', () => {
  const key = (index: number) => formatCase({ seed: 1, layout: 'plain', index });
  const fuzzed = {
    ...{ request, release: '7.3.4-initbench', layouts: ['plain'], known: 1, complete: true, elapsed: 30 },
    ...{ record: 'r', results: new Map(results.map((result, index) => [key(index), result])) },
  };
  const printed = conforming(seriesFuzz.json({ kind: 'campaign', fuzzed, typed }));
  expect(printed).toMatchObject({
    schema: 'initbench.fuzz/1',
    series: 'trial',
    totals: [{ layout: 'plain', cases: 3, 'no-init': 1, findings: 1, other: 1 }],
    findings: [{ case: key(1), replay: expect.arrayContaining(['--case', key(1)]) }],
    results: { [key(0)]: results[0] },
  });
  expect(() => conforming({ ...printed, nobody: 1 })).toThrow('initbench.fuzz/1: ');
});
