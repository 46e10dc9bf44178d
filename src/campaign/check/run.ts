// SPDX-License-Identifier: GPL-2.0-only
/** Runs one case of a check: moves the worktree of the check to the patch, builds, looks, boots; what comes of it is an
 *  answer. */
import path from 'node:path';
import { planBoot } from '../../boot/plan.ts';
import { bootOnce } from '../../boot/run.ts';
import type { Work } from '../../events.ts';
import { exitCodes, UserError } from '../../host/errors.ts';
import { exists, withLock } from '../../host/files.ts';
import { formatLost } from '../../kconfig/fragment.ts';
import { affectedObjects, type Dependencies, readDependencies } from '../../kernel/affected.ts';
import { buildKernel, refreshBuild } from '../../kernel/build.ts';
import { type Build, folderOf } from '../../kernel/make.ts';
import { type Message, newMessages } from '../../kernel/messages.ts';
import { makeObjects } from '../../kernel/objects.ts';
import { configure } from '../../kernel/plan.ts';
import { prepareKernel } from '../../kernel/prepare.ts';
import { BuildFailed } from '../../kernel/run.ts';
import { kernelFolder, readKernel } from '../../kernel/store.ts';
import type { Series } from '../../series/series.ts';
import type { Tree, Worktree } from '../../tree/tree.ts';
import { worktreeAt, worktreePath } from '../../tree/worktree.ts';
import type { Workspace } from '../../workspace.ts';
import {
  type Answer,
  type Case,
  type Finding,
  keyOfCase,
  labelOfCase,
  mainVariant,
  neededBuild,
} from './check.ts';
import { checkPatch } from './checkpatch.ts';
import { testPatch } from './kunit.ts';
import { bootSettings, checkLabel, machines, messagesBuild, type Planned, variablesOf } from './plan.ts';

/** What the cases of one check share. */
export interface Check {
  readonly workspace: Workspace;
  readonly series: Series;
  readonly tree: Tree;
  readonly planned: Planned;
  readonly fragments: readonly string[];
  /** What the base says of an object; found out once. */
  readonly baseSays: Map<string, readonly Message[]>;
  /** The base tree's worktree, once it has been asked for. */
  base?: Worktree;
  /** Whether the base kernel, whose objects every build starts from, is there. */
  seeded?: true;
}

/** Another check of the series may be at work in the same worktree; it lets go between cases. */
const patienceMs = 3_600_000;

export async function* runCase(
  check: Check,
  one: Case,
  results: ReadonlyMap<string, Answer>,
  signal: AbortSignal,
): Work<Answer> {
  const job = labelOfCase(check.planned.plan, one);
  if (one.kind === 'checkpatch') {
    const base = yield* named(job, baseWorktree(check, signal));
    const { file, path: at } = check.series.patches[one.patch]!;
    return {
      kind: 'findings',
      findings: await checkPatch(base, { file, path: at }, check.workspace, signal),
    };
  }
  if (one.kind === 'boot') return yield* boot(check, one, results, signal);
  const place = worktreePath(check.workspace, check.tree.name, checkLabel(check.series.name));
  const work = { build, messages, kunit }[one.kind];
  return yield* named(
    job,
    withLock(`${place}.check`, signal, () => work(check, one as never, signal), {
      waitMs: patienceMs,
    }),
  );
}

/** The same work under the name of the case it is for. */
async function* named<Product>(job: string, work: Work<Product>): Work<Product> {
  try {
    for (;;) {
      const next = await work.next();
      if (next.done) return next.value;
      yield { ...next.value, job };
    }
  } finally {
    await work.return(undefined as never);
  }
}

async function* baseWorktree(check: Check, signal: AbortSignal): Work<Worktree> {
  check.base ??= yield* worktreeAt(check.workspace, check.tree, 'base', check.tree.commit, signal);
  return check.base;
}

/** The worktree of the check at a patch. */
function checkedOut(check: Check, patch: number, signal: AbortSignal): Work<Worktree> {
  const { commit } = check.planned.plan.patches[patch]!;
  return worktreeAt(check.workspace, check.tree, checkLabel(check.series.name), commit, signal);
}

async function* build(check: Check, one: Case & { kind: 'build' }, signal: AbortSignal): Work<Answer> {
  const { workspace, tree, fragments } = check;
  if (!check.seeded) {
    yield* prepareKernel(workspace, { kernel: 'base', tree: tree.name, fragments }, signal);
    check.seeded = true;
  }
  const worktree = yield* checkedOut(check, one.patch, signal);
  const planned = { ...check.planned.buildOf(one.patch, one.variant), worktree };
  const config = yield* configure(workspace, planned, signal);
  if (config.lost.length > 0) {
    const findings = config.lost.map(
      lost => ({ level: 'error', type: 'kconfig', text: formatLost(lost) }) as const,
    );
    return { kind: 'not-built', findings };
  }
  try {
    const kernel = yield* buildKernel(workspace, planned, config, signal);
    return { kind: 'built', kernel: kernel.digest, config: config.digest, ms: kernel.built };
  } catch (error) {
    if (error instanceof BuildFailed) return { kind: 'not-built', findings: error.errors.map(errorFinding) };
    throw error;
  }
}

