// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/commands/index.ts';
import type { WorkEvent } from '../../src/events.ts';
import { consoleLines, liveBoot } from '../../src/tui/jobs.ts';
import type { Message, State } from '../../src/tui/state.ts';
import { bootEvents, keys, opened, play, typed } from './sample.ts';

const start = () => opened(80, 24);
const argvOf = (effects: ReturnType<typeof play>['effects']) =>
  effects.flatMap(effect => (effect.type === 'run' ? [effect.argv.join(' ')] : []));

describe('flows', () => {
  test('boot runs a command line for each marked flow', () => {
    expect(argvOf(play(start(), ...keys('b')).effects)).toEqual([
      'boot initramfs --tree 7.3 --pad 16M',
      'boot kernelspace --kernel initoverlayfs --pad 16M',
      'boot userspace --tree 7.3 --pad 16M',
    ]);
  });

  test.each<[string, Message[], string]>([
    ['a mark', keys('j', 'j', 'space', 'c'), 'compare initramfs userspace --series initoverlayfs'],
    [
      'a format',
      keys('j', 'f', 'j', 'enter', 'c'),
      'compare initramfs:cpio kernelspace userspace --series initoverlayfs',
    ],
    [
      'the clock',
      keys('t', 'c'),
      'compare initramfs kernelspace userspace --series initoverlayfs --clock wall',
    ],
    [
      'the memory',
      [...keys('m', 'C-u'), ...typed('512'), ...keys('enter', 'c')],
      'compare initramfs kernelspace userspace --series initoverlayfs --mem 512',
    ],
    [
      'a payload with an argument',
      [...keys('p', 'j', 'enter'), ...typed('/srv/x'), ...keys('enter', 'c')],
      'compare initramfs kernelspace userspace --series initoverlayfs --payload dir:/srv/x',
    ],
    [
      'a fragment',
      [...keys('2', 'G', 'k', 'space', '3', 'c')],
      'compare initramfs kernelspace userspace --series initoverlayfs --config fuzz',
    ],
  ])('%s is set in place', (_what, messages, line) => {
    expect(argvOf(play(start(), ...messages).effects)).toEqual([line]);
  });

  test('Enter boots the selected flow alone, and changes a selected setting', () => {
    expect(argvOf(play(start(), ...keys('j', 'enter')).effects)).toEqual([
      'boot initramfs --tree 7.3 --pad 16M',
    ]);
    expect(play(start(), ...keys('G', 'enter')).state.overlay).toMatchObject({
      kind: 'prompt',
      setting: 'memory',
    });
  });
});

function booted(until: 'console' | 'end'): State {
  const { state } = play(start(), ...keys('b'));
  return play(
    state,
    { type: 'events', job: 1, events: bootEvents('initramfs@base', { init: 264.09, used: 266.71, until }) },
    {
      type: 'events',
      job: 2,
      events: bootEvents('kernelspace@initoverlayfs', { init: 192.15, used: 200.94, until }),
    },
  ).state;
}

