// SPDX-License-Identifier: GPL-2.0-only
/** What the same comparison cost elsewhere: figures recorded for one toolchain, and what a comparison says of them. Pure. */
import { z } from 'zod';
import type { Comparison } from './comparison.ts';

/** vm/recorded.json: comparisons of one round by icount, figures in guest instructions since start_kernel. */
export const recordings = z.array(
  z.strictObject({
    tree: z.string(),
    arch: z.string(),
    memoryMiB: z.number(),
    cpus: z.number(),
    payload: z.string(),
    usedPercents: z.array(z.number()),
    /** As they print their versions: `gcc --version` in its first line, QEMU without the distribution's suffix. */
    compiler: z.string(),
    qemu: z.string(),
    payloadBytes: z.number(),
    rows: z.record(z.string(), z.strictObject({ init: z.number(), used: z.number().optional() })),
  }),
);
export type Recording = z.infer<typeof recordings>[number];

/** One line, or undefined where nothing is recorded of such a comparison on any toolchain. */
export function digitsOf(comparison: Comparison, all: readonly Recording[]): string | undefined {
  const { conditions: c, clock, payload, usedPercents } = comparison;
  if (clock !== 'icount' || c.rounds !== 1 || c.qemu === undefined) return undefined;
  const alike = all.filter(
    one =>
      one.tree === c.tree &&
      one.arch === c.arch &&
      one.memoryMiB === c.memoryMiB &&
      one.cpus === c.cpus &&
      one.payload === payload.name &&
      one.usedPercents.join() === usedPercents.join(),
  );
  if (alike.length === 0) return undefined;
  const compiler = c.compilers?.join(', ') ?? 'an unknown compiler';
  const qemu = c.qemu.split(' ')[0]!;
  const here = alike.find(one => one.compiler === compiler && one.qemu === qemu);
  if (!here) {
    const known = alike.map(one => `${one.compiler} and QEMU ${one.qemu}`).join('; ');
    return `digits: other toolchain, compare only within it: none are recorded for ${compiler} and QEMU ${qemu}, but for ${known}`;
  }
  const toolchain = `for ${compiler} and QEMU ${qemu}`;
  if (here.payloadBytes !== payload.bytes) {
    return `digits: recorded ${toolchain} with ${here.payloadBytes} bytes of files, here there are ${payload.bytes}`;
  }
  const differing = comparison.rows.flatMap(row => {
    const recorded = here.rows[row.id];
    if (!recorded) return [];
    const pairs = [
      ['/init', recorded.init, row.init?.median],
      ['the end', recorded.used, row.used?.median],
    ] as const;
    // In full: rounded, a difference of some thousand instructions would be none.
    return pairs.flatMap(([to, then, now]) =>
      then === now ? [] : [`${row.id} to ${to} ${now ?? 'none'}, recorded ${then ?? 'none'}`],
    );
  });
  return differing.length === 0
    ? `digits: as recorded ${toolchain}`
    : `digits: not as recorded ${toolchain}, in instructions: ${differing.join('; ')}`;
}
