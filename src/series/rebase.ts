// SPDX-License-Identifier: GPL-2.0-only
/** A series moved to another tree by git rebase, in its own worktree. A conflict is a state that lasts: left, resolved
 *  with any tool, taken up again or dropped. The branch itself moves only when all of it is done. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { flag, list, number, object, text, texts } from '../document.ts';
import type { Work } from '../events.ts';
import { exitCodes, ToolError, UserError } from '../host/errors.ts';
import { readTyped, writeWhole } from '../host/files.ts';
import { adminFolderOf, git, gitWork, ownConfigOnly } from '../host/git.ts';
import { restoreIgnores } from '../tree/ignores.ts';
import { archiveIdentity } from '../tree/import.ts';
import { refAt, refs } from '../tree/repository.ts';
import type { Tree } from '../tree/tree.ts';
import { folders, type Workspace } from '../workspace.ts';
import { fileName } from './change.ts';
import {
  attach,
  checkoutPath,
  hasCheckout,
  isRebasing,
  openCheckout,
  openCheckoutIgnores,
  putInOrder,
  requireCleanCheckout,
  requireNoNewFiles,
  requireNothingInTheWay,
} from './checkout.ts';
import { pairSchema, parsePairs, type Range, rangeDiffOf, rangeSchema } from './diff.ts';
import { startEditing } from './edit.ts';
import { ontoTree } from './onto.ts';
import { lastOperation, perform, turnWithin, withSeries } from './operations.ts';
import { commitsBetween, editedRange, readRecord, recordBytes, type SeriesRecord } from './record.ts';
import type { Conflict } from './series.ts';

/** What is left where a rebase waits for a person. */
const waitingSchema = object({
  /** The tree it goes to, by name, and its commit. */
  tree: text,
  onto: text,
  from: rangeSchema,
  /** git is at work: whoever reads this finds that it was killed. */
  running: flag,
});
type Waiting = z.infer<typeof waitingSchema>;

export const rebasedSchema = object({
  kind: z.literal('rebased'),
  series: text,
  tree: text,
  from: rangeSchema,
  to: rangeSchema,
  pairs: list(pairSchema),
  rangeDiff: texts,
});
export type Rebased = z.infer<typeof rebasedSchema>;

export const stoppedSchema = object({
  kind: z.literal('stopped'),
  series: text,
  tree: text,
  /** Where to resolve it. */
  path: text,
  subject: text,
  done: number,
  total: number,
  files: texts,
});
export type Stopped = z.infer<typeof stoppedSchema>;

export const abortedSchema = object({
  kind: z.literal('aborted'),
  series: text,
  /** The series was a port that had only begun: it is gone. */
  removed: flag.exactOptional(),
});
export type Aborted = z.infer<typeof abortedSchema>;

export type RebaseEnd = Rebased | Stopped | Aborted | Conflict;

const waitingFile = (workspace: Workspace, series: string) =>
  path.join(folders.series(workspace), series, 'rebase.json');

/** The rebase that waits, or undefined. */
export const waitingRebase = (workspace: Workspace, series: string): Promise<Waiting | undefined> =>
  readTyped(waitingFile(workspace, series), record => waitingSchema.parse(record));

/** Moves a series onto a tree. @throws UserError when one is waiting, or a person's changes are in the way */
export function rebaseSeries(
  workspace: Workspace,
  series: string,
  onto: string,
  signal: AbortSignal,
): Work<RebaseEnd> {
  return withSeries(workspace, series, signal, async function* (): Work<RebaseEnd> {
    if (await waitingRebase(workspace, series)) throw waits(series);
    const found = (await readRecord(workspace, series)) ?? (yield* startEditing(workspace, series, signal));
    if ('kind' in found) return found;
    requireOwn(series, found);
    const tree = yield* ontoTree(workspace, onto, found.tree, signal);
    return yield* startRebase(workspace, series, found, tree, signal);
  });
}

