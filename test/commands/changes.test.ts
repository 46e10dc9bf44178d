// SPDX-License-Identifier: GPL-2.0-only
/** Every command has decided what it leaves different: what a workbench shows is read again after it. */
import { expect, test } from 'vitest';
import { commands } from '../../src/commands/index.ts';
import { keys, opened, play, typed } from '../tui/sample.ts';

/** They read, or write where the person said. */
const readers = [
  ...['flow list', 'kernel list', 'tree list', 'series list', 'series show', 'series status', 'runs', 'show'],
  ...['diff', 'report', 'parse', 'replay-bundle', 'completion', 'man', 'config', 'schema', 'doctor'],
];

test('each command either changes something or is known to read', () => {
  const silent = commands.filter(({ changes }) => changes === undefined).map(({ id }) => id);
  expect(silent.sort()).toEqual([...readers].sort());
});

test.each(commands.map(command => [command.id, command] as const))(
  '%s: that is loaded again',
  (id, command) => {
    const failure = { kind: 'user', message: 'no', details: [] } as const;
    for (const end of [
      { type: 'job-ended', job: 1, product: {}, code: 0 },
      { type: 'job-failed', job: 1, failure },
    ] as const) {
      const started = play(opened(80, 24), ...keys(':'), ...typed(id), ...keys('enter')).state;
      const { effects } = play(started, { type: 'job-started', job: 1, command }, end);
      const loads = effects.flatMap(effect => (effect.type === 'load' ? effect.names : []));
      expect(loads).toEqual(command.changes ? [...command.changes, 'status'] : []);
    }
  },
);
