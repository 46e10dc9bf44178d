// SPDX-License-Identifier: GPL-2.0-only
/** What the host refuses, a full disk before all, as an error that the user can act on: one table for all doors,
 *  whether Node or a program that we run met with it. */
import { statfsSync, statSync } from 'node:fs';
import { exitCodes, ToolError, UserError } from './errors.ts';

interface Refusal {
  /** strerror(3)'s words, in which programs report it; they run in an English locale. */
  readonly words: string;
  readonly hint: string;
}

const room = 'free some space (initbench clean), or move the cache with INITBENCH_CACHE';
const noRoom = ['ENOSPC', 'EDQUOT'];
const places = 'set INITBENCH_CACHE and INITBENCH_STATE to folders you can write to';
const rights = `check who owns the file, or ${places}`;

const refusals: Readonly<Record<string, Refusal>> = {
  ENOSPC: { words: 'No space left on device', hint: room },
  EDQUOT: { words: 'Disk quota exceeded', hint: room },
  EROFS: { words: 'Read-only file system', hint: places },
  EIO: { words: 'Input/output error', hint: 'check the disk: dmesg' },
  EMFILE: { words: 'Too many open files', hint: 'allow more open files: ulimit -n 4096' },
  ENFILE: { words: 'Too many open files in system', hint: 'end other programs' },
  ENOMEM: { words: 'Cannot allocate memory', hint: 'end other programs, or use fewer --jobs' },
  EAGAIN: {
    words: 'Resource temporarily unavailable',
    hint: 'end other programs, or allow more processes: ulimit -u',
  },
  EACCES: { words: 'Permission denied', hint: rights },
  EPERM: { words: 'Operation not permitted', hint: rights },
};

/** Programs that word it themselves: apt, git, kbuild's fixdep, dash, compilers. Those that name no cause of a write that
 *  failed mean a full disk. */
const otherWords: readonly (readonly [RegExp, string])[] = [
  [/: (printf|echo): I\/O error$|: not all data was written to the output$/, 'ENOSPC'],
  [/You don't have enough free space|write error\. Out of diskspace/, 'ENOSPC'],
  [/virtual memory exhausted|out of memory allocating/, 'ENOMEM'],
];

/** A compiler or a script of the source may report these for a reason of its own. */
const ambiguous = ['EIO', 'EAGAIN', 'EACCES', 'EPERM'];

/** There is no room on a disk: which one that is tells roomHint(). */
export class NoRoom extends UserError {
  /** The file that could not be written, where that is known. */
  file: string | undefined;
}

/** A folder that initbench writes to, and what moves it elsewhere. */
export interface Place {
  readonly folder: string;
  readonly variable?: string;
}

/** Less than this is next to nothing: a program that failed has often removed what it could not finish. */
const nextToNothing = 2 ** 24;
/** Less than this is the reason why a program failed that gives none. */
export const nothing = 2 ** 18;

/** What to do when there is no room: it names the places that have none, each file system once; undefined: all have. */
export function roomHint(places: readonly Place[], bytes = nextToNothing): string | undefined {
  const full = new Map<number, Place>();
  for (const place of places) {
    try {
      const { bavail, bsize } = statfsSync(place.folder);
      const { dev } = statSync(place.folder);
      if (bavail * bsize < bytes && !full.has(dev)) full.set(dev, place);
    } catch {
      // It is not there.
    }
  }
  if (full.size === 0) return undefined;
  const found = [...full.values()];
  const variables = found.flatMap(({ variable }) => variable ?? []);
  const elsewhere =
    variables.length === 0 ? '' : `, or set ${variables.join(' and ')} to a folder on another disk`;
  return `free some space in ${found.map(({ folder }) => folder).join(' and ')} (initbench clean)${elsewhere}`;
}

/** The user's error that stands for what the host refused; undefined: something else went wrong. */
export function environmentProblem(error: unknown): UserError | undefined {
  if (error instanceof UserError) return undefined;
  if (error instanceof ToolError) return toolProblem(error.argv[0]!, error.lastLines);
  if (!(error instanceof Error)) return undefined;
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  const refusal = code === undefined ? undefined : refusals[code];
  if (refusal === undefined) return environmentProblem(error.cause);
  const at = path ?? syscall;
  const found = refused(at === undefined ? refusal.words : `${refusal.words}: ${at}`, code!);
  if (found instanceof NoRoom) found.file = path;
  return found;
}

/** What a program that failed has printed about it, in the line that tells most. With `certain`, only what can have no
 *  other cause: a script without its x bit is a fault of the source. */
export function toolProblem(
  program: string,
  lines: readonly string[],
  { certain = false } = {},
): UserError | undefined {
  for (const line of lines) {
    const code =
      Object.keys(refusals).find(each => line.includes(refusals[each]!.words)) ??
      otherWords.find(([words]) => words.test(line))?.[1];
    if (code === undefined || (certain && ambiguous.includes(code))) continue;
    return refused(`${program} failed: ${line.trim()}`, code);
  }
  return undefined;
}

/** What the host refused when a program was to be started. */
export function startProblem(program: string, code: string | undefined): UserError | undefined {
  const refusal = code === undefined ? undefined : refusals[code];
  return refusal && refused(`${program} cannot be started: ${refusal.words}`, code!);
}

function refused(message: string, code: string): UserError {
  const options = { hint: refusals[code]!.hint, exitCode: exitCodes.environment };
  return noRoom.includes(code) ? new NoRoom(message, options) : new UserError(message, options);
}
