// SPDX-License-Identifier: GPL-2.0-only
/** One boot without a run's folder: what it came to is returned, and nothing of it stays. */
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Fact, Milliseconds, Outcome } from '../events.ts';
import { takeCpu } from '../host/cpus.ts';
import { guarded } from './guard.ts';
import { type OnLine, runGuest } from './guest.ts';
import type { BootPlan } from './machine.ts';

export interface QuietBoot {
  readonly outcome: Outcome;
  readonly lines: readonly string[];
  readonly facts: readonly Fact[];
  readonly ms: Milliseconds;
}

/** Lines that are returned of a console that does not end: its start, where the first fault is. */
const mostLines = 20_000;

/** Boots what is planned for a folder below `scratch`, which is gone afterwards. */
export async function bootQuietly(
  scratch: string,
  plan: (folder: string) => Promise<BootPlan>,
  signal: AbortSignal,
): Promise<QuietBoot> {
  const folder = await mkdtemp(path.join(scratch, 'boot-'));
  const { cpu, release } = takeCpu();
  try {
    const lines: string[] = [];
    const facts: Fact[] = [];
    const onLine: OnLine = (line, signs) => {
      if (lines.length < mostLines) lines.push(line);
      for (const sign of signs) if (sign.type === 'fact') facts.push(sign.fact);
    };
    const planned = await plan(folder);
    const guardedPlan = { ...planned, vm: await guarded(planned.vm, signal, cpu) };
    const { outcome, host } = await runGuest(guardedPlan, folder, { line: onLine }, signal);
    return { outcome, lines, facts, ms: Math.round(host) };
  } finally {
    release();
    await rm(folder, { recursive: true, force: true });
  }
}
