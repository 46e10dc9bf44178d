// SPDX-License-Identifier: GPL-2.0-only
/** What is booted and what a boot leaves behind. */
import { z } from 'zod';
import { list, number, object, text, texts } from '../document.ts';
import {
  type Clock,
  clockSchema,
  digestSchema,
  factSchema,
  instructionsSchema,
  markSchema,
  type Milliseconds,
  millisecondsSchema,
  outcomeSchema,
} from '../events.ts';
import { type Image, imageSchema } from '../image/image.ts';
import type { Part } from '../image/segments.ts';
import { type Kernel, kernelOriginSchema } from '../kernel/kernel.ts';
import type { Feature, Machine } from './machine.ts';

export type { Clock };

/** `none`: the guest is a process, whose instructions are the host's. */
export const acceleratorSchema = z.enum(['kvm', 'tcg', 'none']);
export type Accelerator = z.infer<typeof acceleratorSchema>;

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
const diskLimitSchema = object({
  bytesPerSecond: number.exactOptional(),
  requestsPerSecond: number.exactOptional(),
});
export type DiskLimit = z.infer<typeof diskLimitSchema>;

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
const usedStepSchema = object({
  percent: number,
  host: millisecondsSchema,
  tsc: number.exactOptional(),
  boottime: number.exactOptional(),
});
export type UsedStep = z.infer<typeof usedStepSchema>;

/** Everything a boot left; folded from runs/<id>/events.jsonl. */
export const bootRunSchema = object({
  id: text,
  folder: text,
  flow: text,
  /** The row it belongs to: FLOW[:FORMAT][@KERNEL]. */
  row: text,
  /** Which perturbation of its layout it was; absent: none. */
  variant: number.exactOptional(),
  started: text,
  clock: clockSchema,
  accelerator: acceleratorSchema,
  kernel: object({
    digest: digestSchema,
    name: text,
    release: text,
    configDigest: digestSchema,
    /** The tree by name. */
    tree: text.exactOptional(),
    arch: text.exactOptional(),
    origin: kernelOriginSchema.exactOptional(),
  }),
  images: list(
    object({
      role: text,
      format: text,
      digest: digestSchema,
      bytes: number,
      payload: imageSchema.unwrap().shape.payload.exactOptional(),
    }),
  ),
  payload: object({ name: text, digest: digestSchema }),
  /** Pasteable: what the user can run by hand. */
  argv: texts,
  /** A person could type into it: nothing of it compares with another boot. */
  interactive: z.literal(true).exactOptional(),
  /** Absent where something else ran the guest. */
  qemuVersion: text.exactOptional(),
  /** What ran the guest where that was no QEMU, with its version. */
  platform: text.exactOptional(),
  /** What `-machine pc`, or its like, was in this QEMU: 'pc-i440fx-7.2'. Absent when QEMU ended before it could be asked. */
  machine: text.exactOptional(),
  acceleratorReason: text,
  notes: texts,
  memoryMiB: number,
  cpus: number,
  host: object({
    cpu: text,
    cpus: number,
    kernel: text,
    loadBefore: number,
    loadAfter: number,
    /** Share of the host's CPU time that its hypervisor gave to others during the boot. */
    stealPercent: number.exactOptional(),
    /** Most memory that QEMU's process had, the guest's in it. */
    peakBytes: number.exactOptional(),
  }),
  outcome: outcomeSchema,
  /** `host` counts from QEMU's start; for `kernel` it is 0, since that point has no sign on the host.
   *  Absent where it was told of later, by the kernel's log. icount: `tsc` throughout. wall: `kernel` is where CLOCK_BOOTTIME starts, 0 ns. */
  marks: z
    .partialRecord(
      markSchema,
      object({
        host: millisecondsSchema.exactOptional(),
        tsc: number.exactOptional(),
        boottime: number.exactOptional(),
      }),
    )
    .readonly(),
  /** Each step of the reading, in their order; the last one is the mark `used`. */
  used: list(usedStepSchema),
  facts: list(factSchema),
  /** Instructions executed when the guest stopped (QMP query-replay); icount only. */
  icount: instructionsSchema.exactOptional(),
  /** What the boot loader has to read: kernel, and what it hands over or puts into memory. Older records lack it. */
  loader: object({ kernelBytes: number, imageBytes: number }).exactOptional(),
  /** Absent: QEMU put kernel and initrd into memory. */
  via: object({ path: z.literal('uefi'), limit: diskLimitSchema }).exactOptional(),
  /** Of each disk, until the guest stopped; `boot` is the one that firmware started from. */
  reads: list(object({ disk: text, bytes: number, requests: number })).exactOptional(),
  /** Guest memory carved out for a pmem disk, added back in the memory column. */
  carvedOutBytes: number,
});
export type BootRun = z.infer<typeof bootRunSchema>;
