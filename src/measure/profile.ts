// SPDX-License-Identifier: GPL-2.0-only
/** Samples of where boots spent their time, folded: a stack of functions is counted once, with how often it was seen.
 *  Pure. */
import type { Milliseconds } from '../events.ts';

/** Whose code it is: of the guest's kernel, of the programs in the guest, of the host's kernel, of its libraries. */
export type FrameKind = 'kernel' | 'program' | 'host' | 'library';

export interface Frame {
  readonly name: string;
  readonly kind: FrameKind;
}

/** The outermost function first. */
export interface Stack {
  readonly frames: readonly Frame[];
  readonly samples: number;
}

export interface Profile {
  readonly row: string;
  readonly boots: number;
  readonly samples: number;
  /** What one sample stands for. */
  readonly sample: Milliseconds;
  readonly stacks: readonly Stack[];
}

/** What a kind is marked with behind its functions, as in the files of flamegraph.pl, where `_[k]` is the kernel that
 *  takes the samples. */
const marks: Readonly<Record<FrameKind, string>> = {
  ...{ kernel: '', program: '_[p]', host: '_[k]', library: '_[l]' },
};

const written = ({ name, kind }: Frame): string => `${name.replaceAll(/[; ]/g, '_')}${marks[kind]}`;

/** Stacks that are the same counted together, in the order of their names. */
export function folded(stacks: Iterable<Stack>): Stack[] {
  const counted = new Map<string, { frames: readonly Frame[]; samples: number }>();
  for (const { frames, samples } of stacks) {
    const key = frames.map(written).join(';');
    const known = counted.get(key);
    if (known) known.samples += samples;
    else counted.set(key, { frames, samples });
  }
  return [...counted].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, stack]) => stack);
}

/** Lines `main;called;called_[k] 12`, which flamegraph.pl, speedscope and others read. */
export const foldedText = ({ stacks }: Pick<Profile, 'stacks'>): string =>
  stacks.map(({ frames, samples }) => `${frames.map(written).join(';')} ${samples}\n`).join('');

/** Of one boot. */
export const perBoot = (
  { boots, sample }: Pick<Profile, 'boots' | 'sample'>,
  samples: number,
): Milliseconds => (samples * sample) / boots;

export interface Hot {
  readonly frame: Frame;
  /** Samples in it, and in it or in what it called. */
  readonly self: number;
  readonly total: number;
}

/** The functions by the samples that were in them, most first. */
export function hottest({ stacks }: Pick<Profile, 'stacks'>): Hot[] {
  const hot = new Map<string, { frame: Frame; self: number; total: number }>();
  for (const { frames, samples } of stacks) {
    const seen = new Set<string>();
    for (const [depth, frame] of frames.entries()) {
      const key = written(frame);
      const one = hot.get(key) ?? { frame, self: 0, total: 0 };
      hot.set(key, one);
      if (depth === frames.length - 1) one.self += samples;
      // a function that calls itself took its time once
      if (!seen.has(key)) one.total += samples;
      seen.add(key);
    }
  }
  return [...hot.values()].sort((a, b) => b.self - a.self || (a.frame.name < b.frame.name ? -1 : 1));
}

/** Samples by whose code was running. */
export function byKind({ stacks }: Pick<Profile, 'stacks'>): Record<FrameKind, number> {
  const counts = { kernel: 0, program: 0, host: 0, library: 0 };
  for (const { frames, samples } of stacks) counts[frames.at(-1)!.kind] += samples;
  return counts;
}
