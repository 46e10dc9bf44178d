// SPDX-License-Identifier: GPL-2.0-only
/** The campaign that finds out which added lines of a series are run: what requirements boot, the series' KUnit suites
 *  among it, and damaged images, on kernels that count. The counters are read from the memory of a guest that has
 *  stopped, so that a boot that ends in a panic counts as well. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { z } from 'zod';
import type { BootPlan } from '../../boot/machine.ts';
import { bootQuietly } from '../../boot/quiet.ts';
import { findMachine } from '../../boot/registry.ts';
import { runCampaign } from '../../campaign/runner.ts';
import { list, number, object, table, text, texts } from '../../document.ts';
import { digestSchema, type Work } from '../../events.ts';
import { exitCodes, UserError } from '../../host/errors.ts';
import { capture } from '../../host/exec.ts';
import { digestOf, scratchFolder, shortDigest } from '../../host/files.ts';
import { git } from '../../host/git.ts';
import { buildGuestPrograms } from '../../image/guest.ts';
import { programsArch } from '../../kernel/architecture.ts';
import { dataFiles, type Profiled, profiledFiles, type Range, rangeOf, valuesOf } from '../../kernel/gcov.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { makeObjects } from '../../kernel/objects.ts';
import { folderOf } from '../../kernel/make.ts';
import { configure } from '../../kernel/plan.ts';
import { type KernelRequest, planKernel, prepare } from '../../kernel/prepare.ts';
import { addedBy } from '../../series/blame.ts';
import { readAddedLines, readSeries } from '../../series/read.ts';
import type { Series } from '../../series/series.ts';
import type { Worktree } from '../../tree/tree.ts';
import { folders, type Workspace } from '../../workspace.ts';
import { formatCase, generatorVersion, makeCase } from '../fuzz/case.ts';
import { allBases } from '../fuzz/fuzz.ts';
import { initrdPlan, openBench, writeTo } from '../fuzz/machine.ts';
import type { Bench } from '../verify/initrd.ts';
import { missingOption } from '../verify/kernels.ts';
import { listRequirements } from '../verify/registry.ts';
import { kernels, spokenId, type Trial } from '../verify/requirement.ts';
import { type PlannedTrial, planTrial } from '../verify/trial.ts';
import { type AddedFile, type Counts, foldLines, parseGcov, patchCoverageSchema, summed } from './lines.ts';

export interface CoverageRequest {
  readonly series: string;
  readonly tree: string;
  /** Damaged images of each layout. */
  readonly fuzz: number;
  /** Boot again what is known. */
  readonly again: boolean;
}

/** Of a guest that boots a damaged image: this kernel is not the small one that others are booted on. */
const memoryMiB = 512;

/** Kinds of boots, as the table's columns call them. */
const kinds = ['boots', 'kunit', 'fuzz'] as const;
type Kind = (typeof kinds)[number];

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

/** A kernel that counts. */
interface Counting {
  readonly kernel: Kernel;
  /** What it counts of the series' files. */
  readonly files: readonly Profiled[];
  readonly range: Range;
}

/** One boot. */
interface Case {
  readonly key: string;
  readonly label: string;
  readonly kind: Kind;
  readonly plan: (folder: string) => Promise<BootPlan>;
}

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
  const { cases, counting } = yield* casesOf(workspace, request, sources, signal);
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
        run: (one, within) => quietly(count(one, counting, scratch, within)),
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

/** kbuild's own switch of one object; another object of the same name counts as well, and is not looked at. */
const variablesFor = (sources: readonly string[]): string[] =>
  [...new Set(sources.map(file => `GCOV_PROFILE_${path.basename(file, '.c')}.o=y`))].sort();

/** One kernel boots them all: that of the requirements that need most. */
async function* casesOf(
  workspace: Workspace,
  { series, tree, fuzz }: CoverageRequest,
  sources: readonly string[],
  signal: AbortSignal,
): Work<{ readonly cases: readonly Case[]; readonly counting: Counting }> {
  const fragments = [...workspace.settings.fragments, ...kernels.verify.fragments, 'coverage'];
  const asked = { kernel: series, tree, fragments, variables: variablesFor(sources) };
  const kernel = yield* kernelOf(workspace, asked, signal);
  const counting = await countingKernel(kernel, sources);
  const guest = yield* buildGuestPrograms(workspace, programsArch(kernel.arch), signal);
  const bench: Bench = { workspace, kernel, guest, made: new Map() };
  const cases = new Map<string, Case>();
  for (const { id, boots } of await listRequirements()) {
    for (const [name, trial] of Object.entries(boots)) {
      if (trial.kernel.carries !== 'series' || (await missingOption(kernel, trial))) continue;
      const label = `${spokenId(id)} ${name}`;
      const one = yield* planned(bench, { name: label, trial }, signal);
      if (!one) continue;
      const kind = trial.append?.includes('kunit.enable=1') ? 'kunit' : 'boots';
      cases.set(one.key, { key: one.key, label, kind, plan: async () => one.plan });
    }
  }
  const fuzzed = fuzz > 0 ? yield* fuzzCases(bench, fuzz, signal) : [];
  return { cases: [...cases.values(), ...fuzzed], counting };
}

