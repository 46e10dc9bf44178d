// SPDX-License-Identifier: GPL-2.0-only
/** Opened views: how they come and go, how keys move in them, what a search finds. Pure. */
import path from 'node:path';
import { type Move, atTop, moved, panned, scrolled, searched, topFor } from './pager.ts';
import { viewHeight } from './layout.ts';
import { countOf, paneIndex, paneShown, panesOf, selectedAt, selectedIndex, shownView } from './selection.ts';
import type { Message, State, Updated, View } from './state.ts';
import { linesOf } from './text.ts';

type TextView = Extract<View, { kind: 'text' }>;
type Found = Extract<Message, { type: 'found' }>;

const keptViews = 9;

/** The keys of selections, scrolling and held consoles. */
export function moveBy(state: State, move: Move): State {
  if (state.focus !== 'main') {
    const id = state.focus;
    return selectedAt(state, id, moved(selectedIndex(state, id), move, 8, countOf(state, id) - 1));
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

export function openFile(
  state: State,
  file: string,
  syntax: 'plain' | 'log' | 'diff' | 'mail',
  line?: number,
): Updated {
  const next = opened(state, {
    kind: 'text',
    title:
      path.basename(file) === 'console.log'
        ? `console of ${path.basename(path.dirname(file))}`
        : path.basename(file),
    source: { kind: 'file', path: file },
    syntax,
  });
  const at = (line ?? 1) - 1;
  const shown =
    line === undefined
      ? next
      : withView(next, view =>
          view.kind === 'text'
            ? { ...view, pager: { ...view.pager, found: at, top: Math.max(0, at - (viewHeight(next) >> 2)) } }
            : view,
        );
  return [shown, [{ type: 'read', view: state.nextId, path: file }]];
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

/** The next match of what was searched for before, from the last one on. */
export function search(state: State, direction: 1 | -1): Updated {
  const view = shownView(state);
  if (view?.kind !== 'text') return [state, []];
  const { pager } = view;
  const from = (pager.found ?? pager.top - direction) + direction;
  return searchFrom(state, view, pager.query || state.searched, from, direction);
}

/** Searches the shown text from where it is. */
export function searchFor(state: State, query: string): Updated {
  const view = shownView(state);
  const next = { ...state, searched: query };
  if (view?.kind !== 'text') return [next, []];
  if (query !== '') return searchFrom(next, view, query, view.pager.top, 1);
  const pager = { ...atTop, top: view.pager.top, left: view.pager.left };
  return [withView(next, shown => ({ ...shown, pager }) as View), []];
}

/** In what is shown; of a file that is not shown whole, in the file. */
export function searchFrom(
  state: State,
  view: TextView,
  query: string,
  from: number,
  direction: 1 | -1,
): Updated {
  const lines = linesOf(state, view);
  const { offsets, source, id } = view;
  const changed = (pager: TextView['pager']): State => ({
    ...state,
    views: state.views.map(other => (other === view ? { ...view, pager } : other)),
  });
  if (query === '' || !offsets || source.kind !== 'file') {
    return [changed(searched(view.pager, query, lines, from, direction, viewHeight(state))), []];
  }
  // backwards, the line after the first to be looked at is the first that is not
  const start = offsets.slice(Math.max(0, direction === 1 ? from : from + 1)).find(offset => offset >= 0);
  const { found: _, missed: __, ...pager } = view.pager;
  return [
    changed({ ...pager, query, searching: true }),
    [{ type: 'find', view: id, path: source.path, query, from: start ?? 0, direction }],
  ];
}

/** A search in a file has come to its end. */
export function foundInFile(state: State, { view: id, query, text, line }: Found): State {
  const views = state.views.map((view): View => {
    if (view.kind !== 'text' || view.id !== id || view.pager.query !== query) return view;
    const { searching: _, ...pager } = view.pager;
    if (!text || line === undefined) return { ...view, pager: { ...pager, missed: query } };
    const top = topFor({ ...pager, top: -1e9 }, line, text.lines.length, viewHeight(state));
    return { ...view, ...text, pager: { ...pager, found: line, top } };
  });
  return { ...state, views };
}

export const pan = (state: State, to: -1 | 1): State =>
  withView(state, view => (view.kind === 'text' ? { ...view, pager: panned(view.pager, to) } : view));

export function paned(state: State, view: View, step: 1 | -1): View {
  if (view.kind !== 'boot') return view;
  const panes = panesOf(state, view);
  const to = panes[(paneIndex(view, panes) + step + panes.length) % Math.max(1, panes.length)];
  if (!to) return view;
  return { ...view, pane: to.boot ? { job: to.job.id, run: to.boot.run } : { job: to.job.id } };
}
