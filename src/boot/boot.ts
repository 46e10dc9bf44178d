// SPDX-License-Identifier: GPL-2.0-only
/** What is booted and what a boot leaves behind. */
import type { Digest, Fact, Instructions, Mark, Milliseconds, Outcome } from '../events.ts';
import type { Image } from '../image/image.ts';
import type { Part } from '../image/segments.ts';
import type { Kernel, KernelOrigin } from '../kernel/kernel.ts';
import type { Feature, Machine } from './machine.ts';

export type Clock = 'icount' | 'wall';
/** `none`: the guest is a process, whose instructions are the host's. */
export type Accelerator = 'kvm' | 'tcg' | 'none';

/** Guest memory that is taken away from the kernel, both in MiB. */
export interface CarveOut {
  readonly addressMiB: number;
  readonly sizeMiB: number;
}

/** `pmem`: raw memory at a fixed address in a carve-out; `block`: a disk. `device` is what the guest finds it as. */
export type Disk =
  | {
      readonly kind: 'pmem';
      readonly image: Image;
      readonly device: '/dev/pmem0';
      readonly carveOut: CarveOut;
      /** `disk`: a disk whose reads cost nothing, and whose memory is not counted; `memory`: what the boot loader has
       *  put there, and the kernel has to do without. */
      readonly standsFor: 'disk' | 'memory';
    }
  | { readonly kind: 'block'; readonly image: Image; readonly device: string }
  /** Of the disk that the machine boots from: see Firmware. */
  | { readonly kind: 'partition'; readonly image: Image; readonly device: '/dev/vda2' };

/** The real path, firmware, boot loader, kernel, in place of QEMU's own loader. */
export interface Firmware {
  readonly code: string;
  /** Variables to start from; what a boot writes there is forgotten. */
  readonly variables: string;
  /** The first disk, /dev/vda: a system partition with boot loader, kernel, initrd and command line, then the flow's. */
  readonly disk: Image;
  /** Of that disk. */
  readonly limit: DiskLimit;
}

/** What a disk may do a second; absent: as fast as the host. */
export interface DiskLimit {
  readonly bytesPerSecond?: number;
  readonly requestsPerSecond?: number;
}

/** One machine, complete: the command that starts it follows from it alone. */
export interface Vm {
  readonly machine: Machine;
  readonly kernel: Pick<Kernel, 'digest' | 'name' | 'release' | 'files' | 'arch' | 'tree' | 'imageBytes'>;
  readonly initrd?: Image;
  /** Absent: QEMU puts kernel and initrd where they belong, for nothing. */
  readonly firmware?: Firmware;
  readonly disks: readonly Disk[];
  /** A file in place of the device tree that QEMU makes. */
  readonly deviceTree?: string;
  /** Kernel command line, one word each. */
  readonly append: readonly string[];
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly clock: Clock;
  readonly accelerator: Accelerator;
  /** A processor model in place of the machine's own. */
  readonly cpuModel?: string;
  /** What our programs in the guest put into their lines; from guarded(). */
  readonly nonce?: string;
  /** What runs the guest confines itself before it does. */
  readonly sandbox?: boolean;
}

/** A boot flow: src/boot/flow/<id>.ts; the folder is the registry. */
export interface Flow {
  readonly id: string;
  readonly summary: string;
  /** What not every machine has. */
  readonly uses?: Feature;
  /** Which kernels it boots on: any, or only one that carries the series. */
  readonly kernel: 'any' | 'series';
  /** An option that not every kernel has, and the fragment that asks for it. */
  readonly requires?: { readonly option: string; readonly fragment: string };
  /** Formats its payload image may have; the first is the default. */
  readonly formats: readonly string[];
  /** False for `floor`: it boots the probe alone, whatever the payload. */
  readonly usesPayload: boolean;
  /** The word of the command line that names the payload's first program: `rdinit`, or `init` where the kernel mounts
   *  the root itself, unless a first stage of the flow's own is what the kernel runs. */
  readonly initWord: 'rdinit' | 'init' | 'INITBENCH_INIT';
  /** Images of the flow's own, packed beside the payload's. */
  readonly needs: readonly { readonly payload: string; readonly format: string }[];
  /** The machine for a payload image; `extra` are the images the flow asked for in `needs`.
   *  @throws UserError when they cannot be put into it */
  vm(input: FlowInput): FlowMachine;
}

/** What a flow has the boot loader hand over, and what the guest finds. */
export interface FlowMachine extends Pick<Vm, 'disks' | 'append'> {
  /** An image as it is, or parts that make one. */
  readonly initrd?: Image | readonly InitrdPart[];
}

/** A part of an initrd; with a path, the image as a file of that name in an archive. */
export type InitrdPart = Part | { readonly file: string; readonly image: Image };

