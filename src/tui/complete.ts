// SPDX-License-Identifier: GPL-2.0-only
/** The command line: its words, and what may stand where it ends. From the verbs' own tables, so none is forgotten. */
import type { AnyCommand } from '../commands/command.ts';
import type { State } from './state.ts';

/** Words as a shell splits them: blanks, 'single' and "double" quotes, a backslash before one character. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  const pattern = /((?:[^\s'"\\]|\\.|'[^']*'?|"(?:[^"\\]|\\.)*"?)+)/g;
  for (const [word] of text.matchAll(pattern)) {
    words.push(
      word.replace(
        /'([^']*)'?|"((?:[^"\\]|\\.)*)"?|\\(.)/g,
        (_all, single?: string, double?: string, one?: string) =>
          single ?? double?.replace(/\\(.)/g, '$1') ?? one ?? '',
      ),
    );
  }
  return words;
}

/** The verb that these words start with: of two words when there is one. */
export function verbOf(commands: readonly AnyCommand[], words: readonly string[]): AnyCommand | undefined {
  return (
    commands.find(({ id }) => id === words.slice(0, 2).join(' ')) ??
    commands.find(({ id }) => id === words[0])
  );
}

/** What the last word may become, sorted as the verbs have it. */
export function candidates(state: State, text: string): readonly string[] {
  const commands = state.commands ?? [];
  const words = splitWords(text);
  const last = /\s$/.test(text) || text === '' ? '' : (words.pop() ?? '');
  const starting = (all: readonly string[]) => [...new Set(all)].filter(word => word.startsWith(last));
  const verb = verbOf(commands, words);
  if (!verb) {
    const group = words[0];
    return group === undefined
      ? starting(commands.map(({ id }) => id.split(' ')[0]!))
      : starting(commands.filter(({ id }) => id.startsWith(`${group} `)).map(({ id }) => id.split(' ')[1]!));
  }
  if (last.startsWith('-')) {
    return starting(verb.options.map(({ usage }) => /--[\w-]+/.exec(usage)![0]));
  }
  const option = words.at(-1);
  const parameter = verb.options.find(({ usage }) => usage.includes('<') && usage.split(' ')[0] === option);
  if (parameter) return starting(valuesOf(state, /<([^>]+)>/.exec(parameter.usage)![1]!));
  return starting(verb.positional.flatMap(({ usage }) => valuesOf(state, usage.replace(/[<>[\].]/g, ''))));
}

/** The names there are for what a usage calls '<name>'. */
function valuesOf(state: State, what: string): readonly string[] {
  const { series = [], trees, kernels, flows } = state.data;
  const names = series.map(({ name }) => name);
  switch (what) {
    case 'flow':
    case 'row':
      return flows?.flows.map(({ id }) => id) ?? [];
    case 'format':
      return flows?.formats.map(({ id }) => id) ?? [];
    case 'payload':
      return flows?.payloads.map(({ id }) => id) ?? [];
    case 'series':
    case 'name':
      return names;
    case 'kernel':
      return ['base', ...names];
    case 'tree':
      return [...(trees?.trees ?? []), ...(trees?.configured ?? [])].map(({ name }) => name);
    case 'fragment':
      return kernels?.fragments ?? [];
    case 'clock':
      return ['icount', 'wall'];
    default:
      return [];
  }
}

/** The text with its last word completed as far as all candidates agree; a blank behind it when there is one. */
export function completed(state: State, text: string): string {
  const found = candidates(state, text);
  if (found.length === 0) return text;
  const stem = text.slice(0, text.length - (/\S*$/.exec(text)?.[0].length ?? 0));
  if (found.length === 1) return `${stem}${found[0]} `;
  let common = found[0]!;
  for (const word of found) while (!word.startsWith(common)) common = common.slice(0, -1);
  return `${stem}${common}`;
}
