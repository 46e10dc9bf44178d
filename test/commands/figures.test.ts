// SPDX-License-Identifier: GPL-2.0-only
/** One boot through every reader: each prints the same numbers, in the same units, by the same words. Recorded consoles
 *  go through the stand-in QEMU, so that what is read is a record on disk like any other. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BootRun } from '../../src/boot/boot.ts';
import type { BootPlan, Vm } from '../../src/boot/machine.ts';
import arm64 from '../../src/boot/machine/arm64.ts';
import { bootOnce } from '../../src/boot/run.ts';
import { figureOf } from '../../src/campaign/bisect/question.ts';
import { gatherRuns } from '../../src/campaign/gather.ts';
import { writeReport } from '../../src/campaign/report.ts';
import { boot } from '../../src/commands/boot.ts';
import type { AnyCommand } from '../../src/commands/command.ts';
import { diff } from '../../src/commands/diff.ts';
import { commands } from '../../src/commands/index.ts';
import { runs } from '../../src/commands/runs.ts';
import { show } from '../../src/commands/show.ts';
import type { Work, WorkEvent } from '../../src/events.ts';
import { type PlannedTrial, runTrial } from '../../src/evidence/verify/trial.ts';
import { type PointHead, pointOf, sweepBoot } from '../../src/measure/points.ts';
import { mailText } from '../../src/measure/report/mail.ts';
import { sweepReport } from '../../src/measure/report/sweep.ts';
import type { Sweep } from '../../src/measure/sweep.ts';
import { formatSweep } from '../../src/measure/sweeptable.ts';
import { formatComparison } from '../../src/measure/table.ts';
import type { Line } from '../../src/tui/span.ts';
import { initialState } from '../../src/tui/state.ts';
import { render } from '../../src/tui/view/frame.ts';
import { collect, never, recorded, type Sample, sampleImage, sampleMachine } from '../boot/machine.ts';
import { sweep as madeUp } from '../measure/sweeps.ts';
import { answers, keys, look, play, typed, refusal } from '../tui/sample.ts';

interface Kind {
  readonly console: string;
  readonly flow: string;
  readonly vm?: Partial<Vm>;
  readonly plan?: Partial<BootPlan>;
  readonly outcome: string;
  /** As every reader has to print them, in M insn or in ms; '-': it has none. */
  readonly init: string;
  readonly total: string;
  /** The last share that was read. */
  readonly percent?: number;
  /** As a test reads it off the record, to the last digit. */
  readonly exact: { readonly init?: number; readonly total?: number };
}

/** The stand-in enters the kernel at 35,913,360. */
const kinds: Readonly<Record<string, Kind>> = {
  // the empty reading of its probe ends at 197.98
  floor: {
    ...{ console: 'ready-floor', flow: 'floor', outcome: 'ready', init: '197.67', total: '197.67' },
    exact: { init: 197_668_731, total: 197_668_731 },
  },
  'an initramfs': {
    ...{ console: 'ready-initramfs', flow: 'initramfs', outcome: 'ready', percent: 10 },
    ...{ init: '270.02', total: '272.66', exact: { init: 270_019_513, total: 272_662_171 } },
  },
  'a first stage': {
    ...{ console: 'ready-userspace', flow: 'userspace', outcome: 'ready', percent: 10 },
    ...{ init: '199.37', total: '208.57', exact: { init: 199_374_986, total: 208_573_636 } },
  },
  'read in steps': {
    ...{ console: 'used-in-steps', flow: 'initramfs', outcome: 'ready', percent: 100 },
    ...{ init: '270.09', total: '292.26', exact: { init: 270_092_834, total: 292_259_312 } },
  },
  'its own init': {
    ...{ console: 'ready-systemd', flow: 'kernelspace', outcome: 'ready', plan: { hold: 10_000 } },
    ...{ percent: 10, init: '278.59', total: '326.51', exact: { init: 278_585_005, total: 326_505_957 } },
  },
  'its own init dies': {
    ...{ console: 'own-init-dies', flow: 'kernelspace', outcome: 'panic', plan: { hold: 10_000 } },
    ...{ init: '-', total: '-', exact: {} },
  },
  'no root': {
    console: 'panic-no-root',
    flow: 'initramfs',
    outcome: 'panic',
    init: '-',
    total: '-',
    exact: {},
  },
  'the wall clock': {
    ...{ console: 'ready-initramfs-wall', flow: 'initramfs', outcome: 'ready', percent: 10 },
    ...{ vm: { clock: 'wall' }, init: '4382.25', total: '4661.43' },
    exact: { init: 4382.248303, total: 4661.425379 },
  },
  'a floor by the wall clock': {
    ...{ console: 'ready-floor', flow: 'floor', outcome: 'ready', vm: { clock: 'wall' } },
    ...{ init: '301.09', total: '301.09', exact: { init: 301.093422, total: 301.093422 } },
  },
  'a floor on arm64': {
    ...{ console: 'ready-floor-arm64', flow: 'floor', outcome: 'ready', vm: { machine: arm64 } },
    ...{ init: '853.16', total: '853.16', exact: { init: 853_157_648, total: 853_157_648 } },
  },
  'an initramfs on arm64': {
    ...{ console: 'ready-initramfs-arm64', flow: 'initramfs', outcome: 'ready', percent: 100 },
    ...{ vm: { machine: arm64 }, init: '854.07', total: '855.00' },
    exact: { init: 854_073_600, total: 855_000_272 },
  },
};

