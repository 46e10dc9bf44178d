// SPDX-License-Identifier: GPL-2.0-only
/** One guest from its start to its end: console followed, deadline kept, outcome told; on whatever machine. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Milliseconds, type Outcome, sanitise } from '../events.ts';
import { socketFolder } from '../host/files.ts';
import { cutFile, usualBudget } from './budget.ts';
import { type ConsoleParser, consoleParser, lineSplitter, type Sign } from './console.ts';
import { stopsBoot } from './findings.ts';
import { peakOf } from './host.ts';
import type { Answers, BootPlan, Guest } from './machine.ts';
import { consoleLog } from './record.ts';
import type { Seen, Why } from './seen.ts';
import { growing } from './serial.ts';

/** How long a boot may go on after what stops most: for what else the kernel prints, and for a boot that survives. Time
 *  of the guest. */
const graceMs = 2000;
const graceLookMs = 200;
/** A console that long is not a boot any more: the guest is stopped. */
const floodBytes = 64 * 2 ** 20;
/** How long a machine may take to answer when the guest has ended. */
const answerMs = 3000;

export interface GuestEnd extends Answers {
  readonly outcome: Outcome;
  readonly host: Milliseconds;
  /** Most memory that the machine's process had. */
  readonly peakBytes?: number;
}

/** Of a console that a person types into. */
export interface OnTyping {
  typable(socket: string): void;
  /** The line that has no end yet; sanitised. */
  unfinished(text: string): void;
}

/** A line and what it told, at host time since the machine's start. The line is sanitised. */
export type OnLine = (line: string, signs: readonly Sign[], at: Milliseconds) => void;

/** Boots the plan's machine; its console goes to console.log in `folder`. The signal kills the whole group.
 *  @throws UserError when what runs the guest is not installed, Interrupted when it had not started */
