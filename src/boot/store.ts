// SPDX-License-Identifier: GPL-2.0-only
/** The runs on disk, read back: the list, newest first and only as far as it is looked at, and one run by what a
 *  person calls it. A record that is damaged or was never finished is listed with what is wrong with it. */
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../host/errors.ts';
import { readIfThere } from '../host/files.ts';
import { folders, type Workspace } from '../workspace.ts';
import type { BootRun, UsedStep } from './boot.ts';
import { foldRun, parseRecord, readRun } from './record.ts';

/** One folder below runs/. `run` is absent when nothing in it can be read; `remark` says what is wrong. */
export interface RunEntry {
  readonly id: string;
  readonly folder: string;
  readonly run?: BootRun;
  readonly remark?: string;
}

const digest = z.string();
const mark = z.looseObject({ host: z.number(), tsc: z.number().optional(), boottime: z.number().optional() });
/** As much of a record as readers rely on. */
const runSchema = z.looseObject({
  id: z.string(),
  flow: z.string(),
  row: z.string(),
  started: z.string(),
  clock: z.enum(['icount', 'wall']),
  accelerator: z.enum(['kvm', 'tcg', 'none']),
  kernel: z.looseObject({ digest, name: z.string(), release: z.string(), configDigest: digest }),
  images: z.array(z.looseObject({ role: z.string(), format: z.string(), digest, bytes: z.number() })),
  payload: z.looseObject({ name: z.string(), digest }),
  argv: z.array(z.string()),
  qemuVersion: z.string().optional(),
  platform: z.string().optional(),
  notes: z.array(z.string()),
  memoryMiB: z.number(),
  cpus: z.number(),
  host: z.looseObject({ cpu: z.string(), cpus: z.number(), kernel: z.string(), loadBefore: z.number() }),
  outcome: z.looseObject({ kind: z.string() }),
  marks: z.record(z.string(), mark),
  facts: z.array(z.looseObject({ name: z.string(), values: z.record(z.string(), z.string()) })),
  used: z.array(z.looseObject({ percent: z.number(), host: z.number() })).optional(),
});

/** No record of a boot is that large. */
const largestBytes = 16 * 2 ** 20;
/** Where the first line of an events.jsonl ends at the latest. */
const longestHeader = 2 ** 18;

/** Names of all runs, newest first. Nothing of them is read. */
export async function runIds(workspace: Workspace): Promise<string[]> {
  const items = await readdir(folders.runs(workspace), { withFileTypes: true }).catch(() => []);
  return items
    .filter(item => item.isDirectory() && !item.name.startsWith('.'))
    .map(item => item.name)
    .sort()
    .reverse();
}

/** Runs that `wanted` keeps, newest first, at most `count`; no more records are read than that takes. */
export async function listRuns(
  workspace: Workspace,
  { count, wanted = () => true }: { count: number; wanted?: (entry: RunEntry) => boolean },
): Promise<RunEntry[]> {
  const ids = await runIds(workspace);
  const found: RunEntry[] = [];
  const atOnce = 32;
  for (let at = 0; at < ids.length && found.length < count; at += atOnce) {
    const some = await Promise.all(ids.slice(at, at + atOnce).map(id => readEntry(workspace, id)));
    found.push(...some.filter(wanted));
  }
  return found.slice(0, count);
}

/** One folder, whatever is in it. */
export async function readEntry(workspace: Workspace, id: string): Promise<RunEntry> {
  const folder = path.join(folders.runs(workspace), id);
  try {
    const { run, remark } = await readFolder(folder);
    return { id, folder, ...(run && { run }), ...(remark !== undefined && { remark }) };
  } catch (error) {
    return { id, folder, remark: `cannot be read: ${(error as Error).message}` };
  }
}

