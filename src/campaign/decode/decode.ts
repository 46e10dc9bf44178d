// SPDX-License-Identifier: GPL-2.0-only
/** The stack of an oops in a run: file and line from the very vmlinux that was booted, or its twin with line tables, by
 *  the tree's own decode_stacktrace.sh; and the patch of the series that wrote the line. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BootRun } from '../../boot/boot.ts';
import { lineSplitter } from '../../boot/console.ts';
import { readConsole } from '../../boot/record.ts';
import { openRun } from '../../boot/store.ts';
import type { Work } from '../../events.ts';
import { exitCodes, UserError } from '../../host/errors.ts';
import { capture } from '../../host/exec.ts';
import { scratchFolder } from '../../host/files.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { kernelFolder, readKernel } from '../../kernel/store.ts';
import { makeEnvironment } from '../../kernel/variables.ts';
import { commitsBetween } from '../../series/record.ts';
import { fileAt } from '../../tree/repository.ts';
import { readTree } from '../../tree/trees.ts';
import { folders, type Workspace } from '../../workspace.ts';
import { type Owner, ownersIn, type Owners } from './owner.ts';
import { type Frame, type Location, parseLocations, parseTraces, wordOf } from './trace.ts';
import { buildTwin } from './twin.ts';

export interface DecodedFrame extends Frame {
  /** Innermost first: what was inlined, then where. Empty when nothing tells. */
  readonly locations: readonly Location[];
  /** The patch that wrote the line; without line information those that wrote lines of the function. */
  readonly owners: readonly Owner[];
}

export interface DecodedTrace {
  readonly title: string;
  readonly frames: readonly DecodedFrame[];
}

export interface Decoded {
  readonly run: string;
  readonly kernel: { readonly name: string; readonly tree: string; readonly release: string };
  readonly traces: readonly DecodedTrace[];
  /** Whether there were line tables; without them a frame is known by its function alone. */
  readonly lines: boolean;
  /** What could not be told, and why. */
  readonly notes: readonly string[];
}

const script = 'scripts/decode_stacktrace.sh';

/** `build`: where the kernel has no line tables, build the same one with them.
 *  @throws UserError when there is no such run, or its kernel is gone */
export async function* decodeRun(
  workspace: Workspace,
  name: string,
  { build }: { readonly build: boolean },
  signal: AbortSignal,
): Work<Decoded> {
  const run = await openRun(workspace, name);
  const traces = parseTraces(await consoleLines(run));
  const kernel = await kernelOf(workspace, run);
  const notes: string[] = [];
  const about = { run: run.id, kernel: { name: kernel.name, tree: kernel.tree, release: kernel.release } };
  if (traces.length === 0) return { ...about, traces: [], lines: false, notes: [] };
  let vmlinux = kernel.files.vmlinux;
  let lines = await hasLines(vmlinux, kernel, workspace, signal);
  if (!lines && build) {
    vmlinux = (yield* buildTwin(workspace, kernel, signal)).files.vmlinux;
    lines = await hasLines(vmlinux, kernel, workspace, signal);
  }
  if (!lines) {
    notes.push('the kernel has no line tables: functions only; --build makes the same kernel with them');
  }
  const owners = await ownersOf(workspace, kernel, notes, signal);
  const sizes = lines ? await functionSizes(vmlinux, kernel, workspace, signal) : new Map<string, number>();
  const decoded: DecodedTrace[] = [];
  for (const { title, frames } of traces) {
    const known = frames.map(frame => sizes.get(frame.symbol) === frame.size);
    const asked = frames.filter((_, index) => known[index]);
    const answers = await decodeFrames(workspace, kernel, vmlinux, asked, signal);
    if (lines && known.some(each => !each)) {
      const other = frames.filter((_, index) => !known[index]).map(({ symbol }) => symbol);
      notes.push(`not of that size in the vmlinux with line tables: ${[...new Set(other)].join(', ')}`);
    }
    decoded.push({ title, frames: await Promise.all(frames.map(each => withOwners(each, answers, owners))) });
  }
  return { ...about, traces: decoded, lines, notes };
}

async function consoleLines(run: BootRun): Promise<readonly string[]> {
  const splitter = lineSplitter();
  const lines = splitter.push(await readConsole(run.folder));
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

const programs = (kernel: Kernel) => {
  const { LLVM, CROSS_COMPILE } = kernel.variables;
  return {
    ...(LLVM === undefined ? {} : { LLVM }),
    ...(CROSS_COMPILE === undefined ? {} : { CROSS_COMPILE }),
  };
};
const toolOf = (kernel: Kernel, tool: string) => `${kernel.variables.CROSS_COMPILE ?? ''}${tool}`;

async function hasLines(vmlinux: string, kernel: Kernel, workspace: Workspace, signal: AbortSignal) {
  const env = makeEnvironment(workspace.environment, {});
  const sections = await capture([toolOf(kernel, 'readelf'), '--sections', '--wide', vmlinux], {
    env,
    signal,
  });
  return /\s\.debug_line\s/.test(sections);
}

/** How far it is from each function to the next symbol, as the kernel prints it behind the slash. */
async function functionSizes(
  vmlinux: string,
  kernel: Kernel,
  workspace: Workspace,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const env = makeEnvironment(workspace.environment, {});
  const listed = await capture([toolOf(kernel, 'nm'), '--numeric-sort', vmlinux], { env, signal });
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
  kernel: Kernel,
  vmlinux: string,
  frames: readonly Frame[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly Location[]>> {
  if (frames.length === 0) return new Map();
  const base = (await readTree(workspace, kernel.tree))?.commit ?? kernel.commit;
  const text = await fileAt(folders.repository(workspace), base, script, signal);
  if (text === undefined) {
    throw new UserError(`the tree ${kernel.tree} has no ${script}`, { hint: 'it cannot be decoded' });
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
  owners: Owners,
): Promise<DecodedFrame> {
  const locations = answers.get(wordOf(frame)) ?? [];
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
