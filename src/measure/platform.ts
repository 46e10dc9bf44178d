// SPDX-License-Identifier: GPL-2.0-only
/** What ran the guests of a comparison or a sweep, in words. Pure. */

export interface Platform {
  /** QEMU's version; absent where something else ran them. */
  readonly qemu?: string;
  readonly accelerator: string;
  /** What did, with its version. */
  readonly platform?: string;
}

/** 'QEMU 7.2.22 tcg', 'User-Mode Linux, host Linux 6.1.158'. */
export const platformText = ({ qemu, accelerator, platform }: Platform): string =>
  platform ?? `QEMU ${qemu?.split(' ')[0] ?? 'unknown'} ${accelerator}`;

/** The same as a line of a report's conditions, with the whole of a version. */
export const platformCondition = ({ qemu, platform }: Platform): readonly [string, string] =>
  qemu === undefined ? ['platform', platform ?? 'unknown'] : ['QEMU', qemu];
