// SPDX-License-Identifier: GPL-2.0-only
/** The one door through which programs run: argv in, events and a result out, a whole process group dead in the end. */
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { execa } from 'execa';
import type { Work, WorkEvent } from '../events.ts';
import { onAbort } from './abort.ts';
import { startProblem, toolProblem } from './environment.ts';
import { exitCodes, Interrupted, ToolError, UserError } from './errors.ts';
import { expectGroup, forgetGroup, guardGroup, ownerEnvironment } from './reaper.ts';
import { packagesOf } from './tools.ts';

export { shellQuote } from './argv.ts';

export interface ExecOptions {
  /** The job its events carry. */
  readonly job: string;
  readonly cwd?: string;
  /** Added to our own environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Everything the program prints is appended here as it comes. */
  readonly logPath?: string;
  readonly stdin?: Buffer | string | { readonly file: string };
  /** An open file that takes all that the program prints; nothing of it goes through us. */
  readonly output?: Writable;
  /** Exit codes that are an answer, not a failure (0 always is). */
  readonly accept?: readonly number[];
  readonly signal: AbortSignal;
}

export interface ExecResult {
  readonly exitCode: number;
  /** The last lines printed, stdout and stderr in the order they came. */
  readonly lastLines: readonly string[];
}

const keptLines = 40;
const graceMs = 2000;

/** The error for a program that is not there: its name, its package, what needs it. */
export function missingTool(tool: string, neededFor?: string): UserError {
  const [debian, fedora, setup] = packagesOf(tool);
  return new UserError(`${tool} is not installed${neededFor ? `; ${neededFor} needs it` : ''}`, {
    hint: `run ${setup}, or install it: apt-get install ${debian} (Fedora: dnf install ${fedora})`,
    exitCode: exitCodes.environment,
  });
}

/** Terminates a process group, then kills what is left of it. Safe when the group is gone. */
export async function killGroup(pgid: number, exited: Promise<unknown>): Promise<void> {
  const send = (signal: NodeJS.Signals) => {
    try {
      process.kill(-pgid, signal);
    } catch {
      // the group is gone
    }
  };
  send('SIGTERM');
  const timer = setTimeout(() => send('SIGKILL'), graceMs);
  await Promise.allSettled([exited]);
  clearTimeout(timer);
  send('SIGKILL');
}

/** What programs print is read, and shown beside our own words. */
const english = { LC_ALL: 'C.UTF-8' };

