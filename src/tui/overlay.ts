// SPDX-License-Identifier: GPL-2.0-only
/** Keys while something lies over the screen: help, prompt, choice, question, command log, jobs. Pure. */
import { act } from './act.ts';
import { run } from './run.ts';
import { opened, pushed, searchFor } from './views.ts';
import { completed, splitWords } from './complete.ts';
import { isRunning, titleOf } from './jobs.ts';
import type { Binding } from './bindings/binding.ts';
import { activeBindings, keyName } from './keys.ts';
import { viewHeight } from './layout.ts';
import { atTop, type Move, moved, scrolled } from './pager.ts';
import type { Key, Overlay, State, Updated, View } from './state.ts';

type Of<Kind extends Overlay['kind']> = Extract<Overlay, { kind: Kind }>;

const moveKeys: Readonly<Record<string, Move>> = {
  ...{ up: 'up', down: 'down', pageup: 'page-up', pagedown: 'page-down', home: 'first', end: 'last' },
  ...{ 'C-u': 'half-up', 'C-d': 'half-down', 'C-b': 'page-up', 'C-f': 'page-down' },
};
const letterMoves: Readonly<Record<string, Move>> = {
  ...moveKeys,
  j: 'down',
  k: 'up',
  g: 'first',
  G: 'last',
};

const historyLines = 100;

const without = (state: State): State => {
  const { overlay: _, ...rest } = state;
  return rest;
};

export function keyInOverlay(state: State, overlay: Overlay, key: Key): Updated {
  if (key.name === 'escape') return [without(state), []];
  if (key.name === 'C-c') return act(without(state), 'quit');
  switch (overlay.kind) {
    case 'help':
      return keyInHelp(state, overlay, key);
    case 'prompt':
      return keyInPrompt(state, overlay, key);
    case 'choice':
      return keyInChoice(state, overlay, key);
    case 'question': {
      if (key.name !== overlay.key) return [without(state), []];
      const quits = overlay.effects.some(({ type }) => type === 'quit');
      const stopping = overlay.effects.flatMap(effect => (effect.type === 'cancel' ? [effect.job] : []));
      const next: State = {
        ...without(state),
        quitting: quits,
        jobs: state.jobs.map(job =>
          isRunning(job) && (quits || stopping.includes(job.id)) ? { ...job, state: 'stopping' } : job,
        ),
      };
      return overlay.argv ? run(next, [overlay.argv]) : [next, overlay.effects];
    }
    case 'log': {
      const move = letterMoves[key.name];
      if (!move) return [key.name === '@' || key.name === 'q' ? without(state) : state, []];
      const pager = scrolled(overlay.pager, move, viewHeight(state) - 2, state.log.length);
      return [{ ...state, overlay: { ...overlay, pager } }, []];
    }
    case 'jobs':
      return keyInJobs(state, overlay, key);
  }
}

/** The lines of the help that the filter leaves. */
export function helpEntries(
  state: State,
  filter: string,
): readonly (Binding & { keys: readonly string[] })[] {
  const wanted = filter.toLowerCase();
  return activeBindings(state).filter(({ keys, words }) =>
    `${keys.map(keyName).join(' ')} ${words}`.toLowerCase().includes(wanted),
  );
}

function keyInHelp(state: State, overlay: Of<'help'>, key: Key): Updated {
  const entries = helpEntries(state, overlay.filter);
  const move = moveKeys[key.name];
  if (move) {
    const selected = moved(overlay.selected, move, viewHeight(state) - 4, entries.length - 1);
    return [{ ...state, overlay: { ...overlay, selected } }, []];
  }
  if (key.name === 'enter') {
    const entry = entries[overlay.selected];
    if (!entry) return [state, []];
    const why = entry.blocked?.(state);
    if (why !== undefined) return [{ ...without(state), said: why }, []];
    return act(without(state), entry.action);
  }
  if (key.name === '?' && overlay.filter === '') return [without(state), []];
  const filter =
    key.name === 'backspace' ? overlay.filter.slice(0, -1) : `${overlay.filter}${key.text ?? ''}`;
  return [{ ...state, overlay: { ...overlay, filter, selected: 0 } }, []];
}

