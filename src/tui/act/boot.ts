// SPDX-License-Identifier: GPL-2.0-only
/** What the keys of the boot view do, and those that lead from a boot to its files. Pure. */
import path from 'node:path';
import { titleOf } from '../jobs.ts';
import { run } from '../run.ts';
import { jobShown, paneShown, selectedRun, shownView } from '../selection.ts';
import { opened, paned, withView } from '../views.ts';
import type { Actions } from './action.ts';

export const boot: Actions = {
  'next-pane': state => [withView(state, view => paned(state, view, 1)), []],
  'previous-pane': state => [withView(state, view => paned(state, view, -1)), []],
  alone: state => [
    withView(state, view => (view.kind === 'boot' ? { ...view, alone: !view.alone } : view)),
    [],
  ],
  hold: state => [
    withView(state, view => {
      if (view.kind !== 'boot') return view;
      const boot = paneShown(state, view)?.boot;
      if (!boot) return view;
      const { [boot.run]: held, ...others } = view.held;
      if (held !== undefined) return { ...view, held: others };
      return { ...view, held: { ...others, [boot.run]: boot.first + boot.lines.length - 1 } };
    }),
    [],
  ],
  type: state => {
    const view = shownView(state);
    const boot = view?.kind === 'boot' ? paneShown(state, view)?.boot : undefined;
    if (!boot || boot.socket === undefined) return [state, []];
    const { run: id, socket } = boot;
    return [{ ...state, typing: { run: id, socket } }, [{ type: 'type', run: id, socket, bytes: '' }]];
  },
  'compare-text': state => {
    const job = jobShown(state)!;
    return [
      opened(state, {
        kind: 'text',
        title: titleOf(job),
        source: { kind: 'job', job: job.id },
        syntax: 'result',
      }),
      [],
    ];
  },
  again: state => {
    const view = shownView(state);
    if (view?.kind !== 'boot') return [state, []];
    const lines = state.jobs.filter(job => view.jobs.includes(job.id)).map(job => job.argv);
    return run({ ...state, views: state.views.slice(0, -1) }, lines);
  },
  'open-folder': state => {
    const view = shownView(state);
    const boot =
      state.focus === 'runs'
        ? selectedRun(state)
        : view?.kind === 'boot'
          ? paneShown(state, view)?.boot
          : undefined;
    return [state, boot ? [{ type: 'shell', folder: path.join(state.places.runs, boot.run) }] : []];
  },
};
