// SPDX-License-Identifier: GPL-2.0-only
/** What is booted and what a boot leaves behind. */
import type { Digest, Fact, Instructions, Mark, Milliseconds, Outcome } from '../events.ts';
import type { Image } from '../image/image.ts';
import type { Kernel } from '../kernel/kernel.ts';

export type Clock = 'icount' | 'wall';
export type Accelerator = 'kvm' | 'tcg';

/** `pmem`: raw memory at a fixed address and a memmap= carve-out, reads cost nothing; `virtio-blk`: a disk. */
export interface Disk {
  readonly kind: 'pmem' | 'virtio-blk';
  readonly image: Image;
  /** What the guest finds it as. */
  readonly device: string;
}

/** One virtual machine, complete: qemuArgv(vm) follows from it alone. */
export interface Vm {
  readonly kernel: Pick<Kernel, 'digest' | 'name' | 'release' | 'files' | 'arch' | 'tree'>;
  readonly initrd?: Image;
  readonly disks: readonly Disk[];
  /** Kernel command line, one word each. */
  readonly append: readonly string[];
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly clock: Clock;
  readonly accelerator: Accelerator;
}

/** A boot flow: src/boot/flow/<id>.ts; the folder is the registry. */
export interface Flow {
  readonly id: string;
  readonly summary: string;
  /** Which kernels it boots on: any, or only one that carries the series. */
  readonly kernel: 'any' | 'series';
  /** Formats its payload image may have; the first is the default. */
  readonly formats: readonly string[];
  /** False for `floor`: it boots the probe alone, whatever the payload. */
  readonly usesPayload: boolean;
  /** The machine for a payload image; `extra` are the images the flow asked for in `needs`. */
  readonly needs: readonly { readonly payload: string; readonly format: string }[];
  vm(input: FlowInput): Pick<Vm, 'initrd' | 'disks' | 'append'>;
}

export interface FlowInput {
  readonly image: Image;
  /** In the order of `needs`. */
  readonly extra: readonly Image[];
  readonly clock: Clock;
  readonly memoryMiB: number;
}

/** Everything a boot left; folded from runs/<id>/events.jsonl. */
export interface BootRun {
  readonly id: string;
  readonly folder: string;
  readonly flow: string;
  /** The row it belongs to: FLOW[:FORMAT][@KERNEL]. */
  readonly row: string;
  readonly started: string;
  readonly clock: Clock;
  readonly accelerator: Accelerator;
  readonly kernel: {
    readonly digest: Digest;
    readonly name: string;
    readonly release: string;
    readonly configDigest: Digest;
  };
  readonly images: readonly {
    readonly role: string;
    readonly format: string;
    readonly digest: Digest;
    readonly bytes: number;
  }[];
  readonly payload: { readonly name: string; readonly digest: Digest };
  /** Pasteable: what the user can run by hand. */
  readonly argv: readonly string[];
  readonly qemuVersion: string;
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly host: {
    readonly cpu: string;
    readonly cpus: number;
    readonly kernel: string;
    readonly loadBefore: number;
    readonly loadAfter: number;
  };
  readonly outcome: Outcome;
  readonly marks: Readonly<
    Partial<Record<Mark, { readonly host: Milliseconds; readonly tsc?: number; readonly boottime?: number }>>
  >;
  readonly facts: readonly Fact[];
  /** Instructions executed when the guest stopped (QMP query-replay); icount only. */
  readonly icount?: Instructions;
  /** Guest memory carved out for a pmem disk, added back in the memory column. */
  readonly carvedOutBytes: number;
}
