// SPDX-License-Identifier: GPL-2.0-only
/** What the panels list, item by item, and which item is selected. Pure. */
import path from 'node:path';
import type { Kernel } from '../kernel/kernel.ts';
import type { Patch, Series } from '../series/series.ts';
import type { Exported } from '../submit/export.ts';
import type { Tree } from '../tree/tree.ts';
import type { BootRun } from '../boot/boot.ts';
import type { PatchStatus, SeriesStatus } from '../campaign/status.ts';
import type { RunFigures } from '../commands/live.ts';
import type { Listed } from '../commands/runs.ts';
import type { Outcome } from '../events.ts';
import { type Boot, type Job, liveBoot } from './jobs.ts';
import { settingTable } from './settings.ts';
import {
  type DataName,
  type PanelId,
  panels,
  type Selected,
  type SettingName,
  type State,
  type View,
} from './state.ts';

export type SeriesItem =
  | { readonly kind: 'series'; readonly series: Series }
  | { readonly kind: 'cover'; readonly series: Series; readonly path: string }
  | { readonly kind: 'patch'; readonly series: Series; readonly patch: Patch; readonly number: number };

export type KernelItem =
  | { readonly kind: 'tree'; readonly name: string; readonly tree?: Tree; readonly source?: string }
  | { readonly kind: 'kernel'; readonly name: string; readonly tree: string; readonly built?: Kernel }
  | { readonly kind: 'fragment'; readonly name: string; readonly always: boolean };

export type FlowItem =
  | {
      readonly kind: 'flow';
      readonly flow: string;
      readonly format: string;
      readonly formats: readonly string[];
    }
  | {
      readonly kind: 'setting';
      readonly setting: SettingName;
      readonly label: string;
      readonly value: string;
    };

export interface RunItem {
  readonly run: string;
  readonly row: string;
  /** The row with its kernel, which a comparison leaves out: runs of one are held against each other. */
  readonly key: string;
  /** Absent while it runs, and of a record that cannot be read. */
  readonly outcome?: Outcome;
  /** Absent of a record that cannot be read. */
  readonly figures?: RunFigures;
  /** Why it is not what the same words would give now; what is wrong with its record. */
  readonly stale: readonly string[];
  /** Of this session, and not yet on record. */
  readonly boot?: Boot;
  /** As it is on record. */
  readonly record?: BootRun;
}

export type SubmissionItem =
  | { readonly kind: 'cover'; readonly series: Series; readonly path: string }
  | { readonly kind: 'check'; readonly item: Exported['submission']['preflight'][number] }
  | { readonly kind: 'mail'; readonly mail: Exported['submission']['mails'][number]; readonly path: string };

const coverOf = (series: Series) => path.join(series.folder, '0000-cover-letter.patch');

/** The series in use shows its patches. */
export function seriesItems(state: State): readonly SeriesItem[] {
  return (state.data.series ?? []).flatMap((series): SeriesItem[] => {
    const head: SeriesItem = { kind: 'series', series };
    if (series.name !== state.settings.series) return [head];
    return [
      head,
      ...(series.cover ? [{ kind: 'cover', series, path: coverOf(series) } as const] : []),
      ...series.patches.map((patch, i) => ({ kind: 'patch', series, patch, number: i + 1 }) as const),
    ];
  });
}

/** What of a patch has changed, and how it fared: of the series in use, once that is known. */
export function statusOf(state: State, number: number): PatchStatus | undefined {
  const { status } = state.data;
  if (status?.series !== state.settings.series) return undefined;
  return status.patches.find(patch => patch.number === number);
}

/** What the branch of a series has that patches/, of which its kernels are made, does not; of the series in use. */
export function aheadOf(state: State, series: string): SeriesStatus['ahead'] {
  const { status } = state.data;
  return status?.series === series ? status.ahead : undefined;
}

