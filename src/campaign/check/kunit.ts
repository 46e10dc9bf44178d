// SPDX-License-Identifier: GPL-2.0-only
/** The KUnit suites that a patch has: those of the files that it and the patches before it change, by the tree's own
 *  kunit.py on User-Mode Linux. */
import { availableParallelism } from 'node:os';
import type { Digest, Work } from '../../events.ts';
import { digestOf } from '../../host/files.ts';
import type { Fragment } from '../../kconfig/kconfig.ts';
import { hostArch } from '../../kernel/architecture.ts';
import { isInstalled } from '../../kernel/toolchain.ts';
import type { Series } from '../../series/series.ts';
import type { Worktree } from '../../tree/tree.ts';
import { folders, type Workspace } from '../../workspace.ts';
import type { KunitSuite } from '../kunit/ktap.ts';
import { completedBy, notRunOf } from '../kunit/kunit.ts';
import { type KunitEnd, kunitSources, runKunit } from '../kunit/run.ts';
import { filesAt, suiteFiles, type Switches, switchesOf } from '../kunit/suites.ts';
import type { Answer, CheckedPatch, Finding } from './check.ts';

/** Of one patch. */
export interface PatchSuites {
  readonly suites: CheckedPatch['suites'];
  readonly names: readonly string[];
  readonly switches: Switches;
  readonly key: Digest;
}

const timeoutMs = 300_000;

/** `options`: the series' fragments as far as each patch knows them. */
export async function suitesOfPatches(
  workspace: Workspace,
  series: Series,
  { commits, treeIds, options }: PatchCommits,
  signal: AbortSignal,
): Promise<PatchSuites[]> {
  const repository = folders.repository(workspace);
  const missing = await missingFor(workspace, repository, commits, signal);
  const found: PatchSuites[] = [];
  for (const [patch, commit] of commits.entries()) {
    const upTo = { patches: series.patches.slice(0, patch + 1) };
    const files = missing === undefined ? await suiteFiles(repository, upTo, commit, signal) : [];
    const names = files.flatMap(({ suites }) => suites);
    const given = await switchesOf(
      repository,
      commit,
      files.map(({ file }) => file),
      signal,
    );
    const switches = completedBy(options[patch]!, given);
    const reason = missing ?? (files.length === 0 ? 'no file it changes has a KUnit suite' : undefined);
    found.push({
      suites: reason === undefined ? { exist: true } : { exist: false, reason },
      ...{ names, switches, key: digestOf({ tree: treeIds[patch], names, switches }) },
    });
  }
  return found;
}

interface PatchCommits {
  readonly commits: readonly string[];
  readonly treeIds: readonly string[];
  readonly options: readonly (readonly Fragment[])[];
}

/** Why no suite can be run here. */
async function missingFor(
  { environment }: Workspace,
  repository: string,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  if (hostArch() !== 'x86_64') return 'KUnit is run on User-Mode Linux, on an x86-64 host';
  if (!(await isInstalled('python3', environment))) return 'python3 is not installed';
  const there = await filesAt(repository, commits[0]!, kunitSources, signal);
  const absent = kunitSources.find(file => !there.has(file));
  return absent === undefined ? undefined : `the tree has no ${absent}`;
}

/** @throws UserError, ToolError as runKunit() */
export async function* testPatch(
  workspace: Workspace,
  job: string,
  worktree: Worktree,
  { names, switches }: Pick<PatchSuites, 'names' | 'switches'>,
  signal: AbortSignal,
): Work<Answer> {
  const asked = { job, worktree, switches, timeoutMs, jobs: availableParallelism() };
  return answerOf(names, yield* runKunit(workspace, asked, signal));
}

const fault = (text: string): Finding => ({ level: 'error', type: 'kunit', text });

/** What kunit.py came to, as an answer. Pure. */
export function answerOf(names: readonly string[], end: KunitEnd): Answer {
  switch (end.kind) {
    case 'not-configured':
      return { kind: 'not-built', findings: end.missing.map(option => fault(`${option} did not survive`)) };
    case 'not-built':
      return { kind: 'not-built', findings: end.errors.map(fault) };
    case 'ran':
      return {
        kind: 'tested',
        tests: end.suites.reduce((sum, { tests }) => sum + tests.length, 0),
        findings: [
          ...end.suites.flatMap(faultsOf),
          ...notRunOf(names, end).map(name => fault(`${name} did not run`)),
          ...(end.cut === undefined ? [] : [fault(`the tests did not come to their end: ${end.cut}`)]),
        ],
      };
  }
}

function faultsOf({ name, result, tests, planned }: KunitSuite): Finding[] {
  const failed = tests.filter(test => test.result === 'failed');
  const findings = failed.map(test =>
    fault([`${name}.${test.name}`, ...test.messages.slice(0, 1)].join(': ')),
  );
  if (planned !== undefined && tests.length < planned)
    findings.push(fault(`${name}: ${tests.length} of ${planned} tests have a result`));
  return result === 'failed' && findings.length === 0 ? [fault(`${name} failed`)] : findings;
}
