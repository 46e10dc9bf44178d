// SPDX-License-Identifier: GPL-2.0-only
/** Which process something belongs to, so that what a dead one has left can be told from what a living one uses: the
 *  pid alone does not say, it is given out again (proc(5): field 22 of /proc/PID/stat is when the process started). */
import { readFileSync, readlinkSync } from 'node:fs';

export interface Owner {
  readonly pid: number;
  /** Clock ticks from the host's boot to the process's start. */
  readonly start: string;
  /** The pid namespace: a pid of another one says nothing here. */
  readonly space: string;
}

/** `unknown`: it lives in another container, if it does. */
export type Life = 'alive' | 'gone' | 'unknown';

const space = (): string => {
  try {
    return Number(/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? 0).toString(36);
  } catch {
    return '0';
  }
};
const ourSpace = space();

/** When a process started; undefined when there is none, or it is a zombie: that holds nothing any more. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** The owner that a running process is. */
export const ownerOf = (pid: number): Owner => ({ pid, start: startOf(pid) ?? '0', space: ourSpace });

export const ourselves: Owner = ownerOf(process.pid);

export function lifeOf({ pid, start, space }: Owner): Life {
  if (space !== ourSpace) return 'unknown';
  return startOf(pid) === start ? 'alive' : 'gone';
}

/** An owner as part of a file name or an environment variable: 'p4711.123456.hra0hs'. */
export const tagOf = ({ pid, start, space }: Owner): string => `p${pid}.${start}.${space}`;

/** The owner in a name that holds a tag; undefined when it holds none. */
export function taggedOwner(name: string): Owner | undefined {
  const match = /(?:^|[-.=])p(\d{1,10})\.(\d{1,20})\.([0-9a-z]{1,12})(?:$|-)/.exec(name);
  return match ? { pid: Number(match[1]), start: match[2]!, space: match[3]! } : undefined;
}