/** Each tree with the kernels it is for, that of the series in use first; then the fragments. */
export function kernelItems(state: State): readonly KernelItem[] {
  const { trees, kernels, series = [] } = state.data;
  const known = trees?.trees.map(tree => ({ name: tree.name, tree })) ?? [];
  const planned = trees?.configured ?? [];
  const always = kernels?.always ?? [];
  const own = series.find(({ name }) => name === state.settings.series)?.tree;
  // a kernel of the same name with other fragments (debug, fuzz) is not the one that a boot would take
  const wanted = [...always, ...state.settings.fragments].sort().join();
  const asWanted = (fragments: readonly string[]) =>
    fragments
      .filter(name => !name.includes('.') && !series.some(one => one.name === name))
      .sort()
      .join() === wanted;
  return [
    ...[...known, ...planned].sort(firstIs(own)).flatMap((about): KernelItem[] => {
      const names = [
        'base',
        ...series.filter(({ tree, unwritten }) => tree === about.name && !unwritten).map(({ name }) => name),
      ];
      return [
        { kind: 'tree', ...about },
        ...names.map((name): KernelItem => {
          const built = kernels?.kernels.find(
            ({ kernel }) => kernel.name === name && kernel.tree === about.name && asWanted(kernel.fragments),
          );
          return { kind: 'kernel', name, tree: about.name, ...(built && { built: built.kernel }) };
        }),
      ];
    }),
    ...(kernels?.fragments ?? [])
      .filter(name => !series.some(one => one.name === name) && !name.includes('.'))
      .map((name): KernelItem => ({ kind: 'fragment', name, always: always.includes(name) })),
  ];
}

const firstIs =
  (name: string | undefined) =>
  (a: { readonly name: string }, b: { readonly name: string }): number =>
    Number(b.name === name) - Number(a.name === name);

export function flowItems(state: State): readonly FlowItem[] {
  const { settings } = state;
  const flows = state.data.flows?.flows ?? [];
  return [
    ...flows.map(({ id, formats }): FlowItem => ({
      kind: 'flow',
      flow: id,
      formats,
      format: settings.formats[id] ?? formats[0] ?? '',
    })),
    ...settingTable.map(({ name, label, unit }): FlowItem => ({
      kind: 'setting',
      setting: name,
      label,
      value: `${settings[name]}${unit}`,
    })),
  ];
}

/** The newest first: those that run, then those on record. One that has ended and is on record no more is gone. */
export function runItems(state: State): readonly RunItem[] {
  const { total: recorded = 0 } = state.data.runs ?? {};
  const listed = state.data.runs?.runs ?? [];
  // what is on record may be from while it ran
  const known = new Map(listed.map(one => [one.entry.id, recordItem(one)]));
  const oldest = recorded > listed.length ? (listed.at(-1)?.entry.id ?? '') : '';
  const asked = state.answered.runs ?? 0;
  const live = state.jobs
    .filter(job => job.boots.length > 0)
    .flatMap(({ boots, ended = Number.POSITIVE_INFINITY }) =>
      ended < asked ? boots.filter(({ run }) => known.has(run) || run < oldest) : boots,
    )
    .map((boot): RunItem => {
      const record = known.get(boot.run);
      return {
        run: boot.run,
        row: boot.row,
        key: keyOf(state, boot),
        boot,
        figures: liveBoot(boot).figures,
        stale: record?.stale ?? [],
        ...(record?.record && { record: record.record }),
        ...(boot.outcome && { outcome: boot.outcome }),
      };
    });
  const running = new Set(live.map(({ run }) => run));
  return [...live.reverse(), ...listed.filter(({ entry }) => !running.has(entry.id)).map(recordItem)];
}

function recordItem({ entry, figures, stale }: Listed): RunItem {
  const { id, run, remark } = entry;
  if (!run) return { run: id, row: '-', key: id, stale: [remark ?? 'it cannot be read'] };
  return {
    run: id,
    row: run.row,
    outcome: run.outcome,
    record: run,
    stale: stale.map(({ reason }) => reason),
    key: run.row.includes('@') ? run.row : `${run.row}@${run.kernel.name}`,
    ...(figures && { figures }),
  };
}

/** With the kernel that the flow decides for. */
function keyOf(state: State, { row, flow }: Boot): string {
  if (row.includes('@')) return row;
  const about = state.data.flows?.flows.find(({ id }) => id === flow);
  return `${row}@${about?.kernel === 'series' ? state.settings.series : 'base'}`;
}

/** All of the machine but the kernel and its command line, which holds a nonce: the same files, memory, clock. */
function machineOf(argv: readonly string[]): string {
  return argv.filter((_, i) => argv[i - 1] !== '-kernel' && argv[i - 1] !== '-append').join(' ');
}

