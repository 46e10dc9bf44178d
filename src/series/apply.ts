// SPDX-License-Identifier: GPL-2.0-only
/** A series on a tree: commits made without a worktree, in an index of their own, so that either all of them
 *  are there or none; only then the series' worktree moves to the last one. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { ToolError, UserError } from '../host/errors.ts';
import { scratchFolder } from '../host/files.ts';
import { git, gitArgv } from '../host/git.ts';
import { archiveIdentity } from '../tree/import.ts';
import { refs } from '../tree/repository.ts';
import { step } from '../tree/step.ts';
import type { Tree } from '../tree/tree.ts';
import { worktreeAt } from '../tree/worktree.ts';
import { folders, notMade, type Workspace } from '../workspace.ts';
import { seriesDigest } from './read.ts';
import type { Applied, Conflict, Patch, Series } from './series.ts';

/** Applies a series, or finds it applied before, and checks it out in its own worktree.
 *  @throws UserError as worktreeAt() */
export async function* applySeries(
  workspace: Workspace,
  tree: Tree,
  series: Series,
  signal: AbortSignal,
): Work<Applied | Conflict> {
  const commits = yield* commitSeries(workspace, tree, series, signal);
  if ('kind' in commits) return commits;
  const worktree = yield* worktreeAt(workspace, tree, series.name, commits.at(-1)!, signal);
  return { kind: 'applied', series, tree, worktree, commits };
}

/** The commit of each patch, in order, made or found; no worktree moves. The same patches on the same commit give
 *  the same commit ids on every machine. */
export async function* commitSeries(
  workspace: Workspace,
  tree: Tree,
  series: Series,
  signal: AbortSignal,
): Work<readonly string[] | Conflict> {
  const repository = folders.repository(workspace);
  const job = `series ${series.name}`;
  const ref = refs.series(tree.name, series.name, series.digest.slice(0, 16));
  const unknown = tree.commit === notMade;
  const commits = unknown
    ? undefined
    : await commitsBefore(repository, ref, tree.commit, series.patches.length, signal);
  if (commits) {
    yield { job, type: 'step', step: 'apply', state: 'cached', product: series.digest };
    return commits;
  }
  if (workspace.dryRun) {
    yield { job, type: 'step', step: 'apply', state: 'planned' };
    return series.patches.map(() => notMade);
  }
  const make = () => makeCommits(job, repository, tree, series, signal);
  const made = yield* step(job, 'apply', make, product => !Array.isArray(product));
  if (Array.isArray(made)) await git(repository, ['update-ref', ref, made.at(-1)!], signal);
  return made;
}

/** The commits of an earlier application, first patch first; undefined when there was none on this base. */
async function commitsBefore(
  repository: string,
  ref: string,
  base: string,
  count: number,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  const tip = await git(repository, ['rev-parse', '--verify', '--quiet', ref], signal, { accept: [1] });
  if (!tip) return undefined;
  const range = ['rev-list', '--reverse', '--parents', `--max-count=${count + 1}`, `${base}..${tip}`];
  const lines = (await git(repository, range, signal)).split('\n').map(line => line.split(' '));
  return lines.length === count && lines[0]![1] === base ? lines.map(([commit]) => commit!) : undefined;
}

async function* makeCommits(
  job: string,
  repository: string,
  tree: Tree,
  series: Series,
  signal: AbortSignal,
): Work<string[] | Conflict> {
  const contents = await Promise.all(series.patches.map(patch => readFile(patch.path)));
  if (seriesDigest(contents) !== series.digest) {
    throw new UserError(`the patches in ${series.folder} changed while they were read`, {
      hint: 'try again',
    });
  }
  const made = yield* commitMails(job, repository, tree.commit, contents, signal);
  return made.refusal === undefined
    ? [...made.commits]
    : conflict(series, tree, series.patches[made.commits.length]!, made.refusal);
}

/** The commits that mails make on a base, as far as they apply, and what git said to the one that does not. There is
 *  no worktree and no ref: nothing is half done. */
