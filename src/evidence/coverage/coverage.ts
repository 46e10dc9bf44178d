// SPDX-License-Identifier: GPL-2.0-only
/** The campaign that finds out which added lines of a series are run: boots of a kernel that counts, gcov for the lines
 *  that the counters mean, git for the patches of the lines. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { z } from 'zod';
import { chosenMachine } from '../../boot/registry.ts';
import { runCampaign } from '../../campaign/runner.ts';
import { list, number, object, table, text, texts } from '../../document.ts';
import { digestSchema, type Work } from '../../events.ts';
import { UserError } from '../../host/errors.ts';
import { capture } from '../../host/exec.ts';
import { scratchFolder, shortDigest } from '../../host/files.ts';
import { git } from '../../host/git.ts';
import { toolVersion } from '../../image/version.ts';
import { dataFiles, type Profiled } from '../../kernel/gcov.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { folderOf } from '../../kernel/make.ts';
import { makeObjects } from '../../kernel/objects.ts';
import { configure } from '../../kernel/plan.ts';
import { planKernel } from '../../kernel/prepare.ts';
import { addedBy } from '../../series/blame.ts';
import { readAddedLines, readSeries } from '../../series/read.ts';
import type { Series } from '../../series/series.ts';
import type { Worktree } from '../../tree/tree.ts';
import { folders, type Workspace } from '../../workspace.ts';
import { type Case, casesOf, type Kind, kinds } from './cases.ts';
import { type Counting, countersAfter, packed, requireReadable, unpacked } from './counters.ts';
import { type AddedFile, type Counts, foldLines, parseGcov, patchCoverageSchema, summed } from './lines.ts';

export interface CoverageRequest {
  readonly series: string;
  readonly tree: string;
  /** Damaged images of each layout. */
  readonly fuzz: number;
  /** Boot again what is known. */
  readonly again: boolean;
}

export const coveredSchema = object({
  series: object({ name: text, digest: digestSchema }),
  tree: text,
  release: text,
  /** By kind: how many boots. */
  boots: table(number),
  /** Boots whose counters could not be read: the machine was gone, or another kernel had been started in its memory. */
  unread: texts,
  patches: list(patchCoverageSchema),
  /** Files of the series that are in none of the kernels. */
  notBuilt: texts,
});
export type Covered = z.infer<typeof coveredSchema>;

/** One line of the record. */
interface Counted {
  readonly kind: Kind;
  readonly label: string;
  /** The counters, 64 bits each, deflated and in base64; absent when they could not be read. */
  readonly values?: string;
}

