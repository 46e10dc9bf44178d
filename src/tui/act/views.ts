// SPDX-License-Identifier: GPL-2.0-only
/** What the keys of views do: going from one to the other, scrolling, searching. Pure. */
import { viewHeight } from '../layout.ts';
import { edit } from '../open.ts';
import { moved } from '../pager.ts';
import { shownView } from '../selection.ts';
import { closed, pan, rotated, search, withView } from '../views.ts';
import { newWarnings } from '../warnings.ts';
import { type PanelId, type State, panels } from '../state.ts';
import type { Actions } from './action.ts';

const focusBy = (state: State, step: 1 | -1): State => {
  const at = panels.indexOf(state.focus as PanelId);
  return { ...state, focus: panels[(at + step + panels.length) % panels.length]! };
};

export const views: Actions = {
  back: state => [closed(state), []],
  main: state => [{ ...state, focus: 'main' }, []],
  zoom: state => [
    { ...state, zoomed: !state.zoomed, focus: state.views.length > 0 ? 'main' : state.focus },
    [],
  ],
  'next-panel': state => [focusBy(state, 1), []],
  'previous-panel': state => [focusBy(state, -1), []],
  'next-view': state => [state.views.length > 1 ? { ...state, views: rotated(state.views, 1) } : state, []],
  'previous-view': state => [
    state.views.length > 1 ? { ...state, views: rotated(state.views, -1) } : state,
    [],
  ],
  'preview-down': state => [
    {
      ...state,
      previewTop: moved(
        state.previewTop,
        'half-down',
        viewHeight(state),
        (state.preview?.lines?.length ?? 0) - 3,
      ),
    },
    [],
  ],
  'preview-up': state => [
    { ...state, previewTop: moved(state.previewTop, 'half-up', viewHeight(state), 1e6) },
    [],
  ],
  refresh: state => [
    { ...state, said: 'read again' },
    [{ type: 'load', names: ['series', 'trees', 'kernels', 'flows', 'runs'] }],
  ],
  'edit-file': edit,
  'page-file': state => {
    const view = shownView(state);
    if (view?.kind !== 'text' || view.source.kind !== 'file')
      return [{ ...state, said: 'this text is no file' }, []];
    return [state, [{ type: 'page', path: view.source.path }]];
  },
  'next-warning': state => [
    withView(state, view => {
      const job = view.kind === 'work' ? state.jobs.find(({ id }) => id === view.job) : undefined;
      if (view.kind !== 'work' || !job) return view;
      const count = Math.max(1, newWarnings(state, job).length);
      return { ...view, pager: { ...view.pager, top: (view.pager.top + 1) % count } };
    }),
    [],
  ],
  search: state => {
    const text = '';
    return [{ ...state, overlay: { kind: 'prompt', what: 'search', label: '/', text, cursor: 0 } }, []];
  },
  'search-next': state => search(state, 1),
  'search-previous': state => search(state, -1),
  'pan-left': state => [pan(state, -1), []],
  'pan-right': state => [pan(state, 1), []],
};