/** An ordinary user's PATH on Debian lacks the folders of mke2fs and debugfs, which need no root for plain files. */
function searchPath(): string {
  return [process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin', '/usr/sbin', '/sbin'].join(':');
}

function start(argv: readonly string[], options: ExecOptions, openStdin = false) {
  const [file, ...rest] = argv;
  const { stdin } = options;
  const input = openStdin
    ? { stdin: 'pipe' as const }
    : stdin === undefined
      ? { stdin: 'ignore' as const }
      : typeof stdin === 'object' && 'file' in stdin
        ? { inputFile: stdin.file }
        : { input: stdin };
  expectGroup();
  const child = execa(file!, rest, {
    ...(options.cwd ? { cwd: options.cwd } : {}),
    ...input,
    ...(options.output !== undefined && { stdout: options.output, stderr: options.output }),
    env: { PATH: searchPath(), ...english, ...options.env, ...ownerEnvironment },
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    stripFinalNewline: false,
  });
  const pid = child.pid;
  if (pid !== undefined) guardGroup(pid);
  const done = child.finally(() => pid !== undefined && forgetGroup(pid));
  const release = onAbort(options.signal, () => pid !== undefined && void killGroup(pid, done));
  return { child, pid, done, release };
}

type Ended = {
  exitCode?: number | undefined;
  signal?: string | undefined;
  failed: boolean;
  code?: string | undefined;
};

/** EACCES: no folder of PATH has it, and one of them may not be looked into. */
const notFound = (ended: Ended): boolean => ended.code === 'ENOENT' || ended.code === 'EACCES';

function check(
  argv: readonly string[],
  options: ExecOptions,
  ended: Ended,
  lastLines: readonly string[],
): number {
  if (options.signal.aborted) throw new Interrupted();
  if (notFound(ended)) throw missingTool(argv[0]!);
  const exitCode = ended.exitCode ?? null;
  // Where it was never started there is neither an exit code nor a signal.
  const refused = exitCode === null && !ended.signal ? startProblem(argv[0]!, ended.code) : undefined;
  if (refused) throw refused;
  if (exitCode !== null && (exitCode === 0 || options.accept?.includes(exitCode))) return exitCode;
  // Here, so that nobody takes it for the program's answer.
  throw (
    toolProblem(argv[0]!, lastLines, { certain: true }) ??
    new ToolError({
      argv,
      exitCode,
      signal: ended.signal ?? null,
      lastLines,
      ...(options.logPath ? { logPath: options.logPath } : {}),
    })
  );
}

/** Runs a program; yields its command line and each line it prints.
 *  @throws ToolError, UserError when it is not installed, Interrupted */
export async function* exec(argv: readonly string[], options: ExecOptions): Work<ExecResult> {
  yield { job: options.job, type: 'command', argv, cwd: options.cwd ?? process.cwd() };
  if (options.signal.aborted) throw new Interrupted();
  const { child, pid, done, release } = start(argv, options);
  const log = options.logPath ? createWriteStream(options.logPath, { flags: 'a' }) : undefined;
  let logFailure: Error | undefined;
  log?.on('error', error => {
    logFailure = error;
  });
  const lastLines: string[] = [];
  let ended = false;
  try {
    for await (const { stream, line } of linesOf(child.stdout!, child.stderr!)) {
      if (logFailure) throw logFailure;
      log?.write(`${line}\n`);
      lastLines.push(line);
      if (lastLines.length > keptLines) lastLines.shift();
      yield { job: options.job, type: 'output', stream, line } satisfies WorkEvent;
    }
    const result = (await done) as Ended;
    ended = true;
    await closed(log);
    if (logFailure) throw logFailure;
    return { exitCode: check(argv, options, result, lastLines), lastLines };
  } finally {
    release();
    if (!ended && pid !== undefined) await killGroup(pid, done);
    await closed(log);
  }
}

/** All is written, or has failed to be. */
async function closed(file: WriteStream | undefined): Promise<void> {
  if (!file || file.closed) return;
  await new Promise<void>(resolve => {
    file.once('close', () => resolve()).end();
  });
}

/** Whole lines of both streams as they come; ends when both have ended. */
async function* linesOf(
  stdout: Readable,
  stderr: Readable,
): AsyncGenerator<{ stream: 'stdout' | 'stderr'; line: string }, void, void> {
  const queue: { stream: 'stdout' | 'stderr'; line: string }[] = [];
  let open = 2;
  let wake = () => {};
  const follow = (input: Readable, stream: 'stdout' | 'stderr') => {
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', line => {
      queue.push({ stream, line });
      wake();
    });
    lines.on('close', () => {
      open--;
      wake();
    });
    return lines;
  };
  const readers = [follow(stdout, 'stdout'), follow(stderr, 'stderr')];
  try {
    for (;;) {
      while (queue.length > 0) yield queue.shift()!;
      if (open === 0) return;
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
  } finally {
    for (const reader of readers) reader.close();
  }
}

/** Runs a program whose output is short and returns its stdout, final newline removed.
 *  @throws ToolError, UserError when it is not installed, Interrupted */
export async function capture(
  argv: readonly string[],
  options: Omit<ExecOptions, 'job'> & { readonly mergeStderr?: boolean },
): Promise<string> {
  return (await captureBuffer(argv, options)).toString('utf8').replace(/\n$/, '');
}

