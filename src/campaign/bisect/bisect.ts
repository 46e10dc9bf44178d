// SPDX-License-Identifier: GPL-2.0-only
/** The first bad commit between a good and a bad one, or the first bad patch of a series; and one step of that for
 *  `git bisect run`. Verdicts are kept: a bisection that was stopped goes on. */
import { realpath } from 'node:fs/promises';
import { z } from 'zod';
import { list, number, object, text } from '../../document.ts';
import type { Work } from '../../events.ts';
import { UserError } from '../../host/errors.ts';
import { digestOf } from '../../host/files.ts';
import type { Workspace } from '../../workspace.ts';
import { type Campaign, runCampaign } from '../runner.ts';
import { cloneHistory, copyCommit, forgetCopies, revision, seriesHistory, type Subjects } from './history.ts';
import { type Boots, type Question, type Verdict, verdictSchema } from './question.ts';
import { nextCommit } from './search.ts';
import { tryCommit } from './trial.ts';

/** What is asked of every commit. */
export interface Asked {
  readonly boots: Boots;
  readonly question: Question;
  readonly fragments: readonly string[];
  /** 'base', or a series that is put on every commit of a history. */
  readonly kernel: string;
}

export interface BisectRequest extends Asked {
  /** Over the patches of this series. */
  readonly series?: string | undefined;
  readonly tree?: string | undefined;
  /** Otherwise over the history of this clone. */
  readonly clone: string;
  readonly good?: string | undefined;
  readonly bad?: string | undefined;
  readonly again: boolean;
}

export const testedSchema = object({
  ...verdictSchema.unwrap().shape,
  commit: text,
  label: text,
  subject: text,
});
export type Tested = z.infer<typeof testedSchema>;

export const bisectedSchema = object({
  /** `ends`: the good end is not good, or the bad one not bad, so there is nothing to find between them. */
  kind: z.enum(['found', 'among', 'ends']),
  /** The first bad commit, those among which it is, or the end that is not what it was said to be. */
  commits: list(object({ commit: text, label: text, subject: text })),
  /** In the order of the history. */
  tested: list(testedSchema),
  /** How many commits there were between the ends. */
  between: number,
  known: number,
});
export type Bisected = z.infer<typeof bisectedSchema>;

/** @throws UserError when the ends are none, or nothing can be built or booted here */
export async function* bisect(
  workspace: Workspace,
  request: BisectRequest,
  signal: AbortSignal,
): Work<Bisected> {
  const { series, good, bad, boots, question, fragments } = request;
  const subjects =
    series === undefined
      ? yield* cloneHistory(workspace, await cloneAt(request.clone), requireEnds(good, bad), signal)
      : yield* seriesHistory(
          workspace,
          series,
          { good, bad, ...(request.tree === undefined ? {} : { tree: request.tree }) },
          signal,
        );
  const { history } = subjects;
  const ends = { good: history.commits[0]!, bad: history.commits.at(-1)! };
  const marksOf = (results: ReadonlyMap<string, Verdict>) =>
    new Map(
      [...results].flatMap(([commit, { mark }]) =>
        history.parents.has(commit) ? [[commit, mark] as const] : [],
      ),
    );
  const asRight = (results: ReadonlyMap<string, Verdict>) =>
    results.get(ends.good)?.mark === 'good' && results.get(ends.bad)?.mark === 'bad';
  const about = { boots, question, fragments, kernel: request.kernel, series };
  const campaign: Campaign<string, Verdict> = {
    job: `bisect ${series ?? 'commits'}`,
    record: `bisect-${digestOf(about).slice(0, 16)}`,
    keyOf: commit => commit,
    labelOf: commit => subjects.about(commit).label,
    next(results) {
      const known = [...results.keys()].filter(commit => history.parents.has(commit));
      if (!results.has(ends.good)) return [...known, ends.good];
      if (results.get(ends.good)!.mark !== 'good') return known;
      if (!results.has(ends.bad)) return [...known, ends.bad];
      if (!asRight(results)) return known;
      const next = nextCommit(history, marksOf(results));
      return next.kind === 'test' ? [...known, next.commit] : known;
    },
    again: request.again,
    atOnce: 1,
    run: (commit, stop) => tryOne(workspace, request, subjects, commit, stop),
  };
  const { results, known } = yield* runCampaign(workspace, campaign, signal);
  if (series === undefined) await forgetCopies(workspace, signal);
  const named = (commit: string) => ({ commit, ...subjects.about(commit) });
  const tested = history.commits.flatMap(commit => {
    const verdict = results.get(commit);
    return verdict ? { ...named(commit), ...verdict } : [];
  });
  const rest = { tested, between: history.commits.length - 2, known };
  if (!asRight(results)) {
    const wrong = results.get(ends.good)?.mark === 'good' ? ends.bad : ends.good;
    return { kind: 'ends', commits: [named(wrong)], ...rest };
  }
  const end = nextCommit(history, marksOf(results));
  if (end.kind === 'test') throw new Error('a bisection ended before its end');
  const commits = end.kind === 'found' ? [end.commit] : end.commits;
  return { kind: end.kind, commits: commits.map(named), ...rest };
}

async function* tryOne(
  workspace: Workspace,
  request: BisectRequest,
  subjects: Subjects,
  commit: string,
  signal: AbortSignal,
): Work<Verdict> {
  const { label, subject } = subjects.about(commit);
  const job = `bisect ${request.series ?? 'commits'}`;
  yield { job, type: 'notice', level: 'info', message: `${label} ${subject}` };
  const tree = yield* subjects.treeAt(commit);
  const { series, kernel, fragments, boots, question } = request;
  // Its fragment knows from which patch on it counts.
  const own = series ?? kernel;
  const trial = {
    label,
    tree,
    commit,
    fragments,
    kernel: own,
    apply: series === undefined && own !== 'base',
  };
  const verdict = yield* tryCommit(
    workspace,
    { ...trial, worktree: subjects.worktree },
    boots,
    question,
    signal,
  );
  yield { job, type: 'notice', level: 'info', message: `${label} is ${wordOf(verdict)}: ${verdict.why}` };
  return verdict;
}

const wordOf = ({ mark }: Verdict) => (mark === 'skip' ? 'skipped' : mark);

function requireEnds(good: string | undefined, bad: string | undefined): { good: string; bad: string } {
  if (good !== undefined && bad !== undefined) return { good, bad };
  throw new UserError('a history needs both --good REV and --bad REV', {
    hint: 'only over the patches of a series (--series NAME) have they a default: 0 and the last patch',
  });
}

/** The commit that a clone has checked out, judged. The clone is only read. */
export async function* bisectStep(
  workspace: Workspace,
  request: Asked & { readonly clone: string },
  signal: AbortSignal,
): Work<Tested> {
  const clone = await cloneAt(request.clone);
  const commit = await revision(clone, 'HEAD', signal);
  const label = commit.slice(0, 12);
  const tree = yield* copyCommit(workspace, clone, commit, signal);
  const { kernel, fragments, boots, question } = request;
  const trial = { label, tree, commit, fragments, kernel, worktree: 'base', apply: kernel !== 'base' };
  const verdict = yield* tryCommit(workspace, trial, boots, question, signal);
  return { commit, label, subject: '', ...verdict };
}

async function cloneAt(place: string): Promise<string> {
  return realpath(place).catch(() => {
    throw new UserError(`there is no ${place}`, { hint: 'name a git clone of the kernel with --clone' });
  });
}
