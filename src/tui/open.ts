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
      if (item.kind === 'series') {
        return [{ ...state, settings: { ...state.settings, series: item.series.name } }, []];
      }
      return openFile(
        state,
        item.kind === 'patch' ? item.patch.path : item.path,
        item.kind === 'patch' ? 'diff' : 'mail',
      );
    }
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

/** From a row of a table to the log of its last boot. */
function followRow(state: State, view: View & { kind: 'text' }): Updated {
  const line = linesOf(state, view)[view.pager.found ?? view.pager.top] ?? '';
  const word = /^[^\s:]\S*/.exec(line)?.[0];
  const job = jobShown(state);
  const boot = job?.boots.findLast(({ row }) => row === word);
  if (boot) return openFile(state, consoleLog(state, boot.run), 'log');
  const place = /(?:^|\s)([\w.+-]+(?:\/[\w.+-]+)+):(\d+)/.exec(line);
  if (place) {
    const then = { kind: 'edit', file: place[1]!, line: Number(place[2]) } as const;
    return run(state, [['series', 'edit', seriesOf(job?.argv ?? [], state)]], then);
  }
  // what is wrong with a message is read in its mail
  const mail = /(?:^|\s)([\w.+-]+\.patch):\d+/.exec(line)?.[1];
  const files = mail === undefined ? undefined : exported(state)?.product.files;
  if (files) return openFile(state, path.join(files.mails, mail!), 'mail');
  return [
    { ...state, said: 'this line leads nowhere: choose a row of a table, or a line with file:line' },
    [],
  ];
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
    return [state, [{ type: 'edit', path: path.join(state.places.root, 'kconfigs', `${item.name}.config`) }]];
  }
  const view = shownView(state);
  if (view?.kind === 'work') return editWarning(state, view);
  if (view?.kind !== 'text' || view.source.kind !== 'file') {
    return [{ ...state, said: 'this text is no file' }, []];
  }
  const line = (view.pager.found ?? view.pager.top) + 1;
  return [state, [{ type: 'edit', path: view.source.path, line }]];
}

/** The line that the selected warning of a build is about. */
function editWarning(state: State, view: View & { kind: 'work' }): Updated {
  const job = state.jobs.find(({ id }) => id === view.job);
  const warnings = job ? newWarnings(state, job) : [];
  const warning = warnings[Math.min(view.pager.top, warnings.length - 1)];
  if (!warning || job?.folder === undefined) return [{ ...state, said: 'there is no new warning' }, []];
  return [state, [{ type: 'edit', path: path.join(job.folder, warning.file), line: warning.line }]];
}
