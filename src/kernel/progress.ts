// SPDX-License-Identifier: GPL-2.0-only
/** How many steps a build will print: what an earlier one printed, scaled by the options that are enabled, or what is to
 *  be compiled again. Pure. */
import path from 'node:path';
import type { BuildStep } from './log.ts';

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

/** What is likely to be made. */
export interface Forecast {
  /** Steps of a build from nothing, of which so many were done by one that was broken off. */
  readonly full: number;
  readonly behind: number;
  /** Where the objects of a finished build are there: those that will be compiled again ('fs/erofs/super.o'). */
  readonly again?: ReadonlySet<string>;
}

/** So many objects that nobody expected mean that all are compiled: an option has changed a flag of every file. */
const fewUnforeseen = 10;

/** Takes each step as it comes and returns how many there are going to be, more than there were, so that the share of it
 *  never shrinks: undefined while it would, and when it cannot be told any more. */
export function stepCounter({ full, behind, again }: Forecast): (step: BuildStep) => number | undefined {
  const seen = new Set<string>();
  let [compiled, unforeseen, share] = [0, 0, 0];
  const left = Math.max(linkSteps, full - behind);
  const few = again && again.size + foldersOf(again).size + linkSteps;
  return ({ step, target }) => {
    const size = seen.size;
    seen.add(`${step} ${target}`);
    const isObject = (step === 'CC' || step === 'AS') && !/^(scripts|tools)\//.test(target);
    if (again && isObject && seen.size > size) {
      compiled++;
      if (!again.has(target)) unforeseen++;
    }
    const everything = unforeseen > fewUnforeseen && unforeseen * 2 > compiled;
    const total = few === undefined || everything ? left : few + unforeseen;
    if (seen.size >= total || seen.size / total < share) return undefined;
    share = seen.size / total;
    return total;
  };
}

/** Each folder's archive is made again with an object in it. */
function foldersOf(objects: ReadonlySet<string>): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const object of objects) {
    for (let at = path.dirname(object); !folders.has(at); at = path.dirname(at)) folders.add(at);
  }
  return folders;
}

/** Bytes of disk that a build directory and the kernel kept from it may take; debug information multiplies both. */
export function spaceNeeded(steps: number, dotConfig: string): number {
  const debugInfo = /^CONFIG_DEBUG_INFO=y$/m.test(dotConfig);
  return 2 ** 28 + steps * (debugInfo ? 2 ** 21 : 2 ** 18);
}