export async function* commitMails(
  job: string,
  repository: string,
  base: string,
  mails: readonly Buffer[],
  signal: AbortSignal,
): Work<{ readonly commits: readonly string[]; readonly refusal?: string }> {
  const scratch = await scratchFolder('apply');
  const env = { GIT_INDEX_FILE: path.join(scratch, 'index') };
  const commits: string[] = [];
  try {
    await git(repository, ['read-tree', base], signal, { env });
    for (const [index, mail] of mails.entries()) {
      const { message, identity, diff } = await readMail(repository, mail, scratch, signal);
      yield { job, type: 'command', argv: gitArgv(repository, applyArgs(diff)), cwd: process.cwd() };
      const refusal = await applyToIndex(repository, diff, env, signal);
      if (refusal !== undefined) return { commits, refusal };
      const treeId = await git(repository, ['write-tree'], signal, { env });
      const parent = commits.at(-1) ?? base;
      const commitTree = ['commit-tree', treeId, '-p', parent];
      commits.push(await git(repository, commitTree, signal, { env: identity, input: message }));
      const label = message.split('\n', 1)[0]!;
      yield { job, type: 'progress', done: index + 1, total: mails.length, label };
    }
    return { commits };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Letter {
  readonly message: string;
  /** Author as the mail has it; the committer is fixed and commits at the author's date. */
  readonly identity: Readonly<Record<string, string>>;
  /** A file that holds the diff. */
  readonly diff: string;
}

/** Takes a mail apart as git am does. */
async function readMail(
  repository: string,
  mail: Buffer,
  scratch: string,
  signal: AbortSignal,
): Promise<Letter> {
  const [body, diff] = [path.join(scratch, 'message'), path.join(scratch, 'diff')];
  // Not --encoding=UTF-8: git 2.39 then converts nothing.
  const mailinfo = ['-c', 'i18n.commitEncoding=UTF-8', 'mailinfo', body, diff];
  const info = await git(repository, mailinfo, signal, { input: mail });
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(info)?.[1]?.trim();
  const text = `${field('Subject') ?? ''}\n\n${textOf(await readFile(body))}`;
  requireText(`${info}\n${text}`, mail);
  const date = field('Date') ?? archiveIdentity.GIT_AUTHOR_DATE;
  return {
    message: await git(repository, ['stripspace'], signal, { input: text }).then(clean => `${clean}\n`),
    identity: {
      ...archiveIdentity,
      ...(field('Email')
        ? { GIT_AUTHOR_NAME: field('Author') ?? '', GIT_AUTHOR_EMAIL: field('Email')! }
        : {}),
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_DATE: date,
    },
    diff,
  };
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw noText();
  }
}

const noText = () =>
  new UserError('the message of a patch is not in the encoding it names: it is no UTF-8', {
    hint: 'write it anew with git format-patch, or correct its Content-Type',
  });

/** @throws UserError for what a commit message cannot hold; a replacement character that the mail has is a character */
function requireText(text: string, mail: Buffer): void {
  if (text.includes('\0')) {
    throw new UserError('the message of a patch has a NUL in it', { hint: 'it is damaged; get it anew' });
  }
  if (text.includes('\ufffd') && !mail.includes('\ufffd')) throw noText();
}

/** No fallback to a three-way merge: the same patches give the same commits, or a conflict. */
const applyArgs = (diff: string) => ['apply', '--cached', diff];

/** What git said when it did not apply; undefined when it did. An index that refused a patch is thrown away
 *  whole, so nothing is half done. */
async function applyToIndex(
  repository: string,
  diff: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    await git(repository, applyArgs(diff), signal, { env });
    return undefined;
  } catch (error) {
    // 1: it does not fit; 128: it is no diff at all.
    if (error instanceof ToolError && (error.exitCode === 1 || error.exitCode === 128)) {
      return error.lastLines.join('\n');
    }
    throw error;
  }
}

function conflict(series: Series, tree: Tree, patch: Patch, details: string): Conflict {
  const named = parseRefusedFiles(details);
  const files = named.length > 0 ? named : patch.files.map(file => file.path);
  return { kind: 'conflict', series, tree, patch: patch.file, files, details };
}

/** The files git apply complains of, each once. */
export function parseRefusedFiles(details: string): string[] {
  const files = details.split('\n').flatMap(line => {
    const match =
      /^error: (?:patch failed: (.+):\d+|(.+): (?:patch does not apply|does not exist in index|already exists in index|wrong type|does not match index|No such file or directory))$/.exec(
        line,
      );
    return match?.[1] ?? match?.[2] ?? [];
  });
  return [...new Set(files)];
}
