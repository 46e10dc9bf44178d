// SPDX-License-Identifier: GPL-2.0-only
/** Lines that are written in the workbench: pastes, letters of every script, what is refused, how words are completed. */
import { describe, expect, test } from 'vitest';
import type { Message, State } from '../../src/tui/state.ts';
import { candidates } from '../../src/tui/complete.ts';
import { bootEvents, keys, opened, play, typed } from './sample.ts';

const start = () => opened(80, 24);
const paste = (text: string): Message => ({ type: 'paste', text });
const line = (state: State) => (state.overlay?.kind === 'prompt' ? state.overlay.text : undefined);
const ran = (effects: ReturnType<typeof play>['effects']) =>
  effects.flatMap(effect => (effect.type === 'run' ? [effect.argv] : []));

describe('a paste', () => {
  const panels = ['1', '2', '3', '4', '5'];

  test.each(panels)('over panel %s is refused with a word, whatever its letters mean there', panel => {
    const before = play(start(), ...keys(panel)).state;
    const { state, effects } = play(before, paste('echo hello\nruns\nQy\n'));
    expect(effects).toEqual([]);
    expect(state).toEqual({ ...before, said: 'a paste is text, not keys; : opens the command line for it' });
  });

  test('over a view, a question and the list of jobs does nothing either', () => {
    const view = play(start(), ...keys('b')).state;
    const question = play(view, ...keys('Q')).state;
    const jobs = play(view, ...keys('w')).state;
    for (const before of [view, question, jobs]) {
      const { state, effects } = play(before, paste('y\nx\nQ'));
      expect(effects).toEqual([]);
      expect({ ...state, said: undefined }).toEqual({ ...before, said: undefined });
    }
  });

  test.each([
    ['boot floor\n', 'boot floor'],
    ['boot floor \\\n    --clock wall\n', 'boot floor --clock wall'],
    ['  export x  ', '  export x  '],
    ['a\x1b[2Jb\x07', 'a[2Jb'],
    ['naïve 日本 👍', 'naïve 日本 👍'],
  ])('%j goes into the command line, and is not run', (text, written) => {
    const { state, effects } = play(start(), ...keys(':'), paste(text));
    expect([line(state), ran(effects)]).toEqual([written, []]);
  });

  test('goes to the cursor, into a search and into the search of the help', () => {
    const inside = play(start(), ...keys(':'), ...typed('boot x'), ...keys('left'), paste('floor ')).state;
    expect(line(inside)).toBe('boot floor x');
    const search = play(start(), ...keys('1', 'j', 'enter', '/'), paste('panic\n')).state;
    expect(line(search)).toBe('panic');
    const help = play(start(), ...keys('?'), paste('boot\n')).state;
    expect(help.overlay).toMatchObject({ kind: 'help', filter: 'boot' });
  });

  test('goes to a guest that is typed into, its lines ended as Enter ends them', () => {
    const row = 'kernelspace@initoverlayfs';
    const run = '20261124T2211-kern';
    const { state } = play(
      start(),
      ...keys('j', 'j', 'I'),
      { type: 'events', job: 1, events: bootEvents(row, { init: 1, used: 2, until: 'console' }) },
      { type: 'events', job: 1, events: [{ job: row, type: 'typable', run, socket: '/tmp/s' }] },
      ...keys('i'),
    );
    expect(play(state, paste('mount\nls\r\n')).effects).toEqual([
      { type: 'type', run, socket: '/tmp/s', bytes: 'mount\rls\r' },
    ]);
  });
});

describe('letters', () => {
  test.each([
    ['日本語', ['backspace'], '日本'],
    ['e\u0301a', ['left', 'backspace'], 'a'],
    ['👨\u200d👩\u200d👧x', ['left', 'backspace'], 'x'],
    ['a👍b', ['left', 'left', 'delete'], 'ab'],
    ['한국', ['home', 'delete'], '국'],
    ['naïve', ['C-w'], ''],
  ])('%s is edited letter by letter', (text, edits, left) => {
    expect(line(play(start(), ...keys(':'), ...typed(text), ...keys(...edits)).state)).toBe(left);
  });
});

