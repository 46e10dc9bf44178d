// SPDX-License-Identifier: GPL-2.0-only
/** The verbs, and what is known of them before they are loaded. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commandOf, headsOf } from '../../src/commands/heads.ts';
import { commands } from '../../src/commands/index.ts';
import { commandsFor, verbs } from '../../src/commands/verbs.ts';

test('verbs are the commands, and what the build wrote of them is what they say', async () => {
  const loaded = await Promise.all(verbs.map(verb => verb.load()));
  expect(verbs.map(({ id }) => id)).toEqual(loaded.map(({ id }) => id));
  expect(loaded.every((command, i) => command === commands[i])).toBe(true);
  expect(JSON.parse(readFileSync('dist/commands/heads.json', 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(headsOf(commands))),
  );
});

test('only what is meant is loaded: a verb, a whole group, what help is asked of', async () => {
  const heads = headsOf(commands).map(commandOf);
  const whole = async (...argv: string[]) =>
    (await commandsFor(argv, heads)).filter(command => commands.includes(command)).map(command => command.id);
  expect(await whole('boot', 'floor')).toEqual(['boot']);
  expect(await whole('--help')).toEqual([]);
  expect(await whole('help', 'boot')).toEqual(['boot']);
  expect((await whole('tree')).sort()).toEqual(['tree add', 'tree list', 'tree remove']);
});