/** Within withSeries(). */
export async function* startRebase(
  workspace: Workspace,
  series: string,
  record: SeriesRecord,
  tree: Tree,
  signal: AbortSignal,
): Work<RebaseEnd> {
  const { base, tip } = await editedRange(workspace, series, record, signal);
  await requireRebasable(workspace, series, { base, tip }, tree, signal);
  yield* openCheckout(workspace, series, signal);
  await requireCleanCheckout(workspace, series, signal);
  await requireNothingInTheWay(workspace, series, [tree.commit, tip], signal);
  const from = { base, tip };
  return yield* begin(workspace, series, { tree: tree.name, onto: tree.commit, from, running: true }, signal);
}

/** @throws UserError when there is nothing to move: it is there already, or is no line of commits */
export async function requireRebasable(
  workspace: Workspace,
  series: string,
  { base, tip }: Range,
  tree: Tree,
  signal: AbortSignal,
): Promise<void> {
  if (base === tree.commit) {
    throw new UserError(`${series} is on ${tree.name} already`, { hint: 'name another tree' });
  }
  await commitsBetween(folders.repository(workspace), base, tip, signal);
}

/** Goes on after a person has resolved the conflict, or after a kill.
 *  @throws UserError when nothing waits, or files are still unmerged */
export function continueRebase(workspace: Workspace, series: string, signal: AbortSignal): Work<RebaseEnd> {
  return withSeries(workspace, series, signal, async function* (): Work<RebaseEnd> {
    const waiting = await waitingRebase(workspace, series);
    if (!waiting) throw nothingWaits(series);
    if ((await refAt(workspace, refs.edited(series, 'base'), signal)) === waiting.onto) {
      return yield* finish(workspace, series, waiting, signal);
    }
    if (waiting.running || !(await hasCheckout(workspace, series))) {
      yield* restore(workspace, series, waiting, signal);
      yield {
        job: `series ${series}`,
        type: 'notice',
        level: 'info',
        message:
          'the rebase was cut short and begins anew; conflicts resolved before are resolved the same way',
      };
      return yield* begin(workspace, series, waiting, signal);
    }
    const target = checkoutPath(workspace, series);
    if (!(await isRebasing(target))) return yield* ended(workspace, series, waiting, signal);
    const unmerged = await unmergedFiles(target, signal);
    if (unmerged.length > 0) {
      throw new UserError(`not resolved yet: ${unmerged.join(', ')}`, {
        hint: `edit them in ${target}, git add them, then --continue; or --abort`,
        exitCode: exitCodes.conflict,
      });
    }
    await requireNothingInTheWay(workspace, series, [waiting.from.tip], signal);
    return yield* runRebase(workspace, series, waiting, ['rebase', '--continue'], signal);
  });
}

/** The worktree and the branch as they were before. @throws UserError when nothing waits */
export function abortRebase(workspace: Workspace, series: string, signal: AbortSignal): Work<RebaseEnd> {
  return withSeries(workspace, series, signal, async function* (): Work<RebaseEnd> {
    const waiting = await waitingRebase(workspace, series);
    if (!waiting) throw nothingWaits(series);
    if ((await refAt(workspace, refs.edited(series, 'base'), signal)) === waiting.onto) {
      throw new UserError(`the rebase of ${series} is done`, {
        hint: `--continue shows it; series undo ${series} takes it back`,
      });
    }
    const port = await isPort(workspace, series);
    if (port) await requireNoNewFiles(workspace, series, signal);
    yield* restore(workspace, series, waiting, signal);
    await rm(waitingFile(workspace, series), { force: true });
    // A port that is given up leaves no series.
    if (port) yield* turnWithin(workspace, series, 'undo', signal);
    return { kind: 'aborted', series, ...(port && { removed: true }) };
  });
}

/** Whether the rebase that waits, or has just ended, is the one that began with the series: a port. */
async function isPort(workspace: Workspace, series: string): Promise<boolean> {
  return (await lastOperation(workspace, series))?.what.startsWith(portOf) ?? false;
}

