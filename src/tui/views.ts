// SPDX-License-Identifier: GPL-2.0-only
/** Opened views: how they come and go, how keys move in them, what a search finds. Pure. */
import path from 'node:path';
import { type Move, atTop, moved, panned, scrolled, searched } from './pager.ts';
import { viewHeight } from './layout.ts';
import { countOf, paneShown, panesOf, shownView } from './selection.ts';
import type { State, Updated, View } from './state.ts';
import { linesOf } from './text.ts';

const keptViews = 9;

/** The keys of selections, scrolling and held consoles. */
export function moveBy(state: State, move: Move): State {
  if (state.focus !== 'main') {
    const id = state.focus;
    const last = countOf(state, id) - 1;
    const from = Math.min(state.selected[id], Math.max(last, 0));
    return { ...state, selected: { ...state.selected, [id]: moved(from, move, 8, last) } };
  }
  return withView(state, view => {
    if (view.kind === 'boot') return movedConsole(state, view, move);
    if (view.kind === 'work')
      return { ...view, pager: { ...view.pager, top: moved(view.pager.top, move, 10, 1e6) } };
    const lines = linesOf(state, view);
    const height = viewHeight(state);
    // a table is walked row by row: Enter follows the row
    if (view.syntax === 'result') {
      const at = moved(view.pager.found ?? view.pager.top, move, height, lines.length - 1);
      const top = Math.min(Math.max(view.pager.top, at - height + 1), at);
      return { ...view, pager: { ...view.pager, found: at, top } };
    }
    return { ...view, pager: scrolled(view.pager, move, height, lines.length) };
  });
}

function movedConsole(state: State, view: View & { kind: 'boot' }, move: Move): View {
  const boot = paneShown(state, view)?.boot;
  if (!boot) return view;
  const last = boot.first + boot.lines.length - 1;
  const at = moved(view.held[boot.run] ?? last, move, 10, last);
  const { [boot.run]: _, ...others } = view.held;
  // back at the end, the console follows again
  return { ...view, held: at >= last ? others : { ...others, [boot.run]: Math.max(at, boot.first) } };
}

export function withView(state: State, change: (view: View) => View): State {
  const view = shownView(state);
  return view ? { ...state, views: [...state.views.slice(0, -1), change(view)] } : state;
}

/** Opens a text view over what is shown. */
export function opened(
  state: State,
  view: Pick<Extract<View, { kind: 'text' }>, 'kind' | 'title' | 'source' | 'syntax'>,
): State {
  const pager = view.syntax === 'result' ? { ...atTop, found: 0 } : atTop;
  return pushed({ ...state, nextId: state.nextId + 1 }, { ...view, id: state.nextId, pager });
}

export const pushed = (state: State, view: View): State => ({
  ...state,
  focus: 'main',
  views: [...state.views, { ...view, from: state.focus }].slice(-keptViews),
});

export function openFile(state: State, file: string, syntax: 'plain' | 'log' | 'diff' | 'mail'): Updated {
  const next = opened(state, {
    kind: 'text',
    title:
      path.basename(file) === 'console.log'
        ? `console of ${path.basename(path.dirname(file))}`
        : path.basename(file),
    source: { kind: 'file', path: file },
    syntax,
  });
  return [next, [{ type: 'read', view: state.nextId, path: file }]];
}

/** Closes the shown view; the panels get the keys when it was the last. */
export function closed(state: State): State {
  if (state.focus !== 'main') return state;
  const views = state.views.slice(0, -1);
  return {
    ...state,
    views,
    zoomed: false,
    focus: views.length > 0 && shownView(state)?.from === 'main' ? 'main' : state.panel,
  };
}

export const rotated = (views: readonly View[], step: 1 | -1): readonly View[] =>
  step === 1 ? [views.at(-1)!, ...views.slice(0, -1)] : [...views.slice(1), views[0]!];

export function search(state: State, direction: 1 | -1): State {
  return withView(state, view => {
    if (view.kind !== 'text') return view;
    const { pager } = view;
    const query = pager.query || state.searched;
    const from = (pager.found ?? pager.top - direction) + direction;
    return {
      ...view,
      pager: searched(pager, query, linesOf(state, view), from, direction, viewHeight(state)),
    };
  });
}

/** Searches the shown text from where it is. */
export function searchFor(state: State, query: string): State {
  return withView({ ...state, searched: query }, view => {
    if (view.kind !== 'text') return view;
    if (query === '') return { ...view, pager: { ...atTop, top: view.pager.top, left: view.pager.left } };
    const lines = linesOf(state, view);
    return { ...view, pager: searched(view.pager, query, lines, view.pager.top, 1, viewHeight(state)) };
  });
}

export const pan = (state: State, to: -1 | 1): State =>
  withView(state, view => (view.kind === 'text' ? { ...view, pager: panned(view.pager, to) } : view));

export function paned(state: State, view: View, step: 1 | -1): View {
  if (view.kind !== 'boot') return view;
  const count = Math.max(1, panesOf(state, view).length);
  const from = view.pane < 0 ? count - 1 : view.pane;
  return { ...view, pane: (from + step + count) % count };
}
