// SPDX-License-Identifier: GPL-2.0-only
/** Two boots held against each other: their timelines by event, and what they were made with. Pure. */
import { diffArrays, diffLines } from 'diff';
import { z } from 'zod';
import type { BootRun } from '../boot/boot.ts';
import { list, object, text, texts } from '../document.ts';
import { clockSchema } from '../events.ts';
import { runFigures } from './figures.ts';
import { alignmentSchema, alignTimelines, timelineOf } from './timeline.ts';

/** A property that differs. */
const changedSchema = object({ what: text, before: text, after: text });
export type Changed = z.infer<typeof changedSchema>;

export const runDiffSchema = object({
  clock: clockSchema,
  /** Absent when the clocks differ, or one was typed into: their figures cannot be held against each other. */
  timeline: alignmentSchema.exactOptional(),
  changed: list(changedSchema),
  /** Words of the QEMU command: ' ' in both, '-' in the first alone, '+' in the second alone. */
  argv: list(object({ sign: z.enum([' ', '-', '+']), word: text })),
  /** Lines of the kernels' configurations that differ, as in a diff; absent when the configurations are the same, or
   *  are no longer there. */
  config: texts.exactOptional(),
});
export type RunDiff = z.infer<typeof runDiffSchema>;

/** `configs`: both .config texts, where they are at hand. */
export function diffRuns(
  before: BootRun,
  after: BootRun,
  configs?: { readonly before: string; readonly after: string },
): RunDiff {
  const words = diffArrays([...before.argv], [...after.argv]).flatMap(({ added, removed, value }) =>
    value.map(word => ({ sign: added ? ('+' as const) : removed ? ('-' as const) : (' ' as const), word })),
  );
  const config = configs && configLines(configs);
  const comparable = before.clock === after.clock && !before.interactive && !after.interactive;
  return {
    clock: before.clock,
    ...(comparable && { timeline: alignTimelines(timelineOf(before), timelineOf(after)) }),
    changed: changedOf(before, after),
    argv: words,
    ...(config && config.length > 0 && { config }),
  };
}

/** Only what differs: a configuration has thousands of lines. */
const configLines = ({ before, after }: { readonly before: string; readonly after: string }): string[] =>
  diffLines(before, after).flatMap(({ added, removed, value }) =>
    added || removed
      ? value
          .split('\n')
          .filter(line => line !== '')
          .map(line => `${added ? '+' : '-'}${line}`)
      : [],
  );

function changedOf(before: BootRun, after: BootRun): Changed[] {
  const properties: Readonly<Record<string, (run: BootRun) => string>> = {
    outcome: run => run.outcome.kind,
    kernel: run => `${run.kernel.name} ${run.kernel.release} ${run.kernel.digest.slice(0, 12)}`,
    config: run => run.kernel.configDigest.slice(0, 12),
    patches: run => run.kernel.origin?.series?.slice(0, 12) ?? 'none',
    fragments: run => run.kernel.origin?.fragments.join(', ') ?? 'unknown',
    payload: run => `${run.payload.name} ${run.payload.digest.slice(0, 12)}`,
    images: run =>
      run.images
        .map(({ role, format, digest, bytes }) => `${role} ${format} ${digest.slice(0, 12)} ${bytes} bytes`)
        .join(', '),
    memory: run => `${run.memoryMiB} MiB`,
    CPUs: run => String(run.cpus),
    clock: run => run.clock,
    'typed into': run => (run.interactive ? 'yes' : 'no'),
    accelerator: run => run.accelerator,
    QEMU: run => run.qemuVersion ?? run.platform ?? 'unknown',
    machine: run => run.machine ?? 'unknown',
    host: run => `${run.host.cpu}, Linux ${run.host.kernel}`,
    'files read': run => runFigures(run).sum ?? 'none',
  };
  return Object.entries(properties).flatMap(([what, of]) => {
    const [from, to] = [of(before), of(after)];
    return from === to ? [] : [{ what, before: from, after: to }];
  });
}

/** Whether two boots gave the same figures to the last digit; undefined when there is nothing to compare. */
export function sameDigits(before: BootRun, after: BootRun): boolean | undefined {
  const [one, other] = [runFigures(before), runFigures(after)];
  if (one.unit !== other.unit || !one.points.some(({ id }) => id === 'init')) return undefined;
  const digits = ({ points }: typeof one) => JSON.stringify(points.map(({ id, at }) => [id, at]));
  return digits(one) === digits(other);
}
