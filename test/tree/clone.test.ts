// SPDX-License-Identifier: GPL-2.0-only
/** A clone that a person has left in the middle of something: adding its HEAD as a tree names what that does not have. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { addTree } from '../../src/tree/trees.ts';
import { collect, fingerprint, makeClone, makeSample, restoredForEach, run, type Sample } from './sample.ts';

// Dozens of git processes a test: on a busy machine they take their time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const { signal } = new AbortController();
let sample: Sample;
let clone: string;
const cloneForEach = (history = () => {}) =>
  restoredForEach(() => {
    sample = makeSample();
    clone = makeClone(sample);
    history();
    return sample;
  });

const git = (...words: string[]) => run(clone, 'git', ...words);
/** A command of git's that stops, as it is meant to. */
const stops = (...words: string[]) => expect(() => git(...words)).toThrow();
const put = (file: string, text: string) => {
  mkdirSync(path.dirname(path.join(clone, file)), { recursive: true });
  writeFileSync(path.join(clone, file), text);
};
const commit = (file: string, text: string, subject: string) => {
  put(file, text);
  git('add', '-f', file);
  git('commit', '-q', '-m', subject);
};
/** Two branches that disagree on init/main.c; the second has two more commits. */
const disagree = () => {
  git('checkout', '-q', '-b', 'topic');
  commit('init/main.c', 'one\n', 'topic: main');
  commit('init/a.c', 'a\n', 'topic: a');
  commit('init/b.c', 'b\n', 'topic: b');
  git('checkout', '-q', 'master');
  commit('init/main.c', 'two\n', 'master: main');
};

const leftOut = async (revision?: string) => {
  const before = fingerprint(clone);
  const source = { kind: 'git', location: clone, ...(revision && { revision }) } as const;
  const { events } = await collect(addTree(sample.workspace, 'mine', source, signal));
  expect(fingerprint(clone)).toBe(before);
  return events.flatMap(event => (event.type === 'notice' ? [event.message.replaceAll(clone, 'CLONE')] : []));
};
const taken = (files: string) => `not in any commit of CLONE, so not taken: ${files}`;

describe('files that no commit has', () => {
  cloneForEach();

  test.each<[string, () => void, string[]]>([
    ['none', () => {}, []],
    ['a changed file, one in the index, one that is gone, a new one', () => {
      put('init/main.c', 'changed\n');
      put('init/version.c', 'staged\n');
      git('add', 'init/version.c');
      rmSync(path.join(clone, 'init/empty.c'));
      put('init/new.c', '');
    }, [taken('init/empty.c, init/main.c, init/version.c, init/new.c')]],
    ['a new one that is ignored, and not what a build leaves', () => {
      put('.git/info/exclude', 'drafts/\n');
      put('drafts/new.c', '');
      put('init/main.o', '');
    }, [taken('drafts/new.c (ignored: line 1 of .git/info/exclude, drafts/)')]],
    ['many', () => {
      for (let each = 0; each < 7; each++) put(`init/${each}.c`, '');
    }, [taken('init/0.c, init/1.c, init/2.c, init/3.c, init/4.c and 2 more')]],
  ])('%s', async (_title, act, expected) => {
    act();
    expect(await leftOut()).toEqual(expected);
  }); // prettier-ignore

  test('a filter and a monitor that its configuration names do not run', async () => {
    const marker = path.join(sample.folder, 'ran');
    put('.git/info/attributes', '*.c filter=own\n');
    for (const name of ['filter.own.clean', 'filter.own.process', 'core.fsmonitor']) {
      git('config', name, `touch ${marker}; cat`);
    }
    git('config', 'filter.own.required', 'true');
    put('init/main.c', 'changed\n');
    expect(await leftOut()).toEqual([taken('init/main.c')]);
    expect(() => run(sample.folder, 'ls', marker)).toThrow();
  });

  test('another commit than the one that is checked out has nothing to do with them', async () => {
    commit('init/more.c', '', 'more');
    put('init/main.c', 'changed\n');
    expect(await leftOut('HEAD~1')).toEqual([]);
  });
});

describe('in the middle of', () => {
  cloneForEach(disagree);

  const middle = (what: string, without = '') => `CLONE is in the middle of ${what}: HEAD is taken${without}`;
  test.each<[string, () => void, string]>([
    ['a rebase with a conflict', () => {
      git('checkout', '-q', 'topic');
      stops('rebase', '-q', 'master');
    }, middle('a rebase of topic', ', without "topic: main", "topic: a", "topic: b"')],
    ['a rebase at an edit', () => {
      git('checkout', '-q', 'topic');
      git('-c', 'sequence.editor=sed -i 1s/pick/edit/', 'rebase', '-q', '-i', 'HEAD~2');
    }, middle('a rebase of topic', ', without "topic: b"')],
    ['a rebase with the apply backend', () => {
      git('checkout', '-q', 'topic');
      stops('rebase', '-q', '--apply', 'master');
    }, middle('a rebase of topic', ', without "topic: main", "topic: a", "topic: b"')],
    ['git am', () => {
      git('format-patch', '-q', '-o', path.join(sample.folder, 'mails'), 'master..topic');
      const mails = ['0001-topic-main.patch', '0002-topic-a.patch', '0003-topic-b.patch'];
      stops('am', '-q', ...mails.map(mail => path.join(sample.folder, 'mails', mail)));
    }, middle('git am', ', without "topic: main", "topic: a", "topic: b"')],
    ['a merge', () => {
      stops('merge', 'topic');
    }, middle('a merge', ', without "topic: b"')],
    ['a cherry-pick of several', () => {
      stops('cherry-pick', 'topic~2', 'topic~1');
    }, middle('a cherry-pick', ', without "topic: main", "topic: a"')],
    ['a cherry-pick of one', () => {
      stops('cherry-pick', 'topic~2');
    }, middle('a cherry-pick', ', without "topic: main"')],
    ['a revert', () => {
      commit('init/main.c', 'three\n', 'master: again');
      stops('revert', '--no-edit', 'HEAD~1');
    }, middle('a revert', ', without "master: main"')],
    ['a bisect', () => {
      git('checkout', '-q', 'topic');
      git('bisect', 'start', 'topic', 'topic~3');
    }, 'CLONE is in the middle of a bisect: the commit that it has checked out is taken, not topic'],
  ])('%s', async (_title, act, expected) => {
    act();
    const said = await leftOut();
    expect(said[0]).toBe(expected);
    expect(said.slice(1).every(message => message.startsWith('not in any commit of CLONE'))).toBe(true);
  }); // prettier-ignore

  test('a rebase of a branch that is named: it is taken as it was before', async () => {
    git('checkout', '-q', 'topic');
    stops('rebase', '-q', 'master');
    expect(await leftOut('topic')).toEqual([
      'CLONE is in the middle of a rebase of topic, which is taken as it was before',
    ]);
  });
});
