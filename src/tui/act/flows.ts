// SPDX-License-Identifier: GPL-2.0-only
/** What the keys of panel 3 do: marks, settings, boots. Pure. */
import { bootLine, compareLine, markedFlows, run } from '../run.ts';
import { selectedFlow } from '../selection.ts';
import { moveBy } from '../views.ts';
import { settingTable, type SettingName } from '../settings.ts';
import type { State, Updated } from '../state.ts';
import { type Actions, commandLine, toggled } from './action.ts';

const setting = (state: State, name: SettingName): Updated => {
  const text = state.settings[name];
  const label = settingTable.find(one => one.name === name)!.question;
  return [
    {
      ...state,
      overlay: { kind: 'prompt', what: 'setting', label, text, cursor: text.length, setting: name },
    },
    [],
  ];
};

export const flows: Actions = {
  mark: state => {
    const item = selectedFlow(state)!;
    return [moveBy({ ...state, marked: toggled(state.marked, item.flow) }, 'down'), []];
  },
  boot: state => {
    const flows = markedFlows(state);
    if (flows.length === 0) return [{ ...state, said: 'no flow is marked: mark some with Space' }, []];
    return run(
      state,
      flows.map(flow => bootLine(state, flow)),
    );
  },
  'boot-typed': state => run(state, [[...bootLine(state, selectedFlow(state)!.flow), '--interactive']]),
  compare: state => run(state, [compareLine(state)]),
  sweep: state =>
    commandLine(state, `sweep --dry-run --size 3M,16M,64M,256M ${markedFlows(state).join(' ')}`),
  'set-format': state => {
    const { flow, format, formats } = selectedFlow(state)!;
    return [
      {
        ...state,
        overlay: {
          kind: 'choice',
          title: `format of ${flow}`,
          options: formats.map(value => ({
            value,
            words: state.data.flows?.formats.find(({ id }) => id === value)?.summary ?? '',
          })),
          selected: formats.indexOf(format),
          setting: 'formats',
          flow,
        },
      },
      [],
    ];
  },
  'set-payload': state => {
    const payloads = state.data.flows?.payloads ?? [];
    const options = payloads.map(({ id, summary }) => ({ value: id, words: summary }));
    if (options.length === 0) return setting(state, 'payload');
    const selected = Math.max(
      0,
      options.findIndex(({ value }) => state.settings.payload.startsWith(value)),
    );
    return [
      { ...state, overlay: { kind: 'choice', title: 'payload', options, selected, setting: 'payload' } },
      [],
    ];
  },
  'set-pad': state => setting(state, 'pad'),
  'set-used': state => setting(state, 'used'),
  'set-memory': state => setting(state, 'memory'),
  'set-clock': state => {
    const clock = state.settings.clock === 'icount' ? 'wall' : 'icount';
    const said = clock === 'icount' ? 'icount: instructions, repeatable' : 'wall: time, on this host';
    return [{ ...state, settings: { ...state.settings, clock }, said }, []];
  },
};