/** The figure of the last boot of the same row on the same machine before this one. */
export function totalBefore(state: State, boot: Boot): number | undefined {
  if (boot.interactive) return undefined;
  const before = runItems(state).find(
    ({ run, key, outcome, figures, boot: own, record }) =>
      run < boot.run &&
      key === keyOf(state, boot) &&
      machineOf(own?.argv ?? record?.argv ?? []) === machineOf(boot.argv) &&
      outcome?.kind === 'ready' &&
      (own ?? record)?.interactive === undefined &&
      figures?.clock === liveBoot(boot).figures.clock,
  );
  return before?.figures?.total;
}

/** The last export of the series in use, and the job it was. */
export function exported(state: State): { readonly job: Job; readonly product: Exported } | undefined {
  const job = state.jobs.findLast(
    ({ command, product, argv }) =>
      command?.id === 'export' && isExported(product) && argv.includes(state.settings.series),
  );
  return job && { job, product: job.product as Exported };
}

const isExported = (product: unknown): product is Exported =>
  typeof product === 'object' && product !== null && 'submission' in product;

/** The cover letter; then, of the last export, what is not ready, and the mails. */
export function submissionItems(state: State): readonly SubmissionItem[] {
  const series = state.data.series?.find(({ name }) => name === state.settings.series);
  const last = exported(state)?.product;
  return [
    ...(series?.cover ? [{ kind: 'cover', series, path: coverOf(series) } as const] : []),
    ...(last?.submission.preflight ?? []).map(item => ({ kind: 'check', item }) as const),
    ...(last?.submission.mails ?? []).map(
      mail => ({ kind: 'mail', mail, path: path.join(last!.files.mails, mail.file) }) as const,
    ),
  ];
}

export type Item = SeriesItem | KernelItem | FlowItem | RunItem | SubmissionItem;

/** What an item is called, unlike every other one of its panel. */
export function idOf(item: Item): string {
  if (!('kind' in item)) return item.run;
  switch (item.kind) {
    case 'series':
      return `series ${item.series.name}`;
    case 'cover':
      return `cover ${item.series.name}`;
    case 'patch':
      return `patch ${item.series.name} ${item.patch.file}`;
    case 'tree':
      return `tree ${item.name}`;
    case 'kernel':
      return `kernel ${item.tree} ${item.name}`;
    case 'fragment':
      return `fragment ${item.name}`;
    case 'flow':
      return `flow ${item.flow}`;
    case 'setting':
      return `setting ${item.setting}`;
    case 'check':
      return `check ${item.item.id} ${item.item.text}`;
    case 'mail':
      return `mail ${item.mail.file}`;
  }
}

export function itemsOf(state: State, panel: PanelId): readonly Item[] {
  const all = {
    series: seriesItems,
    kernels: kernelItems,
    flows: flowItems,
    runs: runItems,
    submission: submissionItems,
  }[panel];
  return all(state);
}

export const countOf = (state: State, panel: PanelId): number => itemsOf(state, panel).length;

/** Where the cursor of a panel is among its items: on the one it was put on, else where that was. */
function indexIn(items: readonly Item[], { id, index }: Selected): number {
  const found = id === undefined ? -1 : items.findIndex(item => idOf(item) === id);
  return Math.max(0, found >= 0 ? found : Math.min(index, items.length - 1));
}

export const selectedIndex = (state: State, panel: PanelId): number =>
  indexIn(itemsOf(state, panel), state.selected[panel]);

/** The cursor of a panel on the item of that number. */
export function selectedAt(state: State, panel: PanelId, index: number): State {
  const item = itemsOf(state, panel)[index];
  const selected: Selected = item ? { index, id: idOf(item) } : { index };
  return { ...state, selected: { ...state.selected, [panel]: selected } };
}

/** Notes what each cursor is on, so that it stays there when something comes or goes above it. A list that nobody has
 *  been in yet is read from its top. */
export function withCursors(state: State): State {
  let next = state;
  for (const panel of panels) {
    if (state.selected[panel].id === undefined && panel !== state.focus) continue;
    const items = itemsOf(state, panel);
    if (items.length === 0 || !isAnswered(state, panel)) continue;
    const index = indexIn(items, state.selected[panel]);
    const { id, index: before } = state.selected[panel];
    if (index !== before || id !== idOf(items[index]!)) next = selectedAt(next, panel, index);
  }
  return next;
}

