// SPDX-License-Identifier: GPL-2.0-only
/** The report of a sweep. */
import { barChartSvg } from '../chart/bars.ts';
import { lineChartSvg } from '../chart/lines.ts';
import { barChartText, lineChartText } from '../chart/plain.ts';
import type { LineChart } from '../chart/chart.ts';
import {
  aboveFloorChart,
  countText,
  endOf,
  figureAt,
  machinesOf,
  type MachinePlace,
  mebibytes,
  phaseChart,
  pointsOn,
  sizeChart,
  type Until,
} from '../chart/sweep.ts';
import { platformCondition, platformText } from '../platform.ts';
import { rangeOf } from '../spread.ts';
import type { Sweep, SweepPoint } from '../sweep.ts';
import { crossoverLines, failedFloorsOf } from '../sweeptable.ts';
import { describeOutcome } from '../outcome.ts';
import { figureText, unitOf } from '../unit.ts';
import { lossesOf, lossTexts } from './losses.ts';
import { type Chart, type Found, methodOf, type Report, type Table } from './report.ts';

export function sweepReport(sweep: Sweep, found: Found): Report {
  const { conditions: c } = sweep;
  const machines = machinesOf(sweep);
  const several = machines.length > 1;
  const named = (machine: MachinePlace) => (several ? `, ${machine.memoryMiB} MiB, ${machine.cpus} CPU` : '');
  return {
    kind: 'sweep',
    id: sweep.id,
    title: `Sweep ${sweep.id.slice(0, 12)}: payload ${sweep.payload}`,
    about: [
      sweep.clock === 'icount'
        ? 'Millions of guest instructions since start_kernel (QEMU icount); not time.'
        : 'Milliseconds of guest CLOCK_BOOTTIME.',
      `Linux ${c.tree}${c.treeNote ? `, which ${c.treeNote}` : ''}; ${c.arch}, ${machines
        .map(({ memoryMiB, cpus }) => `${memoryMiB} MiB and ${cpus} CPU`)
        .join(', ')}, ${platformText(c)}.`,
      `${sweep.points.length} points, ${sweep.boots.total} boots, ${sweep.samples} of each point${sweep.complete ? '' : ' when it is complete, which it is not: it was stopped'}.`,
    ],
    stale: found.stale,
    tables: machines.flatMap(machine =>
      sweep.axes.sizeBytes.flatMap(sizeBytes => tableOf(sweep, machine, sizeBytes, named(machine)) ?? []),
    ),
    charts: machines.flatMap((machine, i) => chartsOf(sweep, machine, several ? `-${i + 1}` : '')),
    losses: machines.flatMap(machine =>
      lossTexts(lossesOf(sweep, machine), sweep.clock).map(text => `${text}${named(machine)}.`),
    ),
    crossovers: crossoverLines(sweep.crossovers).slice(2),
    warnings: sweep.warnings,
    notes: [...notesOf(sweep.points), ...failuresOf(sweep.points), ...failedFloorsOf(sweep.points)],
    method: methodOf(sweep.clock, sweep.samples),
    conditions: [
      ['host', `${c.host}, ${c.hostCpus} CPUs`],
      platformCondition(c),
      ...Object.entries(c.kernels).map(([name, digest]) => [`kernel ${name}`, digest] as const),
      ...Object.entries(c.payloads).map(
        ([size, digest]) => [`payload of ${mebibytes(Number(size))} MiB filler`, digest] as const,
      ),
      [
        'measured',
        `${sweep.started} to ${sweep.ended}, ${Math.round(sweep.boots.seconds / 60)} min of boots`,
      ],
      ...found.conditions,
    ],
    commands: found.commands,
    runs: runsOf(sweep, named),
    again: sweep.command.join(' '),
    data: sweep,
  };
}

/** What a table has no room for. */
const failuresOf = (points: readonly SweepPoint[]): string[] =>
  points
    .filter(({ outcome }) => describeOutcome(outcome) !== endOf(outcome))
    .map(
      ({ row, payloadBytes, outcome }) =>
        `${row}, ${mebibytes(payloadBytes)} MiB: ${describeOutcome(outcome)}`,
    );