describe('boot view', () => {
  test('events become consoles with marks and outcomes', () => {
    const [first, second, third] = booted('end').jobs;
    expect(first!.boots[0]).toMatchObject({ row: 'initramfs@base', outcome: { kind: 'ready' }, took: 2100 });
    expect(first!.boots[0]!.lines).toHaveLength(3);
    expect(liveBoot(second!.boots[0]!).figures.points.map(({ label }) => label)).toEqual([
      ...['start_kernel', '/init', '10% read'],
    ]);
    expect(third!.boots).toEqual([]);
  });

  test('a console keeps its last lines and knows their numbers', () => {
    const lines = Array.from({ length: 5000 }, (_, i) => ({
      ...{ job: 'initramfs@base', type: 'console', run: '20261124T2211-init', at: i, line: `line ${i}` },
    })) as Extract<Message, { type: 'events' }>['events'];
    const boot = play(booted('console'), { type: 'events', job: 1, events: lines }).state.jobs[0]!.boots[0]!;
    expect(boot.lines).toHaveLength(consoleLines);
    expect(boot.lines.at(-1)).toBe('line 4999');
    expect(boot.first).toBe(5002 - consoleLines);
  });

  test('Space freezes a console, moving to its end lets it follow again', () => {
    const frozen = play(booted('end'), ...keys('space')).state;
    expect(frozen.views.at(-1)).toMatchObject({ held: { '20261124T2211-init': 2 } });
    expect(play(frozen, ...keys('G')).state.views.at(-1)).toMatchObject({ held: {} });
  });

  test('Enter reads the log of the console that has the keys', () => {
    const { effects, state } = play(booted('end'), ...keys('tab', 'enter'));
    expect(effects).toContainEqual({
      type: 'read',
      view: 4,
      path: '/srv/state/runs/20261124T2211-kern/console.log',
    });
    const read = play(state, { type: 'text-read', view: 4, lines: ['a', 'b', 'Kernel panic'] });
    const found = play(read.state, ...keys('/'), ...typed('panic'), ...keys('enter')).state;
    expect(found.views.at(-1)).toMatchObject({ pager: { found: 2 } });
  });

  test('stopping asks first, and stops all that was started together', () => {
    const asked = play(booted('console'), ...keys('x'));
    expect(asked.effects).toEqual([]);
    const stopped = play(asked.state, ...keys('y'));
    expect(stopped.effects).toEqual([1, 2, 3].map(job => ({ type: 'cancel', job })));
    expect(stopped.state.jobs.map(job => job.state)).toEqual(['stopping', 'stopping', 'stopping']);
    expect(play(asked.state, ...keys('n')).effects).toEqual([]);
  });
});

describe('runs', () => {
  test('d holds a run against the one of the same row before it, or the two that are marked', () => {
    const { state } = play(booted('end'), ...keys('4'));
    expect(argvOf(play(state, ...keys('d')).effects)).toEqual([
      'diff 20261123T090000-00aa 20261124T2211-kern',
    ]);
    expect(argvOf(play(state, ...keys('space', 'space', 'd')).effects)).toEqual([
      'diff 20261124T2211-init 20261124T2211-kern',
    ]);
  });

  test('the log of a run on record is read from its folder', () => {
    const { effects } = play(start(), ...keys('4', 'enter'));
    expect(effects).toContainEqual({
      type: 'read',
      view: 1,
      path: '/srv/state/runs/20261123T090000-00aa/console.log',
    });
  });
});

describe('a series', () => {
  test('is edited in a shell in its worktree, and its panel has the keys again', () => {
    const { state } = play(start(), ...keys('1', 'e'), {
      ...{ type: 'job-started', job: 1, command: commands.find(({ id }) => id === 'series edit')! },
    });
    const done = play(state, {
      type: 'job-ended',
      job: 1,
      product: { kind: 'editing', path: '/w/edit' },
      code: 0,
    });
    expect(done.effects).toContainEqual({ type: 'shell', folder: '/w/edit' });
    expect(done.state).toMatchObject({ focus: 'series', views: [] });
  });
});

describe('submission', () => {
  const product = {
    files: { folder: '/s/v1', mails: '/s/v1/mails' },
    submission: {
      preflight: [{ id: 'checkpatch', state: 'blocks', text: '1 finding' }],
      mails: [{ file: '0001-x.eml', number: 1, subject: '[PATCH RFC 1/1] x' }],
    },
  };
  const command = (id: string) => commands.find(candidate => candidate.id === id)!;
  const exportedState = () => {
    const { state } = play(start(), ...keys('5', 'e', 'enter'), {
      type: 'job-started',
      job: 1,
      command: command('export'),
    });
    const stated = {
      ...state,
      jobs: state.jobs.map(job => ({
        ...job,
        command: { ...command('export'), text: () => ['fs/x.c:12: no'] },
      })),
    };
    return play(stated, { type: 'job-ended', job: 1, product, code: 1 }).state;
  };

  test('a finding is followed to its line in the worktree', () => {
    const { state, effects } = play(exportedState(), ...keys('enter'));
    expect(argvOf(effects)).toEqual(['series edit initoverlayfs']);
    const done = play(
      state,
      { type: 'job-started', job: 3, command: command('series edit') },
      {
        ...{ type: 'job-ended', job: 3, product: { kind: 'editing', path: '/w' }, code: 0 },
      },
    );
    expect(done.effects).toContainEqual({ type: 'edit', path: '/w/fs/x.c', line: 12 });
  });

  test('a mail is read; sending wants a dry run, a chord and a confirmation', () => {
    const panel = play(exportedState(), ...keys('escape', '5')).state;
    const mail = play(panel, ...keys('G', 'enter')).effects;
    expect(mail).toContainEqual({ type: 'read', view: 3, path: '/s/v1/mails/0001-x.eml' });
    const early = play(panel, ...keys('C-y'));
    expect(early.state.said).toContain('look at the dry run first');
    const dry = play(
      panel,
      ...keys('s'),
      { type: 'job-started', job: 3, command: { ...command('send'), text: () => [''] } },
      {
        ...{ type: 'job-ended', job: 3, product: {}, code: 0 },
      },
    );
    expect(argvOf(dry.effects)).toEqual(['send initoverlayfs --dry-run']);
    const asked = play(dry.state, ...keys('5', 'C-y'));
    expect(argvOf(asked.effects)).toEqual([]);
    expect(argvOf(play(asked.state, ...keys('y')).effects)).toEqual([]);
    expect(argvOf(play(asked.state, ...keys('S')).effects)).toEqual(['send initoverlayfs --yes']);
  });
});