/** @throws UserError when the series does not apply or no machine here can be read, BuildFailed */
export async function* coverSeries(
  workspace: Workspace,
  request: CoverageRequest,
  signal: AbortSignal,
): Work<Covered> {
  const series = await readSeries(workspace, request.series);
  const sources = Object.keys(await readAddedLines(series)).filter(file => file.endsWith('.c'));
  const machine = requireReadable(chosenMachine(workspace, undefined));
  await toolVersion('gcov', 'series coverage', signal);
  const { cases, counting } = yield* casesOf(workspace, { ...request, machine }, sources, signal);
  const scratch = await scratchFolder('coverage');
  try {
    const { results } = yield* runCampaign<Case, Counted>(
      workspace,
      {
        job: `coverage ${series.name}`,
        record: `coverage-${series.name}-${shortDigest(counting.kernel.digest)}`,
        keyOf: ({ key }) => key,
        labelOf: ({ label }) => label,
        next: () => cases,
        run: (one, within) => count(one, counting, scratch, within),
        // what could not be read may be the next time
        doubts: ({ values }) => values === undefined,
        atOnce: availableParallelism(),
        again: request.again,
      },
      signal,
    );
    const counted = cases.map(({ key }) => results.get(key)!);
    const lines = yield* countLines(workspace, request.tree, counting, counted, scratch, signal);
    return {
      series: { name: series.name, digest: series.digest },
      tree: request.tree,
      release: counting.kernel.release,
      boots: Object.fromEntries(
        kinds.map(kind => [
          kind,
          counted.filter(one => one.kind === kind && one.values !== undefined).length,
        ]),
      ),
      unread: counted.filter(({ values }) => values === undefined).map(({ label }) => label),
      patches: await foldOnto(workspace, series, lines, signal),
      notBuilt: sources.filter(file => !lines.files.has(file)),
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function* count(
  { label, kind, plan }: Case,
  counting: Counting,
  scratch: string,
  signal: AbortSignal,
): Work<Counted> {
  yield* [];
  const values = await countersAfter(counting, plan, scratch, signal);
  return { kind, label, ...(values && { values: packed(values) }) };
}

interface Lines {
  /** By file of the series and kind of boot. */
  readonly files: ReadonlyMap<string, ReadonlyMap<Kind, Counts>>;
  readonly worktree: Worktree;
  readonly base: string;
}

/** What gcov makes of the counters. */
async function* countLines(
  workspace: Workspace,
  tree: string,
  { kernel, files }: Counting,
  counted: readonly Counted[],
  scratch: string,
  signal: AbortSignal,
): Work<Lines> {
  const { worktree, base, notes } = yield* notesOf(workspace, kernel, tree, files, signal);
  const found: { file: string; kind: Kind; counts: Counts }[] = [];
  for (const kind of kinds) {
    const boots = counted.flatMap(one =>
      one.kind === kind && one.values !== undefined ? [unpacked(one.values)] : [],
    );
    if (boots.length === 0) continue;
    const sums = boots[0]!.map((_, index) => boots.reduce((sum, values) => sum + values[index]!, 0n));
    for (const [file, data] of dataFiles(files, sums, name => notes.get(name)!)) {
      const folder = await mkdtemp(path.join(scratch, 'gcov-'));
      await writeFile(path.join(folder, 'one.gcno'), notes.get(file)!);
      await writeFile(path.join(folder, 'one.gcda'), data);
      const answer = await capture(['gcov', '--json-format', '--stdout', 'one.gcda'], {
        cwd: folder,
        signal,
      });
      for (const [source, counts] of parseGcov(answer, worktree.path))
        found.push({ file: source, kind, counts });
    }
  }
  const of = (file: string, kind: Kind) =>
    summed(found.filter(one => one.file === file && one.kind === kind).map(({ counts }) => counts));
  const names = [...new Set(found.map(({ file }) => file))];
  const counts = new Map(names.map(file => [file, new Map(kinds.map(kind => [kind, of(file, kind)]))]));
  return { files: counts, worktree, base };
}

/** gcov's notes of each file: it is compiled once more, since those of a cached kernel are gone. */
async function* notesOf(
  workspace: Workspace,
  kernel: Kernel,
  tree: string,
  files: readonly Profiled[],
  signal: AbortSignal,
): Work<{
  readonly worktree: Worktree;
  readonly base: string;
  readonly notes: ReadonlyMap<string, Buffer>;
}> {
  const variables = Object.entries(kernel.variables).map(([name, value]) => `${name}=${value}`);
  const asked = { kernel: kernel.name, tree, fragments: kernel.origin!.fragments, variables };
  const planned = yield* planKernel(workspace, asked, signal);
  if (planned.kind === 'conflict') throw new UserError(`${kernel.name} does not apply to ${tree} any more`);
  const { build, origin } = planned;
  const config = yield* configure(workspace, build, signal);
  const top = path.join(build.worktree.path, folderOf(build));
  const objects = files.map(({ file }) =>
    file.slice(file.indexOf(`${folderOf(build)}/`) + folderOf(build).length + 1),
  );
  yield* makeObjects(
    workspace,
    build,
    config,
    objects.map(file => file.replace(/\.gcda$/, '.o')),
    signal,
  );
  const notes = new Map<string, Buffer>();
  for (const [index, { file }] of files.entries()) {
    notes.set(file, await readFile(path.join(top, objects[index]!.replace(/\.gcda$/, '.gcno'))));
  }
  return { worktree: build.worktree, base: origin.base, notes };
}

async function foldOnto(
  workspace: Workspace,
  series: Series,
  { files, worktree, base }: Lines,
  signal: AbortSignal,
): Promise<Covered['patches']> {
  const repository = folders.repository(workspace);
  const range = { base, tip: worktree.commit };
  const commits = (
    await git(repository, ['rev-list', '--reverse', `${base}..${worktree.commit}`], signal)
  ).split('\n');
  const nameOf = new Map(
    commits.map((commit, index) => [commit, path.basename(series.patches[index]!.path)]),
  );
  const added: AddedFile[] = [];
  const changed = new Set(
    (await git(repository, ['diff', '--name-only', base, worktree.commit], signal)).split('\n'),
  );
  for (const [file, counts] of files) {
    if (!changed.has(file)) continue;
    const lines = await addedBy(repository, range, file, signal);
    const source = (await git(repository, ['show', `${worktree.commit}:${file}`], signal)).split('\n');
    const patches = new Map([...lines].map(([line, commit]) => [line, nameOf.get(commit)!]));
    added.push({ file, patches, counts, source });
  }
  return foldLines([...nameOf.values()], kinds, added);
}
