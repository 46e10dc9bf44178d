// SPDX-License-Identifier: GPL-2.0-only
/** One QEMU from its start to its end: console followed, deadline kept, instructions counted, outcome told. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Instructions, type Mark, type Milliseconds, type Outcome, sanitise } from '../events.ts';
import { launch, type Running } from '../host/exec.ts';
import { socketFolder } from '../host/files.ts';
import { connectQmp, type Qmp } from '../host/qmp.ts';
import type { BootPlan, BootRun } from './boot.ts';
import { cutFile, usualBudget } from './budget.ts';
import { type ConsoleParser, consoleParser, lineSplitter, type Sign } from './console.ts';
import { type Finding, stopsBoot } from './findings.ts';
import { peakOf } from './host.ts';
import { consoleLog, instrumentedArgv } from './qemu.ts';
import { growing } from './serial.ts';

/** How long a boot may go on after what stops most: for what else the kernel prints, and for a boot that survives. Time
 *  of the guest. */
const graceMs = 2000;
const graceLookMs = 200;
/** A console that long is no boot any more: the guest is stopped. */
const floodBytes = 64 * 2 ** 20;
const quitMs = 3000;

export interface GuestEnd {
  readonly outcome: Outcome;
  readonly host: Milliseconds;
  /** Absent when the guest did not stop by itself: any other stop depends on the host. */
  readonly icount?: Instructions;
  readonly machine?: string;
  /** Most memory that QEMU had. */
  readonly peakBytes?: number;
  readonly reads?: BootRun['reads'];
}

/** Of a console that a person types into. */
export interface OnTyping {
  typable(socket: string): void;
  /** The line that has no end yet; sanitised. */
  unfinished(text: string): void;
}

/** A line and what it told, at host time since QEMU's start. The line is sanitised. */
export type OnLine = (line: string, signs: readonly Sign[], at: Milliseconds) => void;

/** What the console has shown so far. */
export interface Seen {
  bytes: number;
  lastLine: string;
  panic?: string;
  /** What the guest's own programs reported as wrong, first of all. */
  error?: string;
  /** The first report of the kernel that a boot does not survive, unless it did. */
  fatal?: Fatal;
  /** The kernel's clock at its last message. */
  seconds?: number | undefined;
  readonly marks: Set<Mark>;
}

interface Fatal extends Finding {
  /** On the host's clock and the kernel's. */
  readonly at: number;
  readonly seconds: number | undefined;
  /** The place of the exception was named. */
  placed?: true;
  /** On QEMU's clocks of the guest, when first looked. */
  started?: GuestClock;
}

/** Why the watching ended. */
export type Why =
  | { readonly kind: 'guest-stopped'; readonly status: string }
  | { readonly kind: 'held' | 'deadline' | 'flood' | 'fatal' | 'interrupted' }
  | {
      readonly kind: 'exited';
      readonly exitCode: number | null;
      readonly signal: string | null;
      readonly stderr: string;
    };

/** Boots the plan's machine; its console goes to console.log in `folder`. The signal kills the whole group.
 *  @throws UserError when QEMU is not installed, Interrupted when it had not started */
