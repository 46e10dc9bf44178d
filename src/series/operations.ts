// SPDX-License-Identifier: GPL-2.0-only
/** Operations on a series that can be undone: each is written down with what it changes, refs and files, before and
 *  after, and only then carried out. One that was killed half-way is carried to its end by the next command. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { list, number, object, text } from '../document.ts';
import type { Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { exists, readTyped, withLock, writeWhole } from '../host/files.ts';
import { refs, refsAt, setRefs } from '../tree/repository.ts';
import { folders, type Workspace } from '../workspace.ts';
import {
  carryChanges,
  type Change,
  changeSchema,
  currentOf,
  type Direction,
  directionSchema,
  ends,
  fileAt,
  requireUnchanged,
  stageChanges,
  sweep,
} from './change.ts';
import { hasCheckout, openCheckoutIgnores, requireCleanCheckout } from './checkout.ts';
import { isSeriesName } from './read.ts';

const schema = 'initbench.series-operation/1';
/** Older ones are forgotten, and the commits that only they kept. */
const remembered = 100;

export const operationSchema = object({
  number: number,
  /** 'refresh', 'rebase --onto 6.12'. */
  what: text,
  /** ISO 8601. */
  at: text,
  changes: list(changeSchema),
  /** It ends what the operation before it began: they are undone and done again together. */
  continues: z.literal(true).exactOptional(),
});
export type Operation = z.infer<typeof operationSchema>;

const positionSchema = object({ position: number });
/** What was begun: whoever reads this finds that it was cut short. */
const pendingSchema = object({ number, direction: directionSchema });

/** What an operation is to leave: commits by ref, bytes by file; null removes. */
export interface Target {
  readonly refs?: Readonly<Record<string, string | null>>;
  readonly files?: Readonly<Record<string, Uint8Array | null>>;
}

const logFolder = (workspace: Workspace, series: string) =>
  path.join(folders.series(workspace), series, 'log');
const operationFile = (workspace: Workspace, series: string, number: number) =>
  path.join(logFolder(workspace, series), `${String(number).padStart(6, '0')}.json`);
const positionFile = (workspace: Workspace, series: string) =>
  path.join(folders.series(workspace), series, 'position.json');
const pendingFile = (workspace: Workspace, series: string) =>
  path.join(folders.series(workspace), series, 'pending.json');

/** The work while nobody else changes the series; what a killed command left is finished first.
 *  @throws UserError for a word that is not a name */
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
  const files = await stageChanges(workspace, operation.changes, direction);
  try {
    // From here on it happens: if not now, then with the next command.
    if (!resumed) await writeWhole(pending, JSON.stringify({ schema, number, direction }));
    yield* carryChanges(workspace, series, operation, direction, { signal, resumed, files });
  } finally {
    for (const file of files.values()) await file.discard();
  }
  await sweep(workspace, operation.changes);
  const moved = operation.changes.some(({ name }) => name === refs.branch(series));
  if (moved && (await hasCheckout(workspace, series))) await openCheckoutIgnores(workspace, series, signal);
  const at = direction === 'do' ? number : number - 1;
  await writeWhole(positionFile(workspace, series), JSON.stringify({ schema, position: at }));
  await rm(pending);
}

async function* finishPending(workspace: Workspace, series: string, signal: AbortSignal): Work<void> {
  const file = pendingFile(workspace, series);
  const pending = await readTyped(file, record => pendingSchema.parse(record), schema);
  if (pending === undefined) return;
  const { number, direction } = pending;
  const operation = await readOperation(workspace, series, number);
  if (!operation) throw new Error(`${file} names an operation that is not there`);
  yield {
    job: `series ${series}`,
    type: 'notice',
    level: 'info',
    message: `'${operation.what}' was interrupted; it is completed first`,
  };
  yield* carryOut(workspace, series, operation, direction, signal, true);
}

async function position(workspace: Workspace, series: string): Promise<number> {
  const file = positionFile(workspace, series);
  return (await readTyped(file, record => positionSchema.parse(record), schema))?.position ?? 0;
}

const readOperation = (
  workspace: Workspace,
  series: string,
  number: number,
): Promise<Operation | undefined> =>
  readTyped(operationFile(workspace, series, number), record => operationSchema.parse(record), schema);

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
