// SPDX-License-Identifier: GPL-2.0-only
/** What may stand at a place of a command line: verbs, options, or what a placeholder of the catalogue stands for. Pure. */
import type { AnyCommand, Option, Parameter } from './command.ts';

/** Those that completion/ has a script for. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** Words themselves, or the placeholder whose values may stand there: 'series', 'row', 'file'. */
export type Candidates = { readonly words: readonly string[] } | { readonly values: string };

/** `words` is what stands behind `initbench`; `at` is the place of the word that is being typed, which may be the next;
 *  `also`: options of every command. */
export function candidatesAt(
  commands: readonly AnyCommand[],
  words: readonly string[],
  at: number,
  also: readonly Parameter[] = [],
): Candidates {
  const before = words.slice(0, at);
  const current = words[at] ?? '';
  const verb = before.filter(word => !word.startsWith('-'));
  const command = commandOf(commands, verb);
  // 'series' is a group and no command, 'bisect' is both
  const next = nextWords(commands, verb);
  if (!command) return { words: next };
  const typed = before.slice(command.id.split(' ').length);
  const asked = withValue(command.options, typed.at(-1));
  if (asked) {
    const { usage, choices } = asked;
    return choices ? { words: choices } : { values: placeholderOf(usage)! };
  }
  if (current.startsWith('-'))
    return { words: [...command.options, ...also].flatMap(flagsOf).filter(isLong) };
  const place = positionalIn(command.options, typed);
  if (place === 0 && next.length > 0) return { words: next };
  const { positional } = command;
  const parameter =
    positional[place] ?? (/\.\.\./.test(positional.at(-1)?.usage ?? '') ? positional.at(-1) : undefined);
  return parameter ? { values: placeholderOf(parameter.usage)! } : { words: [] };
}

/** The command that the words name, the longer of two. */
function commandOf(commands: readonly AnyCommand[], verb: readonly string[]): AnyCommand | undefined {
  const named = commands.filter(({ id }) => id.split(' ').every((word, index) => verb[index] === word));
  return named.sort((a, b) => b.id.length - a.id.length)[0];
}

/** First words of verbs, or second ones of a group. */
function nextWords(commands: readonly AnyCommand[], verb: readonly string[]): string[] {
  if (verb.length > 1) return [];
  const words = commands.flatMap(({ id }) => {
    const [first, second] = id.split(' ');
    if (verb.length === 0) return [first!];
    return first === verb[0] && second !== undefined ? [second] : [];
  });
  return [...new Set(words)];
}

/** '-n', '--dry-run' of '-n, --dry-run'; '--pad' of '--pad <bytes>'. */
const flagsOf = ({ usage }: Parameter): string[] => usage.match(/(?<![\w-])--?[a-z][\w-]*/g) ?? [];

/** A short one is typed sooner than completed, and would keep '-' from becoming '--'. */
const isLong = (flag: string): boolean => flag.startsWith('--');

/** 'bytes' of '--pad <bytes>', 'row' of '[row...]'. */
const placeholderOf = (usage: string): string | undefined => /[<[]([^>\].=]+)/.exec(usage)?.[1];

/** The option that the word names, when it takes a value. */
function withValue(options: readonly Option[], word: string | undefined): Option | undefined {
  if (word === undefined || !word.startsWith('-')) return undefined;
  return options.find(each => placeholderOf(each.usage) !== undefined && flagsOf(each).includes(word));
}

/** How many positional words there are before the current one. */
function positionalIn(options: readonly Option[], typed: readonly string[]): number {
  return typed.filter((word, index) => !word.startsWith('-') && !withValue(options, typed[index - 1])).length;
}
