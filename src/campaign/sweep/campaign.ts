// SPDX-License-Identifier: GPL-2.0-only
/** A sweep as the runner of campaigns takes it: its cases, their keys, and how one is booted. */
import { bootOnce } from '../../boot/run.ts';
import { variantOf } from '../../boot/variant.ts';
import { Interrupted } from '../../host/errors.ts';
import { digestOf, shortDigest } from '../../host/files.ts';
import { type SweepBoot, sweepBoot } from '../../measure/points.ts';
import type { Workspace } from '../../workspace.ts';
import type { RowPlan } from '../rows.ts';
import type { Campaign } from '../runner.ts';
import { type Bench, planCase } from './bench.ts';
import { bootsOf, labelOf, placesOf, smallestOf, type SweepCase, type SweepRequest } from './cases.ts';
import { bisect } from './smallest.ts';

/** All sweeps keep their boots in one record: what one has booted another need not. */
export const record = 'sweep';

export type SweepCampaign = Campaign<SweepCase, SweepBoot> & {
  /** What is not done, as of when next() was asked last. */
  left(): readonly SweepCase[];
};

export function sweepCampaign(
  workspace: Workspace,
  request: SweepRequest,
  rows: readonly RowPlan[],
  bench: Bench,
  qemu: string,
): SweepCampaign {
  const places = placesOf(request);
  const boots = bootsOf(rows, places, request);
  const searched = request.smallestMemory ? smallestOf(rows, places) : [];
  const keys = new Map<string, string>();
  const keyOf = (one: SweepCase) => {
    const label = labelOf(one);
    const key = keys.get(label) ?? `${label} ${shortDigest(digestOf(dependsOn(one)))}`;
    keys.set(label, key);
    return key;
  };
  /** All that decides the result: the unperturbed machine of its point, and how the case differs from it. */
  const dependsOn = ({ kind, row, place, sample }: SweepCase) => {
    const most = kind === 'smallest' ? { ...place, memoryMiB: Math.max(...request.memoryMiB) } : place;
    const planned = bench.planOf(row, most);
    const { clock, used } = request;
    return {
      ...{ qemu, clock, used, kind, place, sample, variant: variantOf(sample) },
      ...(planned.kind === 'none'
        ? { outcome: planned.outcome }
        : {
            kernel: planned.plan.kernel.digest,
            images: planned.plan.images.map(image => image.digest),
            argv: planned.plan.vm.machine.argv(planned.plan.vm),
          }),
    };
  };
  let open: readonly SweepCase[] = boots;
  return {
    ...{ job: 'sweep', record, keyOf, labelOf, atOnce: request.atOnce, again: request.again },
    left: () => open,
    next(results) {
      const tried = searched.flatMap(({ row, place }) =>
        triedOf(row, place, memoryMiB => {
          const one = { kind: 'smallest', row, place: { ...place, memoryMiB }, sample: 0 } as const;
          return results.get(keyOf(one))?.outcome.kind;
        }),
      );
      const cases = [...boots, ...tried];
      open = cases.filter(one => !results.has(keyOf(one)));
      return cases;
    },
    async *run(one, signal) {
      const began = performance.now();
      const planned = yield* planCase(workspace, request, bench, one, signal);
      if (planned.kind === 'none') {
        return { outcome: planned.outcome, marks: {}, used: [], memory: [], host: 0 };
      }
      const run = yield* bootOnce(workspace, planned.plan, signal);
      if (run.outcome.kind === 'interrupted') throw new Interrupted();
      return sweepBoot(run, Math.round(performance.now() - began));
    },
  };
}

/** The memories that a bisection has tried, and the one it tries next. */
function triedOf(
  row: RowPlan,
  place: SweepCase['place'],
  outcomeAt: (memoryMiB: number) => SweepBoot['outcome']['kind'] | undefined,
): SweepCase[] {
  const asked: number[] = [];
  const { next } = bisect(place.memoryMiB, memoryMiB => {
    const outcome = outcomeAt(memoryMiB);
    if (outcome !== undefined) asked.push(memoryMiB);
    return outcome === undefined ? undefined : outcome === 'ready';
  });
  const memories = new Set(next === undefined ? asked : [...asked, next]);
  return [...memories].map(memoryMiB => ({
    ...{ kind: 'smallest', row, sample: 0 },
    place: { ...place, memoryMiB },
  }));
}
