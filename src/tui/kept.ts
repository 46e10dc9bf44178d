// SPDX-License-Identifier: GPL-2.0-only
/** What is there again the next time: marks, settings, selections, the history of command lines. */
import { defaultSettings, type Kept, panels, type State } from './state.ts';

const version = 1;

export function keptOf({ settings, marked, selected, focus, history }: State): unknown {
  return { version, settings, marked, selected, history, ...(focus !== 'main' && { focus }) };
}

/** Undefined when it is none of ours: then the defaults hold. */
export function readKept(text: string | undefined): Kept | undefined {
  if (text === undefined) return undefined;
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof data !== 'object' || data === null || (data as { version?: unknown }).version !== version)
    return undefined;
  const { settings, marked, selected, focus, history } = data as Record<string, unknown>;
  const words = (value: unknown): readonly string[] | undefined =>
    Array.isArray(value) && value.every(word => typeof word === 'string') ? value : undefined;
  const [flows, lines] = [words(marked), words(history)];
  const panel = panels.find(id => id === focus);
  return {
    ...(isSettings(settings) && { settings: { ...defaultSettings, ...settings } }),
    ...(flows && { marked: flows }),
    ...(lines && { history: lines }),
    ...(isSelected(selected) && { selected }),
    ...(panel && { focus: panel }),
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isSettings(value: unknown): value is Partial<State['settings']> {
  if (!isRecord(value)) return false;
  const { formats, fragments, ...texts } = value;
  return (
    Object.values(texts).every(text => typeof text === 'string') &&
    isRecord(formats ?? {}) &&
    Object.values(formats ?? {}).every(text => typeof text === 'string') &&
    Array.isArray(fragments ?? []) &&
    ((fragments ?? []) as unknown[]).every(text => typeof text === 'string')
  );
}

const isSelected = (value: unknown): value is State['selected'] =>
  isRecord(value) && panels.every(id => Number.isInteger(value[id]) && (value[id] as number) >= 0);
