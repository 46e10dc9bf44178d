// SPDX-License-Identifier: GPL-2.0-only
/** From a line to what it is about: the log of a run, a mail, a patch, a place in the sources. Pure. */
import path from 'node:path';
import { titleOf } from './jobs.ts';
import { viewHeight } from './layout.ts';
import { run } from './run.ts';
import { exported, jobShown, shownView, type SubmissionItem } from './selection.ts';
import type { State, Updated } from './state.ts';
import { linesOf } from './text.ts';
import { opened, openFile, withView } from './views.ts';

type CheckItem = Extract<SubmissionItem, { kind: 'check' }>;

export const consoleLog = (state: State, runId: string): string =>
  path.join(state.places.runs, runId, 'console.log');

/** From a row of a table to the log of its last boot. */
export function followLine(state: State): Updated {
  const view = shownView(state);
  if (view?.kind !== 'text' || view.source.kind !== 'job') return [state, []];
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
export function findingsShown(state: State, { id, details }: CheckItem['item']): Updated {
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
