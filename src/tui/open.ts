// SPDX-License-Identifier: GPL-2.0-only
/** Enter and `e`: from the selected thing to its text, its log, its line in an editor. Pure. */
import path from 'node:path';
import { titleOf } from './jobs.ts';
import {
  exported,
  jobShown,
  paneShown,
  selectedKernel,
  selectedPatch,
  selectedRun,
  selectedSeries,
  selectedSetting,
  selectedSubmission,
  shownView,
  type SubmissionItem,
} from './selection.ts';
import { viewHeight } from './layout.ts';
import type { State, Updated, View } from './state.ts';
import { bootLine, run } from './run.ts';
import { linesOf } from './text.ts';
import { opened, openFile, withView } from './views.ts';
import { newWarnings } from './warnings.ts';

type CheckItem = Extract<SubmissionItem, { kind: 'check' }>;

export const consoleLog = (state: State, runId: string) => path.join(state.places.runs, runId, 'console.log');

export function open(state: State): Updated {
  switch (state.focus) {
    case 'series': {
      const item = selectedSeries(state);
      if (!item) return [state, []];
      if (item.kind === 'series') return run(state, [['series', 'show', item.series.name]]);
      return openFile(
        state,
        item.kind === 'patch' ? item.patch.path : item.path,
        item.kind === 'patch' ? 'diff' : 'mail',
      );
    }
    case 'kernels':
      return readKernelItem(state);
    case 'submission': {
      const item = selectedSubmission(state);
      if (!item) return [state, []];
      return item.kind === 'check' ? findingsShown(state, item.item) : openFile(state, item.path, 'mail');
    }
    case 'flows': {
      const item = selectedSetting(state);
      if (!item) return [state, []];
      if (item.kind === 'flow') return run(state, [bootLine(state, item.flow)]);
      return [state, []];
    }
    case 'runs': {
      const item = selectedRun(state);
      return item ? openFile(state, consoleLog(state, item.run), 'log') : [state, []];
    }
    default: {
      const view = shownView(state);
      if (view?.kind === 'boot') {
        const boot = paneShown(state, view)?.boot;
        return boot ? openFile(state, consoleLog(state, boot.run), 'log') : [state, []];
      }
      if (view?.kind === 'text' && view.source.kind === 'job') return followRow(state, view);
      return [state, []];
    }
  }
}

const fragmentFile = (state: State, name: string) =>
  path.join(state.places.root, 'kconfigs', `${name}.config`);

/** A fragment, or what make printed for a kernel. */
function readKernelItem(state: State): Updated {
  const item = selectedKernel(state);
  if (item?.kind === 'fragment') return openFile(state, fragmentFile(state, item.name), 'plain');
  if (item?.kind === 'kernel' && item.built) return openFile(state, item.built.files.log, 'log');
  const said = item?.kind === 'kernel' ? 'it is not built, and has no log yet' : 'a tree has no text to read';
  return [{ ...state, said }, []];
}

/** From a row of a table to the log of its last boot. */
function followRow(state: State, view: View & { kind: 'text' }): Updated {
  const line = linesOf(state, view)[view.pager.found ?? view.pager.top] ?? '';
  const word = /^[^\s:]\S*/.exec(line)?.[0];
  const job = jobShown(state);
  const boot = job?.boots.findLast(({ row }) => row === word);
  if (boot) return openFile(state, consoleLog(state, boot.run), 'log');
  const recorded = state.data.runs?.runs.find(({ entry }) => entry.id === word);
  if (recorded) return openFile(state, consoleLog(state, recorded.entry.id), 'log');
  const series = seriesOf(job?.argv ?? [], state);
  const place = placeIn(line);
  if (!place) {
    const said = 'this line leads nowhere: choose a row of a table, or a line that names a file';
    return [{ ...state, said }, []];
  }
  // what is wrong with a message is read in its mail, or where that was made from
  const files = exported(state)?.product;
  const mail = files?.submission.mails.find(({ file }) => file === place.file);
  if (files && mail) return openFile(state, path.join(files.files.mails, mail.file), 'mail', place.line);
  const patch = state.data.series
    ?.find(({ name }) => name === series)
    ?.patches.find(({ file }) => file === path.basename(place.file));
  if (patch) return openFile(state, patch.path, 'diff', place.line);
  return run(state, [['series', 'edit', series]], { kind: 'edit', ...place, line: place.line ?? 1 });
}

/** The file that a line names, as compilers and checkpatch do: with a line number, or without where it is about the
 *  whole file. */
export function placeIn(text: string): { readonly file: string; readonly line?: number } | undefined {
  for (const word of text.split(/\s+/)) {
    const [, file, line] = /^([\w.+@-][\w.+@\/-]*?)(?::(\d+))?(?::\d+)?:?$/.exec(word) ?? [];
    if (file === undefined || !/\/.|\.(?:patch|eml|[chS]|rst|config)$|^(?:Makefile|Kconfig)$/.test(file))
      continue;
    if (line === undefined && !word.endsWith(':')) continue;
    return line === undefined ? { file } : { file, line: Number(line) };
  }
  return undefined;
}

/** All that the export said, at the first finding of that check, where each can be followed to its line. */
function findingsShown(state: State, { id, details }: CheckItem['item']): Updated {
  const job = exported(state)?.job;
  if (!job) return [state, []];
  const source = { kind: 'job', job: job.id } as const;
  const next = opened(state, { kind: 'text', title: titleOf(job), source, syntax: 'result' });
  return [
    withView(next, view => {
      if (view.kind !== 'text') return view;
      const at = linesOf(next, view).findIndex(line => line.split(/\s+/)[1] === id);
      const found = Math.max(0, details ? at + 1 : at);
      const top = Math.max(0, found - viewHeight(next) + 3);
      return { ...view, pager: { ...view.pager, found, top } };
    }),
    [],
  ];
}

/** The series that a command line is about; else the one in use. */
const seriesOf = (argv: readonly string[], state: State): string =>
  argv.find(word => state.data.series?.some(({ name }) => name === word)) ?? state.settings.series;

export function edit(state: State): Updated {
  if (state.focus === 'series') {
    const file = selectedPatch(state);
    return [state, file === undefined ? [] : [{ type: 'edit', path: file }]];
  }
  if (state.focus === 'kernels') {
    const item = selectedKernel(state);
    if (item?.kind !== 'fragment') return [state, []];
    return [state, [{ type: 'edit', path: fragmentFile(state, item.name) }]];
  }
  const view = shownView(state);
  if (view?.kind === 'work') return editWarning(state, view);
  if (view?.kind !== 'text' || view.source.kind !== 'file') {
    return [{ ...state, said: 'this text is no file' }, []];
  }
  const at = view.pager.found ?? view.pager.top;
  // behind what is left out, nobody has counted
  const counted = view.offsets?.slice(0, at + 1).includes(-1) !== true;
  return [state, [{ type: 'edit', path: view.source.path, ...(counted && { line: at + 1 }) }]];
}

/** The line that the selected warning of a build is about. */
function editWarning(state: State, view: View & { kind: 'work' }): Updated {
  const job = state.jobs.find(({ id }) => id === view.job);
  const warnings = job ? newWarnings(state, job) : [];
  const warning = warnings[Math.min(view.pager.top, warnings.length - 1)];
  if (!warning || job?.folder === undefined) return [{ ...state, said: 'there is no new warning' }, []];
  return [state, [{ type: 'edit', path: path.join(job.folder, warning.file), line: warning.line }]];
}
