// SPDX-License-Identifier: GPL-2.0-only
/** Series read from patches/ and applied by the real git: the same commits as git am makes, or nothing. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { seriesApply, seriesList, seriesShow } from '../../src/commands/series.ts';
import { productOf } from '../../src/events.ts';
import { exitCodes } from '../../src/host/errors.ts';
import { git } from '../../src/host/git.ts';
import { applySeries, parseRefusedFiles } from '../../src/series/apply.ts';
import { listSeries, readSeries } from '../../src/series/read.ts';
import type { Applied, Conflict } from '../../src/series/series.ts';
import type { Tree } from '../../src/tree/tree.ts';
import { addTree } from '../../src/tree/trees.ts';
import { worktreeAt } from '../../src/tree/worktree.ts';
import { folders } from '../../src/workspace.ts';
import {
  collect,
  copySample,
  discard,
  fingerprint,
  makeClone,
  makeSample,
  run,
  type Sample,
  stepsOf,
} from '../tree/sample.ts';

const { signal } = new AbortController();
let template: Sample;
let sample: Sample;
let tree: Tree;

/** Two patches and a cover letter, made by git format-patch on a clone of the tree. */
beforeAll(async () => {
  template = makeSample('tree = "k"\n[seriesTrees]\nother = "k2"\n');
  const clone = makeClone(template);
  tree = await productOf(addTree(template.workspace, 'k', { kind: 'git', location: clone }, signal));
  writeFileSync(path.join(clone, 'init', 'version.c'), 'const char *version = "b";\n');
  run(
    clone,
    'git',
    'commit',
    '-q',
    '-a',
    '-m',
    'init: name versión b\n\nWhy: it is later.\n\n\nAssisted-by: LLM',
  );
  writeFileSync(path.join(clone, 'init', 'new.c'), 'int x;\n');
  writeFileSync(path.join(clone, 'init', 'main.c'), 'int start_kernel(void)\n{\n\treturn 1;\n}\n');
  run(clone, 'git', 'add', '-A');
  run(clone, 'git', 'commit', '-q', '-m', 'init: add new', '--author', 'Jörg <j@example.org>');
  const patches = path.join(template.workspace.root, 'patches', 'mine');
  run(clone, 'git', 'format-patch', '-q', '--cover-letter', '--rfc', '-o', patches, tree.commit);
  const cover = path.join(patches, '0000-cover-letter.patch');
  const text = readFileSync(cover, 'utf8');
  writeFileSync(
    cover,
    text.replace('*** SUBJECT HERE ***', 'init: two changes').replace('*** BLURB HERE ***', 'Blurb.'),
  );
});
afterAll(() => discard(template));
beforeEach(() => {
  sample = copySample(template);
});
afterEach(() => discard(sample));

const repository = () => folders.repository(sample.workspace);
const patch = (name: string) => path.join(sample.workspace.root, 'patches', 'mine', name);
const second = '0002-init-add-new.patch';
const edit = (file: string, from: string, to: string) =>
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
const apply = async () =>
  collect(applySeries(sample.workspace, tree, await readSeries(sample.workspace, 'mine'), signal));
const applied = async () => (await apply()).product as Applied;
const worktreeFile = (name: string) => path.join(folders.worktrees(sample.workspace), 'k', 'mine', name);

