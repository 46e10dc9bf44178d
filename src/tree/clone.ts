// SPDX-License-Identifier: GPL-2.0-only
/** How a person left a git clone: what is in no commit of it, and the operation it is in the middle of. It is only read,
 *  and no program that its configuration names runs. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { exists, readIfThere } from '../host/files.ts';
import { git } from '../host/git.ts';
import { formatNewFile, type NewFiles, newFiles } from './newfiles.ts';

export interface CloneState {
  readonly head: string;
  /** Tracked files that differ from HEAD. */
  readonly changed: readonly string[];
  readonly created: NewFiles;
  readonly operation?: Unfinished;
}

/** An operation of git's that waits for a person. */
export interface Unfinished {
  readonly kind: 'rebase' | 'am' | 'merge' | 'cherry-pick' | 'revert' | 'bisect';
  /** The branch that it is about, which HEAD does not name meanwhile. */
  readonly branch?: string;
  /** Subjects of the commits or mails that HEAD does not have yet. */
  readonly left: readonly string[];
}

/** The state of the worktree that a path is in; undefined for a bare repository. */
export async function cloneState(clone: string, signal: AbortSignal): Promise<CloneState | undefined> {
  // A bare repository has no top level; git says the rest of it first.
  const asked = ['rev-parse', '--is-inside-work-tree', '--absolute-git-dir', '--show-toplevel'];
  const answer = await git(clone, asked, signal, { accept: [128] });
  const [inside, admin, top] = answer.split('\n') as [string, string, string];
  if (inside !== 'true') return undefined;
  const status = ['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=no'];
  const changed = (
    await git(top, [...status, '--ignore-submodules=all'], signal, { env: await programless(top, signal) })
  )
    .split('\0')
    .filter(Boolean)
    .map(line => line.slice(3));
  const operation = await unfinished(top, admin, signal);
  return {
    head: await git(top, ['rev-parse', 'HEAD'], signal),
    changed,
    created: await newFiles(top, signal, 'a person'),
    ...(operation && { operation }),
  };
}

/** The worktree of a clone that has a branch checked out; undefined when none has. */
export async function worktreeOf(
  clone: string,
  branch: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const full = await git(clone, ['rev-parse', '--symbolic-full-name', '--end-of-options', branch], signal, {
    accept: [128],
  });
  const name = full.split('\n').at(-1);
  if (!name) return undefined;
  const list = await git(clone, ['worktree', 'list', '--porcelain'], signal);
  for (const about of list.split('\n\n')) {
    const lines = about.split('\n');
    const place = lines.find(line => line.startsWith('worktree '))?.slice('worktree '.length);
    if (place !== undefined && lines.includes(`branch ${name}`) && (await exists(place))) return place;
  }
  return undefined;
}

/** Settings by which git starts no program of the clone's: not the one that knows of changes, and no filter, which a
 *  comparison of files would run. */
async function programless(clone: string, signal: AbortSignal): Promise<Record<string, string>> {
  const asked = [
    'config',
    '--name-only',
    '-z',
    '--get-regexp',
    String.raw`^filter\..*\.(clean|process|required)$`,
  ];
  const filters = (await git(clone, asked, signal, { accept: [1] })).split('\0').filter(Boolean);
  const settings = [
    ['core.fsmonitor', 'false'],
    ...filters.map(key => [key, key.endsWith('.required') ? 'false' : '']),
  ] as [string, string][];
  return Object.fromEntries([
    ['GIT_CONFIG_COUNT', String(settings.length)],
    ...settings.flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, key],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ]) as Record<string, string>;
}

