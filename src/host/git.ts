// SPDX-License-Identifier: GPL-2.0-only
/** The door to git: short questions through simple-git, long work through exec.ts, both deaf to git's environment. */
import { readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import path from 'node:path';
import { type SimpleGitOptions, simpleGit } from 'simple-git';
import type { Work } from '../events.ts';
import { heardByMany } from './abort.ts';
import { startProblem, toolProblem } from './environment.ts';
import { Interrupted, ToolError } from './errors.ts';
import { type ExecResult, exec, missingTool } from './exec.ts';
import { exists } from './files.ts';
import { expectGroup, ownerEnvironment } from './reaper.ts';

/** How to reach a remote is the user's business; which repository and index to use is ours. */
const transport =
  /^GIT_(SSH|SSH_COMMAND|SSH_VARIANT|ASKPASS|PROXY_COMMAND|SSL_\w+|HTTP_\w+|EXEC_PATH|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM))$/;

/** What git's environment must be: GIT_DIR, GIT_INDEX_FILE and their like removed (undefined), messages in
 *  English for parsing, no questions asked, no fetch of what a partial clone lacks. */
export function gitEnvironment(
  ambient: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string | undefined> {
  const removed = Object.keys(ambient).filter(name => name.startsWith('GIT_') && !transport.test(name));
  return {
    ...Object.fromEntries(removed.map(name => [name, undefined])),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
  };
}

/** The command line of git in a folder (a repository or a worktree). */
export function gitArgv(folder: string, args: readonly string[]): string[] {
  return ['git', '-C', folder, ...args];
}

/** For what must come out the same whoever runs it, in our own repository: the user's configuration does not count,
 *  so no program that it names (a diff driver, a filter, a merge driver) runs. */
export const ownConfigOnly = {
  // git before 2.32 knows no GIT_CONFIG_GLOBAL.
  ...{ HOME: '/dev/null', XDG_CONFIG_HOME: '/dev/null' },
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
} as const;

export interface GitOptions {
  /** Added to the environment: GIT_INDEX_FILE, identities, dates. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: Buffer | string;
  /** Exit codes that are an answer, not a failure (0 always is). */
  readonly accept?: readonly number[];
}

/** Asks git in an existing folder and returns its stdout, final newline removed.
 *  @throws ToolError, UserError when git is not installed, Interrupted */
export async function git(
  folder: string,
  args: readonly string[],
  signal: AbortSignal,
  options: GitOptions = {},
): Promise<string> {
  if (signal.aborted) throw new Interrupted();
  expectGroup();
  heardByMany(signal);
  const env = questionEnvironment(options.env);
  // simple-git words every failure as its own error; ours is kept beside it.
  let failure: Error | undefined;
  const settings: Partial<SimpleGitOptions> = {
    baseDir: folder,
    abort: signal,
    trimmed: false,
    completion: { onClose: true, onExit: false },
    // The environment is chosen here, not taken from a stranger's input.
    allowEnvironment: Object.keys(env),
    unsafe: {
      allowUnsafeConfigPaths: true,
      allowUnsafeExec: true,
      allowUnsafeConfigEnvCount: true,
      allowUnsafeFsMonitor: true,
      allowUnsafeFilter: true,
    },
    errors: (_error, result) => {
      // The negative errno of a program that could not be started.
      if (result.exitCode === -constants.errno.ENOENT) failure = missingTool('git');
      else if (result.exitCode < 0) failure = startProblem('git', errnoName(-result.exitCode));
      if (failure) return failure;
      if (result.exitCode === 0 || options.accept?.includes(result.exitCode)) return undefined;
      failure = gitError(gitArgv(folder, args), result);
      return failure;
    },
    ...(options.input !== undefined ? { input: () => options.input } : {}),
  };
  try {
    return (
      await simpleGit(settings)
        .env(env)
        .raw([...args])
    ).replace(/\n$/, '');
  } catch (error) {
    if (signal.aborted) throw new Interrupted();
    throw failure ?? error;
  }
}

const errnoName = (errno: number): string | undefined =>
  Object.entries(constants.errno).find(([, number]) => number === errno)?.[0];

function gitError(
  argv: readonly string[],
  result: { exitCode: number; stdOut: readonly Buffer[]; stdErr: readonly Buffer[] },
): Error {
  const said = Buffer.concat(result.stdErr.length > 0 ? result.stdErr : result.stdOut).toString('utf8');
  const lastLines = said.trimEnd().split('\n').slice(-40);
  return (
    toolProblem('git', lastLines, { certain: true }) ??
    new ToolError({ argv, exitCode: result.exitCode, signal: null, lastLines })
  );
}

/** A question reaches no remote and opens no editor or pager: simple-git refuses variables that could. */
function questionEnvironment(added: GitOptions['env']): Record<string, string> {
  const all = { ...process.env, ...gitEnvironment(), ...added, ...ownerEnvironment };
  const refused =
    /^(EDITOR|VISUAL|PAGER|PREFIX|SSH_ASKPASS|GIT_(SSH\w*|ASKPASS|PROXY_COMMAND|SSL_\w+|HTTP_\w+))$/;
  return Object.fromEntries(
    Object.entries(all).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !refused.test(entry[0]),
    ),
  );
}