export interface FlowInput {
  readonly image: Image;
  /** In the order of `needs`. */
  readonly extra: readonly Image[];
  readonly clock: Clock;
  readonly memoryMiB: number;
  readonly machine: Machine;
  /** There is a disk that the machine boots from. */
  readonly bootsFromDisk?: boolean;
}

/** One boot, decided to the last word; what planBoot() returns and bootOnce() takes. */
export interface BootPlan {
  readonly flow: string;
  /** The row it belongs to: FLOW[:FORMAT][@KERNEL]. */
  readonly row: string;
  /** Which perturbation of its layout it is; absent: none. */
  readonly variant?: number;
  readonly vm: Vm;
  readonly kernel: BootRun['kernel'];
  readonly images: BootRun['images'];
  readonly payload: BootRun['payload'];
  readonly timeout: Milliseconds;
  /** Present when the payload's own init takes over at the mark `end`: how long it may run before it is stopped.
   *  Absent, the probe ends the machine itself, and its instructions are counted. */
  readonly hold?: Milliseconds;
  /** The initrd has no program of ours: what it passes, the kernel's own messages say, and `hold` begins with /init. */
  readonly untouched?: true;
  /** A person types into the console: its own line to the guest, and `hold` begins anew with all that the guest says. */
  readonly interactive?: true;
  /** Why this accelerator, in words. */
  readonly acceleratorReason: string;
  /** Said beside every figure of this boot. */
  readonly notes: readonly string[];
}

/** A share of the payload's bytes that had been read, and when; the steps before it are in it. */
export interface UsedStep {
  readonly percent: number;
  readonly host: Milliseconds;
  readonly tsc?: number;
  readonly boottime?: number;
}

/** Everything a boot left; folded from runs/<id>/events.jsonl. */
export interface BootRun {
  readonly id: string;
  readonly folder: string;
  readonly flow: string;
  /** The row it belongs to: FLOW[:FORMAT][@KERNEL]. */
  readonly row: string;
  /** Which perturbation of its layout it was; absent: none. */
  readonly variant?: number;
  readonly started: string;
  readonly clock: Clock;
  readonly accelerator: Accelerator;
  readonly kernel: {
    readonly digest: Digest;
    readonly name: string;
    readonly release: string;
    readonly configDigest: Digest;
    /** The tree by name. */
    readonly tree?: string;
    readonly arch?: string;
    readonly origin?: KernelOrigin;
  };
  readonly images: readonly {
    readonly role: string;
    readonly format: string;
    readonly digest: Digest;
    readonly bytes: number;
    readonly payload?: Image['payload'];
  }[];
  readonly payload: { readonly name: string; readonly digest: Digest };
  /** Pasteable: what the user can run by hand. */
  readonly argv: readonly string[];
  /** A person could type into it: nothing of it compares with another boot. */
  readonly interactive?: true;
  /** Absent where something else ran the guest. */
  readonly qemuVersion?: string;
  /** What ran the guest where that was no QEMU, with its version. */
  readonly platform?: string;
  /** What `-machine pc`, or its like, was in this QEMU: 'pc-i440fx-7.2'. Absent when QEMU ended before it could be asked. */
  readonly machine?: string;
  readonly acceleratorReason: string;
  readonly notes: readonly string[];
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly host: {
    readonly cpu: string;
    readonly cpus: number;
    readonly kernel: string;
    readonly loadBefore: number;
    readonly loadAfter: number;
    /** Share of the host's CPU time that its hypervisor gave to others during the boot. */
    readonly stealPercent?: number;
    /** Most memory that QEMU's process had, the guest's in it. */
    readonly peakBytes?: number;
  };
  readonly outcome: Outcome;
  /** `host` counts from QEMU's start; for `kernel` it is 0, since that point has no sign on the host.
   *  Absent where it was told of later, by the kernel's log. icount: `tsc` throughout. wall: `kernel` is where CLOCK_BOOTTIME starts, 0 ns. */
  readonly marks: Readonly<
    Partial<Record<Mark, { readonly host?: Milliseconds; readonly tsc?: number; readonly boottime?: number }>>
  >;
  /** Each step of the reading, in their order; the last one is the mark `used`. */
  readonly used: readonly UsedStep[];
  readonly facts: readonly Fact[];
  /** Instructions executed when the guest stopped (QMP query-replay); icount only. */
  readonly icount?: Instructions;
  /** What the boot loader has to read: kernel, and what it hands over or puts into memory. Older records lack it. */
  readonly loader?: { readonly kernelBytes: number; readonly imageBytes: number };
  /** Absent: QEMU put kernel and initrd into memory. */
  readonly via?: { readonly path: 'uefi'; readonly limit: DiskLimit };
  /** Of each disk, until the guest stopped; `boot` is the one that firmware started from. */
  readonly reads?: readonly { readonly disk: string; readonly bytes: number; readonly requests: number }[];
  /** Guest memory carved out for a pmem disk, added back in the memory column. */
  readonly carvedOutBytes: number;
}