describe('build view', () => {
  const warned = (text: string) =>
    ({ job: 'build', type: 'output', stream: 'stderr', line: `../fs/x.c:12:5: warning: ${text}` }) as const;

  test('the line of a new warning is opened in the editor, those of the base are left out', () => {
    const { state } = play(start(), ...keys('1', 'b'), {
      ...{ type: 'events', job: 1 },
      events: [
        { job: 'build', type: 'command', argv: ['make', 'bzImage'], cwd: '/w/7.3' },
        warned('old'),
        warned('new'),
      ],
    });
    const { kernels } = state.data;
    const known = kernels!.kernels.map(one => ({
      ...one,
      kernel: { ...one.kernel, warnings: ['fs/x.c:90:5: warning: old'] },
    }));
    const { effects } = play(
      { ...state, data: { ...state.data, kernels: { ...kernels!, kernels: known } } },
      ...keys('e'),
    );
    expect(effects).toEqual([{ type: 'edit', path: '/w/7.3/fs/x.c', line: 12 }]);
    expect(play(state, ...keys('n', 'n')).state.views.at(-1)).toMatchObject({ pager: { top: 0 } });
  });
});

describe('quitting', () => {
  test('with nothing running: q asks, Q does not', () => {
    expect(play(start(), ...keys('q')).effects).toEqual([]);
    expect(play(start(), ...keys('q', 'y')).effects).toEqual([{ type: 'quit' }]);
    expect(play(start(), ...keys('Q')).effects).toEqual([{ type: 'quit' }]);
  });

  test('with jobs running it says which and asks', () => {
    const { state, effects } = play(booted('console'), ...keys('Q'));
    expect(effects).toEqual([]);
    expect(state.overlay).toMatchObject({
      kind: 'question',
      lines: expect.arrayContaining(['  boot kernelspace']),
    });
    expect(play(state, ...keys('y')).effects).toEqual([{ type: 'quit' }]);
    expect(play(state, ...keys('escape')).state.quitting).toBe(false);
  });
});

describe('errors', () => {
  const failure = { kind: 'user', message: 'no such thing', hint: 'there is: a, b', details: [] } as const;

  test('stay until they are read, whatever else is pressed', () => {
    const failed = play(start(), ...keys('b'), { type: 'job-failed', job: 1, failure }).state;
    expect(failed.errors).toEqual([{ title: 'boot initramfs', failure }]);
    expect(play(failed, ...keys('j', 'k', '3')).state.errors).toHaveLength(1);
    expect(play(failed, ...keys('escape')).state.errors).toHaveLength(0);
  });

  test('what the person stopped is no error', () => {
    const interrupted = { ...failure, kind: 'interrupted' } as const;
    const { state } = play(start(), ...keys('b'), { type: 'job-failed', job: 1, failure: interrupted });
    expect(state.errors).toEqual([]);
    expect(state.jobs[0]!.state).toBe('stopped');
  });
});

