// SPDX-License-Identifier: GPL-2.0-only
/** What is asked of one boot, before anything is packed. */
import type { Payload } from '../image/image.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Clock, DiskLimit } from './boot.ts';
import type { Flow } from './flow.ts';

export interface BootRequest {
  /** Default: FLOW[:FORMAT]@KERNEL, the format only when it is not the flow's own. */
  readonly row?: string | undefined;
  readonly flow: Flow;
  readonly kernel: Kernel;
  readonly payload: Payload;
  /** Default: the flow's first. */
  readonly format?: string | undefined;
  /** More words for the kernel command line; they come last, and so win. */
  readonly append: readonly string[];
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly clock: Clock;
  /** Percent of the payload's bytes that the probe reads, one step after the other; nothing where there is none. */
  readonly used: readonly number[];
  /** Go on to a real ext4 root file system on a virtio disk. */
  readonly rootfs?: boolean | undefined;
  /** Let the payload's own init, if it has one, run behind the probe: to the end that it reports, or, where it reports
   *  none and there is no root file system to go on to, this long. Absent: the probe is the end. */
  readonly holdMs?: number | undefined;
  /** A person types into the console: in the end a shell of the payload runs there. */
  readonly interactive?: boolean | undefined;
  readonly timeoutMs?: number | undefined;
  /** Through firmware and a boot loader, from a disk that may do so much a second; by the wall clock alone. */
  readonly via?: DiskLimit | undefined;
  /** Which perturbation of its layout; default 0, none. */
  readonly variant?: number | undefined;
}
