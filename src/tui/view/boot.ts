// SPDX-License-Identifier: GPL-2.0-only
/** The boot view: up to four consoles side by side, the phases of all boots as aligned bars underneath. */
import { type Phase, phases, type RunFigures } from '../../commands/live.ts';
import { differenceText, duration, figureText, unitOf } from '../../commands/words.ts';
import { cells, columnsOf } from '../cells.ts';
import { type Boot, isRunning, type Job, liveBoot, progressOf } from '../jobs.ts';
import { type Pane, paneIndex, panesOf, totalBefore } from '../selection.ts';
import { blank, type Color, consoleLine, faint, fit, type Line, plain, styled, widthOf } from '../span.ts';
import type { State, View } from '../state.ts';
import { bad, doubt, glyphs, outcomeWord, quiet, titleRule } from './glyphs.ts';

type BootView = Extract<View, { kind: 'boot' }>;

const atOnce = 4;
/** Narrower consoles lie one above the other. */
const narrowest = 38;
const most = 8;

export function bootView(state: State, view: BootView, width: number, height: number): readonly Line[] {
  const panes = panesOf(state, view);
  const focus = paneIndex(view, panes);
  const first = Math.max(0, Math.min(focus - atOnce + 1, panes.length - atOnce));
  const shown = view.alone ? panes.slice(focus, focus + 1) : panes.slice(first, first + atOnce);
  const bars = barLines(state, panes, width, Math.max(3, Math.min(most, height >> 1)));
  const grid = gridOf(shown, width, height - bars.length, (pane, w, h) =>
    consoleView(state, view, pane, w, h, pane === panes[focus]),
  );
  const side = glyphs(state.look).side;
  const rows = grid.flatMap(row =>
    row[0]!.map((_, i) =>
      row.reduce<Line>(
        (line, cell, c) => (c === 0 ? cell[i]! : [...line, ...styled(side, quiet), ...cell[i]!]),
        blank,
      ),
    ),
  );
  return [...rows, ...bars].slice(0, height);
}

/** Rows of consoles; each is its lines, all as wide as they have to be. */
function gridOf(
  panes: readonly Pane[],
  width: number,
  height: number,
  view: (pane: Pane, width: number, height: number) => readonly Line[],
): (readonly Line[])[][] {
  const columns = Math.max(
    1,
    Math.min(panes.length, panes.length === 3 && width < 3 * 56 ? 2 : 4, Math.floor(width / narrowest)),
  );
  const perRow = panes.length === 4 && width < 4 * 48 ? Math.min(2, columns) : columns;
  const rows = Math.max(1, Math.ceil(panes.length / perRow));
  return Array.from({ length: rows }, (_, r) => {
    const own = panes.slice(r * perRow, (r + 1) * perRow);
    const h = Math.floor(height / rows) + (r < height % rows ? 1 : 0);
    const inner = width - (own.length - 1);
    return own.map((pane, c) =>
      view(pane, Math.floor(inner / own.length) + (c < inner % own.length ? 1 : 0), h),
    );
  });
}

function consoleView(
  state: State,
  view: BootView,
  { job, boot }: Pane,
  width: number,
  height: number,
  focused: boolean,
): readonly Line[] {
  const typed = boot !== undefined && state.typing?.run === boot.run;
  const lines = boot
    ? consoleTail(boot, view.held[boot.run], height - 1, typed)
    : waiting(state, job, height - 1);
  const held = boot !== undefined && view.held[boot.run] !== undefined;
  const title = titleRule(
    state.look,
    boot?.row ?? job.argv[1] ?? '',
    headerOf(state, job, boot, held),
    width,
    focused,
  );
  const filled = [...lines, ...Array<Line>(Math.max(0, height - 1 - lines.length)).fill(blank)];
  return [title, ...filled].map(line => fit(line, width));
}

/** Accelerator, elapsed, what was reached last: a mark, or what runs behind the probe has named. */
function headerOf(state: State, job: Job, boot: Boot | undefined, held: boolean): string {
  if (!boot) return isRunning(job) ? 'preparing' : job.state;
  const at = boot.argv.indexOf('-accel');
  const accelerator = at < 0 ? [] : [boot.argv[at + 1]!];
  return [
    ...(held ? ['FROZEN'] : []),
    ...(state.typing?.run === boot.run ? ['TYPING'] : []),
    ...accelerator,
    duration(boot.took ?? Math.max(0, state.now - boot.started)),
    ...(boot.outcome ? [boot.outcome.kind] : lastReached(boot)),
  ].join(' ');
}

function lastReached({ signs }: Boot): readonly string[] {
  const last = signs.findLast(
    sign => sign.type === 'mark' || (sign.type === 'fact' && sign.fact.name === 'reached'),
  );
  if (last?.type === 'mark') return [last.mark];
  return last?.type === 'fact' ? [last.fact.values.what ?? ''] : [];
}

