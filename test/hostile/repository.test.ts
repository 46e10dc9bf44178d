// SPDX-License-Identifier: GPL-2.0-only
/** A repository that is out to run programs: whatever it has configured, adding and checking out its tree runs none. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { readSource } from '../../src/tree/source.ts';
import { addTree } from '../../src/tree/trees.ts';
import { holdWorktree, requireUnmoved, worktreeAt } from '../../src/tree/worktree.ts';
import { collect, discard, makeClone, makeSample, run, type Sample } from '../tree/sample.ts';
import { putBack } from '../variables.ts';

const { signal } = new AbortController();
const saved = { ...process.env };
let sample: Sample;
let proof: string;
beforeEach(() => {
  sample = makeSample();
  proof = path.join(sample.folder, 'proof');
  mkdirSync(proof);
});
afterEach(() => {
  putBack(saved);
  discard(sample);
});

/** A program that leaves its name behind. */
function program(name: string): string {
  const file = path.join(sample.folder, `run-${name}`);
  writeFileSync(file, `#!/bin/sh\ntouch '${path.join(proof, name)}'\ncat\n`);
  chmodSync(file, 0o755);
  return file;
}

test('hooks, filters, fsmonitor, drivers and aliases do not run, its own or those of the user', async () => {
  const clone = makeClone(sample);
  const set = (name: string, value: string) => execFileSync('git', ['-C', clone, 'config', name, value]);
  writeFileSync(path.join(clone, '.gitattributes'), '* filter=evil diff=evil merge=evil\n*.c filter=users\n');
  run(clone, 'git', 'add', '-f', '.gitattributes');
  run(clone, 'git', 'commit', '-q', '-m', 'attributes');
  for (const hook of [
    'post-checkout',
    'reference-transaction',
    'post-index-change',
    'pre-auto-gc',
    'update',
  ]) {
    const file = path.join(clone, '.git/hooks', hook);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\ntouch '${path.join(proof, hook)}'\n`);
    chmodSync(file, 0o755);
  }
  set('core.hooksPath', path.join(clone, '.git/hooks'));
  set('core.fsmonitor', program('fsmonitor'));
  set('core.pager', program('pager'));
  set('core.sshCommand', program('ssh'));
  set('core.askPass', program('askpass'));
  set('core.alternateRefsCommand', program('alternates'));
  set('filter.evil.smudge', program('smudge'));
  set('filter.evil.clean', program('clean'));
  set('filter.evil.process', program('process'));
  set('diff.evil.textconv', program('textconv'));
  set('diff.evil.command', program('diff'));
  set('diff.external', program('external'));
  set('uploadpack.packObjectsHook', program('pack'));
  set('alias.rev-parse', `!${program('alias')}`);
  set('gc.auto', '1');
  // What the user has set up for their own repositories, and a stranger's attributes name.
  const home = path.join(sample.folder, 'home');
  mkdirSync(home);
  writeFileSync(
    path.join(home, '.gitconfig'),
    `[filter "users"]\n\tsmudge = ${program('users-smudge')}\n\tclean = ${program('users-clean')}\n\trequired = true\n[init]\n\ttemplateDir = ${path.join(clone, '.git')}\n`,
  );
  Object.assign(process.env, { HOME: home, GIT_CONFIG_GLOBAL: path.join(home, '.gitconfig') });

  const source = await readSource(`${clone}#HEAD`, sample.folder);
  const tree = await productOf(addTree(sample.workspace, 'hostile', source, signal));
  const worktree = await productOf(worktreeAt(sample.workspace, tree, 'base', tree.commit, signal));
  await productOf(
    holdWorktree(sample.workspace, worktree, 'looking', signal, async function* () {
      yield { job: 'x', type: 'progress', done: 0, label: '' } as const;
      await requireUnmoved(worktree, signal);
    }),
  );
  expect(readdirSync(proof)).toEqual([]);
  expect(existsSync(path.join(worktree.path, 'init/main.c'))).toBe(true);
});

test('an ext:: URL runs nothing, and a location that looks like an option is none', async () => {
  const marker = path.join(proof, 'ext');
  for (const text of [`ext::sh -c touch% ${marker}`, `ext::touch ${marker}://x`, '--upload-pack=touch#x']) {
    await expect(
      (async () =>
        productOf(addTree(sample.workspace, 'x', await readSource(text, sample.folder), signal)))(),
    ).rejects.toMatchObject({ name: 'UserError' });
  }
  expect(readdirSync(proof)).toEqual([]);
});

test('adding sources that are not the own ones says what building them means', async () => {
  run(sample.folder, 'tar', '-czf', 'l.tar.gz', 'linux-7.3.4');
  const { events } = await collect(
    addTree(sample.workspace, 'a', await readSource('l.tar.gz', sample.folder), signal),
  );
  expect(events).toContainEqual(
    expect.objectContaining({ level: 'warning', message: expect.stringContaining('as you') }),
  );
  const own = await collect(
    addTree(sample.workspace, 'b', await readSource(makeClone(sample), sample.folder), signal),
  );
  expect(own.events.filter(event => event.type === 'notice')).toEqual([]);
});