/** A floor has no payload: it is the same boots at each size. */
function runsOf({ points }: Sweep, named: (machine: MachinePlace) => string): Report['runs'] {
  const runs = points.map(({ flow, row, payloadBytes, place, runs: ids }) => ({
    row: `${row}${flow === 'floor' ? '' : `, ${mebibytes(payloadBytes)} MiB`}${named(place)}`,
    ids,
  }));
  const keys = runs.map(one => JSON.stringify(one));
  return runs.filter((_, i) => keys.indexOf(keys[i]!) === i);
}

/** One size: a row for each row, and a column for each way to be told. */
function tableOf(sweep: Sweep, machine: MachinePlace, sizeBytes: number, named: string): Table | undefined {
  const points = pointsOn(sweep, machine).filter(({ place }) => place.sizeBytes === sizeBytes);
  if (points.length === 0) return undefined;
  const unit = unitOf(sweep.clock).short;
  const untils: Until[] = ['init', ...sweep.axes.usedPercent];
  const payload = Math.max(...points.map(({ payloadBytes }) => payloadBytes));
  return {
    title: `payload of ${mebibytes(payload)} MiB${named}, ${countText(points)}`,
    columns: [
      ...untils.map(until => ({ head: until === 'init' ? 'to /init' : `${until}%`, unit })),
      ...(sweep.samples > 1 ? [{ head: 'range', unit }] : []),
      { head: 'image', unit: 'MiB', optional: true },
      { head: 'memory', unit: 'MiB', optional: true },
    ],
    rows: sweep.rows.flatMap(row => {
      const point = points.find(other => other.row === row);
      if (!point) return [];
      if (point.outcome.kind !== 'ready') return [{ name: row, cells: [], ended: endOf(point.outcome) }];
      const figures = untils.map(until => figureAt(point, until));
      const widest = Math.max(0, ...figures.map(figure => (figure ? rangeOf(figure) : 0)));
      const alone = point.init?.samples.length === 1;
      const memory = point.memory.find(({ at }) => at === 'init')?.used;
      return [
        {
          name: row,
          cells: [
            ...figures.map(figure => figureText(figure?.median, sweep.clock)),
            ...(sweep.samples > 1 ? [alone ? '-' : figureText(widest, sweep.clock)] : []),
            mebibytesOrDash(point.flow === 'floor' ? undefined : point.imageBytes),
            mebibytesOrDash(memory),
          ],
        },
      ];
    }),
  };
}

const mebibytesOrDash = (bytes: number | undefined): string =>
  bytes === undefined ? '-' : (bytes / 2 ** 20).toFixed(1);

function chartsOf(sweep: Sweep, machine: MachinePlace, suffix: string): Chart[] {
  const lines = (['init', ...sweep.axes.usedPercent] as Until[]).flatMap(until => {
    const chart = sizeChart(sweep, machine, until);
    return chart ? [{ until, chart }] : [];
  });
  // one scale for all of them, so that they can be held side by side
  const top = Math.max(0, ...lines.map(({ chart }) => highest(chart)));
  const bars = sweep.axes.sizeBytes.flatMap(size => {
    const name = `${mebibytes(size)}m${suffix}`;
    const whole = phaseChart(sweep, machine, size);
    const above = aboveFloorChart(sweep, machine, size);
    return [
      ...(whole.bars.length > 0 ? [{ name: `phases-${name}`, chart: whole }] : []),
      ...(above.bars.length > 0 ? [{ name: `above-floor-${name}`, chart: above }] : []),
    ];
  });
  return [
    ...lines.map(({ until, chart }) => ({
      name: `size-${until}${suffix}`,
      svg: lineChartSvg({ ...chart, top }),
      text: (width: number) => lineChartText({ ...chart, top }, width),
    })),
    ...bars.map(({ name, chart }) => ({
      name,
      svg: barChartSvg(chart),
      text: (width: number) => barChartText(chart, width),
    })),
  ];
}

const highest = (chart: LineChart): number =>
  Math.max(0, ...chart.lines.flatMap(({ points }) => points.map(({ y, high }) => high ?? y)));

/** What has to be said of every row is said once. */
function notesOf(points: readonly SweepPoint[]): string[] {
  const texts = [...new Set(points.flatMap(({ notes }) => notes))];
  const rows = [...new Set(points.map(({ row }) => row))];
  return texts.map(text => {
    const members = rows.filter(row => points.some(point => point.row === row && point.notes.includes(text)));
    return members.length === rows.length ? text : `${members.join(', ')}: ${text}`;
  });
}
