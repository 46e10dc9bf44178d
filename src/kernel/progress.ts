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

/** What a build directory holds at the start decides how much is left. */
export function stepsAhead(start: {
  /** Steps of a full build. */
  readonly full: number;
  /** Steps an unfinished build has behind it. */
  readonly behind: number;
  /** Whether a build of the same .config has ended here; then only what changed is compiled. */
  readonly complete: boolean;
}): number {
  return start.complete ? linkSteps : Math.max(linkSteps, start.full - start.behind);
}

/** The total to show at `done`: an estimate that proves too small grows, and only the end reaches it. */
export function shownTotal(done: number, estimate: number): number {
  return done < estimate ? estimate : done + Math.max(1, Math.ceil(done / 50));
}

/** Bytes of disk that a build directory and the kernel kept from it may take; debug information multiplies both. */
export function spaceNeeded(steps: number, dotConfig: string): number {
  const debugInfo = /^CONFIG_DEBUG_INFO=y$/m.test(dotConfig);
  return 2 ** 28 + steps * (debugInfo ? 2 ** 21 : 2 ** 18);
}
