// SPDX-License-Identifier: GPL-2.0-only
/** What boots are started with: one table, from which follow the lines of panel 3, command lines and refusals. Pure. */
import { type AnyCommand, longOf, type Option } from '../commands/command.ts';
import { option } from '../commands/options.ts';
import type { SettingName, Settings, State } from './state.ts';

export interface Setting {
  readonly name: SettingName;
  /** Of boot and compare, where its default and its refusals are from. */
  readonly option: Option;
  /** In panel 3. */
  readonly label: string;
  readonly unit: string;
  /** What a person is asked. */
  readonly question: string;
  /** What the commands take where their default depends on the machine: that of QEMU's machines. */
  readonly otherwise?: string;
}

export const settingTable: readonly Setting[] = [
  { name: 'payload', option: option.payload, label: 'payload', unit: '', question: 'payload' },
  { name: 'pad', option: option.pad, label: 'filler', unit: '', question: 'filler, as in 16M or 0' },
  {
    name: 'used',
    option: option.used,
    label: 'read',
    unit: '%',
    question: 'percent of the payload that is read',
  },
  {
    ...{ name: 'clock', option: option.clock, label: 'clock', unit: '', question: 'clock: icount or wall' },
    otherwise: 'icount',
  },
  { name: 'memory', option: option.mem, label: 'memory', unit: ' MiB', question: 'guest memory in MiB' },
];

type Verb = 'boot' | 'compare';

/** The options of a boot or a comparison that are not the command's own defaults. */
export function settingWords(state: State, verb: Verb): string[] {
  const command = state.commands?.find(({ id }) => id === verb);
  return [
    ...settingTable.flatMap(({ name, option, otherwise }) => {
      const value = state.settings[name];
      return value === (defaultOf(command, option) ?? otherwise) ? [] : [longOf(option), value];
    }),
    ...state.settings.fragments.flatMap(name => ['--config', name]),
  ];
}

const defaultOf = (command: AnyCommand | undefined, option: Option) =>
  command?.options.find(each => longOf(each) === longOf(option))?.default;

/** Why a value cannot be one of this setting, in the option's own sentence. */
export function refusalOf(
  state: Pick<State, 'refusal'>,
  name: SettingName,
  value: string,
): string | undefined {
  const long = longOf(settingTable.find(setting => setting.name === name)!.option);
  return state.refusal?.(['boot', 'floor', long, value]) ?? state.refusal?.(['compare', long, value]);
}

/** Settings from elsewhere, those that would be refused replaced by ours. */
export function acceptable(state: Pick<State, 'refusal'>, settings: Settings, ours: Settings): Settings {
  const refused = settingTable.filter(
    ({ name }) => settings[name] !== ours[name] && refusalOf(state, name, settings[name]) !== undefined,
  );
  return { ...settings, ...Object.fromEntries(refused.map(({ name }) => [name, ours[name]])) };
}
