// SPDX-License-Identifier: GPL-2.0-only
/** Enter reads, and follows a line to what it is about. */
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/commands/index.ts';
import { placeIn } from '../../src/tui/follow.ts';
import { keys, opened, play } from './sample.ts';

const command = (id: string) => commands.find(candidate => candidate.id === id)!;
const start = () => opened(100, 30);
const argvOf = (effects: ReturnType<typeof play>['effects']) =>
  effects.flatMap(effect => (effect.type === 'run' ? [effect.argv.join(' ')] : []));

describe('Enter', () => {
  test('reads a series, Space uses it', () => {
    const other = play(start(), ...keys('1', 'G'));
    const read = play(other.state, ...keys('enter'));
    expect(argvOf(read.effects)).toEqual(['series show initoverlayfs-6.12']);
    expect(read.state.settings.series).toBe('initoverlayfs');
    const used = play(other.state, ...keys('space'));
    expect([argvOf(used.effects), used.state.settings.series]).toEqual([[], 'initoverlayfs-6.12']);
  });

  test('reads the log of a build and a fragment, and starts no build', () => {
    const built = play(start(), ...keys('2', 'j', 'enter'));
    expect(built.effects).toContainEqual({ type: 'read', view: 1, path: '/c/kernels/1f/build.log' });
    const fragment = play(start(), ...keys('2', 'G', 'enter'));
    expect(fragment.effects).toContainEqual({
      ...{ type: 'read', view: 1, path: '/srv/initbench/kconfigs/memmap.config' },
    });
    const tree = play(start(), ...keys('2', 'enter'));
    expect([tree.state.views, tree.state.said]).toEqual([[], 'a tree has no text to read']);
    expect([built, fragment, tree].flatMap(({ effects }) => argvOf(effects))).toEqual([]);
  });
});

describe('a line of a table', () => {
  const product = {
    files: { folder: '/s/v1', mails: '/s/v1/mails' },
    submission: {
      preflight: [{ id: 'checkpatch', state: 'blocks', text: '1 finding' }],
      mails: [
        { file: '0000-cover-letter.patch', number: 0, subject: '[PATCH 0/1] x' },
        { file: '0001-x.patch', number: 1, subject: '[PATCH 1/1] x' },
      ],
    },
  };
  const follow = (id: string, line: string) => {
    const { state } = play(start(), ...keys('5', 'e', 'enter'), {
      ...{ type: 'job-started', job: 1, command: command('export') },
    });
    const exported = play(state, { type: 'job-ended', job: 1, product, code: 1 }).state;
    const worded = {
      ...exported,
      jobs: exported.jobs.map(job => ({ ...job, command: { ...command(id), text: () => [line] } })),
    };
    return play(worded, ...keys('enter'));
  };

  test.each([
    ['STALE checkpatch  0001-x.patch:6: COMMIT_MESSAGE: no text', '/s/v1/mails/0001-x.patch', 5],
    ['   0001-x.patch: MISSING_SIGN_OFF: no Signed-off-by', '/s/v1/mails/0001-x.patch', undefined],
    ['   0000-cover-letter.patch: TYPO: x', '/s/v1/mails/0000-cover-letter.patch', undefined],
  ])('%s: the mail', (line, path, found) => {
    const { state, effects } = follow('export', line);
    expect(effects).toContainEqual({ type: 'read', view: expect.any(Number) as number, path });
    const view = state.views.at(-1)!;
    expect(view.kind === 'text' && view.pager.found).toBe(found);
  });

  test('the patch, where no mail was made of it', () => {
    const { effects } = follow('export', '  0003-x.patch:12: LONG_LINE: too long');
    expect(effects).toContainEqual({
      type: 'read',
      view: expect.any(Number) as number,
      path: '/srv/initbench/patches/initoverlayfs/0003-x.patch',
    });
  });

  test.each([
    ['fs/erofs/super.c:13: LONG_LINE: x', { file: 'fs/erofs/super.c', line: 13 }],
    ['init/do_mounts.c: SPDX_LICENSE_TAG: missing', { file: 'init/do_mounts.c', line: 1 }],
    ['  MAINTAINERS/x.rst:7:3: x', { file: 'MAINTAINERS/x.rst', line: 7 }],
  ])('%s: the line in the worktree', (line, then) => {
    const { state, effects } = follow('export', line);
    expect(argvOf(effects)).toEqual(['series edit initoverlayfs']);
    expect(state.jobs.at(-1)!.then).toEqual({ kind: 'edit', ...then });
  });

  test('a run that is listed: its log', () => {
    const { effects } = follow('runs', '20261123T090000-00aa  2 h ago  kernelspace@initoverlayfs  ready');
    expect(effects).toContainEqual({
      type: 'read',
      view: expect.any(Number) as number,
      path: '/srv/state/runs/20261123T090000-00aa/console.log',
    });
  });

  test('that names nothing leads nowhere, in words', () => {
    expect(follow('export', 'STALE author  3 of 3 patches have no author').state.said).toContain(
      'leads nowhere',
    );
  });
});

test.each([
  ['fs/x.c:12:5: warning: x', { file: 'fs/x.c', line: 12 }],
  ['0001-x.patch: CHECK: y', { file: '0001-x.patch' }],
  ['Kconfig:3: y', { file: 'Kconfig', line: 3 }],
  ['ready: 12:30 kernel/x', undefined],
  ['see https://example.org/x: y', undefined],
  ['ERROR:LONG_LINE: x', undefined],
])('placeIn(%j)', (line, place) => {
  expect(placeIn(line)).toEqual(place);
});