/** As capture(), bytes as they came. */
export async function captureBuffer(
  argv: readonly string[],
  options: Omit<ExecOptions, 'job'> & {
    /** Tools that print their version to stderr. */
    readonly mergeStderr?: boolean;
  },
): Promise<Buffer> {
  if (options.signal.aborted) throw new Interrupted();
  const withJob = { ...options, job: '' };
  const { child, done, release } = start(argv, withJob);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(Buffer.from(chunk)));
  child.stderr?.on('data', (chunk: Buffer) => err.push(Buffer.from(chunk)));
  try {
    const result = (await done) as Ended;
    const lines = Buffer.concat(err.length > 0 ? err : out)
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .slice(-keptLines);
    check(argv, withJob, result, lines);
    return Buffer.concat(options.mergeStderr ? [...out, ...err] : out);
  } finally {
    release();
  }
}

/** A program left running beside us (QEMU): its own group, no stdin, stderr kept. */
export interface Running {
  readonly pid: number;
  /** Settles when the process has ended; never rejects. */
  readonly ended: Promise<{ exitCode: number | null; signal: string | null; stderr: string }>;
  /** Terminates the whole group and waits for it. */
  stop(): Promise<void>;
}

/** Starts a program and returns at once. The signal stops it; so does our own death.
 *  @throws UserError when it is not installed, Interrupted */
export async function launch(argv: readonly string[], options: Omit<ExecOptions, 'job'>): Promise<Running> {
  if (options.signal.aborted) throw new Interrupted();
  const { child, pid, done, release } = start(argv, { ...options, job: '' });
  let stderr = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString('utf8')).slice(-65536);
    });
  if (pid === undefined) {
    const failed = (await done) as Ended;
    release();
    if (notFound(failed)) throw missingTool(argv[0]!);
    throw (
      startProblem(argv[0]!, failed.code) ??
      new ToolError({ argv, exitCode: null, signal: null, lastLines: [String(failed.code)] })
    );
  }
  const ended = (done as Promise<Ended>).then(result => {
    release();
    return { exitCode: result.exitCode ?? null, signal: result.signal ?? null, stderr };
  });
  return { pid, ended, stop: () => killGroup(pid, ended) };
}

/** A program between two streams of ours, for what is too large to hold. Whoever opens it calls stop() in the end. */
export interface Pipe {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Settles with its end; rejects with ToolError or Interrupted, which is not a fault while nobody waits. */
  readonly ended: Promise<void>;
  /** Writes, and waits while the program is behind. @throws ToolError when it has failed, Interrupted */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends it if it still runs, and waits for that. */
  stop(): Promise<void>;
}

/** Starts a program whose stdin we write and whose stdout we read; stderr is kept for the error. */
export function openPipe(argv: readonly string[], options: Omit<ExecOptions, 'job' | 'stdin'>): Pipe {
  if (options.signal.aborted) throw new Interrupted();
  const { child, pid, done, release } = start(argv, { ...options, job: '' }, true);
  const stdin = child.stdin as Writable;
  let stderr = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-65536);
  });
  // A program that ends early closes its stdin under us; `ended` says why.
  stdin.on('error', () => {});
  const ended = (done as Promise<Ended>).then(result => {
    release();
    check(argv, { ...options, job: '' }, result, stderr.trimEnd().split('\n').slice(-keptLines));
  });
  ended.catch(() => {});
  return {
    stdin,
    stdout: child.stdout!,
    ended,
    async write(chunk) {
      if (!stdin.write(chunk)) {
        await Promise.race([new Promise<void>(resolve => stdin.once('drain', resolve)), ended]);
      }
    },
    async stop() {
      if (pid !== undefined && child.exitCode === null && child.signalCode === null)
        await killGroup(pid, ended);
      await Promise.allSettled([ended]);
    },
  };
}

/** Runs a program that gets our terminal (an editor, a pager, a shell) and waits for its end, whatever that is.
 *  @throws UserError when it is not installed */
export async function lendTerminal(argv: readonly string[], cwd: string): Promise<void> {
  const [file, ...rest] = argv;
  const ended = (await execa(file!, rest, { cwd, stdio: 'inherit', reject: false })) as Ended;
  if (notFound(ended)) {
    throw new UserError(`${file} is not installed`, {
      hint: 'set EDITOR, PAGER or SHELL to a program that is',
    });
  }
}
