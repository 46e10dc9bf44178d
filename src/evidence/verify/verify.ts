// SPDX-License-Identifier: GPL-2.0-only
/** The campaign that verifies a series: kernels, then every boot that is not known yet, then a verdict per requirement. */
import { runCampaign } from '../../campaign/runner.ts';
import type { Work } from '../../events.ts';
import { exitCodes, UserError } from '../../host/errors.ts';
import { readAddedLines, readSeries } from '../../series/read.ts';
import type { Workspace } from '../../workspace.ts';
import { type Benches, digestsOf, missingOption, needKey, prepareKernels, setUpBenches } from './kernels.ts';
import { type Matrix, matrixOf, type Situation } from './matrix.ts';
import { argued, findRequirements, listRequirements } from './registry.ts';
import { type Requirement, type Settled, type Shown, spokenId } from './requirement.ts';
import { saveMatrix } from './saved.ts';
import { settle } from './settle.ts';
import { type PlannedTrial, planTrial, runTrial } from './trial.ts';

export interface VerifyRequest {
  readonly series: string;
  readonly tree: string;
  /** Names of requirements; empty: all. */
  readonly only: readonly string[];
  /** Boot again what is known. */
  readonly again: boolean;
}

export interface Verified {
  readonly matrix: Matrix;
  /** Where it is kept. */
  readonly file: string;
}

/** @throws UserError when the series does not apply, BuildFailed when a kernel does not build */
export async function* verifySeries(
  workspace: Workspace,
  request: VerifyRequest,
  signal: AbortSignal,
): Work<Verified> {
  const all = await listRequirements();
  const wanted = findRequirements([...all, ...argued], request.only);
  const asked = all.filter(({ id }) => wanted.size === 0 || wanted.has(id));
  const series = await readSeries(workspace, request.series);

  const kernels = yield* prepareKernels(workspace, request, asked, signal);
  const benches = yield* setUpBenches(workspace, kernels, signal);
  const situations: Situation[] = [];
  for (const one of asked) situations.push(yield* situationOf(workspace, benches, request, one, signal));

  const job = `verify ${series.name}`;
  const trials = [
    ...new Map(situations.flatMap(({ trials = {} }) => Object.values(trials).map(t => [t.key, t]))).values(),
  ];
  const { results } = yield* runCampaign<PlannedTrial, Shown>(
    workspace,
    {
      job,
      record: `verify-${series.name}`,
      keyOf: trial => trial.key,
      labelOf: trial => trial.name,
      next: () => trials,
      run: (trial, within) => runTrial(workspace, trial, within),
      atOnce: 1,
      again: request.again,
    },
    signal,
  );

  const text = { series, added: await readAddedLines(series) };
  const kept = argued.filter(({ id }) => wanted.size === 0 || wanted.has(id));
  const matrix = matrixOf({
    series: { name: series.name, digest: series.digest },
    tree: request.tree,
    version: [...kernels.values()].find(one => typeof one !== 'string')?.version ?? '',
    kernels: digestsOf(kernels),
    situations,
    argued: kept,
    results,
    text,
  });
  const file = await saveMatrix(workspace, matrix, { part: request.only.length > 0 });
  return { matrix, file };
}

/** Its boots planned and its configurations settled, or why they cannot be had. */
async function* situationOf(
  workspace: Workspace,
  benches: Benches,
  request: VerifyRequest,
  requirement: Requirement,
  signal: AbortSignal,
): Work<Situation> {
  const trials: Record<string, PlannedTrial> = {};
  for (const [name, trial] of Object.entries(requirement.boots)) {
    const bench = benches.get(needKey(trial.kernel))!;
    if (typeof bench === 'string') return { requirement, lacking: bench };
    const missing = await missingOption(bench.kernel, trial);
    if (missing) return { requirement, lacking: `the kernel has no ${missing}` };
    const about = { name: `${spokenId(requirement.id)} ${name}`, trial };
    try {
      trials[name] = yield* planTrial(bench, about, signal);
    } catch (error) {
      if (!(error instanceof UserError) || error.exitCode !== exitCodes.environment) throw error;
      return { requirement, lacking: error.message };
    }
  }
  const configs: Record<string, Settled> = {};
  for (const [name, need] of Object.entries(requirement.configs ?? {})) {
    configs[name] = yield* settle(workspace, request, need, signal);
  }
  return { requirement, trials, configs };
}
