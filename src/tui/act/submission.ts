// SPDX-License-Identifier: GPL-2.0-only
/** What the keys of panel 5 do. Pure. */
import { run } from '../run.ts';
import { type Actions, commandLine } from './action.ts';

export const submission: Actions = {
  export: state => commandLine(state, `export ${state.settings.series} --rfc`),
  'dry-run': state => run(state, [['send', state.settings.series, '--dry-run']]),
  comments: state => run(state, [['review', '--series', state.settings.series]]),
  replies: state => commandLine(state, 'review '),
  reflect: state => run(state, [['send', state.settings.series, '--reflect']]),
  send: state => {
    const { series } = state.settings;
    const lines = [
      `Send ${series} to the lists, as the dry run showed it?`,
      'What is sent cannot be taken back.',
    ];
    const argv = ['send', series, '--yes'];
    return [{ ...state, overlay: { kind: 'question', lines, key: 'S', effects: [], argv } }, []];
  },
};
