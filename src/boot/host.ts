// SPDX-License-Identifier: GPL-2.0-only
/** The machine a boot ran on: what a reader of wall-clock figures asks first. */
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import type { BootRun } from './boot.ts';

/** CPU time since the host started, in clock ticks (proc(5), /proc/stat). */
export interface Ticks {
  readonly total: number;
  /** What the host's own hypervisor gave to others. */
  readonly steal: number;
}

/** Facts before a boot; loadAfter is a placeholder until it has ended. */
export function hostFacts(): BootRun['host'] {
  const load = currentLoad();
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cpus: os.cpus().length,
    kernel: os.release(),
    loadBefore: load,
    loadAfter: load,
  };
}

/** Mean number of runnable tasks over the last minute. */
export const currentLoad = (): number => Math.round(os.loadavg()[0]! * 100) / 100;

export const readTicks = async (): Promise<Ticks | undefined> =>
  parseTicks(await readFile('/proc/stat', 'utf8').catch(() => ''));

/** The `cpu` line of /proc/stat; undefined where there is none. */
export function parseTicks(stat: string): Ticks | undefined {
  const ticks = /^cpu +([\d ]+)$/m.exec(stat)?.[1]?.trim().split(/ +/).map(Number);
  if (!ticks || ticks.length < 8) return undefined;
  return { total: ticks.slice(0, 8).reduce((sum, n) => sum + n, 0), steal: ticks[7]! };
}

/** Share of the CPU time between two readings that was stolen. */
export function stealPercent(before: Ticks | undefined, after: Ticks | undefined): number | undefined {
  if (!before || !after || after.total <= before.total) return undefined;
  return Math.round((1000 * (after.steal - before.steal)) / (after.total - before.total)) / 10;
}

/** Most memory a process had so far, in bytes (VmHWM of proc(5)); undefined when it has gone. */
export async function peakOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}