describe('readSeries()', () => {
  test('cover, subjects, diffstat, tree', async () => {
    const series = await readSeries(sample.workspace, 'mine');
    expect(series).toMatchObject({
      name: 'mine',
      tree: 'k',
      cover: {
        subject: 'init: two changes',
        body: expect.stringMatching(/^Blurb\.\n/),
      },
      patches: [
        { subject: 'init: name versión b', files: [{ path: 'init/version.c', added: 1, removed: 1 }] },
        {
          file: second,
          subject: 'init: add new',
          files: [
            { path: 'init/main.c', added: 1, removed: 1 },
            { path: 'init/new.c', added: 1, removed: 0 },
          ],
        },
      ],
    });
    expect(series.cover!.body).not.toMatch(/^-- $/m);
  });

  test('the digest is over the patches alone', async () => {
    const { digest } = await readSeries(sample.workspace, 'mine');
    edit(patch('0000-cover-letter.patch'), 'Blurb', 'Other');
    expect((await readSeries(sample.workspace, 'mine')).digest).toBe(digest);
    edit(patch(second), 'int x', 'int y');
    expect((await readSeries(sample.workspace, 'mine')).digest).not.toBe(digest);
  });

  test('unknown names get the list; empty folders and base are no series', async () => {
    mkdirSync(path.join(sample.workspace.root, 'patches', 'empty'));
    mkdirSync(path.join(sample.workspace.root, 'patches', 'base'));
    writeFileSync(path.join(sample.workspace.root, 'patches', 'base', '0001-x.patch'), '');
    expect((await listSeries(sample.workspace)).map(series => series.name)).toEqual(['mine']);
    for (const name of ['empty', 'base', '../patches/mine', 'x']) {
      await expect(readSeries(sample.workspace, name)).rejects.toMatchObject({ hint: 'there is: mine' });
    }
  });

  test('a hunk that does not add up is named', async () => {
    edit(patch(second), '+int x;\n', '');
    await expect(readSeries(sample.workspace, 'mine')).rejects.toThrow(`${second} is not a patch`);
  });
});

describe('applySeries()', () => {
  test('makes what git am makes, with a committer that is the same everywhere', async () => {
    const result = await applied();
    const clone = path.join(sample.folder, 'am');
    run(sample.folder, 'git', 'clone', '-q', path.join(sample.folder, 'clone'), 'am');
    run(clone, 'git', 'checkout', '-q', '--detach', tree.commit);
    const files = result.series.patches.map(each => each.path);
    run(clone, 'git', 'am', '-q', '--committer-date-is-author-date', ...files);
    const format = ['log', '--format=%T %an %ae %at %ct%n%B', `${tree.commit}..`];
    expect((await git(result.worktree.path, format, signal)).trim()).toBe(run(clone, 'git', ...format));
    expect(await git(result.worktree.path, ['log', '-1', '--format=%cn <%ce>'], signal)).toBe(
      'initbench <initbench@localhost>',
    );
    expect(result.commits).toHaveLength(2);
    expect(result.worktree.commit).toBe(result.commits[1]);
  });

  test('the second time finds the commits; deleted refs are made again with the same ids', async () => {
    const first = await applied();
    const again = await apply();
    expect(stepsOf(again.events)).toEqual(['apply cached', 'check out cached']);
    expect(again.product).toEqual(first);
    const ref = await git(
      repository(),
      ['for-each-ref', '--format=%(refname)', 'refs/initbench/series'],
      signal,
    );
    expect(ref).toMatch(/^refs\/initbench\/series\/k\/mine\/[0-9a-f]{16}$/);
    await git(repository(), ['update-ref', '-d', ref], signal);
    const anew = await apply();
    expect(stepsOf(anew.events)).toEqual(['apply done', 'check out cached']);
    expect(anew.product).toEqual(first);
  });

  test('each patch can be checked out by itself', async () => {
    const { commits } = await applied();
    const worktree = await productOf(worktreeAt(sample.workspace, tree, 'mine', commits[0]!, signal));
    expect(readdirSync(path.join(worktree.path, 'init'))).not.toContain('new.c');
  });

  test('an edited late patch touches only its own files', async () => {
    await applied();
    for (const name of ['init/version.c', 'init/main.c', 'Makefile'])
      utimesSync(worktreeFile(name), 1000, 1000);
    edit(patch(second), 'return 1', 'return 2');
    await applied();
    expect(readFileSync(worktreeFile('init/main.c'), 'utf8')).toContain('return 2');
    expect(statSync(worktreeFile('init/main.c')).mtimeMs).not.toBe(1_000_000);
    expect(statSync(worktreeFile('init/version.c')).mtimeMs).toBe(1_000_000);
    expect(statSync(worktreeFile('Makefile')).mtimeMs).toBe(1_000_000);
  });

  test('a conflict names patch and files, and changes nothing', async () => {
    const before = await applied();
    const [refs, files] = [
      await git(repository(), ['for-each-ref'], signal),
      fingerprint(before.worktree.path),
    ];
    edit(patch(second), '-\treturn 0', '-\treturn 7');
    const { product, events } = await apply();
    expect(product).toMatchObject({ kind: 'conflict', patch: second, files: ['init/main.c'] });
    expect((product as Conflict).details).toContain('error: patch failed: init/main.c:1');
    expect(stepsOf(events)).toEqual(['apply failed']);
    expect(await git(repository(), ['for-each-ref'], signal)).toBe(refs);
    expect(fingerprint(before.worktree.path)).toBe(files);
  });

  test('a patch that is none is a conflict too', async () => {
    writeFileSync(patch('0003-words.patch'), 'From: a <a@b>\nSubject: [PATCH] words\n\nNo diff.\n');
    expect((await apply()).product).toMatchObject({ kind: 'conflict', patch: '0003-words.patch', files: [] });
  });

  test('a person’s git configuration and hooks change nothing', async () => {
    const plain = await applied();
    rmSync(sample.workspace.cache, { recursive: true });
    const ref = await git(
      repository(),
      ['for-each-ref', '--format=%(refname)', 'refs/initbench/series'],
      signal,
    );
    await git(repository(), ['update-ref', '-d', ref], signal);
    const config = path.join(sample.folder, 'gitconfig');
    const hooks = path.join(sample.folder, 'hooks');
    mkdirSync(hooks);
    writeFileSync(path.join(hooks, 'post-checkout'), `#!/bin/sh\ntouch ${sample.folder}/ran\n`, {
      mode: 0o755,
    });
    writeFileSync(
      config,
      `[core]\n\thooksPath = ${hooks}\n\tautocrlf = true\n[commit]\n\tgpgSign = true\n[apply]\n\twhitespace = fix\n[user]\n\tname = Me\n`,
    );
    process.env.GIT_CONFIG_GLOBAL = config;
    try {
      expect((await applied()).commits).toEqual(plain.commits);
      expect(readFileSync(worktreeFile('Makefile'), 'utf8')).not.toContain('\r');
    } finally {
      delete process.env.GIT_CONFIG_GLOBAL;
    }
    expect(readdirSync(sample.folder)).not.toContain('ran');
  });
});