/** git at work for a while: its command line, lines and progress as events, its process group in our hands. */
export async function* gitWork(
  folder: string,
  args: readonly string[],
  options: {
    readonly job: string;
    readonly signal: AbortSignal;
    readonly env?: Readonly<Record<string, string>>;
  },
): Work<ExecResult> {
  const work = exec(gitArgv(folder, args), { ...options, env: { ...gitEnvironment(), ...options.env } });
  try {
    for (;;) {
      const next = await work.next();
      if (next.done) return next.value;
      const event = next.value;
      const progress = event.type === 'output' ? parseGitProgress(event.line) : undefined;
      yield progress ? { job: options.job, type: 'progress', ...progress } : event;
    }
  } finally {
    await work.return(undefined as never);
  }
}

/** 'Updating files:  45% (43225/96057)' and its like; undefined for any other line. */
export function parseGitProgress(line: string): { label: string; done: number; total: number } | undefined {
  const match = /^(?:remote: )?([A-Z][a-z ]+): +\d+% \((\d+)\/(\d+)\)/.exec(line);
  return match
    ? { label: match[1]!.toLowerCase(), done: Number(match[2]), total: Number(match[3]) }
    : undefined;
}

/** The administrative folder of a linked worktree, which its .git file names. */
export async function adminFolderOf(worktree: string): Promise<string> {
  const pointer = await readFile(path.join(worktree, '.git'), 'utf8');
  return path.resolve(worktree, pointer.replace(/^gitdir: /, '').trim());
}

/** The branch that HEAD of a linked worktree names ('refs/heads/...'); undefined when it is a commit. */
export async function branchOf(worktree: string): Promise<string | undefined> {
  const head = await readFile(path.join(await adminFolderOf(worktree), 'HEAD'), 'utf8');
  return /^ref: (.*)$/m.exec(head)?.[1];
}

/** Removes a lock file of git's ('index.lock') that no process has open: a git that was killed leaves it, one that is at
 *  work holds it. Returns whether there was one; told only to look, whether it would remove it. */
export async function removeStaleLock(file: string, act = true): Promise<boolean> {
  if (!(await exists(file)) || (await isOpen(file))) return false;
  if (act) await rm(file, { force: true });
  return true;
}

/** Whether a process that we may look into has the file open. */
async function isOpen(file: string): Promise<boolean> {
  const real = await realpath(file).catch(() => file);
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const folder = `/proc/${pid}/fd`;
    for (const fd of await readdir(folder).catch(() => [] as string[])) {
      if ((await readlink(`${folder}/${fd}`).catch(() => '')) === real) return true;
    }
  }
  return false;
}