async function readFolder(folder: string): Promise<{ run?: BootRun; remark?: string }> {
  const file = path.join(folder, 'run.json');
  const size = await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
  if (size > largestBytes) return { ...(await fromHeader(folder)), remark: `run.json has ${size} bytes` };
  const text = await readIfThere(file);
  if (text === undefined) {
    const begun = await fromHeader(folder);
    return { ...begun, remark: begun.run ? 'not finished: it runs, or was killed' : 'holds no run' };
  }
  const run = checked(text, folder);
  return run ? { run } : { ...(await fromHeader(folder)), remark: 'run.json is damaged' };
}

function checked(text: string, folder: string): BootRun | undefined {
  try {
    const result = runSchema.safeParse(JSON.parse(text));
    if (!result.success) return undefined;
    const used = result.data.used ?? onlyStep(result.data);
    // a state folder that was moved: where it lies counts, not where it lay
    return { ...result.data, used, folder } as unknown as BootRun;
  } catch {
    return undefined;
  }
}

/** Of a record of before there were steps: all of the reading, as the mark and its fact tell of it. */
function onlyStep({ marks, facts }: z.infer<typeof runSchema>): UsedStep[] {
  const { used } = marks;
  const percent = facts.findLast(({ name }) => name === 'used')?.values.percent;
  return used ? [{ ...(used as Omit<UsedStep, 'percent'>), percent: Number(percent ?? 100) }] : [];
}

/** What the first line of events.jsonl tells. */
async function fromHeader(folder: string): Promise<{ run?: BootRun }> {
  const handle = await open(path.join(folder, 'events.jsonl'), 'r').catch(() => undefined);
  if (!handle) return {};
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(longestHeader), 0, longestHeader, 0);
    const line = buffer.subarray(0, bytesRead).toString('utf8').split('\n')[0]!;
    const run = checked(JSON.stringify(foldRun(parseRecord(`${line}\n`, folder), folder)), folder);
    return run ? { run } : {};
  } catch {
    return {};
  } finally {
    await handle.close();
  }
}

/** Finds a run by what a person calls it: `@` the latest, `@1` the one before; an id or the beginning of one, or of
 *  what stands behind its dash; the name of a row, for its latest run. @throws UserError when there is none, or several */
export async function findRun(workspace: Workspace, name: string): Promise<string> {
  const ids = await runIds(workspace);
  const back = /^@(\d*)$/.exec(name);
  if (back) {
    const id = ids[Number(back[1] || 0)];
    if (id !== undefined) return id;
    throw new UserError(ids.length === 0 ? 'there is no run yet' : `there are only ${ids.length} runs`, {
      hint: ids.length === 0 ? 'make one: initbench boot floor' : 'see initbench runs',
    });
  }
  const id = chosen(ids, name, 'run');
  if (id !== undefined) return id;
  const [latest] = await listRuns(workspace, { count: 1, wanted: entry => entry.run?.row === name });
  if (latest) return latest.id;
  throw new UserError(`no run is called '${name}'`, {
    hint: 'RUN is @ (the latest), @1 (the one before), an id or its beginning, or a row: see initbench runs',
  });
}

/** The one id that is meant; undefined when none is. @throws UserError when several are */
export function chosen(ids: readonly string[], name: string, what: string): string | undefined {
  if (ids.includes(name)) return name;
  const begins = (id: string) => id.startsWith(name) || id.slice(id.indexOf('-') + 1).startsWith(name);
  const matching = name === '' ? [] : ids.filter(begins);
  if (matching.length <= 1) return matching[0];
  const shown = matching.slice(0, 6).join(', ');
  throw new UserError(`'${name}' is the beginning of ${matching.length} ${what}s`, {
    hint: `write more of one: ${shown}${matching.length > 6 ? ', ...' : ''}`,
  });
}

/** The run, folded from its events. @throws UserError as findRun(), readRun() */
export async function openRun(workspace: Workspace, name: string): Promise<BootRun> {
  const id = await findRun(workspace, name);
  return readRun(path.join(folders.runs(workspace), id));
}
