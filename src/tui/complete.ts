// SPDX-License-Identifier: GPL-2.0-only
/** The command line: its words, and what may stand where it ends. From the verbs' own tables, so none is forgotten. */
import { candidatesAt } from '../commands/complete.ts';
import { runItems } from './selection.ts';
import type { State } from './state.ts';

/** One word as a shell reads it, quotes and all. */
const word = /(?:[^\s'"\\]|\\.|\\$|'[^']*'?|"(?:[^"\\]|\\.)*"?)+/g;

/** Words as a shell splits them: blanks, 'single' and "double" quotes, a backslash before one character. */
export const splitWords = (text: string): string[] =>
  Array.from(text.matchAll(word), ([written]) => unquoted(written));

const unquoted = (written: string): string =>
  written.replace(
    /'([^']*)'?|"((?:[^"\\]|\\.)*)"?|\\(.?)/g,
    (_all, single?: string, double?: string, one?: string) =>
      single ?? double?.replace(/\\(.)/g, '$1') ?? one ?? '',
  );

/** As a shell reads it back. */
const quoted = (text: string): string => text.replace(/[^\w@%+=:,./~-]/gu, character => `\\${character}`);

/** A command line up to where it ends: whole words, the one being written, and what that is to be. */
interface Written {
  /** All but the last word, as it is written. */
  readonly stem: string;
  readonly last: string;
  /** Candidates that are known, or what a usage calls the word: '<run>' is 'run'. */
  readonly wanted: readonly string[] | { readonly name: string };
}

function written(state: State, text: string): Written {
  const commands = (state.commands ?? []).filter(({ ofShell }) => !ofShell);
  const final = [...text.matchAll(word)].at(-1);
  const open = final !== undefined && final.index + final[0].length === text.length;
  const stem = open ? text.slice(0, final.index) : text;
  const last = open ? unquoted(final[0]) : '';
  const words = splitWords(stem);
  const found = candidatesAt(commands, [...words, last], words.length);
  return { stem, last, wanted: 'words' in found ? found.words : { name: found.values } };
}

/** What the last word may become, sorted as the verbs have it. */
export function candidates(state: State, text: string): readonly string[] {
  const { last, wanted } = written(state, text);
  const all = 'name' in wanted ? valuesOf(state, wanted.name, last) : wanted;
  return [...new Set(all)].filter(candidate => candidate.startsWith(last));
}

const pathNames = new Set(['file', 'folder', 'path', 'source']);

/** The part of a word that is a path, if it may be one: all of it, or what follows 'dir:' or 'cpio:' of a payload. */
function pathIn(name: string, last: string): { readonly kind: string; readonly folder: string } | undefined {
  const [, kind = '', path = ''] = /^((?:dir|cpio):)?(.*)$/s.exec(last)!;
  if (name === 'payload' ? kind === '' : !pathNames.has(name)) return undefined;
  return {
    kind: name === 'payload' ? kind : '',
    folder: /^.*\//s.exec(name === 'payload' ? path : last)?.[0] ?? '',
  };
}

/** The folder whose names the line that is being written may go on with. */
export function wantedListing(state: State): string | undefined {
  const { overlay } = state;
  if (overlay?.kind !== 'prompt' || overlay.what !== 'command') return undefined;
  const { last, wanted } = written(state, overlay.text.slice(0, overlay.cursor));
  return 'name' in wanted ? pathIn(wanted.name, last)?.folder : undefined;
}

/** Whether the names that this line may go on with are still being read. */
export const isListing = (state: State, text: string): boolean => {
  const { last, wanted } = written(state, text);
  const path = 'name' in wanted ? pathIn(wanted.name, last) : undefined;
  return path !== undefined && (state.listing?.folder !== path.folder || !state.listing.names);
};

/** The names there are for what a usage calls '<name>'. */
function valuesOf(state: State, what: string, last: string): readonly string[] {
  const { series = [], trees, kernels, flows, runs } = state.data;
  const names = series.map(({ name }) => name);
  const treeNames = [...(trees?.trees ?? []), ...(trees?.configured ?? [])].map(({ name }) => name);
  const path = pathIn(what, last);
  if (path) {
    const { kind, folder } = path;
    const found = state.listing?.folder === folder ? (state.listing.names ?? []) : [];
    const hidden = last.slice(kind.length + folder.length).startsWith('.');
    return found.filter(name => hidden || !name.startsWith('.')).map(name => kind + folder + name);
  }
  switch (what) {
    case 'flow':
    case 'row':
      return flows?.flows.map(({ id }) => id) ?? [];
    case 'format':
      return flows?.formats.map(({ id }) => id) ?? [];
    case 'payload':
      return flows?.payloads.map(({ id }) => (/^(dir|cpio)$/.test(id) ? `${id}:` : id)) ?? [];
    case 'series':
      return names;
    case 'kernel':
      return ['base', ...names];
    case 'tree':
      return treeNames;
    case 'fragment':
      return kernels?.fragments ?? [];
    case 'run':
    case 'before':
    case 'after':
      return runItems(state).map(({ run }) => run);
    case 'record':
      return [...(runs?.kept.map(({ entry }) => entry.id) ?? []), ...runItems(state).map(({ run }) => run)];
    default:
      return [];
  }
}

/** The text with its last word completed as far as all candidates agree; a blank behind it when there is one. */
export function completed(state: State, text: string): string {
  const found = candidates(state, text);
  if (found.length === 0) return text;
  const { stem } = written(state, text);
  const [only, ...others] = found as [string, ...string[]];
  if (others.length === 0) return `${stem}${quoted(only)}${/[/:]$/.test(only) ? '' : ' '}`;
  let common = only;
  for (const candidate of others) while (!candidate.startsWith(common)) common = common.slice(0, -1);
  return `${stem}${quoted(common)}`;
}
