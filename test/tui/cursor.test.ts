// SPDX-License-Identifier: GPL-2.0-only
/** The cursor stays on what it was put on, and keys that come before there is anything for them wait. */
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/commands/index.ts';
import {
  panesOf,
  paneIndex,
  runItems,
  selectedKernel,
  selectedRun,
  selectedSeries,
} from '../../src/tui/selection.ts';
import { initialState, type Message, type State } from '../../src/tui/state.ts';
import { answers, bootEvents, keys, look, opened, play, refusal, typed } from './sample.ts';

const start = () => opened(100, 40);
const loaded = (name: keyof typeof answers, product: unknown, asked = 0): Message => ({
  ...{ type: 'loaded', name, product, asked },
});
const entry = answers.runs.runs[0];
const runNamed = (id: string) => ({
  ...entry,
  entry: { ...entry.entry, id, run: { ...entry.entry.run, id } },
});
const runsNamed = (...ids: readonly string[]) => ({
  ...{ runs: ids.map(runNamed), total: ids.length, kept: [], now: new Date(0) },
});

describe('the cursor', () => {
  test('stays on its run when newer ones come, and goes to its place when it is deleted', () => {
    const before = play(start(), loaded('runs', runsNamed('c', 'b', 'a')), ...keys('4', 'j')).state;
    expect(selectedRun(before)?.run).toBe('b');
    const more = play(before, loaded('runs', runsNamed('e', 'd', 'c', 'b', 'a'))).state;
    expect(selectedRun(more)?.run).toBe('b');
    const live = play(more, ...keys('3', 'b', '4'), {
      ...{ type: 'events', job: 1, events: bootEvents('initramfs@base', { init: 1, used: 2 }) },
    }).state;
    expect(selectedRun(live)?.run).toBe('b');
    const deleted = play(more, loaded('runs', runsNamed('e', 'd', 'c', 'a'))).state;
    expect(selectedRun(deleted)?.run).toBe('a');
    const last = play(more, loaded('runs', runsNamed('e'))).state;
    expect(selectedRun(last)?.run).toBe('e');
  });

  test('of a list that nobody was in is at its top', () => {
    const state = play(
      start(),
      loaded('runs', runsNamed('b', 'a')),
      loaded('runs', runsNamed('c', 'b', 'a')),
    ).state;
    expect(selectedRun(play(state, ...keys('4')).state)?.run).toBe('c');
  });

  test('stays on its series when another one is used, whose patches come and go above it', () => {
    const below = play(start(), ...keys('1', 'G')).state;
    expect(selectedSeries(below)).toMatchObject({ kind: 'series', series: { name: 'initoverlayfs-6.12' } });
    const used = play(below, ...keys('space')).state;
    expect(used.settings.series).toBe('initoverlayfs-6.12');
    expect(selectedSeries(used)).toMatchObject({ kind: 'series', series: { name: 'initoverlayfs-6.12' } });
  });

  test('stays on its kernel when a tree is added above', () => {
    const before = play(start(), ...keys('2', 'j', 'j')).state;
    expect(selectedKernel(before)).toMatchObject({ kind: 'kernel', name: 'initoverlayfs' });
    const [tree] = answers.trees.trees;
    const trees = { ...answers.trees, trees: [{ ...tree, name: '5.10' }, tree] };
    const after = play(before, loaded('trees', trees)).state;
    expect(selectedKernel(after)).toMatchObject({ kind: 'kernel', name: 'initoverlayfs', tree: '7.3' });
  });

  test('is where it was the last time', () => {
    const kept = { selected: { ...start().selected, runs: { index: 0, id: 'a' } }, focus: 'runs' as const };
    const { state } = play(
      initialState({ width: 80, height: 24, look, keys: {} }),
      {
        ...{ type: 'ready', commands, refusal, series: 'initoverlayfs', keys: {}, ascii: false, kept },
        places: { root: '/', runs: '/r' },
      },
      loaded('runs', runsNamed('c', 'b', 'a')),
    );
    expect(selectedRun(state)?.run).toBe('a');
  });

  test('of the jobs stays on its job, that of the consoles on its console', () => {
    const two = play(start(), ...keys('b')).state;
    const jobs = play(two, ...keys('w', 'k', 'k')).state;
    const later = { ...jobs, jobs: jobs.jobs.slice(1) };
    expect(play(jobs, ...keys('enter')).state.views.at(-1)).toMatchObject({ job: 1 });
    expect(play(later, ...keys('j', 'enter')).state.views.at(-1)).toMatchObject({ job: 3 });

    const booted = (job: number, run: string): Message => ({
      ...{ type: 'events', job },
      events: [{ ...{ job: 'r', type: 'boot-started', run, flow: 'x', argv: [] } }],
    });
    const second = play(two, booted(1, 'r1'), booted(2, 'r2'), ...keys('tab')).state;
    const again = play(second, booted(1, 'r3')).state;
    for (const state of [second, again]) {
      const view = state.views.at(-1)!;
      if (view.kind !== 'boot') throw new Error('a boot view');
      const panes = panesOf(state, view);
      expect(panes[paneIndex(view, panes)]?.boot?.run).toBe('r2');
    }
  });
});

