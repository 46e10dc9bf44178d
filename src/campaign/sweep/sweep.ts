// SPDX-License-Identifier: GPL-2.0-only
/** A sweep: rows booted at every place of the axes, as a campaign that goes on where it was stopped; its record. */
import path from 'node:path';
import type { z } from 'zod';
import { requireFeatures } from '../../boot/flow.ts';
import { hostFacts } from '../../boot/host.ts';
import { chosenMachine } from '../../boot/registry.ts';
import { number, object } from '../../document.ts';
import { drained, type Rehearsed, rehearsedSteps, type Work } from '../../events.ts';
import { digestOf, shortDigest, writeWhole } from '../../host/files.ts';
import { findFormat } from '../../image/registry.ts';
import type { SweepBoot } from '../../measure/points.ts';
import type { Sweep } from '../../measure/sweep.ts';
import { folders, type Workspace } from '../../workspace.ts';
import type { RowPlan } from '../rows.ts';
import { forgetResults, knownResults, runCampaign } from '../runner.ts';
import { prepareBench, rowsOf } from './bench.ts';
import { record, type SweepCampaign, sweepCampaign } from './campaign.ts';
import { bootsOf, labelOf, placesOf, smallestOf, type SweepRequest } from './cases.ts';
import { type Costs, costsOf, withTimeLeft } from './costs.ts';
import { foldSweep } from './fold.ts';
import { mostSteps } from './smallest.ts';

export const planSchema = object({
  /** Of the points; what --smallest-mem takes is not known before. */
  boots: number,
  /** At most, for --smallest-mem. */
  bisections: number,
  /** Of the boots, done before under these names; whether with this kernel and these images is seen when they are
   *  prepared. */
  remembered: number,
  /** Host time of what is left, boots side by side counted. */
  leftMs: number,
  atOnce: number,
});
export interface SweepPlan extends z.infer<typeof planSchema> {
  readonly rows: readonly RowPlan[];
}

export type SweepProduct =
  | {
      readonly kind: 'plan';
      readonly request: SweepRequest;
      readonly plan: SweepPlan;
      /** What is there already, and what would be made before the first boot. */
      readonly steps: readonly Rehearsed[];
    }
  | { readonly kind: 'sweep'; readonly sweep: Sweep; readonly file: string };

/** What decides the result, and nothing of how it is come by. */
export function sweepId(request: SweepRequest): string {
  const { atOnce: _, again: __, dryRun: ___, timeoutMs: ____, refresh: _____, ...asked } = request;
  return shortDigest(digestOf(asked));
}

export async function* runSweep(
  workspace: Workspace,
  request: SweepRequest,
  signal: AbortSignal,
): Work<SweepProduct> {
  const rows = await rowsOf(request);
  const machine = chosenMachine(workspace, request.arch);
  for (const { flow } of rows) requireFeatures(machine, flow);
  const before = await knownResults<SweepBoot>(workspace, record);
  const costs = costsOf(before);
  if (request.dryRun) {
    const dry = { ...workspace, dryRun: true } as const;
    const { events } = await drained(prepareBench(dry, request, rows, signal));
    const plan = planOf(request, rows, before, costs);
    return { kind: 'plan', request, plan, steps: rehearsedSteps(events) };
  }

  const started = new Date().toISOString();
  const bench = yield* prepareBench(workspace, request, rows, signal);
  const version = await machine.version(signal);
  const platform =
    machine.platform === 'QEMU' ? { qemu: version } : { platform: `${machine.platform}, ${version}` };
  const campaign = sweepCampaign(workspace, request, rows, bench, version);
  const families = new Map<string, string>();
  for (const row of rows) families.set(row.format, (await findFormat(row.format)).family);
  const fold = (results: ReadonlyMap<string, SweepBoot>, known: number, complete: boolean) =>
    foldSweep({
      ...{ id: sweepId(request), request, rows, bench, families, started, platform, known, complete },
      ...{ ended: new Date().toISOString(), host: hostFacts() },
      resultOf: one => results.get(campaign.keyOf(one)),
    });
  const knownBefore = request.again
    ? 0
    : campaign.next(before).filter(one => before.has(campaign.keyOf(one))).length;
  const partial = async () => {
    const sweep = fold(await knownResults<SweepBoot>(workspace, record), knownBefore, false);
    if (sweep.points.length > 0) await keep(workspace, sweep);
  };
  yield* forgetHangs(workspace, before, campaign);
  const work = withTimeLeft(runCampaign(workspace, campaign, signal), () =>
    costs.of(campaign.left(), request.atOnce),
  );
  try {
    const { results, known, complete } = yield* nowAndThen(work, partial);
    return { kind: 'sweep', ...(await keep(workspace, fold(results, known, complete))) };
  } catch (error) {
    // what there is by now can be looked at; the next time it goes on
    await partial();
    throw error;
  }
}

/** A deadline is the host's time: what ran out of it is booted once more. */
async function* forgetHangs(
  workspace: Workspace,
  results: ReadonlyMap<string, SweepBoot>,
  campaign: SweepCampaign,
): Work<void> {
  const late = [...results].filter(
    ([, { outcome }]) => outcome.kind === 'hang' || outcome.kind === 'no-output',
  );
  const wanted = new Set(campaign.next(results).map(one => campaign.keyOf(one)));
  const keys = new Set(late.map(([key]) => key).filter(key => wanted.has(key)));
  if (keys.size === 0) return;
  await forgetResults(workspace, record, keys);
  yield {
    ...{ job: 'sweep', type: 'notice', level: 'info' },
    message: `${keys.size} boots timed out before, and are booted again`,
  };
}

const keepEveryMs = 60_000;

/** Hands the work on; after some of its progress does something on the side. */
async function* nowAndThen<Product>(work: Work<Product>, aside: () => Promise<void>): Work<Product> {
  let last = performance.now();
  try {
    for (;;) {
      const next = await work.next();
      if (next.done) return next.value;
      yield next.value;
      if (next.value.type !== 'progress' || performance.now() - last < keepEveryMs) continue;
      await aside();
      last = performance.now();
    }
  } finally {
    await work.return(undefined as never);
  }
}

async function keep(workspace: Workspace, sweep: Sweep): Promise<{ sweep: Sweep; file: string }> {
  const file = path.join(folders.sweeps(workspace), `${sweep.id}.json`);
  await writeWhole(file, `${JSON.stringify(sweep, null, 2)}\n`);
  return { sweep, file };
}

function planOf(
  request: SweepRequest,
  rows: readonly RowPlan[],
  before: ReadonlyMap<string, SweepBoot>,
  costs: Costs,
): SweepPlan {
  const places = placesOf(request);
  const boots = bootsOf(rows, places, request);
  const labels = new Set([...before.keys()].map(key => key.slice(0, key.lastIndexOf(' '))));
  const left = request.again ? boots : boots.filter(one => !labels.has(labelOf(one)));
  const searched = request.smallestMemory ? smallestOf(rows, places) : [];
  const bisections = searched.flatMap(({ row, place }) =>
    Array.from({ length: mostSteps(place.memoryMiB) }, () => {
      return { kind: 'smallest', row, place, sample: 0 } as const;
    }),
  );
  const { atOnce } = request;
  return {
    ...{ rows, atOnce, boots: boots.length, bisections: bisections.length },
    remembered: boots.length - left.length,
    leftMs: costs.of([...left, ...bisections], atOnce),
  };
}
