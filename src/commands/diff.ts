// SPDX-License-Identifier: GPL-2.0-only
/** `initbench diff`: two boots on record, held against each other: timelines by event, and what they were made with. */
import path from 'node:path';
import type { BootRun, Clock } from '../boot/boot.ts';
import { document, list, object, text } from '../document.ts';
import { readConsole } from '../boot/record.ts';
import { openRun } from '../boot/store.ts';
import type { Work } from '../events.ts';
import { readIfThere } from '../host/files.ts';
import { kernelFolder } from '../kernel/store.ts';
import { diffRuns, type RunDiff, runDiffSchema, sameDigits } from '../measure/diff.ts';
import { compareInitcalls, type InitcallRow, initcallRowSchema, initcallsOf } from '../measure/initcalls.ts';
import type { Alignment } from '../measure/timeline.ts';
import { differenceText, figureText, unitOf } from '../measure/unit.ts';
import type { Workspace } from '../workspace.ts';
import { command } from './command.ts';
import { shellQuote } from './words.ts';

const diffDocument = document(
  'initbench.diff/1',
  'diff: two boots by event, and what differs in their making',
  object({
    before: text,
    after: text,
    ...runDiffSchema.unwrap().shape,
    /** Absent unless both boots had initcall_debug. */
    initcalls: list(initcallRowSchema).exactOptional(),
  }),
);

interface Compared {
  readonly before: BootRun;
  readonly after: BootRun;
  readonly diff: RunDiff;
  /** Absent unless both boots had initcall_debug. */
  readonly initcalls?: readonly InitcallRow[];
}

export const diff = command({
  id: 'diff',
  summary: 'two runs on record: timelines aligned by event, and what differs in their making',
  examples: ['diff @1 @', 'diff initramfs kernelspace', 'diff 4f2a 00aa --json'],
  positional: [
    { usage: '<before>', summary: 'a run: @, an id or its beginning, a row' },
    { usage: '<after>', summary: 'another' },
  ],
  parse: ({ words: [before, after] }) => ({ before, after }),
  async *run(workspace, input): Work<Compared> {
    const before = await openRun(workspace, input.before);
    const after = await openRun(workspace, input.after);
    const initcalls = await initcallRows(before, after);
    return {
      ...{ before, after, diff: diffRuns(before, after, await configsOf(workspace, before, after)) },
      ...(initcalls && { initcalls }),
    };
  },
  text: formatDiff,
  json: ({ before, after, diff: found, initcalls }) =>
    diffDocument.of({
      before: before.id,
      after: after.id,
      ...found,
      argv: found.argv.filter(({ sign }) => sign !== ' '),
      ...(initcalls && { initcalls }),
    }),
});

/** Both configurations, when they differ and the kernels are still in the cache. */
async function configsOf(workspace: Workspace, before: BootRun, after: BootRun) {
  if (before.kernel.configDigest === after.kernel.configDigest) return undefined;
  const read = ({ kernel }: BootRun) =>
    readIfThere(path.join(kernelFolder(workspace, kernel.digest), 'config'));
  const [from, to] = [await read(before), await read(after)];
  return from === undefined || to === undefined ? undefined : { before: from, after: to };
}

async function initcallRows(before: BootRun, after: BootRun): Promise<InitcallRow[] | undefined> {
  const of = async ({ folder }: BootRun) =>
    initcallsOf((await readConsole(folder)).toString('utf8').split(/\r*\n/));
  const [a, b] = [await of(before), await of(after)];
  return a && b && compareInitcalls(a, b);
}

/** Longer lists of initcalls are cut, too. */
const mostInitcalls = 12;

/** Longer lists of options are cut; --json has them all. */
const mostOptions = 30;

function formatDiff({ before, after, diff: found, initcalls }: Compared): string[] {
  const { timeline, changed, argv, config } = found;
  const name = (run: BootRun) => `${run.id} ${run.row}`;
  const words = argv.filter(({ sign }) => sign !== ' ');
  const same = sameDigits(before, after);
  return [
    `- ${name(before)}`,
    `+ ${name(after)}`,
    '',
    ...(timeline
      ? timelineLines(timeline, before.clock)
      : [
          `${before.clock === after.clock ? 'one was typed into' : 'their clocks differ'}: figures cannot be held against each other`,
        ]),
    ...(same ? ['the same digits at every event'] : []),
    ...(initcalls ? ['', ...initcallLines(initcalls)] : []),
    ...(changed.length > 0
      ? ['', ...changed.flatMap(({ what, before: from, after: to }) => [`${what}:`, `- ${from}`, `+ ${to}`])]
      : []),
    ...(words.length > 0
      ? ['', 'QEMU:', ...words.map(({ sign, word }) => `${sign} ${shellQuote([word])}`)]
      : []),
    ...(config
      ? [
          '',
          'config:',
          ...config.slice(0, mostOptions),
          ...(config.length > mostOptions ? [`and ${config.length - mostOptions} more lines: --json`] : []),
        ]
      : []),
  ];
}

function timelineLines({ events, phases }: Alignment, clock: Clock): string[] {
  const figure = (value: number | null) => figureText(value ?? undefined, clock, 'detail');
  const signed = (value: number | undefined) =>
    value === undefined ? '' : differenceText(value, clock, 'detail');
  return columns([
    ['event', '-', '+', 'difference'],
    ...events.map(({ label, at: [before, after], delta }) => [
      ...[label, figure(before), figure(after), signed(delta)],
    ]),
    [`${unitOf(clock).short} since start_kernel`],
    [''],
    ['phase', '-', '+', 'difference'],
    ...phases.map(({ phase, lengths: [before, after], delta }) => [
      ...[phase, figure(before), figure(after), signed(delta)],
    ]),
  ]);
}

function initcallLines(rows: readonly InitcallRow[]): string[] {
  const figure = (value: number | undefined) => (value === undefined ? '-' : String(value));
  const left = rows.length - mostInitcalls;
  return columns([
    ['initcall', '-', '+', 'difference'],
    ...rows
      .slice(0, mostInitcalls)
      .map(({ name, before, after, delta }) => [
        ...[name, figure(before), figure(after), `${delta > 0 ? '+' : ''}${delta}`],
      ]),
    [`microseconds of the guest's clock${left > 0 ? `; ${left} smaller differences: --json` : ''}`],
  ]);
}

/** The first to the left, the others to the right; a row of one cell is a sentence. */
function columns(table: readonly (readonly string[])[]): string[] {
  const widths = [0, 1, 2, 3].map(i =>
    Math.max(...table.filter(row => row.length > 1).map(row => row[i]!.length)),
  );
  return table.map(row =>
    row
      .map((cell, i) => (i > 0 ? cell.padStart(widths[i]!) : row.length > 1 ? cell.padEnd(widths[0]!) : cell))
      .join('  ')
      .trimEnd(),
  );
}