describe('keys that come early', () => {
  const empty = () => initialState({ width: 80, height: 24, look, keys: {} });
  const ready: Message = {
    ...{ type: 'ready', commands, refusal, series: 'initoverlayfs', keys: {}, ascii: false },
    places: { root: '/', runs: '/r' },
  };
  const loads = (['series', 'trees', 'kernels', 'flows', 'runs'] as const).map(name =>
    loaded(name, answers[name]),
  );
  const argvOf = (effects: ReturnType<typeof play>['effects']) =>
    effects.flatMap(effect => (effect.type === 'run' ? [effect.argv.join(' ')] : []));

  test.each<[string, Message[]]>([
    ['compare initramfs kernelspace userspace --series initoverlayfs', keys('c')],
    ['series show initoverlayfs-6.12', keys('1', 'G', 'enter')],
    ['build base --tree 7.3', keys('2', 'j', 'b')],
    ['runs --count 3', [...keys(':'), ...typed('runs --count 3'), ...keys('enter')]],
    ['show 20261123T090000-00aa', keys('4', 's')],
  ])('%s: none is lost, wherever the loading is', (line, input) => {
    const whole = [ready, ...loads];
    let tried = 0;
    for (let at = 0; at <= whole.length; at++) {
      const { state, effects } = play(empty(), ...whole.slice(0, at), ...input, ...whole.slice(at));
      expect([at, argvOf(effects), state.early]).toEqual([at, [line], []]);
      tried++;
    }
    expect(tried).toBe(7);
  });

  test('wait for what failed to load no longer than that takes', () => {
    const failure = { kind: 'user', message: 'no', details: [] } as const;
    const { state, effects } = play(
      ...([empty(), ready, ...loads.slice(0, 4), ...keys('4', 'k', ':')] as [State, ...Message[]]),
    );
    expect([state.early.length, effects.filter(({ type }) => type === 'run')]).toEqual([2, []]);
    const after = play(state, { type: 'load-failed', name: 'runs', failure }).state;
    expect([after.early, after.overlay?.kind]).toEqual([[], 'prompt']);
  });

  test('are counted on the screen, and Ctrl-C does not wait', () => {
    const { state } = play(empty(), ...keys('j', 'b'));
    expect(state.early).toHaveLength(2);
    expect(play(state, ...keys('C-c')).effects).toEqual([{ type: 'quit' }]);
  });
});

describe('runs of this session', () => {
  const boots = (until: 'console' | 'end'): Message => ({
    ...{ type: 'events', job: 1, events: bootEvents('initramfs@base', { init: 1, used: 2, until }) },
  });
  const of = (state: State) => runItems(state).map(({ run, outcome }) => `${run} ${outcome?.kind ?? 'runs'}`);
  const failure = { kind: 'interrupted', message: 'interrupted', details: [] } as const;

  test.each<[string, Message]>([
    ['stopped', { type: 'job-failed', job: 1, failure }],
    ['failed', { type: 'job-failed', job: 1, failure: { ...failure, kind: 'bug' } }],
    ['done', { type: 'job-ended', job: 1, product: {}, code: 0 }],
  ])('run no more when their job has %s', (_how, end) => {
    const running = play(start(), ...keys('b'), boots('console')).state;
    expect(of(running)[0]).toBe('20261124T2211-init runs');
    expect(of(play(running, end).state)[0]).toBe('20261124T2211-init interrupted');
  });

  test('are gone when they were deleted, and not before', () => {
    const ended = play(
      start(),
      ...keys('b'),
      boots('end'),
      { type: 'tick', now: 100 },
      {
        ...{ type: 'job-ended', job: 1, product: {}, code: 0 },
      },
    ).state;
    const listed = (asked: number, ...ids: readonly string[]) =>
      of(play(ended, loaded('runs', runsNamed(...ids), asked)).state);
    // asked for before it had ended
    expect(listed(50)).toEqual(['20261124T2211-init ready']);
    expect(listed(150, '20261124T2211-init')).toEqual(['20261124T2211-init ready']);
    expect(listed(150)).toEqual([]);
    // older than what is listed: nobody knows
    const many = { ...runsNamed('20261125', '20261126'), total: 900 };
    expect(of(play(ended, loaded('runs', many, 150)).state)).toHaveLength(3);
  });
});
