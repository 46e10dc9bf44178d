// SPDX-License-Identifier: GPL-2.0-only
/** Operations on a series that can be undone: each is written down with what it changes, refs and files, before and
 *  after, and only then carried out. One that was killed half-way is carried to its end by the next command. */
import { mkdir, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import {
  exists,
  leftBehind,
  readIfThere,
  type Staged,
  stageFiles,
  withLock,
  writeWhole,
} from '../host/files.ts';
import { git } from '../host/git.ts';
import { refs } from '../tree/repository.ts';
import { folders, type Workspace } from '../workspace.ts';
import { isSeriesName } from './read.ts';
import { hasCheckout, moveCheckout, openCheckoutIgnores, requireCleanCheckout } from './checkout.ts';

const schema = 'initbench.series-operation/1';
/** Older ones are forgotten, and the commits that only they kept. */
const remembered = 100;

/** A ref (a commit, or null for none) or a file of the checkout or the state (base64, or null for none). */
export interface Change {
  readonly kind: 'ref' | 'file';
  /** 'refs/...'; 'root/patches/x/0001-y.patch' or 'state/series/x/record.json'. */
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface Operation {
  readonly number: number;
  /** 'refresh', 'rebase --onto 6.12'. */
  readonly what: string;
  /** ISO 8601. */
  readonly at: string;
  readonly changes: readonly Change[];
  /** It ends what the operation before it began: they are undone and done again together. */
  readonly continues?: true;
}

/** What an operation is to leave: commits by ref, bytes by file; null removes. */
export interface Target {
  readonly refs?: Readonly<Record<string, string | null>>;
  readonly files?: Readonly<Record<string, Uint8Array | null>>;
}

export const fileName = {
  patch: (series: string, file: string) => `root/patches/${series}/${file}`,
  fragment: (series: string) => `root/kconfigs/${series}.config`,
  record: (series: string) => `state/series/${series}/record.json`,
} as const;

const placeOf = (workspace: Workspace, name: string) =>
  path.join(name.startsWith('root/') ? workspace.root : workspace.state, name.slice(name.indexOf('/') + 1));

const logFolder = (workspace: Workspace, series: string) =>
  path.join(folders.series(workspace), series, 'log');
const operationFile = (workspace: Workspace, series: string, number: number) =>
  path.join(logFolder(workspace, series), `${String(number).padStart(6, '0')}.json`);
const positionFile = (workspace: Workspace, series: string) =>
  path.join(folders.series(workspace), series, 'position.json');
const pendingFile = (workspace: Workspace, series: string) =>
  path.join(folders.series(workspace), series, 'pending.json');

type Direction = 'do' | 'undo';

/** The work while nobody else changes the series; what a killed command left is finished first.
 *  @throws UserError for a word that is no name */
export function withSeries<Product>(
  workspace: Workspace,
  series: string,
  signal: AbortSignal,
  work: () => Work<Product>,
): Work<Product> {
  // It becomes a path, and a ref.
  if (!isSeriesName(series)) {
    throw new UserError(`'${series}' cannot be the name of a series`, {
      hint: 'letters, digits, dots, dashes and underscores, a letter or digit first',
    });
  }
  return withLock(path.join(folders.series(workspace), series), signal, async function* (): Work<Product> {
    yield* finishPending(workspace, series, signal);
    return yield* work();
  });
}

/** Writes the operation down and carries it out; undefined when there is nothing to change. Within withSeries(). */
export async function* perform(
  workspace: Workspace,
  series: string,
  what: string,
  target: Target,
  signal: AbortSignal,
  { continues = false } = {},
): Work<Operation | undefined> {
  const wanted = Object.entries(target.refs ?? {});
  const found = await refsAt(
    workspace,
    wanted.map(([name]) => name),
    signal,
  );
  const changes = wanted.map(([name, after], index): Change => ({
    kind: 'ref',
    name,
    before: found[index]!,
    after,
  }));
  for (const [name, bytes] of Object.entries(target.files ?? {})) {
    const after = bytes === null ? null : Buffer.from(bytes).toString('base64');
    changes.push({ kind: 'file', name, before: await fileAt(workspace, name), after });
  }
  const real = changes.filter(({ before, after }) => before !== after);
  if (real.length === 0) return undefined;
  const number = (await position(workspace, series)) + 1;
  await forget(workspace, series, each => each >= number || each <= number - remembered, signal);
  const operation: Operation = {
    ...{ number, what, at: new Date().toISOString(), changes: real },
    ...(continues && { continues }),
  };
  try {
    await writeWhole(operationFile(workspace, series, number), JSON.stringify({ schema, ...operation }));
    const kept = commitsOf(operation).map(commit => [refs.kept(series, number, commit), commit] as const);
    await setRefs(workspace, kept, signal);
    yield* carryOut(workspace, series, operation, 'do', signal);
  } catch (error) {
    // One that was not begun is not there to be redone.
    if (!(await exists(pendingFile(workspace, series))))
      await forget(workspace, series, each => each === number, signal).catch(() => {});
    throw error;
  }
  return operation;
}

/** Takes the last operation back. @throws UserError when there is none, or what it made has changed since */
export async function* undo(workspace: Workspace, series: string, signal: AbortSignal): Work<Operation> {
  return yield* turn(workspace, series, 'undo', signal);
}

/** Does again what was last undone. @throws UserError as undo() */
export async function* redo(workspace: Workspace, series: string, signal: AbortSignal): Work<Operation> {
  return yield* turn(workspace, series, 'do', signal);
}

function turn(
  workspace: Workspace,
  series: string,
  direction: Direction,
  signal: AbortSignal,
): Work<Operation> {
  return withSeries(workspace, series, signal, () => turnWithin(workspace, series, direction, signal));
}

/** The last operation that was carried out, or undefined. */
export async function lastOperation(workspace: Workspace, series: string): Promise<Operation | undefined> {
  return readOperation(workspace, series, await position(workspace, series));
}

/** Within withSeries(). */
export async function* turnWithin(
  workspace: Workspace,
  series: string,
  direction: Direction,
  signal: AbortSignal,
): Work<Operation> {
  const operations = await operationsToTurn(workspace, series, direction);
  const [first] = operations;
  if (!first) {
    throw new UserError(`there is nothing to ${direction === 'undo' ? 'undo' : 'redo'} on ${series}`, {
      hint:
        direction === 'undo'
          ? 'commits that you made yourself are in the reflog: git reflog in `initbench series edit`'
          : 'redo follows an undo; a new operation ends that',
    });
  }
  const changes = operations.flatMap(operation => operation.changes);
  // What a later operation finds is what the one before it leaves.
  const found = changes.filter(
    (change, index) => changes.findIndex(({ name }) => name === change.name) === index,
  );
  const now = await currentOf(workspace, found, signal);
  for (const [index, change] of found.entries()) requireUnchanged(workspace, change, direction, now[index]!);
  const branch = changes.filter(({ name }) => name === refs.branch(series));
  if (branch.length > 0) {
    const removed = branch.some(change => ends(change, direction)[1] === null);
    await requireCleanCheckout(workspace, series, signal, { removed });
  }
  for (const operation of operations) yield* carryOut(workspace, series, operation, direction, signal);
  const what = (direction === 'undo' ? operations.at(-1) : first)!.what;
  return { ...first, what, changes: found };
}

/** The next one in that direction, and those that belong to it. */
async function operationsToTurn(
  workspace: Workspace,
  series: string,
  direction: Direction,
): Promise<readonly Operation[]> {
  const at = await position(workspace, series);
  const found: Operation[] = [];
  for (let number = direction === 'undo' ? at : at + 1; ; number += direction === 'undo' ? -1 : 1) {
    const operation = await readOperation(workspace, series, number);
    if (!operation) return found;
    if (direction === 'do' && found.length > 0 && !operation.continues) return found;
    found.push(operation);
    if (direction === 'undo' && !operation.continues) return found;
  }
}

function requireUnchanged(
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

/** [what should be there now, what will be]. */
const ends = ({ before, after }: Change, direction: Direction) =>
  direction === 'do' ? ([before, after] as const) : ([after, before] as const);

async function* carryOut(
  workspace: Workspace,
  series: string,
  operation: Operation,
  direction: Direction,
  signal: AbortSignal,
  resumed = false,
): Work<void> {
  const pending = pendingFile(workspace, series);
  const { number } = operation;
  const files = await stageChanges(workspace, operation, direction);
  try {
    // From here on it happens: if not now, then with the next command.
    if (!resumed) await writeWhole(pending, JSON.stringify({ schema, number, direction }));
    yield* carryChanges(workspace, series, operation, direction, { signal, resumed, files });
  } finally {
    for (const file of files.values()) await file.discard();
  }
  await sweep(workspace, operation);
  const moved = operation.changes.some(({ name }) => name === refs.branch(series));
  if (moved && (await hasCheckout(workspace, series))) await openCheckoutIgnores(workspace, series, signal);
  const at = direction === 'do' ? number : number - 1;
  await writeWhole(positionFile(workspace, series), JSON.stringify({ schema, position: at }));
  await rm(pending);
}

type StagedFiles = ReadonlyMap<Change, Staged>;

/** The files to be written, beside their places: a disk without room for all of them changes none. */
async function stageChanges(
  workspace: Workspace,
  { changes }: Operation,
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

async function* carryChanges(
  workspace: Workspace,
  series: string,
  operation: Operation,
  direction: Direction,
  {
    signal,
    resumed,
    files,
  }: { readonly signal: AbortSignal; readonly resumed: boolean; readonly files: StagedFiles },
): Work<void> {
  const now = await currentOf(workspace, operation.changes, signal);
  const led: [name: string, to: string | null][] = [];
  for (const [index, change] of operation.changes.entries()) {
    const [from, to] = ends(change, direction);
    const current = now[index];
    if (change.kind === 'ref' && change.name === refs.branch(series)) {
      // The files may have moved although the ref has not.
      if (current === from || current === to)
        yield* moveCheckout(workspace, series, { from, to, resumed }, signal);
    } else if (current === from) {
      if (change.kind === 'ref') led.push([change.name, to]);
      else await (files.get(change)?.publish() ?? removeFile(workspace, change.name));
    }
    if (current !== from && current !== to) {
      yield {
        job: `series ${series}`,
        type: 'notice',
        level: 'warning',
        message: `${change.name} was changed while '${operation.what}' was cut short; it stays as it is`,
      };
    }
  }
  await setRefs(workspace, led, signal);
}

async function* finishPending(workspace: Workspace, series: string, signal: AbortSignal): Work<void> {
  const text = await readIfThere(pendingFile(workspace, series));
  if (text === undefined) return;
  const { number, direction } = JSON.parse(text) as { number: number; direction: Direction };
  const operation = await readOperation(workspace, series, number);
  if (!operation) throw new Error(`${pendingFile(workspace, series)} names an operation that is not there`);
  yield {
    job: `series ${series}`,
    type: 'notice',
    level: 'info',
    message: `'${operation.what}' was cut short; it is brought to its end first`,
  };
  yield* carryOut(workspace, series, operation, direction, signal, true);
}

/** What is there now for each of the changes. */
async function currentOf(
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

/** The commits that full names of refs have, null where there is none: one process for all of them. */
export async function refsAt(
  workspace: Workspace,
  names: readonly string[],
  signal: AbortSignal,
): Promise<(string | null)[]> {
  if (names.length === 0) return [];
  const asked = ['for-each-ref', '--format=%(refname) %(objectname)', ...names];
  const lines = (await git(folders.repository(workspace), asked, signal)).split('\n');
  const found = new Map(lines.map(line => line.split(' ') as [string, string]));
  return names.map(name => found.get(name) ?? null);
}

export const refAt = async (
  workspace: Workspace,
  name: string,
  signal: AbortSignal,
): Promise<string | null> => (await refsAt(workspace, [name], signal))[0]!;

/** All of them or none; null removes. */
async function setRefs(
  workspace: Workspace,
  moves: readonly (readonly [name: string, to: string | null])[],
  signal: AbortSignal,
): Promise<void> {
  if (moves.length === 0) return;
  const lines = moves.map(([name, to]) => (to === null ? `delete ${name}\n` : `update ${name} ${to}\n`));
  await git(folders.repository(workspace), ['update-ref', '--stdin'], signal, { input: lines.join('') });
}

async function fileAt(workspace: Workspace, name: string): Promise<string | null> {
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
async function sweep(workspace: Workspace, operation: Operation): Promise<void> {
  const files = operation.changes.filter(({ kind }) => kind === 'file');
  for (const folder of new Set(files.map(({ name }) => path.dirname(placeOf(workspace, name))))) {
    for (const left of await leftBehind(folder)) await rm(left, { force: true });
  }
}

async function position(workspace: Workspace, series: string): Promise<number> {
  const text = await readIfThere(positionFile(workspace, series));
  return text === undefined ? 0 : (JSON.parse(text) as { position: number }).position;
}

async function readOperation(
  workspace: Workspace,
  series: string,
  number: number,
): Promise<Operation | undefined> {
  const text = await readIfThere(operationFile(workspace, series, number));
  if (text === undefined) return undefined;
  const { schema: found, ...operation } = JSON.parse(text) as Operation & { schema: string };
  if (found === schema) return operation;
  throw new UserError(`${operationFile(workspace, series, number)} is '${found}'`, {
    hint: `this initbench reads '${schema}'`,
  });
}

const commitsOf = ({ changes }: Operation): readonly string[] => [
  ...new Set(
    changes
      .filter(({ kind }) => kind === 'ref')
      .flatMap(({ before, after }) => [before ?? [], after ?? []].flat()),
  ),
];

async function forget(
  workspace: Workspace,
  series: string,
  which: (number: number) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const folder = logFolder(workspace, series);
  await mkdir(folder, { recursive: true });
  for (const file of await readdir(folder)) {
    const number = Number(/^(\d+)\.json$/.exec(file)?.[1]);
    if (!Number.isInteger(number) || !which(number)) continue;
    const operation = await readOperation(workspace, series, number);
    await rm(path.join(folder, file));
    const kept = operation ? commitsOf(operation) : [];
    await setRefs(
      workspace,
      kept.map(commit => [refs.kept(series, number, commit), null]),
      signal,
    );
  }
}
