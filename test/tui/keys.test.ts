// SPDX-License-Identifier: GPL-2.0-only
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { activeBindings, bindings, keyTable, unknownActions } from '../../src/tui/keys.ts';
import { keys, opened, play } from './sample.ts';

describe('the key table', () => {
  test('docs/workbench.md has it as it is', () => {
    const page = readFileSync('docs/workbench.md', 'utf8');
    const [, table] = /<!-- keys -->\n\n([^]*?)\n\n<!-- \/keys -->/.exec(page)!;
    expect(table!.split('\n')).toEqual(keyTable());
  });

  test('no key means two things in one place', () => {
    const pairs = bindings.flatMap(({ place, keys: own }) => own.map(key => `${place} ${key}`));
    expect(pairs.filter((pair, i) => pairs.indexOf(pair) !== i)).toEqual([]);
  });

  test('a more special place hides the key of a general one', () => {
    const state = play(opened(120, 40), ...keys('b')).state;
    const right = activeBindings(state).filter(binding => binding.keys.includes('l'));
    expect(right.map(({ action }) => action)).toEqual(['next-pane']);
  });

  test('keys can be changed everywhere, or in one place', () => {
    const state = { ...opened(80, 24), keys: { 'flows.boot': ['B'], down: ['C-n'] } };
    const boot = activeBindings(state).find(({ action }) => action === 'boot')!;
    expect(boot.keys).toEqual(['B']);
    expect(play(state, ...keys('b')).effects).toEqual([]);
    expect(play(state, ...keys('B')).effects.map(({ type }) => type)).toEqual(['run', 'run', 'run']);
    expect(play(state, ...keys('C-n')).state.selected.flows.index).toBe(1);
    expect(unknownActions({ 'flows.bot': ['B'] })).toEqual(['flows.bot']);
  });

  test('Esc quits from nowhere', () => {
    expect(
      bindings.filter(({ keys: own, action }) => own.includes('escape') && /quit|leave/.test(action)),
    ).toEqual([]);
    expect(play(opened(80, 24), ...keys('escape', 'escape', 'escape')).effects).toEqual([]);
  });

  test('a key that is blocked says why', () => {
    const unmarked = play(opened(80, 24), ...keys('j', 'space', 'space', 'space')).state;
    expect(unmarked.marked).toEqual([]);
    expect(play(unmarked, ...keys('b')).state.said).toContain('no flow is marked');
  });
});