/** What the operation that begins a port is called, before the name of the series that is ported. */
export const portOf = 'port of ';

export const waits = (series: string): UserError =>
  new UserError(`a rebase of ${series} is not finished`, {
    hint: `initbench series rebase ${series} --continue, or --abort`,
    exitCode: exitCodes.conflict,
  });
const nothingWaits = (series: string) =>
  new UserError(`no rebase of ${series} is in progress`, {
    hint: `initbench series rebase ${series} --onto TREE starts one`,
  });

function requireOwn(series: string, record: SeriesRecord): void {
  if (record.source.kind === 'own') return;
  const { path: clone, branch } = record.source;
  throw new UserError(`${series} follows ${branch} of ${clone}, which initbench only reads`, {
    hint: `rebase it there, then: initbench series track ${clone} ${branch} --base REV --name ${series}`,
  });
}

function begin(workspace: Workspace, series: string, waiting: Waiting, signal: AbortSignal): Work<RebaseEnd> {
  const options = ['--merge', '--no-autostash', '--no-autosquash', '--no-fork-point', '--no-gpg-sign'];
  const range = ['--onto', waiting.onto, waiting.from.base, waiting.from.tip];
  // A commit and no branch: what is rebased is HEAD, and the branch stays until all is done.
  const args = ['rebase', ...options, '--committer-date-is-author-date', ...range];
  return runRebase(workspace, series, waiting, args, signal);
}

async function* runRebase(
  workspace: Workspace,
  series: string,
  waiting: Waiting,
  args: readonly string[],
  signal: AbortSignal,
): Work<RebaseEnd> {
  const target = checkoutPath(workspace, series);
  const job = `series ${series}`;
  const { GIT_COMMITTER_NAME, GIT_COMMITTER_EMAIL } = archiveIdentity;
  const env = { ...ownConfigOnly, GIT_COMMITTER_NAME, GIT_COMMITTER_EMAIL, GIT_EDITOR: 'true' };
  const settings = ['-c', 'rerere.enabled=true', '-c', 'rerere.autoUpdate=true'];
  await writeWaiting(workspace, series, { ...waiting, running: true });
  await restoreIgnores(target, signal);
  try {
    yield* gitWork(target, [...settings, ...args], { job, signal, env });
  } catch (error) {
    if (!(error instanceof ToolError) || error.signal !== null) throw error;
    if (!(await isRebasing(target))) {
      await dropUnstarted(workspace, series, waiting, signal);
      throw error;
    }
  }
  await writeWaiting(workspace, series, { ...waiting, running: false });
  if (!(await isRebasing(target))) return yield* finish(workspace, series, waiting, signal);
  await openCheckoutIgnores(workspace, series, signal);
  return await stopped(workspace, series, waiting, signal);
}

/** git refused to begin: nothing waits, then. */
async function dropUnstarted(
  workspace: Workspace,
  series: string,
  { from }: Waiting,
  signal: AbortSignal,
): Promise<void> {
  const head = await git(checkoutPath(workspace, series), ['rev-parse', 'HEAD'], signal);
  if (head !== from.tip) return;
  await rm(waitingFile(workspace, series), { force: true });
  await openCheckoutIgnores(workspace, series, signal);
}

const writeWaiting = (workspace: Workspace, series: string, waiting: Waiting) =>
  writeWhole(waitingFile(workspace, series), `${JSON.stringify(waiting, undefined, 2)}\n`);

async function stopped(
  workspace: Workspace,
  series: string,
  { tree }: Waiting,
  signal: AbortSignal,
): Promise<Stopped> {
  const target = checkoutPath(workspace, series);
  const admin = await adminFolderOf(target);
  const number = async (name: string) =>
    Number(await readFile(path.join(admin, 'rebase-merge', name), 'utf8').catch(() => '0'));
  const subject = await git(target, ['show', '-s', '--format=%s', 'REBASE_HEAD'], signal, { accept: [128] });
  return {
    ...{ kind: 'stopped', series, tree, path: target, subject },
    done: Math.max(0, (await number('msgnum')) - 1),
    total: await number('end'),
    files: await unmergedFiles(target, signal),
  };
}