/** What has to be known before a panel lists what it lists. */
const needs: Readonly<Record<PanelId, readonly DataName[]>> = {
  series: ['series'],
  kernels: ['trees', 'kernels', 'series'],
  flows: ['flows', 'series'],
  runs: ['runs'],
  submission: ['series'],
};

export const isAnswered = (state: State, panel: PanelId): boolean =>
  needs[panel].every(name => state.data[name] !== undefined || state.failures[name] !== undefined);

const at = <One extends Item>(state: State, panel: PanelId, items: readonly One[]): One | undefined =>
  items[indexIn(items, state.selected[panel])];

export const selectedSeries = (state: State) => at(state, 'series', seriesItems(state));
export const selectedKernel = (state: State) => at(state, 'kernels', kernelItems(state));
export const selectedSetting = (state: State) => at(state, 'flows', flowItems(state));
export const selectedRun = (state: State) => at(state, 'runs', runItems(state));
export const selectedSubmission = (state: State) => at(state, 'submission', submissionItems(state));

export function selectedFlow(state: State) {
  const item = selectedSetting(state);
  return item?.kind === 'flow' ? item : undefined;
}

export function selectedPatch(state: State): string | undefined {
  const item = selectedSeries(state);
  if (item?.kind === 'patch') return item.patch.path;
  return item?.kind === 'cover' ? item.path : undefined;
}

export const hasSeries = (state: State): boolean => (state.data.series?.length ?? 0) > 0;

export const shownView = (state: State): View | undefined => state.views.at(-1);

/** The job of the view that has the keys. */
export function jobShown(state: State): Job | undefined {
  const view = shownView(state);
  if (state.focus !== 'main' || !view) return undefined;
  const id =
    view.kind === 'boot'
      ? view.jobs.at(-1)
      : view.kind === 'work'
        ? view.job
        : view.source.kind === 'job'
          ? view.source.job
          : undefined;
  return state.jobs.find(job => job.id === id);
}

/** A console of the boot view; a job that has booted nothing yet has one all the same. */
export interface Pane {
  readonly job: Job;
  readonly boot?: Boot;
}

/** The consoles of a boot view, in the order of their jobs. */
export const panesOf = (state: State, view: View & { kind: 'boot' }): readonly Pane[] =>
  view.jobs.flatMap((id): Pane[] => {
    const job = state.jobs.find(candidate => candidate.id === id);
    if (!job) return [];
    return job.boots.length > 0 ? job.boots.map(boot => ({ job, boot })) : [{ job }];
  });

/** Where the console is that has the keys. */
export function paneIndex({ pane }: View & { kind: 'boot' }, panes: readonly Pane[]): number {
  const own = panes.findLastIndex(({ job }) => job.id === pane?.job);
  const exact = panes.findIndex(({ boot }) => boot !== undefined && boot.run === pane?.run);
  return [exact, own, panes.length - 1].find(index => index >= 0) ?? 0;
}

export function paneShown(state: State, view: View & { kind: 'boot' }): Pane | undefined {
  const panes = panesOf(state, view);
  return panes[paneIndex(view, panes)];
}

/** What of the selected item the main area shows: the path of a text file, if it is one. */
export function previewPath(state: State): string | undefined {
  switch (state.focus) {
    case 'series':
      return selectedPatch(state);
    case 'submission': {
      const item = selectedSubmission(state);
      return item && item.kind !== 'check' ? item.path : undefined;
    }
    case 'kernels': {
      const item = selectedKernel(state);
      return item?.kind === 'fragment'
        ? path.join(state.places.root, 'kconfigs', `${item.name}.config`)
        : undefined;
    }
    default:
      return undefined;
  }
}

/** What was typed for a row of a comparison: FLOW[:FORMAT][@SERIES]. */
export function rowOf(state: State, flow: string): string {
  const about = state.data.flows?.flows.find(({ id }) => id === flow);
  const format = state.settings.formats[flow];
  return format === undefined || format === about?.formats[0] ? flow : `${flow}:${format}`;
}
