// SPDX-License-Identifier: GPL-2.0-only
/** The short list of verbs says what the commands say. */
import { expect, test } from 'vitest';
import { commands } from '../../src/commands/index.ts';
import { commandsFor, verbs } from '../../src/commands/verbs.ts';

test('every command is a verb, in the same order and the same words', async () => {
  expect(verbs.map(({ id, summary, words = '' }) => ({ id, summary, words }))).toEqual(
    commands.map(({ id, summary, positional }) => ({
      ...{ id, summary },
      words: positional.map(({ usage }) => usage).join(' '),
    })),
  );
  const loaded = await Promise.all(verbs.map(verb => verb.load()));
  expect(loaded.every((command, i) => command === commands[i])).toBe(true);
});

test('only what is meant is loaded: a verb, a whole group, what help is asked of', async () => {
  const whole = async (...argv: string[]) =>
    (await commandsFor(argv)).filter(command => commands.includes(command)).map(command => command.id);
  expect(await whole('boot', 'floor')).toEqual(['boot']);
  expect(await whole('--help')).toEqual([]);
  expect(await whole('help', 'boot')).toEqual(['boot']);
  expect((await whole('tree')).sort()).toEqual(['tree add', 'tree list', 'tree remove']);
});
