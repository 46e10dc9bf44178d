// SPDX-License-Identifier: GPL-2.0-only
/** What is doubtful about a sweep: each place by itself, each doubt once. */
import { costOf, type SweepBoot } from './points.ts';
import type { SweepPoint } from './sweep.ts';
import { sizeName } from './sweepcrossovers.ts';
import { type Circumstances, type Warning, warningsOf } from './warnings.ts';

/** `bootsOf` gives the boots of a point. */
export function warningsOfSweep(
  points: readonly SweepPoint[],
  bootsOf: (point: SweepPoint) => readonly SweepBoot[],
  about: Omit<Circumstances, 'cpus'>,
): Warning[] {
  const places = new Map<string, SweepPoint[]>();
  for (const point of points) {
    const name = JSON.stringify(point.place);
    places.set(name, [...(places.get(name) ?? []), point]);
  }
  const found = new Map<string, { warning: Warning; sizes: Set<string> }>();
  for (const members of places.values()) {
    const { cpus, sizeBytes } = members[0]!.place;
    const evidence = members.map(point => ({
      ...{ id: point.row, flow: point.flow, family: point.family },
      total: costOf(point, point.used.at(-1)?.percent),
      ...(point.idle !== undefined && { idle: point.idle }),
      boots: bootsOf(point).map(({ sum, load, stealPercent }) => ({
        ...{ sum, loadBefore: load?.[0] ?? 0, loadAfter: load?.[1] ?? 0 },
        ...(stealPercent !== undefined && { stealPercent }),
      })),
    }));
    for (const warning of warningsOf(evidence, { ...about, cpus })) {
      const entry = found.get(warning.about) ?? { warning, sizes: new Set() };
      entry.sizes.add(sizeName(sizeBytes));
      found.set(warning.about, entry);
    }
  }
  const sizes = new Set(points.map(point => point.place.sizeBytes)).size;
  return [...found.values()].map(({ warning, sizes: where }) =>
    where.size === sizes ? warning : { ...warning, about: `${[...where].join(', ')}: ${warning.about}` },
  );
}
