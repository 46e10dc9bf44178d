// SPDX-License-Identifier: GPL-2.0-only
/** From the boots of a sweep to its record. Pure. */
import type { hostFacts } from '../../boot/host.ts';
import type { BootPlan } from '../../boot/machine.ts';
import { floorOf } from '../../measure/floor.ts';
import { type PointHead, pointOf, samePlace, type SweepBoot } from '../../measure/points.ts';
import {
  type Place,
  type SmallestMemory,
  type Sweep,
  sweepDocument,
  type SweepPoint,
} from '../../measure/sweep.ts';
import { crossoversOfSweep } from '../../measure/sweepcrossovers.ts';
import { warningsOfSweep } from '../../measure/sweepwarnings.ts';
import { unitOf } from '../../measure/unit.ts';
import { oversubscribed, oversubscribedNote } from '../../measure/warnings.ts';
import { kinOf, type RowPlan } from '../rows.ts';
import type { Bench } from './bench.ts';
import { bootsOf, placesOf, smallestOf, sweepCommand, type SweepCase, type SweepRequest } from './cases.ts';
import { bisect } from './smallest.ts';

export interface SweepInput {
  readonly id: string;
  readonly request: SweepRequest;
  readonly rows: readonly RowPlan[];
  readonly bench: Bench;
  readonly families: ReadonlyMap<string, string>;
  readonly started: string;
  readonly ended: string;
  readonly platform: { readonly qemu: string } | { readonly platform: string };
  readonly host: ReturnType<typeof hostFacts>;
  /** Results that were there before. */
  readonly known: number;
  readonly complete: boolean;
  /** Undefined: not booted. */
  resultOf(one: SweepCase): SweepBoot | undefined;
}

export function foldSweep(input: SweepInput): Sweep {
  const { request, rows, bench, host } = input;
  const places = placesOf(request);
  const boots = new Map<string, SweepBoot[]>();
  const all: SweepBoot[] = [];
  const nameOf = (row: RowPlan, place: Place) => JSON.stringify([row.id, place]);
  for (const one of bootsOf(rows, places, request)) {
    const boot = input.resultOf(one);
    if (!boot) continue;
    all.push(boot);
    const name = nameOf(one.row, one.place);
    if (one.kind === 'boot') boots.set(name, [...(boots.get(name) ?? []), boot]);
  }
  const points: SweepPoint[] = [];
  const ofPoint = new Map<SweepPoint, readonly SweepBoot[]>();
  for (const place of places) {
    for (const row of rows) {
      const own = boots.get(nameOf(row, place));
      if (!own) continue;
      const floorRow = floorOf(row, rows, kinOf)?.id;
      const floor = points.find(
        point => point.row === floorRow && samePlace({ ...point.place, sizeBytes: place.sizeBytes }, place),
      );
      const pivot = input.resultOf({ kind: 'pivot', row, place, sample: 0 });
      const point = pointOf(headOf(input, row, place), own, floor, pivot);
      ofPoint.set(point, own);
      points.push(point);
    }
  }
  const smallest = request.smallestMemory ? smallestMemories(input, all) : [];
  const axes = {
    sizeBytes: [...new Set(places.map(place => place.sizeBytes))],
    memoryMiB: request.memoryMiB,
    cpus: request.cpus,
    usedPercent: request.used.filter(percent => percent > 0),
  };
  const plan = rows.flatMap(row => planned(bench, row, places[0]!) ?? [])[0];
  const kernels = [...bench.kernels];
  return {
    schema: sweepDocument.name,
    ...{ id: input.id, started: input.started, ended: input.ended, clock: request.clock },
    unit: unitOf(request.clock).name,
    ...{ command: sweepCommand(request), complete: input.complete, payload: request.payload },
    rows: rows.map(row => row.id),
    ...{ axes, samples: request.samples, points, smallestMemory: smallest },
    crossovers: crossoversOfSweep({ points, axes }),
    warnings: warningsOfSweep(points, point => ofPoint.get(point) ?? [], {
      ...{ clock: request.clock, hostCpus: host.cpus, accelerator: plan?.vm.accelerator ?? 'tcg' },
      samples: request.samples,
    }),
    conditions: {
      tree: bench.tree.version,
      ...(bench.tree.note !== undefined && { treeNote: bench.tree.note }),
      ...{ arch: kernels[0]![1].arch, ...input.platform, accelerator: plan?.vm.accelerator ?? 'tcg' },
      ...{ host: host.cpu, hostCpus: host.cpus },
      kernels: Object.fromEntries(kernels.map(([name, kernel]) => [name, kernel.digest])),
      payloads: Object.fromEntries([...bench.payloads].map(([size, payload]) => [size, payload.digest])),
    },
    boots: {
      ...{ total: all.length, known: input.known },
      seconds: Math.round(all.reduce((sum, boot) => sum + boot.host, 0) / 1000),
    },
  };
}

function planned(bench: Bench, row: RowPlan, place: Place): BootPlan | undefined {
  const found = bench.planOf(row, place);
  return found.kind === 'plan' ? found.plan : undefined;
}

function headOf({ bench, families, host }: SweepInput, row: RowPlan, place: Place): PointHead {
  const plan = planned(bench, row, place);
  const image = plan?.images.find(({ role }) => role === 'payload');
  return {
    ...{ place, row: row.id, flow: row.flow.id, format: row.format, kernel: row.kernel },
    family: families.get(row.format) ?? 'none',
    payloadBytes: row.flow.usesPayload ? bench.payloads.get(place.sizeBytes)!.bytes : 0,
    imageBytes: image?.bytes ?? 0,
    loaderBytes: plan ? loaderBytesOf(plan) : 0,
    notes: [
      ...(plan?.notes ?? []),
      ...(plan && oversubscribed(plan.vm.accelerator, place.cpus, host.cpus)
        ? [oversubscribedNote(place.cpus, host.cpus)]
        : []),
    ],
  };
}

/** The initrd, and what else has to be in memory before the kernel starts. */
function loaderBytesOf({ vm }: BootPlan): number {
  const placed = vm.disks.flatMap(disk =>
    disk.kind === 'pmem' && disk.standsFor === 'memory' ? [disk.image.bytes] : [],
  );
  return placed.reduce((sum, bytes) => sum + bytes, vm.initrd?.bytes ?? 0);
}

function smallestMemories(input: SweepInput, all: SweepBoot[]): SmallestMemory[] {
  const { request, rows } = input;
  return smallestOf(rows, placesOf(request)).map(({ row, place }) => {
    const at = (memoryMiB: number) =>
      input.resultOf({ kind: 'smallest', row, place: { ...place, memoryMiB }, sample: 0 });
    const tried = new Set<SweepBoot>();
    const { boots, fails } = bisect(place.memoryMiB, memoryMiB => {
      const result = at(memoryMiB);
      if (result) tried.add(result);
      return result && result.outcome.kind === 'ready';
    });
    all.push(...tried);
    const failure = fails === undefined ? undefined : at(fails)?.outcome;
    return {
      ...{ row: row.id, sizeBytes: place.sizeBytes },
      ...(boots !== undefined && { bootsMiB: boots }),
      ...(fails !== undefined && { failsMiB: fails }),
      ...(failure && { failure }),
      runs: [...tried].flatMap(({ run }) => run ?? []),
    };
  });
}