/** An older tree has not every option that some requirement needs. */
async function* kernelOf(workspace: Workspace, asked: KernelRequest, signal: AbortSignal): Work<Kernel> {
  const prepared = yield* prepare(workspace, { ...asked, allowLost: true }, signal);
  if (prepared.kind === 'kernel') return prepared.kernel;
  throw new UserError(`${asked.kernel} does not apply to ${asked.tree}`, {
    hint: `initbench series apply ${asked.kernel} --tree ${asked.tree} shows more`,
    exitCode: exitCodes.conflict,
  });
}

/** Undefined when what it is made of is not installed. */
async function* planned(
  bench: Bench,
  about: { readonly name: string; readonly trial: Trial },
  signal: AbortSignal,
): Work<PlannedTrial | undefined> {
  try {
    return yield* planTrial(bench, about, signal);
  } catch (error) {
    if (error instanceof UserError && error.exitCode === exitCodes.environment) return undefined;
    throw error;
  }
}

async function* fuzzCases(
  { workspace, kernel, guest }: Bench,
  count: number,
  signal: AbortSignal,
): Work<Case[]> {
  const walker = await readFile(guest.walker);
  const bases = yield* allBases(workspace, [], signal);
  const bench = { ...(yield* openBench(workspace, kernel, 1, signal)), memoryMiB };
  const setting = shortDigest(
    digestOf([generatorVersion, walker.toString('hex'), bases.map(({ digest }) => digest)]),
  );
  return bases.flatMap(({ layout }) =>
    Array.from({ length: count }, (_, index): Case => {
      const name = { seed: 1, layout: layout.id, index };
      const label = formatCase(name);
      return {
        ...{ key: `${setting} ${label}`, label, kind: 'fuzz' },
        async plan(folder) {
          const { initrd } = makeCase(name, bases, walker);
          return initrdPlan(bench, await writeTo(folder, 'initrd', initrd), initrd.length, label);
        },
      };
    }),
  );
}

async function countingKernel(kernel: Kernel, sources: readonly string[]): Promise<Counting> {
  const files = profiledFiles(await readFile(kernel.files.vmlinux)).filter(({ file }) =>
    sources.some(source => file.endsWith(`/${source.replace(/\.c$/, '.gcda')}`)),
  );
  const range = rangeOf(files);
  if (range) return { kernel, files, range };
  throw new UserError(`the kernel ${kernel.name} counts nothing of the series`, {
    hint: 'gcc 12 or later counts in a way that is understood here; another compiler does not',
    exitCode: exitCodes.environment,
  });
}

/** A boot that has nothing to tell on the way. */
async function* quietly<Product>(product: Promise<Product>): Work<Product> {
  yield* [];
  return await product;
}

/** Boots it and takes its counters. */
async function count(
  { label, kind, plan }: Case,
  { kernel, files, range }: Counting,
  scratch: string,
  signal: AbortSignal,
): Promise<Counted> {
  const machine = findMachine(kernel.arch);
  if (!machine.physical) {
    throw new UserError(`where a kernel lies in the memory of ${machine.id} is not known here`, {
      hint: 'coverage is read on x86_64',
    });
  }
  const address = machine.physical(range.address);
  const folder = await mkdtemp(path.join(scratch, 'memory-'));
  const file = path.join(folder, 'counters');
  try {
    await bootQuietly(
      scratch,
      async at => ({ ...(await plan(at)), memory: { address, bytes: range.bytes, file } }),
      signal,
    );
    const memory = await readFile(file).catch(() => undefined);
    const values = memory && valuesOf(files, range, memory);
    return { kind, label, ...(values && { values: packed(values) }) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const packed = (values: readonly bigint[]): string =>
  deflateRawSync(Buffer.from(BigUint64Array.from(values).buffer)).toString('base64');

function unpacked(text: string): bigint[] {
  const bytes = inflateRawSync(Buffer.from(text, 'base64'));
  return Array.from({ length: bytes.length / 8 }, (_, index) => bytes.readBigUInt64LE(8 * index));
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