function consoleTail(
  { unfinished = '', ...boot }: Boot,
  held: number | undefined,
  room: number,
  typed: boolean,
): readonly Line[] {
  const open: readonly Line[] =
    held !== undefined || (unfinished === '' && !typed)
      ? []
      : [[...consoleLine(unfinished), ...(typed ? styled(' ', { inverse: true }) : [])]];
  const height = room - open.length;
  const end = held === undefined ? boot.lines.length : Math.max(1, held - boot.first + 1);
  const lines = boot.lines.slice(Math.max(0, end - height), end);
  if (lines.length + open.length === 0)
    return [
      faint(
        boot.outcome ? 'it printed nothing, or its lines are in the log alone' : 'nothing on the console yet',
      ),
    ];
  // the nonce proves a line to the parser; to a person it is in the way
  const shown = lines.map(line => consoleLine(line.replace(/^(initbench: \S+) nonce=[0-9a-f]+/, '$1')));
  return [...shown, ...open];
}

function waiting(state: State, job: Job, height: number): readonly Line[] {
  if (job.failure) return [styled(job.failure.message, bad), faint(job.failure.hint ?? '')];
  const steps = job.steps.slice(-Math.max(1, height - 1)).map(step => faint(`${step.name}  ${step.state}`));
  return isRunning(job) ? [...steps, plain(progressOf(job, state.now))] : steps;
}

/** What a phase is drawn with: those next to each other differ in more than colour. */
const phaseStyles: Readonly<
  Record<Phase, { readonly glyph: 'full' | 'part' | 'light'; readonly fg: Color }>
> = {
  firmware: { glyph: 'light', fg: 'magenta' },
  loader: { glyph: 'part', fg: 'yellow' },
  kernel: { glyph: 'full', fg: 'cyan' },
  initrd: { glyph: 'part', fg: 'blue' },
  userspace: { glyph: 'light', fg: 'green' },
};

/** A bar for each boot, all on one scale, its phases as they have come. */
function barLines(state: State, panes: readonly Pane[], width: number, room: number): readonly Line[] {
  const boots = panes.flatMap(({ boot }) => (boot ? [boot] : []));
  if (boots.length === 0) return [];
  const shown = boots.slice(-room);
  const figures = shown.map(boot => figuresIn(state, boot));
  const changed = figures.some(({ change }) => change !== undefined);
  const reference = shown.findIndex(({ flow }) => flow === 'initramfs');
  const { clock } = figures[0]!;
  const all = figures.flatMap(({ parts }) => parts);
  const from = Math.min(0, ...all.map(({ start }) => start));
  const longest = Math.max(...all.map(({ end }) => end), 1e-9) - from;
  const name = Math.min(Math.max(...shown.map(({ row }) => columnsOf(cells(row))), 8), Math.floor(width / 3));
  const bar = Math.max(4, Math.min(80, width - name - 2 - (changed ? 46 : 36)));
  const { side, rule } = glyphs(state.look);
  const cell = (text: string) => text.padStart(9);
  const lines = shown.map((boot, i): Line => {
    const { clock: own, parts, init, total, change } = figures[i]!;
    const at = (value: number) => Math.round(((value - from) / longest) * bar);
    const drawn = parts.flatMap(({ phase, start, end }) => phaseSpan(state, phase, at(end) - at(start)));
    const base = reference < 0 ? undefined : figures[reference]!.total;
    const ratio = total !== undefined && base !== undefined ? total / base : undefined;
    return [
      ...fit(plain(boot.row), name),
      ...styled(` ${side}`, quiet),
      ...fit([...plain(' '.repeat(at(parts[0]?.start ?? from))), ...drawn], bar),
      ...plain(
        `${cell(figureText(init, own))}${cell(figureText(total, own))}${cell(ratio?.toFixed(3) ?? '-')} `,
      ),
      ...(changed ? changeCell(change, own) : []),
      ...outcomeWord(boot.outcome),
      ...(boot.troubles > 0 ? styled(` ${boot.troubles} trouble`, doubt) : []),
    ];
  });
  const right = `  to /init    total    ratio  ${changed ? '  change  ' : ''}${unitOf(clock).short}`.padEnd(
    36,
  );
  const present = phases.filter(phase => all.some(part => part.phase === phase));
  const legend: Line = [
    ...styled(`${rule.repeat(2)} `, quiet),
    ...present.flatMap(phase => [...phaseSpan(state, phase, 1), ...faint(` ${phase} `)]),
  ];
  const ruled = fit(
    [...legend, ...styled(rule.repeat(Math.max(0, name + 2 + bar - widthOf(legend))), quiet)],
    name + 2 + bar,
  );
  return [[...ruled, ...faint(right)], ...lines].map(line => fit(line, width));
}

const phaseSpan = (state: State, phase: Phase, cells: number): Line => {
  const { glyph, fg } = phaseStyles[phase];
  return styled(glyphs(state.look)[glyph].repeat(Math.max(0, cells)), { fg });
};

function figuresIn(state: State, boot: Boot) {
  const { figures, phases: parts } = liveBoot(boot);
  const { clock, init, total } = figures;
  const before = totalBefore(state, boot);
  const change = total === undefined || before === undefined ? undefined : total - before;
  return { clock, parts, init, total, change };
}

function changeCell(change: number | undefined, clock: RunFigures['clock']): Line {
  if (change === undefined) return plain('         ');
  const text = differenceText(change, clock);
  const same = Number(text) === 0;
  return [...styled(text.padStart(9), same ? quiet : doubt), ...plain(' ')];
}