let sample: Sample;
interface Booted extends Kind {
  readonly run: BootRun;
  readonly events: readonly WorkEvent[];
  readonly unit: 'M insn' | 'ms';
}
const booted = new Map<string, Booted>();
/** All of them as `runs` lists them. */
let history: Awaited<ReturnType<typeof printed>>;

/** A recorded console; one that was recorded with its nonce gets that of this boot. */
function consoleOf(name: string): string {
  const text = readFileSync(recorded(name), 'latin1');
  const file = path.join(sample.folder, `${name}.log`);
  writeFileSync(file, text.replaceAll(/nonce=[0-9a-f]{16}/g, 'nonce=@'), 'latin1');
  return file;
}

beforeAll(async () => {
  sample = await sampleMachine();
  for (const [name, kind] of Object.entries(kinds)) {
    process.env.INITBENCH_TEST_CONSOLE = consoleOf(kind.console);
    const plan = sample.plan({ flow: kind.flow, row: `${kind.flow}@base`, ...kind.plan }, kind.vm);
    const { product: run, events } = await collect(bootOnce(sample.workspace, plan, never));
    booted.set(name, { ...kind, run, events, unit: run.clock === 'wall' ? 'ms' : 'M insn' });
  }
  history = await printed(runs, [], { count: '100' });
}, 120_000);
afterAll(async () => {
  delete process.env.INITBENCH_TEST_CONSOLE;
  await sample.remove();
});

/** What a person and a program get of a command. */
async function printed(command: AnyCommand, words: readonly string[], options = {}) {
  const input: unknown = command.parse({ words, options, rest: [] }, sample.workspace);
  const { product } = await collect(command.run(sample.workspace, input, never) as Work<unknown>);
  return { product, lines: command.text(product, 200), json: command.json(product) as Json };
}
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a document as a stranger's program reads it
type Json = any;

/** Cells of the line that begins with a word, by the heads above them. */
function cellsOf(lines: readonly string[], head: RegExp, name: string): Record<string, string> {
  const at = lines.findIndex(line => head.test(line));
  const row = lines.slice(at + 1).find(line => line.startsWith(name))!;
  const names = lines[at]!.trim().replace('to /init', 'init').split(/ +/);
  // names to the left, figures to the right: by position from the right they stand below each other
  const cells = row.trim().split(/ +/);
  return Object.fromEntries(names.toReversed().map((word, i) => [word, cells.at(-1 - i) ?? '']));
}

const textOf = (lines: readonly Line[]) =>
  lines.map(line =>
    line
      .map(({ text }) => text)
      .join('')
      .trimEnd(),
  );

/** A workbench that has read what is on record. */
function workbench() {
  const { product } = history;
  const start = initialState({ width: 200, height: 60, look, keys: {} });
  return play(
    start,
    {
      type: 'ready',
      ...{ commands, places: { root: '/srv', runs: '/srv/runs' }, series: 'initoverlayfs', keys: {} },
      ascii: false,
      refusal,
    },
    { type: 'loaded', name: 'flows', product: answers.flows, asked: 0 },
    { type: 'loaded', name: 'runs', product, asked: 0 },
    ...keys('4'),
  ).state;
}

