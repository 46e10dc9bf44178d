// SPDX-License-Identifier: GPL-2.0-only
/** What an operation on a series changes, refs and files: what is there, and how what is to be there comes there. */
import { readFile, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { object, text } from '../document.ts';
import type { Work } from '../events.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import { leftBehind, type Staged, stageFiles } from '../host/files.ts';
import { refs, refsAt, setRefs } from '../tree/repository.ts';
import type { Workspace } from '../workspace.ts';
import { moveCheckout } from './checkout.ts';

/** A ref (a commit, or null for none) or a file of the checkout or the state (base64, or null for none). */
export const changeSchema = object({
  kind: z.enum(['ref', 'file']),
  /** 'refs/...'; 'root/patches/x/0001-y.patch' or 'state/series/x/record.json'. */
  name: text,
  before: text.nullable(),
  after: text.nullable(),
});
export type Change = z.infer<typeof changeSchema>;

/** Towards what an operation leaves, or what it found. */
export const directionSchema = z.enum(['do', 'undo']);
export type Direction = z.infer<typeof directionSchema>;

export const fileName = {
  patch: (series: string, file: string) => `root/patches/${series}/${file}`,
  fragment: (series: string) => `root/kconfigs/${series}.config`,
  record: (series: string) => `state/series/${series}/record.json`,
} as const;

const placeOf = (workspace: Workspace, name: string) =>
  path.join(name.startsWith('root/') ? workspace.root : workspace.state, name.slice(name.indexOf('/') + 1));

/** [what should be there now, what will be]. */
export const ends = ({ before, after }: Change, direction: Direction) =>
  direction === 'do' ? ([before, after] as const) : ([after, before] as const);

/** @throws UserError when something else is there than the operation left */
export function requireUnchanged(
  workspace: Workspace,
  change: Change,
  direction: Direction,
  current: string | null,
): void {
  const [from] = ends(change, direction);
  if (current === from) return;
  const shown = change.kind === 'file' ? placeOf(workspace, change.name) : change.name;
  throw new UserError(`${shown} has changed since`, {
    hint:
      change.kind === 'file'
        ? 'keep your change elsewhere and put the file back, or write it with `initbench series refresh`'
        : `keep the newer commits on another branch, then: git update-ref ${change.name} ${from ?? '-d'}`,
    exitCode: exitCodes.conflict,
  });
}

/** What is there now for each of the changes. */
export async function currentOf(
  workspace: Workspace,
  changes: readonly Change[],
  signal: AbortSignal,
): Promise<(string | null)[]> {
  const names = changes.filter(({ kind }) => kind === 'ref').map(({ name }) => name);
  const found = await refsAt(workspace, names, signal);
  return Promise.all(
    changes.map(async ({ kind, name }) =>
      kind === 'ref' ? found[names.indexOf(name)]! : fileAt(workspace, name),
    ),
  );
}

export type StagedFiles = ReadonlyMap<Change, Staged>;

/** The files to be written, beside their places: a disk without room for all of them changes none. */
export async function stageChanges(
  workspace: Workspace,
  changes: readonly Change[],
  direction: Direction,
): Promise<StagedFiles> {
  const staged = new Map<Change, Staged>();
  try {
    for (const change of changes) {
      const [, to] = ends(change, direction);
      if (change.kind === 'ref' || to === null) continue;
      const data = Buffer.from(to, 'base64');
      staged.set(change, await stageFiles([{ file: placeOf(workspace, change.name), data }]));
    }
    return staged;
  } catch (error) {
    for (const each of staged.values()) await each.discard();
    throw error;
  }
}

/** What has changed meanwhile stays as it is, and is named. */
export async function* carryChanges(
  workspace: Workspace,
  series: string,
  { what, changes }: { readonly what: string; readonly changes: readonly Change[] },
  direction: Direction,
  {
    signal,
    resumed,
    files,
  }: { readonly signal: AbortSignal; readonly resumed: boolean; readonly files: StagedFiles },
): Work<void> {
  const now = await currentOf(workspace, changes, signal);
  const moves: [name: string, to: string | null][] = [];
  for (const [index, change] of changes.entries()) {
    const [from, to] = ends(change, direction);
    const current = now[index];
    if (change.kind === 'ref' && change.name === refs.branch(series)) {
      // The files may have moved although the ref has not.
      if (current === from || current === to)
        yield* moveCheckout(workspace, series, { from, to, resumed }, signal);
    } else if (current === from) {
      if (change.kind === 'ref') moves.push([change.name, to]);
      else await (files.get(change)?.publish() ?? removeFile(workspace, change.name));
    }
    if (current !== from && current !== to) {
      yield {
        job: `series ${series}`,
        type: 'notice',
        level: 'warning',
        message: `${change.name} was changed while '${what}' was cut short; it stays as it is`,
      };
    }
  }
  await setRefs(workspace, moves, signal);
}

/** In base64. */
export async function fileAt(workspace: Workspace, name: string): Promise<string | null> {
  try {
    return (await readFile(placeOf(workspace, name))).toString('base64');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function removeFile(workspace: Workspace, name: string): Promise<void> {
  const place = placeOf(workspace, name);
  await rm(place, { force: true });
  await rmdir(path.dirname(place)).catch(() => {});
}

/** What writeWhole() left beside a file when it was killed. */
export async function sweep(workspace: Workspace, changes: readonly Change[]): Promise<void> {
  const files = changes.filter(({ kind }) => kind === 'file');
  for (const folder of new Set(files.map(({ name }) => path.dirname(placeOf(workspace, name))))) {
    for (const left of await leftBehind(folder)) await rm(left, { force: true });
  }
}
