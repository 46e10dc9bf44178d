// SPDX-License-Identifier: GPL-2.0-only
/** What each action of the key table does to the state. Pure: whatever touches the world is an effect. */
import type { Actions } from './act/action.ts';
import { boot } from './act/boot.ts';
import { everywhere } from './act/everywhere.ts';
import { flows } from './act/flows.ts';
import { runs } from './act/runs.ts';
import { series } from './act/series.ts';
import { submission } from './act/submission.ts';
import { views } from './act/views.ts';
import { open } from './open.ts';
import type { Move } from './pager.ts';
import { selectedSetting } from './selection.ts';
import { panels, type State, type Updated } from './state.ts';
import { moveBy } from './views.ts';

const moves: Readonly<Record<string, Move>> = {
  ...{ up: 'up', down: 'down', 'page-up': 'page-up', 'page-down': 'page-down' },
  ...{ 'half-up': 'half-up', 'half-down': 'half-down', first: 'first', last: 'last' },
};

export const isMove = (action: string): boolean => action in moves;

export function act(state: State, action: string): Updated {
  const move = moves[action];
  if (move) return [moveBy(state, move), []];
  const panel = /^panel-(\d)$/.exec(action);
  if (panel) return [{ ...state, focus: panels[Number(panel[1]) - 1]! }, []];
  const doIt = actions[action];
  if (!doIt) throw new Error(`no action is called ${action}`);
  return doIt(state);
}

const actions: Actions = {
  open: state => {
    const item = state.focus === 'flows' ? selectedSetting(state) : undefined;
    return item?.kind === 'setting' ? act(state, `set-${item.setting}`) : open(state);
  },
  ...flows,
  ...series,
  ...submission,
  ...runs,
  ...boot,
  ...views,
  ...everywhere,
};

export const actionNames = (): readonly string[] => [
  ...Object.keys(actions),
  ...Object.keys(moves),
  ...panels.map((_, i) => `panel-${i + 1}`),
];
