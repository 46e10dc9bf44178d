// SPDX-License-Identifier: GPL-2.0-only
/** Panel 3: the keys of flows and of what they are booted with. */
import { bootLine, compareLine, markedFlows, run } from '../run.ts';
import { selectedFlow, selectedSetting } from '../selection.ts';
import { settingTable } from '../settings.ts';
import type { SettingName, State, Updated } from '../state.ts';
import { moveBy } from '../views.ts';
import { type Binding, commandLine, toggled } from './key.ts';
import { all, noFlow, noMarks, notReady } from './reasons.ts';

export const flows: readonly Binding[] = [
  {
    action: 'mark',
    place: 'flows',
    keys: ['space'],
    words: 'mark the flow, or take the mark away',
    hint: 'mark',
    blocked: noFlow,
    act: mark,
  },
  {
    action: 'boot',
    place: 'flows',
    keys: ['b'],
    words: 'boot the marked flows side by side',
    hint: 'boot',
    blocked: all(notReady, noMarks),
    act: boot,
  },
  {
    action: 'boot-typed',
    place: 'flows',
    keys: ['I'],
    words: 'boot this flow alone, to type into its console (then i)',
    blocked: all(notReady, noFlow),
    act: state => run(state, [[...bootLine(state, selectedFlow(state)!.flow), '--interactive']]),
  },
  {
    action: 'compare',
    place: 'flows',
    keys: ['c'],
    words: 'compare the marked flows: one at a time, with their floors, as a table',
    hint: 'compare',
    blocked: all(notReady, noMarks),
    act: state => run(state, [compareLine(state)]),
  },
  {
    action: 'open',
    place: 'flows',
    keys: ['enter'],
    words: 'boot this flow alone; on a setting: change it',
    blocked: notReady,
    act: bootOrSet,
  },
  {
    action: 'sweep',
    place: 'flows',
    keys: ['S'],
    words: 'sweep over sizes: a command line to be changed; its plan first',
    hint: 'sweep',
    blocked: all(notReady, noMarks),
    act: state =>
      commandLine(state, `sweep --dry-run --size 3M,16M,64M,256M ${markedFlows(state).join(' ')}`),
  },
  {
    action: 'set-format',
    place: 'flows',
    keys: ['f'],
    words: 'format of the flow',
    hint: 'format',
    blocked: noFlow,
    act: setFormat,
  },
  { action: 'set-payload', place: 'flows', keys: ['p'], words: 'payload', hint: 'payload', act: setPayload },
  {
    action: 'set-pad',
    place: 'flows',
    keys: ['P'],
    words: 'filler added to the payload',
    act: state => ask(state, 'pad'),
  },
  {
    action: 'set-used',
    place: 'flows',
    keys: ['u'],
    words: 'how much of the payload is read',
    act: state => ask(state, 'used'),
  },
  {
    action: 'set-clock',
    place: 'flows',
    keys: ['t'],
    words: 'clock: icount or wall',
    hint: 'clock',
    act: setClock,
  },
  {
    action: 'set-memory',
    place: 'flows',
    keys: ['m'],
    words: 'guest memory',
    hint: 'memory',
    act: state => ask(state, 'memory'),
  },
];

function mark(state: State): Updated {
  const item = selectedFlow(state)!;
  return [moveBy({ ...state, marked: toggled(state.marked, item.flow) }, 'down'), []];
}

function boot(state: State): Updated {
  const flows = markedFlows(state);
  if (flows.length === 0) return [{ ...state, said: 'no flow is marked: mark some with Space' }, []];
  return run(
    state,
    flows.map(flow => bootLine(state, flow)),
  );
}

/** This flow alone; on a setting: its value. */
function bootOrSet(state: State): Updated {
  const item = selectedSetting(state);
  if (item?.kind === 'flow') return run(state, [bootLine(state, item.flow)]);
  if (!item) return [state, []];
  if (item.setting === 'payload') return setPayload(state);
  return item.setting === 'clock' ? setClock(state) : ask(state, item.setting);
}

function setFormat(state: State): Updated {
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
}

function setPayload(state: State): Updated {
  const payloads = state.data.flows?.payloads ?? [];
  const options = payloads.map(({ id, summary }) => ({ value: id, words: summary }));
  if (options.length === 0) return ask(state, 'payload');
  const selected = Math.max(
    0,
    options.findIndex(({ value }) => state.settings.payload.startsWith(value)),
  );
  return [
    { ...state, overlay: { kind: 'choice', title: 'payload', options, selected, setting: 'payload' } },
    [],
  ];
}

function setClock(state: State): Updated {
  const clock = state.settings.clock === 'icount' ? 'wall' : 'icount';
  const said = clock === 'icount' ? 'icount: instructions, repeatable' : 'wall: time, on this host';
  return [{ ...state, settings: { ...state.settings, clock }, said }, []];
}

/** A value is asked for. */
function ask(state: State, name: SettingName): Updated {
  const text = state.settings[name];
  const label = settingTable.find(one => one.name === name)!.question;
  return [
    {
      ...state,
      overlay: { kind: 'prompt', what: 'setting', label, text, cursor: text.length, setting: name },
    },
    [],
  ];
}