describe('command line', () => {
  const line = (text: string) => play(start(), ...keys(':'), ...typed(text)).state;
  const completedText = (text: string) => {
    const { overlay } = play(line(text), ...keys('tab')).state;
    return overlay?.kind === 'prompt' ? overlay.text : undefined;
  };

  test.each([
    ['comp', 'compare '],
    ['series sh', 'series show '],
    ['series show initoverlayfs-', 'series show initoverlayfs-6.12 '],
    ['boot kern', 'boot kernelspace '],
    ['boot floor --cl', 'boot floor --clock '],
    ['boot floor --clock w', 'boot floor --clock wall '],
    ['build base --tree 6', 'build base --tree 6.12 '],
    ['boot floor --format cpio-l', 'boot floor --format cpio-lz4 '],
  ])('Tab: %s', (text, whole) => {
    expect(completedText(text)).toBe(whole);
  });

  test('runs what is written, quotes and all, and remembers it', () => {
    const { effects, state } = play(line("boot floor --append 'a b'"), ...keys('enter'));
    expect(effects).toEqual([{ type: 'run', job: 1, argv: ['boot', 'floor', '--append', 'a b'] }]);
    const again = play(state, ...keys('escape', ':', 'up')).state;
    expect(again.overlay).toMatchObject({ text: "boot floor --append 'a b'" });
  });
});

describe('help', () => {
  test('is searched as one types, and runs what it lists', () => {
    const { effects } = play(start(), ...keys('?'), ...typed('side by side'), ...keys('enter'));
    expect(effects.filter(({ type }) => type === 'run')).toHaveLength(3);
  });
});

describe('a console that is typed into', () => {
  const row = 'kernelspace@initoverlayfs';
  const run = bootEvents(row, { init: 1, used: 2 })[0] as { run: string } & WorkEvent;
  const typable = { job: row, type: 'typable', run: run.run, socket: '/tmp/s' } as const;
  const booted = play(
    start(),
    ...keys('j', 'j', 'I'),
    { type: 'events', job: 1, events: bootEvents(row, { init: 1, used: 2, until: 'console' }) },
    { type: 'events', job: 1, events: [typable] },
  );

  test('is booted for that, and gets every key but Ctrl-]', () => {
    expect(argvOf(booted.effects)).toEqual([
      'boot kernelspace --kernel initoverlayfs --pad 16M --interactive',
    ]);
    const { state, effects } = play(booted.state, ...keys('i', 'Q', 'escape', 'x', 'C-]'));
    const line = { run: run.run, socket: '/tmp/s' };
    expect(effects).toEqual([
      { type: 'type', ...line, bytes: '' },
      { type: 'type', ...line, bytes: 'Q' },
      { type: 'type', ...line, bytes: 'x' },
      { type: 'hang-up', run: run.run },
    ]);
    expect([state.typing, state.quitting, state.overlay]).toEqual([undefined, false, undefined]);
  });

  test('gives the keys back when the boot has ended, or its line is lost', () => {
    const typing = play(booted.state, ...keys('i')).state;
    const end = { job: row, type: 'boot-ended', run: run.run, outcome: { kind: 'ready' }, host: 9 } as const;
    const ended = play(typing, { type: 'events', job: 1, events: [end] });
    expect(ended.state.typing).toBeUndefined();
    expect(ended.effects).toEqual([{ type: 'hang-up', run: run.run }]);
    expect(ended.state.said).toContain('the keys are ours again');
    const lost = play(typing, { type: 'hung-up', run: run.run, why: 'ECONNREFUSED' }).state;
    expect([lost.typing, lost.said]).toEqual([undefined, 'nobody can type any more: ECONNREFUSED']);
  });

  test('is none where the boot was not made for it', () => {
    const plain = play(start(), ...keys('b'), {
      ...{ type: 'events', job: 1, events: bootEvents(row, { init: 1, used: 2, until: 'console' }) },
    });
    const { state, effects } = play(plain.state, ...keys('i'));
    expect([state.said, effects]).toEqual(['i: I in panel 3 boots a flow to type into', []]);
  });
});

test('what was said of the last job goes when another starts; errors stay until they are read', () => {
  const failure = { kind: 'user', message: 'no', details: [] } as const;
  const two = play(start(), ...keys('b'), { type: 'job-failed', job: 2, failure }).state;
  const said = play(
    { ...two, said: 'boot x: done' },
    {
      ...{ type: 'job-started', job: 3, command: commands.find(({ id }) => id === 'boot')! },
    },
  ).state;
  expect([said.said, said.errors.length]).toEqual([undefined, 1]);
});