export async function runGuest(
  plan: BootPlan,
  folder: string,
  on: { readonly line: OnLine; readonly typing?: OnTyping },
  signal: AbortSignal,
): Promise<GuestEnd> {
  const { machine } = plan.vm;
  const scratch = await socketFolder('guest');
  const over = new AbortController();
  try {
    const console = consoleLog(folder);
    const typed = plan.interactive ? path.join(scratch, 'console') : undefined;
    await writeFile(console, '');
    const start = performance.now();
    const since = () => Math.round((performance.now() - start) * 1000) / 1000;
    const at = { console, scratch, ...(typed !== undefined && { typed }) };
    const guest = await machine.start(plan, at, signal);
    if (typed !== undefined) void guest.typable.then(() => on.typing?.typable(typed));
    const seen: Seen = { bytes: 0, lastLine: '', marks: new Set() };
    const parser = consoleParser(plan.vm.nonce, plan.untouched);
    const reader = readConsole(
      console,
      parser,
      over.signal,
      seen,
      { ...plan, endsAtMark: guest.endsAtMark },
      {
        line: (line, signs) => on.line(line, signs, since()),
        unfinished: text => on.typing?.unfinished(text),
      },
    );
    try {
      const why = await firstEnd(plan, seen, guest, reader.enough, signal);
      const answers = ended(why) ? {} : await inTime(guest, guest.answers(why));
      const host = since();
      const peakBytes = await peakOf(guest.running.pid);
      await guest.quit();
      over.abort();
      await reader.done;
      await cutFile(console, usualBudget);
      return {
        outcome: guest.failure(why, seen) ?? outcomeOf(why, seen, plan),
        host,
        ...answers,
        ...(peakBytes !== undefined ? { peakBytes } : {}),
      };
    } finally {
      await guest.running.stop();
      over.abort();
      await reader.done.catch(() => {});
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Waits for the first of: the guest stops, it has shown enough, the deadline, its process ends, we are interrupted. */
async function firstEnd(
  plan: BootPlan,
  seen: Seen,
  guest: Guest,
  enough: Promise<Why>,
  signal: AbortSignal,
): Promise<Why> {
  const gone = new AbortController();
  const exited = guest.running.ended.then(({ exitCode, signal: by, stderr }): Why =>
    signal.aborted ? { kind: 'interrupted' } : { kind: 'exited', exitCode, signal: by, stderr },
  );
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<Why>(resolve => {
    timer = setTimeout(() => resolve({ kind: 'deadline' }), plan.timeout);
  });
  try {
    const fatal = fatalEnd(plan, seen, guest, gone.signal).catch(() => new Promise<never>(() => {}));
    return await Promise.race([guest.stopped, enough, deadline, fatal, exited]);
  } finally {
    gone.abort();
    clearTimeout(timer);
  }
}

/** Nothing is left to ask. */
const ended = ({ kind }: Why): boolean => kind === 'exited' || kind === 'interrupted';

/** What the machine answers, if it does. */
async function inTime({ running }: Guest, answers: Promise<Answers>): Promise<Answers> {
  const gone = running.ended.then(() => undefined);
  return (await Promise.race([answers, gone, pause(answerMs)]).catch(() => undefined)) ?? {};
}

const pause = (ms: Milliseconds) =>
  new Promise<undefined>(resolve => {
    setTimeout(resolve, ms, undefined).unref();
  });

/** Follows console.log until `over`; `enough` settles when the payload's own init had its time, when there is none and
 *  the end mark is the end, or on a flood. */
function readConsole(
  file: string,
  parser: ConsoleParser,
  over: AbortSignal,
  seen: Seen,
  {
    hold,
    interactive,
    untouched,
    endsAtMark,
  }: Pick<BootPlan, 'hold' | 'interactive' | 'untouched'> & Pick<Guest, 'endsAtMark'>,
  on: {
    line: (line: string, signs: readonly Sign[]) => void;
    unfinished: (text: string) => void;
  },
): { done: Promise<void>; enough: Promise<Why> } {
  let settle: (why: Why) => void = () => {};
  const enough = new Promise<Why>(resolve => {
    settle = resolve;
  });
  let holding: NodeJS.Timeout | undefined;
  const splitter = lineSplitter();
  // a shell asks where the cursor is, with each prompt; nobody answers
  const shown = (raw: string) => sanitise(interactive ? raw.replaceAll('\x1b[6n', '') : raw);
  const take = (raw: string, signs: readonly Sign[]) => {
    const line = shown(raw);
    seen.seconds = parser.seconds();
    notice(seen, line, signs);
    on.line(line, signs);
    if (!seen.marks.has(untouched ? 'init' : 'end')) return;
    if (hold !== undefined) holding ??= setTimeout(settle, hold, { kind: 'held' } satisfies Why);
    else if (endsAtMark) settle({ kind: 'end-mark' });
  };
  const follow = async () => {
    for await (const chunk of growing(file, over)) {
      seen.bytes += chunk.length;
      if (seen.bytes > floodBytes) {
        settle({ kind: 'flood' });
        break;
      }
      for (const raw of splitter.push(chunk)) take(raw, parser.line(raw));
      if (!interactive) continue;
      on.unfinished(shown(splitter.unfinished()));
      holding?.refresh();
    }
    clearTimeout(holding);
    splitter.rest().forEach(raw => {
      take(raw, parser.rest(raw));
    });
  };
  return { done: follow(), enough };
}

function notice(seen: Seen, line: string, signs: readonly Sign[]): void {
  if (line.trim() !== '') seen.lastLine = line;
  for (const sign of signs) {
    if (sign.type === 'mark') {
      seen.marks.add(sign.mark);
      // a program runs after all
      if (seen.fatal?.kind === 'init') delete seen.fatal;
    } else if (sign.type === 'panic') seen.panic ??= sign.message;
    else if (sign.type === 'trouble' && stopsBoot(sign)) {
      const { kind, message } = sign;
      seen.fatal ??= { kind, message, at: performance.now(), seconds: seen.seconds };
    } else if (sign.type === 'fact' && sign.fact.name === 'error') {
      seen.error ??= Object.entries(sign.fact.values)
        .map(([key, value]) => `${key}=${value}`)
        .join(' ');
    }
  }
  const place = seen.fatal && !seen.fatal.placed ? /\bRIP: 00(\d\d):/.exec(line)?.[1] : undefined;
  if (seen.fatal && place !== undefined) {
    seen.fatal.placed = true;
    // TCG lets iret and lret of damaged user code look like an exception of the kernel
    if (place === '33') delete seen.fatal;
  }
}

/** Settles when the grace after what a boot does not survive is over, in the guest's time. */
async function fatalEnd(
  { interactive }: BootPlan,
  seen: Seen,
  guest: Guest,
  over: AbortSignal,
): Promise<Why> {
  for (;;) {
    await pause(graceLookMs);
    if (over.aborted || interactive) return new Promise<never>(() => {});
    const { fatal } = seen;
    if (!fatal || seen.marks.has('end')) continue;
    if ((seen.seconds ?? 0) - (fatal.seconds ?? Infinity) >= graceMs / 1000) return { kind: 'fatal' };
    if (performance.now() - fatal.at < graceMs) continue;
    const now = await guest.clock?.();
    if (!now) return { kind: 'fatal' };
    const start = (fatal.started ??= now);
    const instructions = now.instructions - start.instructions;
    const seconds = (now.seconds ?? 0) - (start.seconds ?? Infinity);
    if (instructions >= graceMs * 1e6 || seconds >= graceMs / 1000) return { kind: 'fatal' };
  }
}

/** How the boot ended, from why we stopped watching and what the console had shown by then; the machine did not fail. */
export function outcomeOf(
  why: Why,
  seen: Seen,
  plan: Pick<BootPlan, 'hold' | 'timeout' | 'interactive' | 'untouched'>,
): Outcome {
  if (why.kind === 'interrupted') return { kind: 'interrupted' };
  const panic: Outcome | undefined =
    seen.panic === undefined ? undefined : { kind: 'panic', message: seen.panic };
  // behind `end` the payload's own init may still take the kernel down with it; a shell does when it is left
  const left = plan.interactive && seen.marks.has('end') && seen.panic?.startsWith('Attempted to kill init!');
  if (panic && plan.hold !== undefined && !left) return panic;
  if (plan.untouched && why.kind === 'held') return { kind: 'ready' };
  if (seen.marks.has('end')) {
    if (!seen.error) return { kind: 'ready' };
    return { kind: 'incomplete', message: `the guest reported an error: ${seen.error}` };
  }
  if (panic) return panic;
  if (seen.fatal) {
    return { kind: 'incomplete', message: `the boot stopped after: ${seen.fatal.message}` };
  }
  if (why.kind === 'flood') {
    return { kind: 'incomplete', message: `more than ${floodBytes / 2 ** 20} MiB on the console` };
  }
  if (why.kind === 'deadline') {
    if (seen.bytes === 0) return { kind: 'no-output', deadline: plan.timeout };
    return { kind: 'hang', deadline: plan.timeout, lastLine: seen.lastLine };
  }
  const last = seen.error ?? seen.lastLine;
  const said =
    last === '' ? 'it printed nothing' : `${seen.error ? 'it reported' : 'its last line'}: ${last}`;
  return { kind: 'incomplete', message: `the guest stopped before its end; ${said}` };
}