function keyInChoice(state: State, overlay: Of<'choice'>, key: Key): Updated {
  const move = letterMoves[key.name];
  if (move) {
    const selected = moved(overlay.selected, move, 10, overlay.options.length - 1);
    return [{ ...state, overlay: { ...overlay, selected } }, []];
  }
  if (key.name === 'q') return [without(state), []];
  if (key.name !== 'enter' && key.name !== 'space') return [state, []];
  const { value } = overlay.options[overlay.selected]!;
  const { settings } = state;
  if (overlay.flow !== undefined) {
    const formats = { ...settings.formats, [overlay.flow]: value };
    return [{ ...without(state), settings: { ...settings, formats } }, []];
  }
  // what needs an argument is asked for it
  if (overlay.setting === 'payload' && /^(dir|cpio)$/.test(value)) {
    const text = `${value}:`;
    const prompt = { kind: 'prompt', what: 'setting', label: 'payload', text, cursor: text.length } as const;
    return [{ ...state, overlay: { ...prompt, setting: 'payload' } }, []];
  }
  return [{ ...without(state), settings: { ...settings, [overlay.setting]: value } }, []];
}

function keyInPrompt(state: State, overlay: Of<'prompt'>, key: Key): Updated {
  const { text, cursor } = overlay;
  const changed = (more: Partial<Of<'prompt'>>): Updated => [
    { ...state, overlay: { ...overlay, ...more } },
    [],
  ];
  const replaced = (line: string, at = line.length) => changed({ text: line, cursor: at, back: 0 });
  switch (key.name) {
    case 'enter':
      return accepted(without(state), overlay);
    case 'tab':
      return overlay.what === 'command' ? replaced(completed(state, text.slice(0, cursor))) : [state, []];
    case 'backspace':
      if (text === '') return [without(state), []];
      return replaced(text.slice(0, Math.max(0, cursor - 1)) + text.slice(cursor), Math.max(0, cursor - 1));
    case 'delete':
      return replaced(text.slice(0, cursor) + text.slice(cursor + 1), cursor);
    case 'left':
      return changed({ cursor: Math.max(0, cursor - 1) });
    case 'right':
      return changed({ cursor: Math.min(text.length, cursor + 1) });
    case 'home':
    case 'C-a':
      return changed({ cursor: 0 });
    case 'end':
    case 'C-e':
      return changed({ cursor: text.length });
    case 'C-u':
      return replaced(text.slice(cursor), 0);
    case 'C-k':
      return replaced(text.slice(0, cursor), cursor);
    case 'C-w': {
      const kept = text.slice(0, cursor).replace(/\S+\s*$/, '');
      return replaced(kept + text.slice(cursor), kept.length);
    }
    case 'up':
    case 'down': {
      if (overlay.what !== 'command') return [state, []];
      const back = Math.min(
        Math.max(0, (overlay.back ?? 0) + (key.name === 'up' ? 1 : -1)),
        state.history.length,
      );
      const line = back === 0 ? '' : state.history.at(-back)!;
      return changed({ text: line, cursor: line.length, back });
    }
    default: {
      const typed = key.name === 'space' ? ' ' : (key.text ?? '');
      return typed === ''
        ? [state, []]
        : replaced(text.slice(0, cursor) + typed + text.slice(cursor), cursor + typed.length);
    }
  }
}

function accepted(state: State, { what, text, setting }: Of<'prompt'>): Updated {
  const value = text.trim();
  if (what === 'search') return [searchFor(state, text), []];
  if (what === 'setting') {
    if (value === '' || setting === undefined) return [state, []];
    return [{ ...state, settings: { ...state.settings, [setting]: value } }, []];
  }
  const argv = splitWords(value);
  if (argv[0] === 'initbench') argv.shift();
  if (argv.length === 0) return [state, []];
  if (argv[0] === 'q' || argv[0] === 'quit') return act(state, 'quit');
  const history = [...state.history.filter(line => line !== value), value].slice(-historyLines);
  return run({ ...state, history }, [argv]);
}

function keyInJobs(state: State, overlay: Of<'jobs'>, key: Key): Updated {
  const move = letterMoves[key.name];
  if (move) {
    const selected = moved(overlay.selected, move, 10, state.jobs.length - 1);
    return [{ ...state, overlay: { ...overlay, selected } }, []];
  }
  const job = state.jobs[overlay.selected];
  if (key.name === 'q' || key.name === 'w' || !job) return [without(state), []];
  if (key.name === 'x' && isRunning(job)) {
    const lines = [`Stop ${titleOf(job)}?`, 'Finished runs are kept.'];
    const effects = [{ type: 'cancel', job: job.id }] as const;
    return [{ ...state, overlay: { kind: 'question', lines, key: 'y', effects } }, []];
  }
  if (key.name !== 'enter') return [state, []];
  if (job.product !== undefined && job.command?.id !== 'boot') {
    const source = { kind: 'job', job: job.id } as const;
    return [opened(without(state), { kind: 'text', title: titleOf(job), source, syntax: 'result' }), []];
  }
  const view: View =
    job.boots.length > 0
      ? { kind: 'boot', jobs: [job.id], pane: -1, alone: false, held: {} }
      : { kind: 'work', job: job.id, pager: atTop };
  return [pushed(without(state), view), []];
}