/** As git status finds it: by the files that an operation leaves in the administrative folder. */
async function unfinished(
  worktree: string,
  admin: string,
  signal: AbortSignal,
): Promise<Unfinished | undefined> {
  const read = async (name: string) => (await readIfThere(path.join(admin, name)))?.trim();
  const subjects = async (...commits: readonly string[]) =>
    commits.length === 0
      ? []
      : (await git(worktree, ['log', '--no-walk=unsorted', '--format=%s', ...commits], signal)).split('\n');
  if (await exists(path.join(admin, 'rebase-merge'))) {
    const [branch, stopped, todo] = [
      await read('rebase-merge/head-name'),
      await read('rebase-merge/stopped-sha'),
      await read('rebase-merge/git-rebase-todo'),
    ];
    // At an `edit` the commit is made; at a conflict it is not.
    const edited = await exists(path.join(admin, 'rebase-merge', 'amend'));
    const current = stopped !== undefined && !edited ? await subjects(stopped) : [];
    return { kind: 'rebase', ...branchOf(branch), left: [...current, ...subjectsOf(todo ?? '')] };
  }
  if (await exists(path.join(admin, 'rebase-apply'))) {
    const kind = (await exists(path.join(admin, 'rebase-apply', 'applying'))) ? 'am' : 'rebase';
    const branch = await read('rebase-apply/head-name');
    return { kind, ...branchOf(branch), left: await mailsLeft(path.join(admin, 'rebase-apply')) };
  }
  const todo = subjectsOf((await read('sequencer/todo')) ?? '');
  for (const [kind, file] of [
    ['merge', 'MERGE_HEAD'],
    ['cherry-pick', 'CHERRY_PICK_HEAD'],
    ['revert', 'REVERT_HEAD'],
  ] as const) {
    const commits = await read(file);
    // The sequencer's list begins with the one that it stopped at.
    if (commits !== undefined)
      return { kind, left: todo.length > 0 ? todo : await subjects(...commits.split('\n')) };
  }
  const bisected = await read('BISECT_START');
  if (bisected !== undefined) return { kind: 'bisect', ...branchOf(bisected), left: [] };
  return undefined;
}

const branchOf = (name: string | undefined): { branch?: string } =>
  name === undefined || name === 'detached HEAD' || /^[0-9a-f]{40}$/.test(name)
    ? {}
    : { branch: name.replace(/^refs\/heads\//, '') };

/** Of 'pick 0123abc subject' and the other lines of a list that make commits. */
function subjectsOf(todo: string): readonly string[] {
  return todo.split('\n').flatMap(line => {
    const match =
      /^(?:p|pick|r|reword|e|edit|s|squash|f|fixup|m|merge|revert)(?: -[cC])? [0-9a-f]+ (?:# )?(.*)$/.exec(
        line,
      );
    return match?.[1] ?? [];
  });
}

/** The subjects of the mails from the one that git am stopped at. */
async function mailsLeft(folder: string): Promise<readonly string[]> {
  const number = async (name: string) => Number((await readIfThere(path.join(folder, name)))?.trim());
  const [next, last] = [await number('next'), await number('last')];
  const left: string[] = [];
  for (let each = next; each <= last; each++) {
    const file = path.join(folder, String(each).padStart(4, '0'));
    const mail = await readFile(file, 'utf8').catch(() => '');
    left.push(/^Subject: (?:\[[^\]]*\] )?(.*)$/m.exec(mail)?.[1] ?? `mail ${each}`);
  }
  return left;
}

/** What a copy of the clone's HEAD does not have, in a sentence each; empty when it has all there is. */
export function notInHead(clone: string, { changed, created, operation }: CloneState): readonly string[] {
  const files = [...changed, ...created.files.map(formatNewFile)];
  return [
    ...(operation ? [operationSentence(clone, operation)] : []),
    ...(files.length > 0 ? [`not in any commit of ${clone}, so not taken: ${few(files)}`] : []),
  ];
}

function operationSentence(clone: string, { kind, branch, left }: Unfinished): string {
  const about = branch === undefined ? '' : ` of ${branch}`;
  if (kind === 'bisect') {
    return `${clone} is in the middle of a bisect: the commit that it has checked out is taken${branch === undefined ? '' : `, not ${branch}`}`;
  }
  const article = kind === 'am' ? 'git am' : `a ${kind}`;
  return `${clone} is in the middle of ${article}${about}: HEAD is taken${left.length > 0 ? `, without ${few(left.map(subject => `"${subject}"`))}` : ''}`;
}

const few = (names: readonly string[]) =>
  `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
