// SPDX-License-Identifier: GPL-2.0-only
/** What upstream asked of the series, as values: which boots show it, and a pure judgement over what they showed. */
import { z } from 'zod';
import { flag, object, text } from '../../document.ts';
import type { Segment } from './files.ts';
import type { Fact, Instructions, Outcome } from '../../events.ts';
import type { Clock } from '../../boot/boot.ts';
import type { Series } from '../../series/series.ts';

/** hard: a maintainer asked for it or refused its absence; soft: a user or a neighbour asked; implied: the kernel does
 *  it today, nobody said it in words. */
export const weightSchema = z.enum(['hard', 'soft', 'implied']);
export type Weight = z.infer<typeof weightSchema>;

/** A kernel by what it is made of; the same need is built once, however many requirements have it. */
export interface KernelNeed {
  /** 'series': the one that is verified; 'base': the tree without it; 'demo': SERIES-demo, which has it and more. */
  readonly carries: 'series' | 'base' | 'demo';
  /** On top of the workspace's: names in kconfigs/, or CONFIG_X=value items. */
  readonly fragments: readonly string[];
}

/** What `series` on a command line makes of it. */
export const kernelName = ({ carries }: KernelNeed, series: string): string =>
  carries === 'series' ? series : carries === 'demo' ? `${series}-demo` : carries;

/** One boot. What is not said: 512 MiB, one CPU, the wall clock, all kernel messages, no disk. */
export interface Trial {
  readonly kernel: KernelNeed;
  /** One behind the other, as a boot loader hands them over. */
  readonly initrd: readonly Segment[];
  /** What the witness looks at (vm/check/); empty where another program is /init. */
  readonly checks: readonly string[];
  /** More words for the kernel command line. */
  readonly append?: readonly string[];
  /** Of the guest; a function where it follows from the size of the initrd. */
  readonly memoryMiB?: number | ((initrdBytes: number) => number);
  readonly cpus?: number;
  /** QEMU's name of a CPU model, where the usual one will not do; emulated. */
  readonly cpuModel?: string;
  /** icount where instructions are the evidence. */
  readonly clock?: Clock;
  /** Warnings and worse only: for figures, since messages take instructions too. */
  readonly quiet?: true;
  /** virtio disks, read-only, /dev/vda first. */
  readonly disks?: readonly Segment[];
  /** Options without which the kernel cannot show it, without CONFIG_: then the requirement is n/a. */
  readonly needs?: readonly string[];
  /** The kernel's options to be seen by the judgement, without CONFIG_. */
  readonly options?: readonly string[];
  /** Ends the boot this long after the line `end`, which then need not be the last thing that happens. */
  readonly holdMs?: number;
  readonly timeoutMs?: number;
}

/** What a boot showed. */
export interface Shown {
  /** Its run: the evidence. */
  readonly run: string;
  readonly outcome: Outcome;
  readonly facts: readonly Fact[];
  /** The console without facts and time stamps. */
  readonly lines: readonly string[];
  /** Absent where there is no initrd. */
  readonly initrd?: { readonly bytes: number; readonly sha256: string };
  readonly memoryMiB: number;
  /** y, m, n, or a value. */
  readonly options: Readonly<Record<string, string>>;
  /** RunFigures.init; icount only. */
  readonly toInit?: Instructions;
}

/** A sentence that is true or not, and what was seen. A requirement is met when all of its claims hold. */
export const claimSchema = object({
  says: text,
  holds: flag,
  /** What was seen, in a few words. */
  seen: text,
});
export type Claim = z.infer<typeof claimSchema>;

export type Judgement = readonly Claim[] | { readonly notApplicable: string };

/** What is judged beside boots: the patches as they will be posted. */
export interface SeriesText {
  readonly series: Series;
  /** Lines added by all patches, by file. */
  readonly added: Readonly<Record<string, readonly string[]>>;
}

/** A configuration that is asked for and not built. */
export interface ConfigNeed extends KernelNeed {
  /** Without the fragment of the series: its option is what the defaults say. */
  readonly unasked?: true;
  /** The options to be seen by the judgement, without CONFIG_. */
  readonly options: readonly string[];
}

/** What became of it. */
export interface Settled {
  /** y, m, n, or a value. */
  readonly options: Readonly<Record<string, string>>;
  /** What was asked for and is not so, with reasons. */
  readonly lost: readonly string[];
}

/** A requirement that boots show, or the configuration, or the patches as they are:
 *  src/evidence/requirement/<idea>.ts; the folder is the registry. */
export interface Requirement<Name extends string = string, Config extends string = string> {
  /** 'r06': its number, by which people and the matrix call it. */
  readonly id: string;
  /** At most 44 characters. */
  readonly title: string;
  /** Who asked, at most 24 characters: 'Hellwig, Gao'. */
  readonly askedBy: string;
  readonly weight: Weight;
  /** Part of `npm test`: small images, the default kernels, a few seconds. */
  readonly quick?: true;
  readonly boots: Readonly<Record<Name, Trial>>;
  readonly configs?: Readonly<Record<Config, ConfigNeed>>;
  /** Pure. */
  judge(
    shown: Readonly<Record<Name, Shown>>,
    text: SeriesText,
    configs: Readonly<Record<Config, Settled>>,
  ): Judgement;
}

/** Declares a requirement: its judgement sees exactly the boots and the configurations it named. */
export const requirement = <Name extends string, Config extends string = never>(
  declared: Requirement<Name, Config>,
): Requirement<Name, Config> => declared;

/** 'r06' as people say it: 'R6'. */
export const spokenId = (id: string): string => `R${Number(id.slice(1))}`;

export const kernels = {
  /** The one everybody boots. */
  series: { carries: 'series', fragments: [] },
  base: { carries: 'base', fragments: [] },
  /** One more kernel with every option that only a requirement asks for. */
  verify: { carries: 'series', fragments: ['systemd', 'verify'] },
  verifyBase: { carries: 'base', fragments: ['systemd', 'verify'] },
  debug: { carries: 'series', fragments: ['debug'] },
  demo: { carries: 'demo', fragments: [] },
} as const satisfies Record<string, KernelNeed>;

export const claim = (says: string, holds: boolean, seen: unknown): Claim => ({
  says,
  holds,
  seen: typeof seen === 'string' ? seen : JSON.stringify(seen),
});