export async function runGuest(
  plan: BootPlan,
  folder: string,
  on: { readonly line: OnLine; readonly typing?: OnTyping },
  signal: AbortSignal,
): Promise<GuestEnd> {
  const scratch = await socketFolder('qemu');
  const over = new AbortController();
  try {
    const typed = plan.interactive ? path.join(scratch, 'console') : undefined;
    const paths = {
      ...{ console: consoleLog(folder), qmp: path.join(scratch, 'qmp') },
      ...(typed !== undefined && { typed }),
    };
    await writeFile(paths.console, '');
    const start = performance.now();
    const since = () => Math.round((performance.now() - start) * 1000) / 1000;
    const running = await launch(instrumentedArgv(plan.vm, paths), { signal });
    const seen: Seen = { bytes: 0, lastLine: '', marks: new Set() };
    const parser = consoleParser(plan.vm.nonce, plan.untouched);
    const reader = readConsole(paths.console, parser, over.signal, seen, plan, {
      line: (line, signs) => on.line(line, signs, since()),
      unfinished: text => on.typing?.unfinished(text),
    });
    try {
      const started = () => typed !== undefined && on.typing?.typable(typed);
      const watched = await watch(plan, seen, running, paths.qmp, reader.enough, started, signal);
      const host = since();
      const peakBytes = await peakOf(running.pid);
      await quit(running, watched.qmp);
      over.abort();
      await reader.done;
      await cutFile(paths.console, usualBudget);
      const { why, icount, machine } = watched;
      return {
        outcome: outcomeOf(why, seen, plan),
        host,
        ...(icount !== undefined ? { icount } : {}),
        ...(machine !== undefined ? { machine } : {}),
        ...(peakBytes !== undefined ? { peakBytes } : {}),
        ...(watched.reads ? { reads: watched.reads } : {}),
      };
    } finally {
      await running.stop();
      over.abort();
      await reader.done.catch(() => {});
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Follows console.log until `over`; `enough` settles when the payload's own init had its time, or on a flood. */
function readConsole(
  file: string,
  parser: ConsoleParser,
  over: AbortSignal,
  seen: Seen,
  { hold, interactive, untouched }: Pick<BootPlan, 'hold' | 'interactive' | 'untouched'>,
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
    if (hold !== undefined && seen.marks.has(untouched ? 'init' : 'end')) {
      holding ??= setTimeout(settle, hold, { kind: 'held' } satisfies Why);
    }
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

/** The guest's clocks as QEMU knows them under icount. */
interface GuestClock {
  readonly instructions: number;
  /** Whole seconds of its real-time clock, which runs on the virtual clock; idle time is in it. x86 alone. */
  readonly seconds: number | undefined;
}

async function guestClock(qmp: Qmp): Promise<GuestClock> {
  const { icount = 0 } = (await qmp.execute('query-replay')) as { icount?: number };
  const date = await qmp
    .execute('qom-get', { path: '/machine', property: 'rtc-time' })
    .catch(() => undefined);
  const { tm_hour, tm_min, tm_sec } = (date ?? {}) as Record<string, number | undefined>;
  const seconds = tm_sec === undefined ? undefined : (tm_hour ?? 0) * 3600 + (tm_min ?? 0) * 60 + tm_sec;
  return { instructions: icount, seconds };
}

/** Settles when the grace after what a boot does not survive is over, in the guest's time. */
async function fatalEnd(
  { vm, interactive }: BootPlan,
  seen: Seen,
  connected: Promise<Qmp>,
  over: AbortSignal,
): Promise<Why> {
  for (;;) {
    await pause(graceLookMs);
    if (over.aborted || interactive) return new Promise<never>(() => {});
    const { fatal } = seen;
    if (!fatal || seen.marks.has('end')) continue;
    if ((seen.seconds ?? 0) - (fatal.seconds ?? Infinity) >= graceMs / 1000) return { kind: 'fatal' };
    if (performance.now() - fatal.at < graceMs) continue;
    if (vm.clock === 'wall') return { kind: 'fatal' };
    const now = await guestClock(await connected);
    const start = (fatal.started ??= now);
    const instructions = now.instructions - start.instructions;
    const seconds = (now.seconds ?? 0) - (start.seconds ?? Infinity);
    if (instructions >= graceMs * 1e6 || seconds >= graceMs / 1000) return { kind: 'fatal' };
  }
}

/** Waits for the first of: the guest stops, it has shown enough, the deadline, QEMU ends, we are interrupted. */
async function watch(
  plan: BootPlan,
  seen: Seen,
  running: Running,
  socket: string,
  enough: Promise<Why>,
  started: () => void,
  signal: AbortSignal,
): Promise<{ why: Why; qmp?: Qmp } & Answers> {
  const gone = new AbortController();
  const exited = running.ended.then(({ exitCode, signal: by, stderr }): Why => {
    gone.abort();
    return signal.aborted ? { kind: 'interrupted' } : { kind: 'exited', exitCode, signal: by, stderr };
  });
  const never = new Promise<never>(() => {});
  const connected = connectQmp(socket, gone.signal);
  connected.then(started, () => {});
  const stopped = connected.then(guestStopped).catch(() => never);
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<Why>(resolve => {
    timer = setTimeout(() => resolve({ kind: 'deadline' }), plan.timeout);
  });
  try {
    const fatal = fatalEnd(plan, seen, connected, gone.signal).catch(() => never);
    const why = await Promise.race([stopped, enough, deadline, fatal, exited]);
    if (why.kind === 'exited' || why.kind === 'interrupted') return { why };
    const qmp = await Promise.race([connected, exited, pause(quitMs)]).catch(() => undefined);
    if (!qmp || 'kind' in qmp) return { why };
    const asked = await Promise.race([ask(qmp, plan, why), exited, pause(quitMs)]).catch(() => undefined);
    return { why, qmp, ...(asked && !('kind' in asked) ? asked : {}) };
  } finally {
    clearTimeout(timer);
  }
}

/** Settles when the virtual machine is paused: with -no-shutdown that is how a reset or a power-off ends. */
async function guestStopped(qmp: Qmp): Promise<Why> {
  const status = async () => ((await qmp.execute('query-status')) as { status: string }).status;
  const now = await status();
  if (now !== 'running') return { kind: 'guest-stopped', status: now };
  if (!(await qmp.event('STOP'))) return new Promise<never>(() => {});
  return { kind: 'guest-stopped', status: await status() };
}

type Answers = Pick<GuestEnd, 'icount' | 'machine' | 'reads'>;

async function ask(qmp: Qmp, plan: BootPlan, why: Why): Promise<Answers> {
  const type = await qmp.execute('qom-get', { path: '/machine', property: 'type' }).catch(() => undefined);
  const machine = {
    ...(typeof type === 'string' ? { machine: type.replace(/-machine$/, '') } : {}),
    ...(plan.vm.firmware || plan.vm.disks.some(disk => disk.kind === 'virtio-blk')
      ? { reads: readsOf(await qmp.execute('query-blockstats')) }
      : {}),
  };
  if (plan.vm.clock !== 'icount' || plan.hold !== undefined || why.kind !== 'guest-stopped') return machine;
  const replay = (await qmp.execute('query-replay')) as { icount?: number };
  return { ...machine, ...(replay.icount !== undefined ? { icount: replay.icount } : {}) };
}

/** What the guest, its firmware included, has read of each disk: the answer to query-blockstats. */
export function readsOf(answer: unknown): NonNullable<BootRun['reads']> {
  const disks = answer as { device?: string; stats?: { rd_bytes?: number; rd_operations?: number } }[];
  return disks.flatMap(({ device, stats }) =>
    device !== undefined && /^(?:boot|disk\d+)$/.test(device)
      ? [{ disk: device, bytes: stats?.rd_bytes ?? 0, requests: stats?.rd_operations ?? 0 }]
      : [],
  );
}

async function quit(running: Running, qmp: Qmp | undefined): Promise<void> {
  qmp?.execute('quit').catch(() => {});
  if (qmp) await Promise.race([running.ended, pause(quitMs)]);
  await running.stop();
}

const pause = (ms: number) =>
  new Promise<undefined>(resolve => {
    setTimeout(resolve, ms, undefined).unref();
  });

/** The kernel's own way to end a process when a control group's memory is used up leaves no word. */
const killedBy = (why: Why): string =>
  why.kind === 'exited' && why.signal === 'SIGKILL'
    ? 'QEMU was killed (SIGKILL): when nobody did that, the memory that doctor tells was too little for it'
    : 'QEMU was killed';

/** How the boot ended, from why we stopped watching and what the console had shown by then. */
export function outcomeOf(
  why: Why,
  seen: Seen,
  plan: Pick<BootPlan, 'hold' | 'timeout' | 'interactive' | 'untouched'>,
): Outcome {
  if (why.kind === 'interrupted') return { kind: 'interrupted' };
  if (why.kind === 'exited' || (why.kind === 'guest-stopped' && why.status !== 'shutdown')) {
    const said = why.kind === 'exited' ? why.stderr.trim() : `QEMU stopped the guest: ${why.status}`;
    return {
      kind: 'qemu-failed',
      exitCode: why.kind === 'exited' ? why.exitCode : null,
      message: sanitise(said.split('\n').slice(-3).join('; ')) || killedBy(why),
    };
  }
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
    return { kind: 'incomplete', message: `the boot did not go on after: ${seen.fatal.message}` };
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
