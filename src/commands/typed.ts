// SPDX-License-Identifier: GPL-2.0-only
/** What may stand for an option: a number of a range, a size, one of several words, read from its text. */
import { UserError } from '../host/errors.ts';

/** `option` is for the sentence that refuses the text. @throws UserError */
export type Type<Value> = (text: string, option: string) => Value;

/** MOST_MARKS of vm/reading.c. */
const mostPercents = 16;
const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** '16M', '300k', '1073741824' to bytes. Undefined when it is no size. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+)([kmg]?)(i?b)?$/i.exec(text.trim());
  return match ? Number(match[1]) * units[match[2]!.toLowerCase()]! : undefined;
}

export const bytes: Type<number> = (text, option) => {
  const size = parseBytes(text);
  if (size !== undefined) return size;
  throw new UserError(`${option} ${text}: not a size`, { hint: 'write 4096, 300k, 16M or 1G' });
};

/** A whole number, times `unit`. */
export const whole =
  (min: number, max: number, unit = 1): Type<number> =>
  (text, option) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number * unit;
    throw new UserError(`${option} ${text}: not a whole number from ${min} to ${max}`);
  };

export const decimal =
  (min: number, max: number): Type<number> =>
  (text, option) => {
    const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new UserError(`${option} ${text}: not a number from ${min} to ${max}`);
  };

/** Seconds as milliseconds. */
export const seconds = (min: number, max: number): Type<number> => whole(min, max, 1000);

export const percent = whole(0, 100);

/** Percentages in the order they are passed, each once; as many as the probe takes. */
export const percents: Type<number[]> = (text, option) => {
  const ascending = inOrder(text.split(',').map(part => percent(part.trim(), option)));
  if (ascending.length <= mostPercents) return ascending;
  throw new UserError(`${option} ${text}: more than ${mostPercents} percentages`);
};

export const choice =
  <Choice extends string>(choices: readonly Choice[]): Type<Choice> =>
  (text, option) => {
    const found = choices.find(each => each === text);
    if (found !== undefined) return found;
    throw new UserError(`${option} ${text}: choose ${choices.join(' or ')}`);
  };

/** Words between commas. */
export const words: Type<string[]> = text =>
  text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '');

/** Between commas, in ascending order, each once. */
export const ascending =
  (type: Type<number>): Type<number[]> =>
  (text, option) => {
    const numbers = words(text, option).map(part => type(part, option));
    if (numbers.length === 0) throw new UserError(`${option} names nothing`);
    return inOrder(numbers);
  };

const inOrder = (numbers: readonly number[]): number[] => [...new Set(numbers)].sort((a, b) => a - b);