/** 'fs/erofs/super.c:12:5: error: text' */
function errorFinding(text: string): Finding {
  const place = /^([^\s:]+):(\d+):(?:\d+:)? (.*)$/.exec(text);
  if (!place) return { level: 'error', type: 'kbuild', text };
  return { level: 'error', type: 'kbuild', file: place[1]!, line: Number(place[2]), text: place[3]! };
}

async function* messages(check: Check, one: Case & { kind: 'messages' }, signal: AbortSignal): Work<Answer> {
  const { workspace, planned } = check;
  const worktree = yield* checkedOut(check, one.patch, signal);
  const plain = { ...planned.buildOf(one.patch, mainVariant(planned.plan, one.patch)), worktree };
  const config = yield* configure(workspace, plain, signal);
  yield* refreshBuild(workspace, plain, config, signal);
  const dependencies = await readDependencies(path.join(worktree.path, folderOf(plain)));
  // An object of a later patch may still lie there.
  const affected = await withSource(affectedObjects(dependencies, planned.changed[one.patch]!), worktree);
  const objects = affected.map(({ object }) => object);
  if (objects.length === 0) return { kind: 'messages', objects, compiler: [], sparse: [] };
  const before = yield* baseMessages(check, affected, signal);
  try {
    const special = { ...messagesBuild(planned, one.patch), worktree };
    const said = yield* makeObjects(workspace, special, config, objects, signal);
    const fresh = newMessages(said.messages, before);
    const of = (from: Message['from']) => fresh.filter(message => message.from === from).map(messageFinding);
    const { version } = planned.checker;
    const refused = `kbuild says that sparse ${version} is not up to date for this tree`;
    return { kind: 'messages', objects, compiler: of('W=1'), sparse: said.checked ? of('sparse') : refused };
  } catch (error) {
    if (error instanceof BuildFailed) return { kind: 'not-built', findings: error.errors.map(errorFinding) };
    throw error;
  }
}

async function* kunit(check: Check, one: Case & { kind: 'kunit' }, signal: AbortSignal): Work<Answer> {
  const worktree = yield* checkedOut(check, one.patch, signal);
  const job = labelOfCase(check.planned.plan, one);
  return yield* testPatch(check.workspace, job, worktree, check.planned.suites[one.patch]!, signal);
}

async function withSource(
  objects: readonly Dependencies[],
  worktree: Worktree,
): Promise<readonly Dependencies[]> {
  const there = await Promise.all(objects.map(({ source }) => exists(path.join(worktree.path, source))));
  return objects.filter((_, index) => there[index]);
}

const messageFinding = ({ from, level, file, line, text }: Message): Finding => ({
  ...{ level, type: from, file, text },
  ...(line === undefined ? {} : { line }),
});

/** What the base tree, without the series' options, says of those of the objects whose source it has. */
async function* baseMessages(
  check: Check,
  objects: readonly Dependencies[],
  signal: AbortSignal,
): Work<ReadonlyMap<string, readonly Message[]>> {
  const worktree = yield* baseWorktree(check, signal);
  const plain: Build = { ...check.planned.buildOf(0, 'off'), name: 'base', worktree };
  const there = (await withSource(objects, worktree)).map(({ object }) => object);
  const missing = there.filter(object => !check.baseSays.has(object));
  if (missing.length > 0) {
    const config = yield* configure(check.workspace, plain, signal);
    const special = { ...plain, variables: { ...plain.variables, ...variablesOf(check.planned.checker) } };
    const said = yield* makeObjects(check.workspace, special, config, missing, signal);
    for (const [object, list] of said.messages) check.baseSays.set(object, list);
  }
  return new Map(there.map(object => [object, check.baseSays.get(object) ?? []]));
}

async function* boot(
  check: Check,
  one: Case & { kind: 'boot' },
  results: ReadonlyMap<string, Answer>,
  signal: AbortSignal,
): Work<Answer> {
  const { workspace, planned, series, tree } = check;
  const built = results.get(keyOfCase(planned.plan, neededBuild(planned.plan, one)!));
  const kernel =
    built?.kind === 'built' ? await readKernel(kernelFolder(workspace, built.kernel)) : undefined;
  if (!kernel) {
    throw new UserError(`the kernel of ${labelOfCase(planned.plan, one)} is gone from the cache`, {
      hint: 'ask again',
      exitCode: exitCodes.environment,
    });
  }
  const flow = planned.flows.find(each => each.id === one.flow)!;
  const plan = yield* planBoot(
    workspace,
    {
      row: `${flow.id}@${labelOfCase(planned.plan, neededBuild(planned.plan, one)!).replace(' ', '/')}`,
      ...{ flow, kernel: { ...kernel, name: series.name, tree: tree.name }, payload: planned.payload },
      ...{ ...bootSettings, ...machines[one.variant] },
    },
    signal,
  );
  const { id, outcome, facts } = yield* bootOnce(workspace, plan, signal);
  const trouble = facts.filter(fact => fact.name === 'trouble').map(fact => fact.values.message ?? '');
  return { kind: 'booted', run: id, outcome, trouble };
}