describe('a setting', () => {
  const answered = (key: string, text: string) =>
    play(start(), ...keys(key, 'C-u'), ...typed(text), ...keys('enter')).state;

  test.each([
    ['m', 'abc', '--mem abc: not a whole number from 32 to 1048576'],
    ['m', '-5', /--mem/],
    ['m', '0', '--mem 0: not a whole number from 32 to 1048576'],
    ['m', '40', '--mem 40: not a whole number from 64 to 1048576'],
    ['P', 'much', '--pad much: not a size'],
    ['u', '110', '--used 110: not a whole number from 0 to 100'],
    ['u', '1,x', '--used x: not a whole number from 0 to 100'],
  ])('%s refuses %j in the sentence of its option', (key, text, sentence) => {
    const state = answered(key, text);
    const refused =
      typeof sentence === 'string' ? sentence : (expect.stringMatching(sentence) as unknown as string);
    expect(state.overlay).toMatchObject({ kind: 'prompt', text, refused });
    expect(state.settings).toEqual(start().settings);
    // it is gone with the next letter, and what is right is taken
    expect(play(state, ...keys('backspace')).state.overlay).not.toHaveProperty('refused');
  });

  test.each([
    ['m', '512', { memory: '512' }],
    ['P', '64M', { pad: '64M' }],
    ['u', '1,10,100', { used: '1,10,100' }],
  ])('%s takes %s', (key, text, settings) => {
    expect(answered(key, text)).toMatchObject({ settings });
    expect(answered(key, text).overlay).toBeUndefined();
  });

  test('that was kept and would be refused today is ours again', () => {
    const { state } = play(opened(80, 24), {
      type: 'ready',
      commands: start().commands!,
      refusal: start().refusal!,
      places: start().places,
      series: 'initoverlayfs',
      keys: {},
      ascii: false,
      kept: { settings: { ...start().settings, memory: 'abc', pad: '8M' } },
    });
    expect(state.settings).toMatchObject({ memory: '2048', pad: '8M' });
  });
});

describe('Tab', () => {
  const written = (text: string) => play(start(), ...keys(':'), ...typed(text));
  const completed = (text: string, folders: Readonly<Record<string, readonly string[]>> = {}) => {
    const { state, effects } = written(text);
    const listed = effects.flatMap((effect): Message[] =>
      effect.type === 'list'
        ? [{ type: 'listed', folder: effect.folder, names: folders[effect.folder] ?? [] }]
        : [],
    );
    return line(play(state, ...listed, ...keys('tab')).state);
  };

  test.each([
    ['show 2026', 'show 20261123T090000-00aa '],
    ['diff 20261123T090000-00aa 2026', 'diff 20261123T090000-00aa 20261123T090000-00aa '],
    ['decode 20', 'decode 20261123T090000-00aa '],
    ['replay-bundle 20', 'replay-bundle 20261123T090000-00aa '],
    ['boot floor -', 'boot floor --'],
    ['boot floor --format cpio-l', 'boot floor --format cpio-lz4 '],
    ['tree remove 6', 'tree remove 6.12 '],
    ['tree add init', 'tree add init'],
    ['series show --json initoverlayfs-', 'series show --json initoverlayfs-6.12 '],
  ])('%s', (text, whole) => {
    expect(completed(text)).toBe(whole);
  });

  const folders = {
    '': ['.hidden', 'inbox.mbox', 'mail/', 'two words.mbox'],
    'mail/': ['a.mbox', 'archive/'],
    '/srv/': ['root fs/', 'x'],
  };

  test.each([
    ['review in', 'review inbox.mbox '],
    ['review m', 'review mail/'],
    ['review mail/a.', 'review mail/a.mbox '],
    ['review mail/ar', 'review mail/archive/'],
    ['review inbox.mbox tw', 'review inbox.mbox two\\ words.mbox '],
    ['review two\\ w', 'review two\\ words.mbox '],
    ["review 'two w", 'review two\\ words.mbox '],
    ['review .h', 'review .hidden '],
    ['parse i', 'parse inbox.mbox '],
    ['export initoverlayfs -o ma', 'export initoverlayfs -o mail/'],
    ['boot floor --payload di', 'boot floor --payload dir:'],
    ['boot floor --payload dir:/srv/r', 'boot floor --payload dir:/srv/root\\ fs/'],
  ])('%s, from the names in a folder', (text, whole) => {
    expect(completed(text, folders)).toBe(whole);
  });

  test('names that begin with a dot are offered to whoever writes one', () => {
    const { state } = play(written('review ').state, { type: 'listed', folder: '', names: folders[''] });
    expect(candidates(state, 'review ')).toEqual(['inbox.mbox', 'mail/', 'two words.mbox']);
  });

  test('before the names of the folder are there is not lost', () => {
    const { state } = play(written('review mail/a.').state, ...keys('tab'));
    expect(line(state)).toBe('review mail/a.');
    const later = play(state, { type: 'listed', folder: 'mail/', names: folders['mail/'] }).state;
    expect(line(later)).toBe('review mail/a.mbox ');
  });

  test('in the middle of a line leaves what follows', () => {
    const { state } = play(written('boot kern --clock wall').state, ...keys('home'));
    const inside = play(state, ...Array(9).fill(keys('right')).flat(), ...keys('tab')).state;
    expect(line(inside)).toBe('boot kernelspace  --clock wall');
  });
});

test('the help is searched in labels and names, too', () => {
  const found = (text: string) => {
    const { state } = play(start(), ...keys('?'), ...typed(text));
    const entry = play(state, ...keys('enter'));
    return entry.state.overlay ?? entry.effects[0];
  };
  // 'memory' is the label of m, whose words are 'guest memory'; 'sweep' and 'set-pad' are a label and a name
  expect(found('set-pad')).toMatchObject({ kind: 'prompt', setting: 'pad' });
  expect(found('use')).toBeDefined();
  const labels = play(opened(80, 24), ...keys('5', '?'), ...typed('dry run')).state;
  expect(labels.overlay).toMatchObject({ kind: 'help', filter: 'dry run' });
});
