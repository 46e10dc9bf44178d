// SPDX-License-Identifier: GPL-2.0-only
/** Who gets which part of the screen. Pure. */
import { countOf } from './selection.ts';
import { type PanelId, panels, type State } from './state.ts';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  /** Each with its title line; none while a view has the whole width. */
  readonly panels: readonly (Box & { readonly id: PanelId })[];
  /** With its title line. */
  readonly main: Box;
  readonly status: number;
  readonly footer: number;
}

/** Narrower than this, an opened view takes the whole width. */
const wide = 120;
/** Narrower than this, so do the panels. */
const narrow = 60;
/** Smaller than this there is only a request for more room. */
export const smallest = { width: 30, height: 8 };

export function layoutOf(state: State): Layout {
  const { width, height, focus, zoomed } = state;
  const rows = height - 2;
  const alone = focus === 'main' && (width < wide || zoomed);
  const left = alone ? 0 : width < narrow ? width : Math.max(30, Math.min(46, Math.floor(width / 3.6)));
  const x = alone ? 0 : Math.min(width, left + 1);
  return {
    panels: alone ? [] : panelBoxes(state, left, rows),
    // where only the panels are drawn, texts are still measured for the whole screen
    main: width < narrow ? { x: 0, y: 0, width, height: rows } : { x, y: 0, width: width - x, height: rows },
    status: height - 2,
    footer: height - 1,
  };
}

function panelBoxes(state: State, width: number, rows: number): Layout['panels'] {
  const focused = state.focus === 'main' ? state.panel : state.focus;
  const shown = rows < panels.length + 2 ? [focused] : panels;
  const heights = panelHeights(state, focused, shown, rows - shown.length);
  let y = 0;
  return shown.map(id => {
    const box = { id, x: 0, y, width, height: heights.get(id)! + 1 };
    y += box.height;
    return box;
  });
}

/** Every panel shows at least two items where there is room, else one, else its title; the one with the keys gets what
 *  the others leave. */
function panelHeights(
  state: State,
  focused: PanelId,
  shown: readonly PanelId[],
  room: number,
): ReadonlyMap<PanelId, number> {
  const wanted = new Map(shown.map(id => [id, Math.max(1, countOf(state, id))]));
  const least = [2, 1, 0].find(
    lines =>
      shown.reduce((sum, id) => sum + Math.min(wanted.get(id)!, id === focused ? 4 : lines), 0) <= room,
  );
  const heights = new Map(
    shown.map(id => [
      id,
      id === focused ? Math.min(wanted.get(id)!, 2, room) : Math.min(wanted.get(id)!, least ?? 0),
    ]),
  );
  const free = () => room - [...heights.values()].reduce((sum, height) => sum + height, 0);
  const grow = (id: PanelId) =>
    heights.set(id, Math.min(wanted.get(id)!, heights.get(id)! + Math.max(0, free())));
  grow(focused);
  for (const id of ['flows', 'series', 'runs', 'kernels', 'submission'] as const)
    if (heights.has(id)) grow(id);
  const last = shown.at(-1)!;
  heights.set(last, heights.get(last)! + Math.max(0, free()));
  return heights;
}

/** Lines of text that a view has room for. */
export const viewHeight = (state: State): number => layoutOf(state).main.height - 1;

/** The first item shown in a list, so that the selected one is visible with a neighbour. */
export function firstShown(selected: number, height: number, count: number): number {
  if (count <= height) return 0;
  return Math.min(Math.max(0, selected - (height >> 1)), count - height);
}
