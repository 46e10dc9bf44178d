// SPDX-License-Identifier: GPL-2.0-only
/** How many steps a build will print: what an earlier one printed, scaled by the options that are enabled. Pure. */

/** A full build: how many options were y or m, how many step lines it printed. */
export interface KnownBuild {
  readonly options: number;
  readonly steps: number;
}

/** Linux 7.3 for x86-64, tinyconfig with base.config and memmap.config. */
const reference: KnownBuild = { options: 771, steps: 1936 };

/** Steps that follow any change: from vmlinux.o to the boot image. */
const linkSteps = 40;

/** Steps of a full build with so many options; exact when a known one has just as many. */
export function estimateSteps(options: number, known: readonly KnownBuild[]): number {
  const nearest = [reference, ...known].reduce((best, each) =>
    Math.abs(each.options - options) <= Math.abs(best.options - options) ? each : best,
  );
  return Math.max(linkSteps, Math.round((nearest.steps * options) / Math.max(nearest.options, 1)));
}

/** What a build directory holds at the start decides how much is left: the likely number, and the next one up for when
 *  that proves too small. */
export function stepsAhead(start: {
  /** Steps of a full build. */
  readonly full: number;
  /** Steps an unfinished build has behind it. */
  readonly behind: number;
  /** Whether objects of a finished build are there: then only what differs is compiled, which an option that all files
   *  use makes nearly everything. */
  readonly complete: boolean;
}): readonly number[] {
  const left = Math.max(linkSteps, start.full - start.behind);
  return start.complete ? [linkSteps, left] : [left];
}

/** The total to show at `done`, so that the share of it never shrinks: none while more than one estimate may be the right
 *  one, and none once the last has proved too small. */
export function shownTotal(done: number, estimates: readonly number[]): number | undefined {
  const left = estimates.filter(estimate => done < estimate);
  return left.length === 1 ? left[0] : undefined;
}

/** Bytes of disk that a build directory and the kernel kept from it may take; debug information multiplies both. */
export function spaceNeeded(steps: number, dotConfig: string): number {
  const debugInfo = /^CONFIG_DEBUG_INFO=y$/m.test(dotConfig);
  return 2 ** 28 + steps * (debugInfo ? 2 ** 21 : 2 ** 18);
}
