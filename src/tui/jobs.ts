// SPDX-License-Identifier: GPL-2.0-only
/** Running work as the screen knows it: events folded into jobs and their boots, each bounded. Pure. */
import type { AnyCommand } from '../commands/command.ts';
import type { Failure } from '../commands/failure.ts';
import { type Live, liveOf } from '../commands/live.ts';
import { shellQuote } from '../commands/words.ts';
import type { Instructions, Milliseconds, Outcome, WorkEvent } from '../events.ts';
import { type Progress, progressWords, withoutProgress, withProgress } from './progress.ts';

export interface Boot {
  readonly run: string;
  /** FLOW[:FORMAT]@KERNEL, as events name the work. */
  readonly row: string;
  readonly flow: string;
  readonly argv: readonly string[];
  readonly started: Milliseconds;
  /** Marks and facts as they came: what its figures and phases follow from. */
  readonly signs: readonly WorkEvent[];
  readonly troubles: number;
  readonly outcome?: Outcome;
  /** From QEMU's start to its end. */
  readonly took?: Milliseconds;
  readonly icount?: Instructions;
  /** The last lines; the log on disk has all. `first` is the number of the first of them. */
  readonly lines: readonly string[];
  readonly first: number;
  /** Where it is typed into, while it runs. */
  readonly socket?: string;
  /** It could be typed into: its figures compare with nothing. */
  readonly interactive?: true;
  /** Behind the lines: one that has no end yet, of a console that is typed into. */
  readonly unfinished?: string;
}

export interface Step {
  readonly name: string;
  readonly state: 'started' | 'done' | 'failed' | 'cached' | 'planned';
  readonly ms?: Milliseconds;
}

/** What is done with the product of a job, by whom it was started for: `series edit` says where the worktree is. */
export type Then =
  { readonly kind: 'shell' } | { readonly kind: 'edit'; readonly file: string; readonly line: number };

export interface Job {
  readonly id: number;
  readonly argv: readonly string[];
  readonly then?: Then;
  readonly command?: AnyCommand;
  readonly state: 'running' | 'stopping' | 'done' | 'failed' | 'stopped';
  readonly started: Milliseconds;
  readonly ended?: Milliseconds;
  readonly progress: readonly Progress[];
  readonly steps: readonly Step[];
  readonly notices: readonly { readonly level: 'info' | 'warning'; readonly message: string }[];
  readonly output: readonly string[];
  /** Where make runs; the sources its compilers name are seen from there. */
  readonly folder?: string;
  readonly boots: readonly Boot[];
  /** An answer that is a failure has a code above 0. */
  readonly code?: number;
  readonly product?: unknown;
  readonly failure?: Failure;
}

/** What is kept of a console, and of a line of it. */
export const consoleLines = 2000;
const consoleColumns = 1000;
const outputLines = 2000;
const otherLines = 200;
/** Older boots of a long campaign keep their figures and lose their lines. */
const bootsWithLines = 8;
const boots = 64;
/** Of each kind, marks and facts: a good boot has some hundred. */
const mostSigns = 1000;

export const newJob = (id: number, argv: readonly string[], now: Milliseconds, then?: Then): Job => ({
  ...{ id, argv, state: 'running', started: now, ...(then && { then }) },
  ...{ progress: [], steps: [], notices: [], output: [], boots: [] },
});

export const isRunning = (job: Job): boolean => job.state === 'running' || job.state === 'stopping';

/** 'boot kernelspace': the verb and what it is about, without the options. */
export function titleOf(job: Job): string {
  const option = job.argv.findIndex(word => word.startsWith('-'));
  return job.argv.slice(0, option < 0 ? undefined : option).join(' ');
}

/** The job after these events, and the command lines in them. */
export function foldEvents(
  job: Job,
  events: readonly WorkEvent[],
  now: Milliseconds,
): { job: Job; commands: readonly string[] } {
  const console = new Map<string, string[]>();
  const commands: string[] = [];
  const output: string[] = [];
  let folded = job;
  for (const event of events) {
    if (event.type === 'console') {
      const lines = console.get(event.run) ?? [];
      lines.push(event.line.slice(0, consoleColumns));
      console.set(event.run, lines);
    } else if (event.type === 'command') {
      commands.push(shellQuote(event.argv));
      if (event.argv[0] === 'make') folded = { ...folded, folder: event.cwd };
    } else if (event.type === 'output') output.push(event.line.slice(0, consoleColumns));
    else folded = foldOne(folded, event, now);
  }
  if (output.length > 0) folded = { ...folded, output: [...folded.output, ...output].slice(-outputLines) };
  if (console.size > 0) {
    folded = {
      ...folded,
      boots: folded.boots.map(boot => withLines(boot, console.get(boot.run) ?? [])),
    };
  }
  return { job: folded, commands };
}

