// SPDX-License-Identifier: GPL-2.0-only
/** A boot on disk: runs/<id>/events.jsonl, whose first line is the version and what was known before, whose other
 *  lines are the events as they came; folding them gives the BootRun back. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import type { WorkEvent } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { readIfThere, readRecord, writeWhole } from '../host/files.ts';
import { lifeOf, ourselves, taggedOwner, tagOf } from '../host/owner.ts';
import { folders, type Workspace } from '../workspace.ts';
import type { BootRun } from './boot.ts';
import { bounded, usualBudget } from './budget.ts';
import { foldSigns } from './fold.ts';

export const runVersion = 1;

/** What is known before the guest runs: the first line. */
export type RunHeader = Omit<
  BootRun,
  'folder' | 'outcome' | 'marks' | 'used' | 'facts' | 'icount' | 'machine' | 'reads'
>;
/** What is known when it has ended: the last line. */
export interface RunClosing {
  readonly machine?: string;
  readonly loadAfter: number;
  readonly stealPercent?: number;
  readonly peakBytes?: number;
  readonly reads?: BootRun['reads'];
}
type RecordLine =
  { initbenchRun: number; owner?: string; header: RunHeader } | { closing: RunClosing } | WorkEvent;

/** Sortable by time and unique: 20261123T140501-4f2a. */
export function newRunId(now: Date = new Date()): string {
  const time = now
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, '');
  return `${time}-${randomBytes(2).toString('hex')}`;
}

