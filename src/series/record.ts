// SPDX-License-Identifier: GPL-2.0-only
/** What initbench remembers of a series that is being edited: state/series/<name>/record.json, and three refs. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { object, text } from '../document.ts';
import { digestSchema } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { readTyped } from '../host/files.ts';
import { git } from '../host/git.ts';
import { refs, refsAt } from '../tree/repository.ts';
import { folders, type Workspace } from '../workspace.ts';
import { isSeriesName, seriesDigest, seriesNames } from './read.ts';
import type { Series } from './series.ts';

const schema = 'initbench.series-record/1';

export const seriesRecordSchema = object({
  /** The tree its base is, by name. */
  tree: text,
  /** Where it is edited: on initbench's own branch, or on one in the user's clone, which is only read. */
  source: z.union([
    object({ kind: z.literal('own') }),
    object({ kind: z.literal('tracked'), path: text, branch: text, base: text }),
  ]),
  /** The patches as they were last written or read; absent before the first time. */
  digest: digestSchema.exactOptional(),
  /** The series it was ported from. */
  portOf: text.exactOptional(),
});
export type SeriesRecord = z.infer<typeof seriesRecordSchema>;

/** @throws UserError when another version wrote it */
export async function readRecord(workspace: Workspace, series: string): Promise<SeriesRecord | undefined> {
  const file = path.join(folders.series(workspace), series, 'record.json');
  return readTyped(file, record => seriesRecordSchema.parse(record), schema);
}

export const recordBytes = (record: SeriesRecord): Buffer =>
  Buffer.from(`${JSON.stringify({ schema, ...record }, undefined, 2)}\n`);

/** Series that are edited and not in patches/ yet: a port, a branch that is followed. */
export async function listUnwritten(workspace: Workspace): Promise<Series[]> {
  const written = await seriesNames(workspace);
  const edited = await readdir(folders.series(workspace)).catch(() => [] as string[]);
  const found = await Promise.all(
    edited
      .filter(name => isSeriesName(name) && !written.includes(name))
      .map(async (name): Promise<Series[]> => {
        const record = await readRecord(workspace, name);
        const folder = path.join(folders.patches(workspace), name);
        return record
          ? [{ name, folder, patches: [], tree: record.tree, digest: seriesDigest([]), unwritten: true }]
          : [];
      }),
  );
  return found.flat();
}

export interface EditedRange {
  readonly base: string;
  readonly tip: string;
  /** Where the branch was when patches/ was last written or read. */
  readonly refreshed: string | null;
}

/** The commits being edited. @throws Error when the refs are gone behind our back */
export async function editedRange(
  workspace: Workspace,
  series: string,
  record: SeriesRecord,
  signal: AbortSignal,
): Promise<EditedRange> {
  const tipRef = record.source.kind === 'own' ? refs.branch(series) : refs.edited(series, 'tracked');
  const names = [refs.edited(series, 'base'), tipRef, refs.edited(series, 'refreshed')];
  const [base, tip, refreshed] = await refsAt(workspace, names, signal);
  if (base && tip) return { base, tip, refreshed: refreshed ?? null };
  throw new UserError(
    `${folders.repository(workspace)} lacks ${base ? tipRef : refs.edited(series, 'base')}`,
    {
      hint: `it was removed behind initbench's back; git update-ref ${tipRef} COMMIT brings it back`,
    },
  );
}

/** A series is not longer than this; a longer way from its tip to its base is a wrong base. */
const longest = 500;

/** The commits after `base` up to `tip`, first one first, found without a walk through the history.
 *  @throws UserError when they are no line from the one to the other */
export async function commitsBetween(
  repository: string,
  base: string,
  tip: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (base === tip) return [];
  const list = await git(repository, ['rev-list', '--parents', `--max-count=${longest * 2}`, tip], signal);
  const parents = new Map(list.split('\n').map(line => [line.split(' ')[0]!, line.split(' ').slice(1)]));
  const commits: string[] = [];
  for (let at = tip; at !== base;) {
    const before = parents.get(at);
    commits.push(at);
    if (!before || before.length === 0 || commits.length > longest) {
      throw new UserError(
        `${tip.slice(0, 12)} is not within ${longest} commits of its base ${base.slice(0, 12)}`,
        {
          hint: 'if the branch was moved to another base, run: initbench series rebase SERIES --onto TREE, or series track anew',
        },
      );
    }
    if (before.length > 1) {
      throw new UserError(`${at.slice(0, 12)} is a merge; a series is a line of commits`, {
        hint: 'git rebase makes it one',
      });
    }
    at = before[0]!;
  }
  return commits.reverse();
}

export interface PatchRange {
  readonly base: string;
  readonly tip: string;
  /** After the base up to the tip, first one first. */
  readonly commits: readonly string[];
  /** The commit with b4's cover letter, which is not a patch. */
  readonly letter?: string;
}

/** What is patches of a branch: b4 keeps its cover letter as a commit that changes nothing, the first or the last one
 *  (b4.prep-cover-strategy). @throws UserError as commitsBetween() */
export async function patchRange(
  repository: string,
  { base, tip }: { readonly base: string; readonly tip: string },
  signal: AbortSignal,
): Promise<PatchRange> {
  const commits = await commitsBetween(repository, base, tip, signal);
  const ends = [commits[0], commits.at(-1)].filter(each => each !== undefined);
  if (ends.length === 0) return { base, tip, commits };
  const asked = ['rev-list', '--no-walk', '--fixed-strings', '--grep=--- b4-submit-tracking ---', ...ends];
  const found = (await git(repository, asked, signal)).split('\n').filter(Boolean);
  for (const letter of found) {
    if (!(await sameTree(repository, letter, `${letter}^`, signal))) continue;
    return letter === commits[0]
      ? { base: letter, tip, commits: commits.slice(1), letter }
      : { base, tip: commits.at(-2)!, commits: commits.slice(0, -1), letter };
  }
  return { base, tip, commits };
}

/** Whether two commits have the same files. */
export async function sameTree(
  repository: string,
  one: string,
  other: string,
  signal: AbortSignal,
): Promise<boolean> {
  const ids = await git(repository, ['rev-parse', `${one}^{tree}`, `${other}^{tree}`], signal);
  const [first, second] = ids.split('\n');
  return first === second;
}
