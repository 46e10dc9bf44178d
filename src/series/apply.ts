// SPDX-License-Identifier: GPL-2.0-only
/** A series on a tree: commits made without a worktree, in an index of their own, so that either all of them
 *  are there or none; only then the series' worktree moves to the last one. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Digest, Work } from '../events.ts';
import { ToolError, UserError } from '../host/errors.ts';
import { scratchFolder } from '../host/files.ts';
import { git, gitArgv, ownConfigOnly } from '../host/git.ts';
import { type DecodedPatch, decodePatch } from '../mail/decode.ts';
import { type QuiltEntry, quiltOptions } from '../mail/quilt.ts';
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
  const name = { tree: tree.name, series: series.name, digest: series.digest };
  const ref = appliedRef(name);
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
  if (Array.isArray(made)) await noteApplied(workspace, name, made, signal);
  return made;
}

interface AppliedName {
  readonly tree: string;
  readonly series: string;
  readonly digest: Digest;
}

const appliedRef = ({ tree, series, digest }: AppliedName) => refs.series(tree, series, digest.slice(0, 16));

/** The commits that commitSeries() finds from now on. */
export async function noteApplied(
  workspace: Workspace,
  name: AppliedName,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await git(folders.repository(workspace), ['update-ref', appliedRef(name), commits.at(-1)!], signal);
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

/** What mails, or patches decoded from them, made. */
export interface Made {
  readonly commits: readonly string[];
  /** What git said to the one that does not apply. */
  readonly refusal?: string;
}

/** A patch of a mail, and how a quilt series would have it applied. */
export type Applicable = DecodedPatch & { readonly quilt?: QuiltEntry };

/** As commitPatches(). */
export async function* commitMails(
  job: string,
  repository: string,
  base: string,
  mails: readonly Buffer[],
  signal: AbortSignal,
): Work<Made> {
  const patches: DecodedPatch[] = [];
  for (const mail of mails) patches.push(await decodePatch(mail, signal));
  return yield* commitPatches(job, repository, base, patches, signal);
}

/** The commits that patches make on a base, as far as they apply. There is no worktree and no ref: nothing is half done. */
export async function* commitPatches(
  job: string,
  repository: string,
  base: string,
  patches: readonly Applicable[],
  signal: AbortSignal,
): Work<Made> {
  const scratch = await scratchFolder('apply');
  const env = { ...ownConfigOnly, GIT_INDEX_FILE: path.join(scratch, 'index') };
  const commits: string[] = [];
  try {
    await git(repository, ['read-tree', base], signal, { env });
    for (const [index, patch] of patches.entries()) {
      const diff = path.join(scratch, 'diff');
      await writeFile(diff, patch.diff);
      const args = [...applyArgs, ...quiltOptions(patch.quilt), diff];
      yield { job, type: 'command', argv: gitArgv(repository, args), cwd: process.cwd() };
      const refusal = await applyToIndex(repository, args, env, signal);
      if (refusal !== undefined) return { commits, refusal };
      const treeId = await git(repository, ['write-tree'], signal, { env });
      const message = cleanMessage(`${patch.subject}\n\n${patch.body}`);
      const options = { env: identityOf(patch), input: message };
      const commitTree = ['commit-tree', treeId, '-p', commits.at(-1) ?? base];
      commits.push(await git(repository, commitTree, signal, options));
      const label = message.split('\n', 1)[0]!;
      yield { job, type: 'progress', done: index + 1, total: patches.length, label };
    }
    return { commits };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** As git stripspace: no blanks at the ends of lines, one empty line at most between others, none around them. */
export function cleanMessage(text: string): string {
  const lines = text.split('\n').map(withoutBlanks);
  const kept = lines.filter((line, index) => line !== '' || (index > 0 && lines[index - 1] !== ''));
  return `${kept.join('\n').replace(/^\n|\n$/g, '')}\n`;
}

/** No regular expression: one that looks for blanks at the end takes its time over many of them in the middle. */
function withoutBlanks(line: string): string {
  let end = line.length;
  while (end > 0 && ' \t\r'.includes(line[end - 1]!)) end--;
  return line.slice(0, end);
}

/** The author as the mail has it; the committer is fixed and commits at the author's date. */
function identityOf({ author, date }: Applicable): Readonly<Record<string, string>> {
  const when = date ?? archiveIdentity.GIT_AUTHOR_DATE;
  return {
    ...archiveIdentity,
    ...(author ? { GIT_AUTHOR_NAME: author.name, GIT_AUTHOR_EMAIL: author.email } : {}),
    GIT_AUTHOR_DATE: when,
    GIT_COMMITTER_DATE: when,
  };
}

/** No fallback to a three-way merge: the same patches give the same commits, or a conflict. */
const applyArgs = ['apply', '--cached'];

/** What git said when it did not apply; undefined when it did. An index that refused a patch is thrown away
 *  whole, so nothing is half done. */
async function applyToIndex(
  repository: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    await git(repository, args, signal, { env });
    return undefined;
  } catch (error) {
    // 1: it does not fit; 128: it is not a diff at all.
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
