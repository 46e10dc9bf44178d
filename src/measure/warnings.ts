// SPDX-License-Identifier: GPL-2.0-only
/** Doubt is data: what is doubtful about measurements, and what to do about it. */
import type { z } from 'zod';
import { object, text } from '../document.ts';
import type { Spread } from './spread.ts';
import { outliersOf, slowFirst } from './statistics.ts';
import { figureWithUnit } from './unit.ts';

export const warningSchema = object({
  about: text,
  remedy: text,
});
export type Warning = z.infer<typeof warningSchema>;

/** What is looked at of one row. */
export interface Evidence {
  readonly id: string;
  readonly flow: string;
  readonly family: string;
  /** What it costs in all. */
  readonly total?: Spread | undefined;
  readonly idle?: number;
  readonly boots: readonly {
    readonly sum?: string | undefined;
    readonly loadBefore?: number;
    readonly loadAfter?: number;
    readonly stealPercent?: number;
  }[];
}

export interface Circumstances {
  readonly clock: 'icount' | 'wall';
  readonly accelerator: string;
  readonly hostCpus: number;
  readonly cpus: number;
  /** Boots of each row. */
  readonly samples: number;
}

const idleTolerance = 0.001;
const enoughRounds = 10;
const stealTolerancePercent = 1;

/** Rows that are compared with each other. */
export function warningsOf(rows: readonly Evidence[], about: Circumstances): Warning[] {
  const loaded = rows.filter(row => row.flow !== 'floor');
  return [
    ...differentBytes(loaded),
    ...mixedFamilies(loaded),
    ...differentIdle(loaded),
    ...(about.clock === 'wall' ? [...noisy(rows, about), ...emulated(about)] : []),
  ];
}

function differentBytes(rows: readonly Evidence[]): Warning[] {
  const sums = new Set(rows.flatMap(row => row.boots.flatMap(boot => boot.sum ?? [])));
  if (sums.size <= 1) return [];
  return [{ about: 'the flows did not read the same bytes', remedy: 'distrust this table; report it' }];
}

function mixedFamilies(rows: readonly Evidence[]): Warning[] {
  const families = new Set(rows.map(row => row.family));
  if (families.size <= 1) return [];
  return [
    {
      about: `compressors of different families are compared: ${[...families].sort().join(', ')}`,
      remedy: 'compare cpio-lz4 with erofs-lz4hc, cpio with erofs',
    },
  ];
}

function differentIdle(rows: readonly Evidence[]): Warning[] {
  const [first, ...others] = rows.filter(row => row.idle !== undefined && row.total !== undefined);
  return others.flatMap(row => {
    const apart = Math.abs(row.idle! - first!.idle!);
    if (apart <= idleTolerance * row.total!.median) return [];
    const more = row.idle! > first!.idle! ? 'more' : 'less';
    return {
      about: `${row.id} idles ${figureWithUnit(apart, 'icount')} ${more} than ${first!.id}`,
      remedy: 'the difference is waiting that the clock skipped, not work: see idle in --json',
    };
  });
}

function noisy(rows: readonly Evidence[], { samples, hostCpus, cpus }: Circumstances): Warning[] {
  const boots = rows.flatMap(row => row.boots);
  const load = Math.max(0, ...boots.flatMap(boot => [boot.loadBefore ?? 0, boot.loadAfter ?? 0]));
  const steal = Math.max(0, ...boots.map(boot => boot.stealPercent ?? 0));
  const named = (of: (samples: readonly number[]) => boolean) =>
    rows.filter(row => row.total && of(row.total.samples)).map(row => row.id);
  const slow = named(slowFirst);
  const outliers = rows.flatMap(row => {
    const places = row.total ? outliersOf(row.total.samples) : [];
    return places.length > 0 ? [`${row.id} (${places.map(place => place + 1).join(', ')})`] : [];
  });
  return [
    ...(samples < enoughRounds
      ? [
          {
            about: `${samples} ${samples === 1 ? 'round is' : 'rounds are'} few`,
            remedy: `use --rounds ${enoughRounds} or more`,
          },
        ]
      : []),
    // our own guest is one of those that run
    ...(load > Math.max(hostCpus, cpus + 1) || load - cpus > hostCpus / 2 + 0.5
      ? [
          {
            about: `the host was busy with other work (load up to ${load.toFixed(1)} on ${hostCpus} CPUs)`,
            remedy: 'repeat on an idle machine',
          },
        ]
      : []),
    ...(steal > stealTolerancePercent
      ? [
          {
            about: `the host is a virtual machine that was kept waiting (up to ${steal}% of its time stolen)`,
            remedy: 'repeat on hardware of your own',
          },
        ]
      : []),
    ...(slow.length > 0
      ? [
          {
            about: `the first boot was the slowest of ${slow.join(', ')}`,
            remedy: 'caches were cold: leave it out, or take more rounds',
          },
        ]
      : []),
    ...(outliers.length > 0
      ? [
          {
            about: `outliers: boots of ${outliers.join(', ')}`,
            remedy: 'look at the load of these runs; medians do not move with them, but do repeat',
          },
        ]
      : []),
  ];
}

function emulated({ accelerator, hostCpus, cpus }: Circumstances): Warning[] {
  if (accelerator !== 'tcg') return [];
  return [
    {
      about: 'no KVM: the guest ran under TCG, whose wall clock favours no real machine',
      remedy: 'repeat where a KVM guest starts, or use --clock icount',
    },
    ...(oversubscribed(accelerator, cpus, hostCpus)
      ? [
          {
            about: oversubscribedNote(cpus, hostCpus),
            remedy: 'use fewer --cpus than the host has; no order of the rows follows from these figures',
          },
        ]
      : []),
  ];
}

/** Emulated CPUs are threads of QEMU, beside its others: as many as the host has wait for each other. */
export const oversubscribed = (accelerator: string, cpus: number, hostCpus: number): boolean =>
  accelerator === 'tcg' && cpus > 1 && cpus >= hostCpus;

export const oversubscribedNote = (cpus: number, hostCpus: number): string =>
  `oversubscribed: ${cpus} emulated CPUs on ${hostCpus} of the host`;
