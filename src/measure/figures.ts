// SPDX-License-Identifier: GPL-2.0-only
/** Figures of one run, in its clock's unit: instructions since start_kernel, or milliseconds of CLOCK_BOOTTIME. */
import type { BootRun, UsedStep } from '../boot/boot.ts';
import type { Mark } from '../events.ts';

/** Since start_kernel, in the clock's unit. Undefined when the run did not pass the mark. */
export function sinceKernel(
  run: Pick<BootRun, 'marks'>,
  mark: Mark,
  clock: 'icount' | 'wall',
): number | undefined {
  const reached = run.marks[mark];
  return reached && timeOf(run, reached, clock);
}

/** Since start_kernel, at the end of that step of the reading. Undefined when the run did not get there. */
export function sinceKernelAt(run: BootRun, percent: number, clock: 'icount' | 'wall'): number | undefined {
  const step = run.used.find(candidate => candidate.percent === percent);
  return step && timeOf(run, step, clock);
}

/** Of any point of the run. */
export function timeOf(
  run: Pick<BootRun, 'marks'>,
  reached: Pick<UsedStep, 'tsc' | 'boottime'>,
  clock: 'icount' | 'wall',
): number | undefined {
  if (clock === 'wall') return reached.boottime === undefined ? undefined : reached.boottime / 1e6;
  const entry = run.marks.kernel?.tsc;
  return entry === undefined || reached.tsc === undefined ? undefined : reached.tsc - entry;
}

/** Virtual nanoseconds at the end less instructions executed. The guest reads its counter some ten thousand
 *  instructions before it stops, so that no idle at all would come out below zero. Undefined without both figures. */
export function idleOf(run: BootRun): number | undefined {
  const end = run.marks.end?.tsc;
  return end === undefined || run.icount === undefined ? undefined : Math.max(0, end - run.icount);
}

/** What ran behind the probe, and said so: facts `reached` (vm/mark.c), each once, in their order. */
export function reachedOf({ facts }: Pick<BootRun, 'facts'>): (Pick<UsedStep, 'tsc' | 'boottime'> & {
  readonly what: string;
})[] {
  const said = facts.filter(({ name }) => name === 'reached').map(({ values }) => values);
  return said.flatMap(({ what, tsc, boottime }, i) =>
    what === undefined || said.findIndex(other => other.what === what) < i
      ? []
      : [{ what, ...(tsc && { tsc: Number(tsc) }), ...(boottime && { boottime: Number(boottime) }) }],
  );
}

/** One boot's checksum of what it read; the same on every row or the rows did not read the same. */
export const sumOf = (run: BootRun): string | undefined =>
  run.facts.findLast(fact => fact.name === 'used')?.values.sum;

/** What a run costs in all: to the end of the reading, to /init where nothing was read. */
export const costOfRun = (run: BootRun): number | undefined =>
  (run.flow === 'floor' ? undefined : sinceKernel(run, 'used', run.clock)) ??
  sinceKernel(run, 'init', run.clock);
