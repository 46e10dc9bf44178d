// SPDX-License-Identifier: GPL-2.0-only
/** The one runner of campaigns: many cases that answer one question, each result kept the moment it is there, so
 *  that a campaign which was stopped goes on where it was. What to run next is the campaign's own pure function. */
import { appendFile, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import type { Work, WorkEvent } from '../events.ts';
import { Interrupted } from '../host/errors.ts';
import { readIfThere, writeWhole } from '../host/files.ts';
import { folders, type Workspace } from '../workspace.ts';

export interface Campaign<Case, Result> {
  /** 'verify initoverlayfs', as events and people call it. */
  readonly job: string;
  /** Names the record, campaigns/<record>.jsonl. Results are found again by their key alone, so whatever they depend
   *  on is part of the record's name or of the key. */
  readonly record: string;
  keyOf(one: Case): string;
  /** How progress calls a case (its key). */
  labelOf?(one: Case): string;
  /** Pure: all cases that may run now, those that are done or running included; nothing more when none is new.
   *  Asked again after each result. */
  next(results: ReadonlyMap<string, Result>): readonly Case[];
  /** A bad end that users study is a result; what it throws ends the campaign, and is run again the next time.
   *  `results` are those there are at its start. */
  run(one: Case, signal: AbortSignal, results: ReadonlyMap<string, Result>): Work<Result>;
  /** Pure: whether the results it needs are there. Default: they always are. */
  ready?(one: Case, results: ReadonlyMap<string, Result>): boolean;
  /** How many run side by side. */
  readonly atOnce: number;
  /** How many of these a case takes for itself; default 1. A large one waits until they are free, and what comes
   *  behind it waits with it. */
  slotsOf?(one: Case): number;
  /** No case is started after this moment (performance.now()). */
  readonly until?: number;
  /** Pure: a result kept before that is not taken for known: the case runs once more. Default: none. */
  doubts?(result: Result): boolean;
  /** Run everything again: results kept before do not count, and give way to the new ones. */
  readonly again?: boolean;
}

export interface Campaigned<Result> {
  /** By key, in the order the results came; those of earlier runs first. */
  readonly results: ReadonlyMap<string, Result>;
  /** How many of them were known before. */
  readonly known: number;
  /** False when time ran out first. */
  readonly complete: boolean;
}

interface RecordLine<Result> {
  readonly key: string;
  readonly result: Result;
}

/** Runs what is not known yet. @throws Interrupted, and what a case throws; finished results stay */
export async function* runCampaign<Case, Result>(
  workspace: Workspace,
  campaign: Campaign<Case, Result>,
  signal: AbortSignal,
): Work<Campaigned<Result>> {
  const file = recordFile(workspace, campaign.record);
  const results = campaign.again ? new Map<string, Result>() : await readRecord<Result>(file);
  for (const [key, result] of results) if (campaign.doubts?.(result)) results.delete(key);
  const asked = () => campaign.next(results);
  const known = asked().filter(one => results.has(campaign.keyOf(one))).length;
  const running = new Map<string, Running<Result>>();
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const inTime = () => campaign.until === undefined || performance.now() < campaign.until;

  const start = () => {
    for (const one of asked()) {
      const key = campaign.keyOf(one);
      if (results.has(key) || running.has(key) || campaign.ready?.(one, results) === false) continue;
      const slots = Math.min(campaign.slotsOf?.(one) ?? 1, campaign.atOnce);
      const taken = [...running.values()].reduce((sum, other) => sum + other.slots, 0);
      if (taken + slots > campaign.atOnce || !inTime()) return;
      const work = campaign.run(one, both, results);
      const label = campaign.labelOf?.(one) ?? key;
      running.set(key, { work, slots, label, pending: turn(key, work) });
    }
  };
  try {
    for (;;) {
      if (signal.aborted) throw new Interrupted();
      start();
      if (running.size === 0) break;
      const { key, step } = await Promise.race([...running.values()].map(({ pending }) => pending));
      const entry = running.get(key)!;
      if (!step.done) {
        entry.pending = turn(key, entry.work);
        yield step.value;
        continue;
      }
      running.delete(key);
      await keep(file, { key, result: step.value });
      results.set(key, step.value);
      const all = asked();
      const done = all.filter(one => results.has(campaign.keyOf(one))).length;
      yield { job: campaign.job, type: 'progress', done, total: all.length, label: entry.label };
    }
  } finally {
    stop.abort();
    await Promise.allSettled([...running.values()].map(({ work }) => work.return(undefined as never)));
  }
  const all = asked();
  const wanted = new Map([...results].filter(([key]) => all.some(one => campaign.keyOf(one) === key)));
  return { results: wanted, known, complete: wanted.size === all.length };
}

interface Running<Result> {
  readonly work: Work<Result>;
  readonly slots: number;
  readonly label: string;
  pending: Promise<Turn<Result>>;
}

interface Turn<Result> {
  readonly key: string;
  readonly step: IteratorResult<WorkEvent, Result>;
}

const turn = <Result>(key: string, work: Work<Result>): Promise<Turn<Result>> => {
  const next = work.next().then(step => ({ key, step }));
  // whoever races sees it; when another failed first, nobody does
  next.catch(() => {});
  return next;
};

/** The results that are known so far, by key; nothing is run. */
export function knownResults<Result>(
  workspace: Workspace,
  record: string,
): Promise<ReadonlyMap<string, Result>> {
  return readRecord<Result>(recordFile(workspace, record));
}

/** Drops results, so that their cases are run again. */
export async function forgetResults(
  workspace: Workspace,
  record: string,
  keys: ReadonlySet<string>,
): Promise<void> {
  const results = await readRecord<unknown>(recordFile(workspace, record));
  const kept = [...results].filter(([key]) => !keys.has(key));
  if (kept.length === results.size) return;
  const lines = kept.map(([key, result]) => `${JSON.stringify({ key, result })}\n`);
  await writeWhole(recordFile(workspace, record), lines.join(''));
}

const recordFile = (workspace: Workspace, record: string): string =>
  path.join(folders.campaigns(workspace), `${record}.jsonl`);

/** Results by key; a key's last line counts. A line that was cut short, by a kill in mid-write, is left out. */
async function readRecord<Result>(file: string): Promise<Map<string, Result>> {
  const results = new Map<string, Result>();
  for (const line of ((await readIfThere(file)) ?? '').split('\n')) {
    if (line === '') continue;
    try {
      const { key, result } = JSON.parse(line) as RecordLine<Result>;
      results.set(key, result);
    } catch {
      continue;
    }
  }
  return results;
}

async function keep<Result>(file: string, line: RecordLine<Result>): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const cut = await endsMidLine(file);
  await appendFile(file, `${cut ? '\n' : ''}${JSON.stringify(line)}\n`);
}

async function endsMidLine(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return false;
  try {
    const { size } = await handle.stat();
    if (size === 0) return false;
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] !== 10;
  } finally {
    await handle.close();
  }
}
