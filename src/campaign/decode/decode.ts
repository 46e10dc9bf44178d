// SPDX-License-Identifier: GPL-2.0-only
/** The stack of an oops, in a run or in a console that somebody saved: file and line from the very vmlinux that was
 *  booted, or its twin with line tables, by the tree's own decode_stacktrace.sh; and the patch of the series that wrote
 *  the line. */
import { access, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import type { BootRun } from '../../boot/boot.ts';
import { lineSplitter } from '../../boot/console.ts';
import { readConsole } from '../../boot/record.ts';
import { openRun } from '../../boot/store.ts';
import { flag, list, object, text, texts } from '../../document.ts';
import type { Work } from '../../events.ts';
import { exitCodes, UserError } from '../../host/errors.ts';
import { capture } from '../../host/exec.ts';
import { scratchFolder } from '../../host/files.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { kernelFolder, listKernels, readKernel } from '../../kernel/store.ts';
import { makeEnvironment } from '../../kernel/variables.ts';
import { commitsBetween } from '../../series/record.ts';
import { fileAt } from '../../tree/repository.ts';
import { readTree } from '../../tree/trees.ts';
import { folders, unknownName, type Workspace } from '../../workspace.ts';
import { type Owner, type Owners, ownerSchema, ownersIn } from './owner.ts';
import {
  type Frame,
  frameSchema,
  type Location,
  locationSchema,
  parseLocations,
  parseTraces,
  wordOf,
} from './trace.ts';
import { buildTwin } from './twin.ts';

const decodedFrameSchema = object({
  ...frameSchema.unwrap().shape,
  /** Innermost first: what was inlined, then where. Empty when nothing tells. */
  locations: list(locationSchema),
  /** The patch that wrote the line; without line information those that wrote lines of the function. */
  owners: list(ownerSchema),
});
export type DecodedFrame = z.infer<typeof decodedFrameSchema>;

const decodedTraceSchema = object({ title: text, frames: list(decodedFrameSchema) });
export type DecodedTrace = z.infer<typeof decodedTraceSchema>;

/** Which console: that of a run; or a file, with the vmlinux of its kernel or the name of one in the cache. */
export type Subject =
  | { readonly run: string }
  | { readonly file: string; readonly vmlinux: string }
  | { readonly file: string; readonly kernel: string };

export const decodedSchema = object({
  /** The run's id, or the file. */
  run: text,
  kernel: object({ name: text, tree: text, release: text }),
  traces: list(decodedTraceSchema),
  /** Whether there were line tables; without them a frame is known by its function alone. */
  lines: flag,
  /** What could not be told, and why. */
  notes: texts,
});
export type Decoded = z.infer<typeof decodedSchema>;

const script = 'scripts/decode_stacktrace.sh';

/** A console, and the kernel that printed it. */
interface Source {
  readonly name: string;
  readonly lines: readonly string[];
  /** Absent for a vmlinux that is none of ours: whose lines it has is not known. */
  readonly kernel?: Kernel;
  readonly vmlinux: string;
}

/** `build`: where the kernel has no line tables, build the same one with them.
 *  @throws UserError when there is no such run, file or kernel */
export async function* decodeConsole(
  workspace: Workspace,
  subject: Subject,
  { build }: { readonly build: boolean },
  signal: AbortSignal,
): Work<Decoded> {
  const source =
    'run' in subject ? await fromRun(workspace, subject.run) : await fromFile(workspace, subject);
  const { kernel } = source;
  const traces = parseTraces(source.lines);
  const notes: string[] = [];
  const { name = source.vmlinux, tree = '', release = '' } = kernel ?? {};
  const about = { run: source.name, kernel: { name, tree, release } };
  if (traces.length === 0) return { ...about, traces: [], lines: false, notes: [] };
  let { vmlinux } = source;
  const tools = toolsOf(workspace, kernel, signal);
  let lines = await hasLines(tools, vmlinux);
  if (!lines && build && kernel) {
    vmlinux = (yield* buildTwin(workspace, kernel, signal)).files.vmlinux;
    lines = await hasLines(tools, vmlinux);
  }
  if (!lines) {
    const hint = kernel ? '; --build makes the same kernel with them' : ' (CONFIG_DEBUG_INFO)';
    notes.push(`the kernel has no line tables: functions only, and not what was inlined into them${hint}`);
  }
  const owners = kernel ? await ownersOf(workspace, kernel, notes, signal) : undefined;
  const sizes = await functionSizes(tools, vmlinux);
  const decoded: DecodedTrace[] = [];
  for (const { title, frames } of traces) {
    const known = frames.map(frame => sizes.get(frame.symbol) === frame.size);
    const asked = lines ? frames.filter((_, index) => known[index]) : [];
    const answers = await decodeFrames(workspace, kernel, vmlinux, asked, signal);
    if (known.some(each => !each)) {
      const other = frames.filter((_, index) => !known[index]).map(({ symbol }) => symbol);
      notes.push(
        `not of that size in ${lines && kernel ? 'the vmlinux with line tables' : vmlinux}: ${[...new Set(other)].join(', ')}`,
      );
    }
    decoded.push({ title, frames: await Promise.all(frames.map(each => withOwners(each, answers, owners))) });
  }
  return { ...about, traces: decoded, lines, notes };
}

async function fromRun(workspace: Workspace, name: string): Promise<Source> {
  const run = await openRun(workspace, name);
  const kernel = await kernelOf(workspace, run);
  return {
    name: run.id,
    lines: linesIn(await readConsole(run.folder)),
    kernel,
    vmlinux: kernel.files.vmlinux,
  };
}

async function fromFile(workspace: Workspace, subject: Exclude<Subject, { run: string }>): Promise<Source> {
  const { file } = subject;
  const bytes = await readFile(file).catch((error: Error) => {
    throw new UserError(`cannot read ${file}: ${error.message}`, {
      hint: 'name a run, or a file with a console',
    });
  });
  const about = { name: file, lines: linesIn(bytes) };
  if ('kernel' in subject) {
    const kernel = await kernelNamed(workspace, subject.kernel);
    return { ...about, kernel, vmlinux: kernel.files.vmlinux };
  }
  const vmlinux = path.resolve(subject.vmlinux);
  await access(vmlinux).catch(() => {
    throw new UserError(`there is no ${vmlinux}`, {
      hint: '--vmlinux FILE: the one the kernel was linked as',
    });
  });
  return { ...about, vmlinux };
}

/** A kernel in the cache by its name, the one built last, or by the beginning of its digest. */
async function kernelNamed(workspace: Workspace, name: string): Promise<Kernel> {
  const kernels = await listKernels(workspace);
  const digest = /^[0-9a-f]{4,}$/.test(name)
    ? kernels.find(kernel => kernel.digest.startsWith(name))
    : undefined;
  const named = await Promise.all(
    kernels
      .filter(kernel => kernel.name === name)
      .map(async kernel => ({ kernel, at: (await stat(kernel.files.vmlinux)).mtimeMs })),
  );
  const found = named.sort((a, b) => b.at - a.at)[0]?.kernel ?? digest;
  if (!found) throw unknownName('kernel', name, [...new Set(kernels.map(kernel => kernel.name))].sort());
  return found;
}

function linesIn(console: Buffer): readonly string[] {
  const splitter = lineSplitter();
  const lines = splitter.push(console);
  return [...lines, ...splitter.rest()];
}

async function kernelOf(workspace: Workspace, run: BootRun): Promise<Kernel> {
  const kernel = await readKernel(kernelFolder(workspace, run.kernel.digest));
  if (kernel) {
    const { name, tree = kernel.tree, origin } = run.kernel;
    return { ...kernel, name, tree, ...(origin && { origin }) };
  }
  throw new UserError(`the kernel of the run ${run.id} is gone from the cache`, {
    hint: `build and boot it again: initbench build ${run.kernel.name}`,
    exitCode: exitCodes.environment,
  });
}

const programs = (kernel: Kernel | undefined) => {
  const { LLVM, CROSS_COMPILE } = kernel?.variables ?? {};
  return {
    ...(LLVM === undefined ? {} : { LLVM }),
    ...(CROSS_COMPILE === undefined ? {} : { CROSS_COMPILE }),
  };
};

/** Calls a program of the kernel's binutils. */
type Tools = (argv: readonly [tool: string, ...words: string[]]) => Promise<string>;

const toolsOf =
  (workspace: Workspace, kernel: Kernel | undefined, signal: AbortSignal): Tools =>
  ([tool, ...words]) => {
    const env = makeEnvironment(workspace.environment, {});
    const cross = kernel?.variables.CROSS_COMPILE ?? workspace.environment.CROSS_COMPILE ?? '';
    return capture([`${cross}${tool}`, ...words], { env, signal });
  };

async function hasLines(tools: Tools, vmlinux: string): Promise<boolean> {
  return /\s\.debug_line\s/.test(await tools(['readelf', '--sections', '--wide', vmlinux]));
}

/** How far it is from each function to the next symbol, as the kernel prints it behind the slash. */
async function functionSizes(tools: Tools, vmlinux: string): Promise<ReadonlyMap<string, number>> {
  const listed = await tools(['nm', '--numeric-sort', vmlinux]);
  const sizes = new Map<string, number>();
  let [next, behind] = [0n, 0n];
  for (const line of listed.split('\n').reverse()) {
    const row = /^([0-9a-f]+) (\w) (\S+)$/.exec(line);
    if (!row) continue;
    const address = BigInt(`0x${row[1]}`);
    if (address !== next) [next, behind] = [address, next];
    if (/[tTwW]/.test(row[2]!)) sizes.set(row[3]!, Number(behind - address));
  }
  return sizes;
}

/** The script is the base tree's: that of the series is part of what is looked at. It computes with what it reads, so
 *  that it is given nothing but frames that were read to the last character. */
async function decodeFrames(
  workspace: Workspace,
  kernel: Kernel | undefined,
  vmlinux: string,
  frames: readonly Frame[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly Location[]>> {
  if (frames.length === 0) return new Map();
  const tree = kernel?.tree ?? workspace.settings.tree;
  const base = (await readTree(workspace, tree))?.commit ?? kernel?.commit;
  const text = base && (await fileAt(folders.repository(workspace), base, script, signal));
  if (!text) {
    throw new UserError(`the tree ${tree} is not there, or has no ${script}`, {
      hint: `the script of a kernel tree decodes: initbench build base makes the tree ${tree}`,
    });
  }
  const scratch = await scratchFolder('decode');
  try {
    const file = path.join(scratch, path.basename(script));
    await writeFile(file, `${text}\n`);
    const words = [...new Set(frames.map(wordOf))];
    const answer = await capture(['bash', file, vmlinux, '/'], {
      env: makeEnvironment(workspace.environment, programs(kernel)),
      stdin: `${words.join('\n')}\n`,
      cwd: scratch,
      signal,
    });
    return new Map(answer.split('\n').map((line, index) => [words[index] ?? '', parseLocations(line)]));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function ownersOf(
  workspace: Workspace,
  kernel: Kernel,
  notes: string[],
  signal: AbortSignal,
): Promise<Owners> {
  const repository = folders.repository(workspace);
  const base = kernel.origin?.base ?? (await readTree(workspace, kernel.tree))?.commit ?? kernel.commit;
  if (kernel.name === 'base' || base === kernel.commit) return ownersIn(repository, base, [], signal);
  try {
    const commits = await commitsBetween(repository, base, kernel.commit, signal);
    return ownersIn(repository, base, commits, signal);
  } catch {
    notes.push(`the commits of ${kernel.name} as it was then are gone: whose lines they are is not known`);
    return ownersIn(repository, base, [], signal);
  }
}

async function withOwners(
  frame: Frame,
  answers: ReadonlyMap<string, readonly Location[]>,
  owners: Owners | undefined,
): Promise<DecodedFrame> {
  const locations = answers.get(wordOf(frame)) ?? [];
  if (!owners) return { ...frame, locations, owners: [] };
  const found = new Map<number, Owner>();
  for (const place of locations) {
    const owner = await owners.ofLine(place);
    if (owner) found.set(owner.number, owner);
  }
  if (locations.length === 0) {
    for (const owner of await owners.ofFunction(frame.symbol)) found.set(owner.number, owner);
  }
  return { ...frame, locations, owners: [...found.values()] };
}
