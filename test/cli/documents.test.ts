// SPDX-License-Identifier: GPL-2.0-only
/** Every command in the documents is one: the parser takes its words. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readInvocation } from '../../src/cli/parser.ts';
import { commands } from '../../src/commands/index.ts';

/** A command on a line of its own, and what stands behind it as a remark. */
const alone = /^ {4}initbench (?<words>(?:'[^']*'|\S)+(?: (?!#)(?:'[^']*'|\S)+)*)/gm;
/** One in a sentence, which may go on in the next line. */
const inSentence = /`initbench (?<words>[^`]+)`/g;

const wordsOf = (text: string): string[] =>
  [...text.matchAll(/(?:'[^']*'|\S)+/g)].map(([word]) => word.replaceAll("'", ''));

/** docs/commands.md has synopses. */
const documents = [
  'README.md',
  ...readdirSync('docs')
    .filter(name => name.endsWith('.md') && name !== 'commands.md')
    .map(name => `docs/${name}`),
];
const lines = documents.flatMap(file => {
  const text = readFileSync(file, 'utf8');
  return [alone, inSentence].flatMap(pattern =>
    [...text.matchAll(pattern)].flatMap(({ groups, index }) => {
      const words = groups!.words!.replace(/\s+/g, ' ');
      const synopsis = /[[<|]|\.\.\./.test(words.replaceAll(/'[^']*'/g, ''));
      const number = text.slice(0, index).split('\n').length;
      return synopsis ? [] : [[`${file}:${number}`, words] as const];
    }),
  );
});

test('there are such lines', () => {
  expect(lines.length).toBeGreaterThan(25);
  expect(new Set(lines.map(([at]) => at.split(':')[0])).size).toBeGreaterThan(1);
});

test.each(lines)('%s: initbench %s', (_, words) => {
  expect(() => readInvocation(wordsOf(words), commands, '0')).not.toThrow();
});

test('a verb or an option that is not there is refused', () => {
  expect(() => readInvocation(['compare', '--nothing'], commands, '0')).toThrow();
  expect(() => readInvocation(['nothing'], commands, '0')).toThrow();
});
