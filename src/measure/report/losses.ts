// SPDX-License-Identifier: GPL-2.0-only
/** Where each row of a sweep is behind another one, and by how much at worst. Said only where the samples of the two do
 *  not overlap, and in full only within a compressor family: other compressors cost differently by themselves. */
import { figureAt, mebibytes, pointsOn, type MachinePlace, type Until } from '../chart/sweep.ts';
import type { Sweep, SweepPoint } from '../sweep.ts';
import { figureText, figureWithUnit } from '../unit.ts';

export interface Loss {
  readonly row: string;
  readonly to: string;
  /** Whether both have the same compressor, or none. */
  readonly kin: boolean;
  readonly worst: {
    readonly sizeBytes: number;
    readonly until: Until;
    readonly own: number;
    readonly other: number;
  };
  /** At so many of the places both were measured at. */
  readonly places: number;
  readonly of: number;
  /** Where: every size and share of the reading at which it loses. */
  readonly at: readonly { readonly payloadBytes: number; readonly until: Until }[];
}

export function lossesOf(sweep: Sweep, machine: MachinePlace): Loss[] {
  const points = pointsOn(sweep, machine).filter(
    point => point.flow !== 'floor' && point.outcome.kind === 'ready',
  );
  const rows = [...new Set(points.map(({ row }) => row))];
  return rows.flatMap(row => rows.flatMap(to => (to === row ? [] : (lossOf(points, sweep, row, to) ?? []))));
}

function lossOf(points: readonly SweepPoint[], sweep: Sweep, row: string, to: string): Loss | undefined {
  const at: { payloadBytes: number; until: Until }[] = [];
  let worst: Loss['worst'] | undefined;
  let of = 0;
  let kin = true;
  for (const own of points.filter(point => point.row === row)) {
    const other = points.find(point => point.row === to && point.place.sizeBytes === own.place.sizeBytes);
    if (!other) continue;
    kin = other.family === own.family;
    for (const until of ['init', ...sweep.axes.usedPercent] as Until[]) {
      const [mine, theirs] = [figureAt(own, until), figureAt(other, until)];
      if (!mine || !theirs) continue;
      of++;
      if (mine.min <= theirs.max) continue;
      at.push({ payloadBytes: own.payloadBytes, until });
      const behind = mine.median - theirs.median;
      if (!worst || behind > worst.own - worst.other) {
        worst = { sizeBytes: own.payloadBytes, until, own: mine.median, other: theirs.median };
      }
    }
  }
  return worst && { row, to, kin, worst, places: at.length, of, at };
}

const untilWords = (until: Until): string => (until === 'init' ? 'to /init' : `until ${until}% is read`);

/** 'kernelspace is behind memmap at 5 of 20 places, at worst 329.10 against 248.70 M insn, 257.9 MiB until 100% is read' */
function lossText({ row, to, worst, places, of, at }: Loss, clock: Sweep['clock']): string {
  const where = places === of ? 'everywhere' : `at ${places} of ${of} places`;
  const small =
    places <= 3 && places < of
      ? ` (${at.map(({ payloadBytes, until }) => `${mebibytes(payloadBytes)} MiB ${untilWords(until)}`).join('; ')})`
      : '';
  return `${row} is behind ${to} ${where}${small}: at worst ${figureText(worst.own, clock)} against ${figureWithUnit(worst.other, clock)}, ${mebibytes(worst.sizeBytes)} MiB ${untilWords(worst.until)}`;
}

/** Within a family a sentence each, across families one for each row. */
export function lossTexts(losses: readonly Loss[], clock: Sweep['clock']): string[] {
  const rows = [...new Set(losses.map(({ row }) => row))];
  return rows.flatMap(row => {
    const own = losses.filter(loss => loss.row === row);
    const others = own.filter(({ kin }) => !kin);
    const list = others.map(({ to, places, of }) =>
      places === of ? `${to} everywhere` : `${to} at ${places} of ${of} places`,
    );
    return [
      ...own.filter(({ kin }) => kin).map(loss => lossText(loss, clock)),
      ...(list.length > 0 ? [`${row} is behind rows of another compressor: ${list.join(', ')}`] : []),
    ];
  });
}
