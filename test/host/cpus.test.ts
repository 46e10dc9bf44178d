// SPDX-License-Identifier: GPL-2.0-only
/** The host's CPUs: what the kernel says of them, and that guests at once are spread over them. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { allowedCpus, cpuOfOne, takeCpu } from '../../src/host/cpus.ts';

test.each([
  ['Cpus_allowed:\t3\nCpus_allowed_list:\t0-1\nMems_allowed_list:\t0\n', [0, 1]],
  ['Cpus_allowed_list:\t2\n', [2]],
  ['Cpus_allowed_list:\t0-2,5,8-9\n', [0, 1, 2, 5, 8, 9]],
  ['Cpus_allowed_list:\t\n', []],
  ['Name:\tnode\n', []],
])('%j', (status, cpus) => {
  expect(allowedCpus(status)).toEqual(cpus);
});

test('taskset agrees', () => {
  const said = execFileSync('taskset', ['--cpu-list', '--pid', String(process.pid)], { encoding: 'utf8' });
  const cpus = allowedCpus(`Cpus_allowed_list:\t${said.trim().split(': ')[1]}\n`);
  expect(cpus.length).toBeGreaterThan(0);
  expect(cpuOfOne()).toBe(cpus.at(-1));
});

test('guests at once are spread over all, and give theirs back', () => {
  const count = allowedCpus(
    `Cpus_allowed_list:\t${
      execFileSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' })
        .trim()
        .split(': ')[1]
    }\n`,
  ).length;
  const first = Array.from({ length: count }, takeCpu);
  expect(new Set(first.map(({ cpu }) => cpu)).size).toBe(count);
  const second = takeCpu();
  expect(first.map(({ cpu }) => cpu)).toContain(second.cpu);
  second.release();
  first.at(-1)!.release();
  const again = takeCpu();
  expect(again.cpu).toBe(first.at(-1)!.cpu);
  for (const { release } of [again, ...first.slice(0, -1)]) release();
});