/** Makes the run's folder, which no other run has. */
export async function makeRunFolder(workspace: Workspace): Promise<{ id: string; folder: string }> {
  await mkdir(folders.runs(workspace), { recursive: true });
  for (;;) {
    const id = newRunId();
    const folder = path.join(folders.runs(workspace), id);
    try {
      await mkdir(folder);
      return { id, folder };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

export interface Recorder {
  append(event: WorkEvent): void;
  /** Writes the last line and run.json, and returns what they fold to. */
  close(closing: RunClosing): Promise<BootRun>;
}

/** Starts events.jsonl in a run's folder. */
export function openRecord(folder: string, header: RunHeader): Recorder {
  const file = createWriteStream(path.join(folder, 'events.jsonl'), { flags: 'wx' });
  let failure: Error | undefined;
  file.on('error', error => {
    failure ??= error;
  });
  const write = (line: RecordLine) => file.write(`${JSON.stringify(line)}\n`);
  const lines: RecordLine[] = [{ initbenchRun: runVersion, owner: `owner-${tagOf(ourselves)}`, header }];
  write(lines[0]!);
  const console = bounded<WorkEvent>(usualBudget, write);
  return {
    append(event) {
      if (event.type === 'console') return console.add(event, event.line.length);
      lines.push(event);
      write(event);
    },
    async close(closing) {
      console.end((count, bytes) => {
        const message = `${count} console lines of ${bytes} bytes were cut here`;
        write({ job: header.row, type: 'notice', level: 'warning', message });
      });
      const last: RecordLine = { closing };
      lines.push(last);
      write(last);
      file.end();
      // A stream that has failed is closed already, and its events are over.
      await finished(file).catch(() => {});
      if (failure) throw failure;
      const run = foldRun(lines, folder);
      await writeWhole(path.join(folder, 'run.json'), `${JSON.stringify(run, null, 2)}\n`);
      return run;
    },
  };
}

/** A run's folder that may have been left by a process that is gone: `completed` when run.json was missing and is made
 *  (or would be) from the events there are, `empty` when there is not even a first line.
 *  @throws UserError when the events are damaged */
export async function completeRun(
  folder: string,
  act: boolean,
): Promise<'whole' | 'running' | 'completed' | 'empty'> {
  const file = path.join(folder, 'run.json');
  if ((await readIfThere(file)) !== undefined) {
    await readRecord(file);
    return 'whole';
  }
  const text = (await readIfThere(path.join(folder, 'events.jsonl'))) ?? '';
  const { mtimeMs } = await stat(folder);
  if (!text.includes('\n')) {
    // Its maker may be about to write the first line.
    if (Math.abs(Date.now() - mtimeMs) < 10_000) return 'running';
    return 'empty';
  }
  const lines = parseRecord(text, folder);
  const first = lines[0];
  const owner = first && 'owner' in first && first.owner ? taggedOwner(first.owner) : undefined;
  if (owner ? lifeOf(owner) !== 'gone' : Math.abs(Date.now() - mtimeMs) < 3_600_000) return 'running';
  if (act) await writeWhole(file, `${JSON.stringify(foldRun(lines, folder), null, 2)}\n`);
  return 'completed';
}

/** The BootRun that the lines of events.jsonl tell of. A record that just stops was interrupted. */
export function foldRun(lines: Iterable<RecordLine>, folder: string): BootRun {
  let header: RunHeader | undefined;
  let closing: RunClosing | undefined;
  let ended: Extract<WorkEvent, { type: 'boot-ended' }> | undefined;
  const signs: WorkEvent[] = [];
  for (const line of lines) {
    if ('header' in line) header = line.header;
    else if ('closing' in line) closing = line.closing;
    else if (line.type === 'boot-ended') ended = line;
    else signs.push(line);
  }
  if (!header) throw new UserError(`${folder} holds no run`, { hint: 'its events.jsonl has no first line' });
  return {
    ...header,
    folder,
    ...(closing?.machine ? { machine: closing.machine } : {}),
    ...(closing?.reads ? { reads: closing.reads } : {}),
    host: {
      ...header.host,
      ...(closing ? { loadAfter: closing.loadAfter } : {}),
      ...(closing?.stealPercent !== undefined ? { stealPercent: closing.stealPercent } : {}),
      ...(closing?.peakBytes !== undefined ? { peakBytes: closing.peakBytes } : {}),
    },
    outcome: ended?.outcome ?? { kind: 'interrupted' },
    ...foldSigns(signs),
    ...(ended?.icount !== undefined ? { icount: ended.icount } : {}),
  };
}

/** Reads a run's folder back. @throws UserError when there is none, or a newer initbench wrote it */
export async function readRun(folder: string): Promise<BootRun> {
  const text = await readIfThere(path.join(folder, 'events.jsonl'));
  if (text === undefined) throw new UserError(`${folder} holds no run`, { hint: 'see initbench runs' });
  return foldRun(parseRecord(text, folder), folder);
}

/** The lines of an events.jsonl; a last line that was cut short is left out. */
export function parseRecord(text: string, folder: string): RecordLine[] {
  const lines = text.split('\n');
  const parsed: RecordLine[] = [];
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    try {
      const value: unknown = JSON.parse(line);
      if (!isLine(value)) throw new SyntaxError('no line of a record');
      parsed.push(value);
    } catch {
      if (index === lines.length - 1) break;
      throw new UserError(`${folder}/events.jsonl: line ${index + 1} is damaged`, {
        hint: 'remove the run, or boot again',
      });
    }
  }
  const first = parsed[0];
  const version = first && 'initbenchRun' in first ? first.initbenchRun : undefined;
  if (version === undefined || version > runVersion) {
    throw new UserError(
      version === undefined
        ? `${folder}/events.jsonl has no version in its first line`
        : `${folder} was written by a newer initbench (format ${version}, known is ${runVersion})`,
      { hint: 'update initbench, or boot again' },
    );
  }
  return parsed;
}

/** As much as folding relies on. */
function isLine(value: unknown): value is RecordLine {
  const isObject = (each: unknown): each is Record<string, unknown> =>
    typeof each === 'object' && each !== null;
  if (!isObject(value)) return false;
  if (value.type !== 'fact') return true;
  return isObject(value.fact) && typeof value.fact.name === 'string' && isObject(value.fact.values);
}

/** Where the console of a run is. */
export const consoleLog = (folder: string): string => path.join(folder, 'console.log');

/** The console as it came, for a run's folder. */
export const readConsole = (folder: string): Promise<Buffer> => readFile(consoleLog(folder));