test('parseRefusedFiles() names each file once', () => {
  const said = `error: patch failed: fs/a.c:12
error: fs/a.c: patch does not apply
error: fs/b.c: does not exist in index
error: fs/c.c: already exists in index
warning: x`;
  expect(parseRefusedFiles(said)).toEqual(['fs/a.c', 'fs/b.c', 'fs/c.c']);
});

describe('the verbs', () => {
  const typed = (...words: string[]) => ({ options: {}, words, rest: [] });

  test('series list and show', async () => {
    const list = await productOf(seriesList.run(sample.workspace, null, signal));
    expect(seriesList.text(list, 80)).toEqual(['mine  init: two changes (2 patches, for k)']);
    const input = seriesShow.parse(typed('mine'), sample.workspace);
    const series = await productOf(seriesShow.run(sample.workspace, input, signal));
    expect(seriesShow.text(series, 80).slice(2)).toEqual([
      '',
      ' 1  init: name versión b',
      '      init/version.c  +1 -1',
      '',
      ' 2  init: add new',
      '      init/main.c     +1 -1',
      '      init/new.c      +1 -0',
    ]);
    expect(seriesShow.json(series)).toMatchObject({ schema: 'initbench.series/1', tree: 'k' });
  });

  test('series apply: 0 when it applies, 3 when it does not', async () => {
    const input = seriesApply.parse(typed('mine'), sample.workspace);
    const good = await productOf(seriesApply.run(sample.workspace, input, signal));
    expect(seriesApply.exitCode!(good)).toBe(exitCodes.done);
    expect(seriesApply.text(good, 80)[0]).toBe('mine is applied to k (Linux 7.3.4)');
    edit(patch(second), '-\treturn 0', '-\treturn 7');
    const bad = await productOf(seriesApply.run(sample.workspace, input, signal));
    expect(seriesApply.exitCode!(bad)).toBe(exitCodes.conflict);
    expect(seriesApply.text(bad, 80)).toEqual([
      `mine does not apply to k (Linux 7.3.4): ${second}`,
      '  init/main.c',
      'git: error: patch failed: init/main.c:1',
      'git: error: init/main.c: patch does not apply',
      'nothing was changed',
    ]);
    expect(seriesApply.json(bad)).toMatchObject({ kind: 'conflict', patch: second, files: ['init/main.c'] });
  });
});
