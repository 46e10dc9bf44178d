// SPDX-License-Identifier: GPL-2.0-only
/** Whether the programs of the table are here and work: found out by having each do a small piece of its work. What a
 *  program says of its version is shown, and decides nothing. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { Interrupted, ToolError, UserError } from './errors.ts';
import { capture } from './exec.ts';
import { scratchFolder } from './files.ts';
import type { Tool } from './tools.ts';

export const probedStates = ['works', 'missing', 'broken'] as const;

export interface Probed {
  readonly tool: Tool;
  readonly state: (typeof probedStates)[number];
  /** The line that has its version, where it prints one. */
  readonly version?: string;
  /** What it said when it did not do its work. */
  readonly problem?: string;
}

/** Each program of the table, in its order. @throws Interrupted */
export async function* probeTools(table: readonly Tool[], signal: AbortSignal): Work<readonly Probed[]> {
  const scratch = await scratchFolder('doctor');
  try {
    await mkdir(path.join(scratch, 'folder'));
    for (const file of ['file', 'folder/file']) await writeFile(path.join(scratch, file), 'initbench\n');
    const probed: Probed[] = [];
    for (const tool of table) {
      yield { job: 'doctor', type: 'progress', done: probed.length, total: table.length, label: tool.name };
      probed.push(await probe(tool, probed, scratch, signal));
    }
    return probed;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function probe(
  tool: Tool,
  before: readonly Probed[],
  scratch: string,
  signal: AbortSignal,
): Promise<Probed> {
  const asked = await answer([...(tool.command ?? [tool.name]), ...tool.version], scratch, signal);
  // A module of perl or python is missing where its language is there.
  if (asked.kind === 'missing' || (asked.kind === 'failed' && tool.command))
    return { tool, state: 'missing' };
  const { use } = tool;
  const maker = use?.after;
  const made =
    maker === undefined || before.some(other => other.tool.name === maker && other.state === 'works');
  const used = use && made ? await answer(use.argv, scratch, signal, use.input) : undefined;
  const version = versionLine(asked.lines) ?? versionLine(used?.lines ?? []);
  const about = { tool, ...(version !== undefined && { version }) };
  if (used === undefined || used.kind === 'done') return { ...about, state: 'works' };
  const problem = used.lines.at(-1) ?? 'it failed without a word';
  return { ...about, state: 'broken', problem };
}

interface Answer {
  readonly kind: 'done' | 'failed' | 'missing';
  readonly lines: readonly string[];
}

async function answer(
  argv: readonly string[],
  cwd: string,
  signal: AbortSignal,
  input = '',
): Promise<Answer> {
  const stdin = { file: path.join(cwd, 'input') };
  await writeFile(stdin.file, input);
  try {
    const env = { LC_ALL: 'C' };
    const text = await capture(argv, { cwd, stdin, env, signal, mergeStderr: true });
    return { kind: 'done', lines: linesOf(text) };
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    if (error instanceof UserError) return { kind: 'missing', lines: [] };
    if (error instanceof ToolError) return { kind: 'failed', lines: linesOf(error.lastLines.join('\n')) };
    throw error;
  }
}

const linesOf = (text: string): string[] => text.split('\n').filter(line => line.trim() !== '');

/** The first line with something like a version in it. */
const versionLine = (lines: readonly string[]): string | undefined =>
  lines.find(line => /\d+\.\d/.test(line))?.trim();