function sweepOf({ run, percent }: Booted): Sweep {
  const head: PointHead = {
    place: { sizeBytes: 0, memoryMiB: 2048, cpus: 1 },
    row: run.row,
    flow: run.flow,
    format: 'cpio',
    kernel: 'base',
    family: 'none',
    payloadBytes: 0,
    imageBytes: 2 ** 20,
    loaderBytes: 0,
    notes: [],
  };
  const axes = { ...madeUp.axes, sizeBytes: [0], usedPercent: percent === undefined ? [] : [percent] };
  const { clock } = run;
  const points = [pointOf(head, [sweepBoot(run, 1)], undefined)];
  return { ...madeUp, clock, axes, samples: 1, rows: [run.row], points, warnings: [] };
}

/** What is read of a boot; undefined: this reader does not print it. */
interface Read {
  readonly init?: string | undefined;
  readonly total?: string | undefined;
  readonly unit: string | undefined;
}
const unitIn = (lines: readonly string[]) => /\b(M insn|ms)\b/.exec(lines.join('\n'))?.[1];

/** Tables write two decimals. */
const tables: Readonly<Record<string, (one: Booted) => Promise<Read> | Read>> = {
  runs({ run }) {
    const line = history.lines.find(one => one.startsWith(run.id))!;
    const [, total, unit] = /(\S+) (M insn|ms) +\S+$/.exec(line) ?? [];
    return { total: total ?? /\S+ +(-) +\S+$/.exec(line)?.[1], unit };
  },
  async compare({ run }) {
    const lines = formatComparison(await gatherRuns([run]), 120);
    const { init, total } = cellsOf(lines, /^row /, run.row);
    return { init, total, unit: unitIn(lines) };
  },
  async report({ run, percent }) {
    const output = `${sample.folder}/report`;
    const work = writeReport(sample.workspace, { names: [run.id], output, version: '1' }, never);
    const lines = (await collect(work)).product.mail;
    if (run.outcome.kind !== 'ready') return { init: '-', total: '-', unit: unitIn(lines) };
    const cells = cellsOf(lines, /^row /, run.row);
    return { init: cells.init, total: percent ? cells[`${percent}%`] : cells.init, unit: unitIn(lines) };
  },
  sweep(one) {
    const lines = formatSweep(sweepOf(one), 120).slice(2);
    const cells = cellsOf(lines, /^row /, one.run.row);
    return {
      init: cells.init,
      total: one.percent ? cells[`${one.percent}%`] : cells.init,
      unit: unitIn(lines),
    };
  },
  'report of a sweep'(one) {
    const lines = mailText(sweepReport(sweepOf(one), { stale: [], commands: [], conditions: [] }));
    if (one.run.outcome.kind !== 'ready') return { init: '-', total: '-', unit: unitIn(lines) };
    const cells = cellsOf(lines, /^row /, one.run.row);
    return {
      init: cells.init,
      total: one.percent ? cells[`${one.percent}%`] : cells.init,
      unit: unitIn(lines),
    };
  },
  'panel 4'({ run }) {
    const state = workbench();
    const at = textOf(render(state));
    const index = state.data.runs!.runs.findIndex(({ entry }) => entry.id === run.id);
    const title = at.findIndex(line => line.includes(' 4 Runs '));
    const line = at[title + 1 + index]!.split(/[\u2502|]/)[0]!;
    const [, total, ms] = /(\d+\.\d+)( ms)? *$/.exec(line) ?? [];
    return { total: total ?? '-', unit: ms?.trim() ?? unitIn([at[title]!]) };
  },
  'boot view'({ run, events }) {
    const { state } = play(
      initialState({ width: 200, height: 60, look, keys: {} }),
      {
        type: 'ready',
        ...{ commands, places: { root: '/srv', runs: '/srv/runs' }, series: 'initoverlayfs', keys: {} },
        ascii: false,
        refusal,
      },
      { type: 'loaded', name: 'flows', product: answers.flows, asked: 0 },
      ...keys(':'),
      ...typed(`boot ${run.flow}`),
      ...keys('enter'),
      { type: 'events', job: 1, events },
    );
    const lines = textOf(render(state)).map(line => line.split('\u2502').slice(1).join('\u2502'));
    const bar = lines.findLast(line => line.startsWith(run.row))!;
    const [, init, total] = /(\S+) +(\S+) +\S+ (?:ready|PANIC)/.exec(bar)!;
    return { init, total, unit: unitIn(lines.filter(line => / to \/init +total +ratio /.test(line))) };
  },
};