async function unmergedFiles(target: string, signal: AbortSignal): Promise<readonly string[]> {
  const list = await git(target, ['diff', '--name-only', '-z', '--diff-filter=U'], signal, {
    env: ownConfigOnly,
  });
  return list.split('\0').filter(Boolean);
}

/** A person ended it with git itself: to its end, or by git rebase --abort. */
async function* ended(
  workspace: Workspace,
  series: string,
  waiting: Waiting,
  signal: AbortSignal,
): Work<RebaseEnd> {
  const head = await git(checkoutPath(workspace, series), ['rev-parse', 'HEAD'], signal);
  if (head !== waiting.from.tip) return yield* finish(workspace, series, waiting, signal);
  await attach(workspace, series, signal);
  await rm(waitingFile(workspace, series), { force: true });
  return { kind: 'aborted', series };
}

/** All patches are on the new base: branch, base and tree move in one operation. */
async function* finish(
  workspace: Workspace,
  series: string,
  waiting: Waiting,
  signal: AbortSignal,
): Work<Rebased> {
  const repository = folders.repository(workspace);
  const target = checkoutPath(workspace, series);
  const tip = await git(target, ['rev-parse', 'HEAD'], signal);
  const to = { base: waiting.onto, tip };
  if ((await commitsBetween(repository, to.base, tip, signal)).length === 0) {
    throw new UserError(`nothing of ${series} is left on ${waiting.tree}: all of it is there already`, {
      hint: `initbench series rebase ${series} --abort`,
      exitCode: exitCodes.conflict,
    });
  }
  const record = (await readRecord(workspace, series))!;
  const change = {
    refs: { [refs.branch(series)]: tip, [refs.edited(series, 'base')]: waiting.onto },
    files: { [fileName.record(series)]: recordBytes({ ...record, tree: waiting.tree }) },
  };
  const continues = await isPort(workspace, series);
  yield* perform(workspace, series, `rebase --onto ${waiting.tree}`, change, signal, { continues });
  await attach(workspace, series, signal);
  await rm(waitingFile(workspace, series), { force: true });
  const rangeDiff = await rangeDiffOf(repository, waiting.from, to, signal);
  const pairs = parsePairs(rangeDiff);
  return { kind: 'rebased', series, tree: waiting.tree, from: waiting.from, to, pairs, rangeDiff };
}

/** Back to before, whatever git left; files that differ are kept as a commit first. */
async function* restore(
  workspace: Workspace,
  series: string,
  waiting: Waiting,
  signal: AbortSignal,
): Work<void> {
  const target = yield* openCheckout(workspace, series, signal);
  const admin = await adminFolderOf(target);
  const head = await git(target, ['rev-parse', 'HEAD'], signal);
  if (head !== waiting.from.tip && head !== waiting.onto) {
    // Patches that were resolved already.
    await git(folders.repository(workspace), ['update-ref', refs.saved(series, head), head], signal);
  }
  yield* putInOrder(workspace, series, waiting.from.tip, signal);
  for (const name of [
    'rebase-merge',
    'rebase-apply',
    'MERGE_MSG',
    'CHERRY_PICK_HEAD',
    'REBASE_HEAD',
    'AUTO_MERGE',
    'MERGE_RR',
  ]) {
    await rm(path.join(admin, name), { recursive: true, force: true });
  }
  await git(target, ['update-ref', '--no-deref', '-m', 'initbench', 'HEAD', waiting.from.tip], signal);
  await attach(workspace, series, signal);
  await openCheckoutIgnores(workspace, series, signal);
}