function withLines(boot: Boot, added: readonly string[]): Boot {
  if (added.length === 0) return boot;
  const all = [...boot.lines, ...added];
  const lines = all.slice(-consoleLines);
  return { ...boot, lines, first: boot.first + all.length - lines.length };
}

function foldOne(job: Job, event: WorkEvent, now: Milliseconds): Job {
  switch (event.type) {
    case 'step': {
      const name = event.step === event.job ? event.step : `${event.job}: ${event.step}`;
      const step: Step = { name, state: event.state, ...(event.ms !== undefined && { ms: event.ms }) };
      const others = job.steps.filter(other => other.name !== name || other.state !== 'started');
      const progress = withoutProgress(job.progress, event.job);
      return { ...job, progress, steps: [...others, step].slice(-otherLines) };
    }
    case 'progress':
      return { ...job, progress: withProgress(job.progress, event, now) };
    case 'notice': {
      const { level, message } = event;
      return { ...job, notices: [...job.notices, { level, message }].slice(-otherLines) };
    }
    case 'boot-started': {
      const boot: Boot = {
        ...{ run: event.run, row: event.job, flow: event.flow, argv: event.argv, started: now },
        ...{ signs: [], troubles: 0, lines: [], first: 0 },
      };
      const kept = job.boots
        .slice(-boots)
        .map((old, i, all) => (i < all.length - bootsWithLines ? { ...old, lines: [] } : old));
      return { ...job, boots: [...kept, boot] };
    }
    case 'mark':
      return withBoot(job, event.run, boot => signed(boot, event));
    case 'fact': {
      const more = event.fact.name === 'trouble' ? 1 : 0;
      return withBoot(job, event.run, boot => ({
        ...signed(boot, event),
        troubles: boot.troubles + more,
      }));
    }
    case 'boot-ended': {
      const { outcome, host, icount } = event;
      return withBoot(job, event.run, ({ socket: _, unfinished: __, ...boot }) => ({
        ...{ ...boot, outcome, took: host },
        ...(icount !== undefined && { icount }),
      }));
    }
    case 'typable':
      return withBoot(job, event.run, boot => ({ ...boot, socket: event.socket, interactive: true }));
    case 'unfinished':
      return withBoot(job, event.run, boot => ({ ...boot, unfinished: event.text.slice(0, consoleColumns) }));
    default:
      return job;
  }
}

function signed(boot: Boot, event: WorkEvent): Boot {
  const alike = boot.signs.filter(({ type }) => type === event.type).length;
  return alike < mostSigns ? { ...boot, signs: [...boot.signs, event] } : boot;
}

const withBoot = (job: Job, run: string, change: (boot: Boot) => Boot): Job => ({
  ...job,
  boots: job.boots.map(boot => (boot.run === run ? change(boot) : boot)),
});

const known = new WeakMap<Boot['signs'], { readonly outcome: Outcome | undefined; readonly live: Live }>();

/** Its figures and phases, as far as it has come. */
export function liveBoot(boot: Boot): Live {
  const before = known.get(boot.signs);
  if (before && before.outcome === boot.outcome) return before.live;
  const { outcome, icount } = boot;
  const live = liveOf(boot, boot.signs, { outcome, icount });
  known.set(boot.signs, { outcome, live });
  return live;
}

/** How a running job is told in one line: '40% (2/5) boot userspace, about 12 s left'. */
export function progressOf(job: Job, now: Milliseconds): string {
  if (job.state === 'stopping') return 'stopping';
  if (job.progress.length > 0) return progressWords(job.progress, now);
  return job.steps.findLast(step => step.state === 'started')?.name ?? '';
}

/** A job that is over: what still ran in it was interrupted, and nothing moves any more. */
export const endedJob = (
  job: Job,
  end: Pick<Job, 'state' | 'code' | 'product' | 'failure'>,
  now: Milliseconds,
): Job => ({
  ...job,
  ...end,
  ended: now,
  progress: [],
  boots: job.boots.map(({ socket: _, unfinished: __, ...boot }) =>
    boot.outcome
      ? boot
      : { ...boot, outcome: { kind: 'interrupted' }, took: Math.max(0, now - boot.started) },
  ),
});
