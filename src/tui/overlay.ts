// SPDX-License-Identifier: GPL-2.0-only
/** Keys while something lies over the screen: help, prompt, choice, question, command log, jobs. Pure. */
import type { Key } from './input.ts';
import { graphemesOf } from './cells.ts';
import { run } from './run.ts';
import { refusalOf } from './settings.ts';
import { opened, pushed, searchFor } from './views.ts';
import { completed, isListing, splitWords } from './complete.ts';
import { isRunning, titleOf } from './jobs.ts';
import { quit } from './panel/everywhere.ts';
import type { Binding } from './panel/key.ts';
import { activeBindings, keyName } from './keys.ts';
import { viewHeight } from './layout.ts';
import { atTop, type Move, moved, scrolled } from './pager.ts';
import type { Overlay, State, Updated, View } from './state.ts';

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
  if (key.name === 'C-c') return quit(without(state));
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

/** A paste in a line that is being written: its lines become one. Undefined where nothing is written. */
export function pastedInto(overlay: Overlay, pasted: string): Overlay | undefined {
  const line = pasted
    .replace(/^[\r\n]+|[\r\n]+$/g, '')
    // a line that goes on in the next, and any other end of a line
    .replace(/[ \t]*\\?(?:\r\n|\r|\n)[ \t\r\n]*/g, ' ')
    .replace(/[\x00-\x1f\x7f-\x9f]/g, '');
  switch (overlay.kind) {
    case 'help':
      return { ...overlay, filter: overlay.filter + line, selected: 0 };
    case 'prompt': {
      const [before, after] = [overlay.text.slice(0, overlay.cursor), overlay.text.slice(overlay.cursor)];
      return { ...overlay, text: before + line + after, cursor: overlay.cursor + line.length, back: 0 };
    }
    default:
      return undefined;
  }
}

/** The lines of the help that the filter leaves. */
export function helpEntries(
  state: State,
  filter: string,
): readonly (Binding & { keys: readonly string[] })[] {
  const wanted = filter.toLowerCase();
  return activeBindings(state).filter(({ keys, hint, words, action }) =>
    `${keys.map(keyName).join(' ')} ${hint ?? ''} ${words} ${action}`.toLowerCase().includes(wanted),
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
    return entry.act(without(state));
  }
  if (key.name === '?' && overlay.filter === '') return [without(state), []];
  const filter =
    key.name === 'backspace'
      ? graphemesOf(overlay.filter).slice(0, -1).join('')
      : `${overlay.filter}${key.text ?? ''}`;
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
  // the cursor stands between characters, which may be several code units each
  const before = cursor - (graphemesOf(text.slice(0, cursor)).at(-1)?.length ?? 0);
  const after = cursor + (graphemesOf(text.slice(cursor))[0]?.length ?? 0);
  const changed = (more: Partial<Of<'prompt'>>): Updated => [
    { ...state, overlay: { ...overlay, ...more } },
    [],
  ];
  const replaced = (line: string, at = line.length) => {
    const { refused: _, ...rest } = overlay;
    return [{ ...state, overlay: { ...rest, text: line, cursor: at, back: 0 } }, []] as const;
  };
  switch (key.name) {
    case 'enter':
      return accepted(without(state), overlay);
    case 'tab':
      return overlay.what === 'command' ? tabbed(state, overlay) : [state, []];
    case 'backspace':
      if (text === '') return [without(state), []];
      return replaced(text.slice(0, before) + text.slice(cursor), before);
    case 'delete':
      return replaced(text.slice(0, cursor) + text.slice(after), cursor);
    case 'left':
      return changed({ cursor: before });
    case 'right':
      return changed({ cursor: after });
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
      const typed = key.text ?? '';
      return typed === ''
        ? [state, []]
        : replaced(text.slice(0, cursor) + typed + text.slice(cursor), cursor + typed.length);
    }
  }
}

/** Completes what stands before the cursor; waits for the names of a folder, if it needs them. */
function tabbed(state: State, overlay: Of<'prompt'>): Updated {
  const before = overlay.text.slice(0, overlay.cursor);
  if (isListing(state, before)) return [{ ...state, overlay: { ...overlay, completing: true } }, []];
  const line = completed(state, before);
  const { completing: _, refused: __, ...rest } = overlay;
  const text = line + overlay.text.slice(overlay.cursor);
  return [{ ...state, overlay: { ...rest, text, cursor: line.length, back: 0 } }, []];
}

/** The names of a folder have come. */
export function listed(state: State, folder: string, names: readonly string[]): Updated {
  if (state.listing?.folder !== folder) return [state, []];
  const next = { ...state, listing: { folder, names } };
  const { overlay } = next;
  return overlay?.kind === 'prompt' && overlay.completing ? tabbed(next, overlay) : [next, []];
}

function accepted(state: State, overlay: Of<'prompt'>): Updated {
  const { what, text, setting } = overlay;
  const value = text.trim();
  if (what === 'search') return searchFor(state, text);
  if (what === 'setting') {
    if (value === '' || setting === undefined) return [state, []];
    const refused = refusalOf(state, setting, value);
    if (refused !== undefined) return [{ ...state, overlay: { ...overlay, refused } }, []];
    return [{ ...state, settings: { ...state.settings, [setting]: value } }, []];
  }
  const argv = splitWords(value);
  if (argv[0] === 'initbench') argv.shift();
  if (argv.length === 0) return [state, []];
  if (argv[0] === 'q' || argv[0] === 'quit') return quit(state);
  const history = [...state.history.filter(line => line !== value), value].slice(-historyLines);
  return run({ ...state, history }, [argv]);
}

/** Where a job is in the list of jobs; the one that came after it, when it is gone. */
export const jobIndex = ({ jobs }: State, id: number): number => {
  const index = jobs.findIndex(job => job.id >= id);
  return index < 0 ? Math.max(0, jobs.length - 1) : index;
};

function keyInJobs(state: State, overlay: Of<'jobs'>, key: Key): Updated {
  const move = letterMoves[key.name];
  if (move) {
    const index = moved(jobIndex(state, overlay.selected), move, 10, state.jobs.length - 1);
    const selected = state.jobs[index]?.id ?? overlay.selected;
    return [{ ...state, overlay: { ...overlay, selected } }, []];
  }
  const job = state.jobs[jobIndex(state, overlay.selected)];
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
      ? { kind: 'boot', jobs: [job.id], alone: false, held: {} }
      : { kind: 'work', job: job.id, pager: atTop };
  return [pushed(without(state), view), []];
}
