// SPDX-License-Identifier: GPL-2.0-only
/** What was typed for an option, read as a number, a size or one of several words. */
import { UserError } from '../host/errors.ts';

/** MOST_MARKS of vm/reading.c. */
const mostPercents = 16;
const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** '16M', '300k', '1073741824' to bytes. Undefined when it is no size. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+)([kmg]?)(i?b)?$/i.exec(text.trim());
  return match ? Number(match[1]) * units[match[2]!.toLowerCase()]! : undefined;
}

/** @throws UserError when it is no whole number of that range */
export function wholeNumber(value: unknown, option: string, min: number, max: number): number {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new UserError(`${option} ${String(value)}: not a whole number from ${min} to ${max}`);
}

/** Percentages in the order they are passed, each once; as many as the probe takes.
 *  @throws UserError when one is none, or there are too many */
export function percentsOf(value: unknown, option: string): number[] {
  const percents = String(value)
    .split(',')
    .map(percent => wholeNumber(percent.trim(), option, 0, 100));
  const ascending = [...new Set(percents)].sort((a, b) => a - b);
  if (ascending.length <= mostPercents) return ascending;
  throw new UserError(`${option} ${String(value)}: more than ${mostPercents} percentages`);
}

/** @throws UserError when it is no decimal number of that range */
export function numberOf(value: unknown, option: string, min: number, max: number): number {
  const number = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new UserError(`${option} ${String(value)}: not a number from ${min} to ${max}`);
}

/** @throws UserError when it is none of them */
export function choiceOf<Choice extends string>(
  value: unknown,
  option: string,
  choices: readonly Choice[],
): Choice {
  const found = choices.find(choice => choice === value);
  if (found !== undefined) return found;
  throw new UserError(`${option} ${String(value)}: choose ${choices.join(' or ')}`);
}

/** @throws UserError when it is no size */
export function bytesOf(value: unknown, option: string): number {
  const bytes = parseBytes(String(value));
  if (bytes !== undefined) return bytes;
  throw new UserError(`${option} ${String(value)}: not a size`, { hint: 'write 4096, 300k, 16M or 1G' });
}