/** Where one boot or two are shown, three. */
const details: Readonly<Record<string, (one: Booted) => Promise<Read> | Read>> = {
  async show({ run }) {
    const { lines } = await printed(show, [run.id]);
    return detailIn(lines);
  },
  boot({ run }) {
    return detailIn(boot.text({ kind: 'run', run }, 200));
  },
  preview({ run }) {
    const state = workbench();
    const index = state.data.runs!.runs.findIndex(({ entry }) => entry.id === run.id);
    const { state: moved } = play(state, ...keys(...Array<string>(index).fill('j')));
    return detailIn(textOf(render(moved)).map(line => line.replace(/^[^\u2502]*\u2502 ?/, '')));
  },
};

/** Of a boot that failed the points it passed are there, and no total. */
function detailIn(lines: readonly string[]): Read {
  const value = (name: string) =>
    new RegExp(`^${name} +(\\S+?):? (.*)$`).exec(lines.find(line => line.startsWith(`${name} `)) ?? '');
  const [, init, words] = value('/init') ?? [];
  const [, total] = value('total') ?? [];
  return { init, total, unit: words === undefined ? undefined : unitIn([words]) };
}

const detail = (exact: number | undefined, unit: string) =>
  exact === undefined ? '-' : (unit === 'ms' ? exact : exact / 1e6).toFixed(3);

describe.each(Object.keys(kinds))('%s', name => {
  test.each(Object.keys(tables))('in %s', async reader => {
    const one = booted.get(name)!;
    expect(one.run.outcome.kind).toBe(one.outcome);
    const read = await tables[reader]!(one);
    expect(read.total).toBe(one.total);
    if ('init' in read) expect(read.init).toBe(one.init);
    if (one.total !== '-') expect(read.unit).toBe(one.unit);
  });

  test.each(Object.keys(details))('in %s', async reader => {
    const one = booted.get(name)!;
    const read = await details[reader]!(one);
    const { init, total } = one.exact;
    if (one.outcome === 'ready') expect(read.init).toBe(detail(init, one.unit));
    expect(read.total ?? '-').toBe(detail(total, one.unit));
    if (read.init !== undefined) expect(read.unit).toBe(one.unit);
  });

  test('as programs read it, to the last digit', async () => {
    const { run, exact } = booted.get(name)!;
    const unit = run.clock === 'wall' ? 'milliseconds' : 'instructions';
    const listed = history.json;
    expect(listed.runs.find(({ id }: Json) => id === run.id)).toMatchObject({
      figure: exact.total ?? null,
      unit,
    });
    const [shown, ended] = [(await printed(show, [run.id])).json, boot.json({ kind: 'run', run }) as Json];
    for (const { figures } of [shown, ended]) {
      expect([figures.unit, figures.init, figures.total]).toEqual([unit, exact.init, exact.total]);
    }
    const [row] = (await gatherRuns([run])).rows;
    expect([row!.init?.median, (row!.used ?? row!.init)?.median]).toEqual([exact.init, exact.total]);
    const [point] = sweepOf(booted.get(name)!).points;
    expect([point!.init?.median, (point!.used.at(-1)?.total ?? point!.init)?.median]).toEqual([
      exact.init,
      exact.total,
    ]);
    if (run.outcome.kind === 'ready') {
      expect([figureOf(run, 'init'), figureOf(run, 'used')]).toEqual([exact.init, exact.total]);
    }
  });

  test('in diff with itself: the same digits, the same points as in show', async () => {
    const one = booted.get(name)!;
    const { lines } = await printed(diff, [one.run.id, one.run.id]);
    const init = lines.find(line => line.startsWith('/init '))?.split(/ +/);
    if (one.outcome === 'ready') {
      expect(init?.slice(1)).toEqual([...Array<string>(2).fill(detail(one.exact.init, one.unit)), '0.000']);
      expect(lines).toContain('the same digits at every event');
    }
    expect(unitIn(lines)).toBe(one.unit);
  });

  test('in a boot of series verify', async () => {
    const { vm, plan: more, console, exact, run } = booted.get(name)!;
    process.env.INITBENCH_TEST_CONSOLE = consoleOf(console);
    const image = sampleImage('cpio', 1, path.join(sample.folder, 'initrd'));
    writeFileSync(image.path, 'x');
    const plan = sample.plan({ flow: 'verify', row: 'R7 floor', ...more }, { ...vm, initrd: image });
    const trial: PlannedTrial = { key: 'k', name: 'R7 floor', plan, options: [] };
    const { product } = await collect(runTrial(sample.workspace, trial, never));
    expect(product.toInit).toBe(run.clock === 'icount' ? exact.init : undefined);
  });
});
