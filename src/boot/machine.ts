// SPDX-License-Identifier: GPL-2.0-only
/** What guests run on: src/boot/machine/<id>.ts, one file a machine; the folder is the registry. A machine is data, and
 *  how a guest on it is started; everything that follows is the same for all of them (guest.ts, run.ts). Vm is one with
 *  all that is in it, BootPlan a boot of it. */
import type { Instructions, Milliseconds, Outcome, Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import type { Running } from '../host/exec.ts';
import type { Image } from '../image/image.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Workspace } from '../workspace.ts';
import type { Accelerator, BootRun, Clock, DiskLimit } from './boot.ts';
import type { GuestClock, Seen, Why } from './seen.ts';

export interface Machine {
  /** As kernels are called (Kernel.arch): 'x86_64', 'arm64', 'um'. */
  readonly id: string;
  /** What it is, in a line. */
  readonly summary: string;
  /** What runs the guest, as figures name it: 'QEMU', 'User-Mode Linux'. */
  readonly platform: string;
  /** Its boots are timed by one of these; the first is the default. */
  readonly clocks: readonly [Clock, ...Clock[]];
  /** The kernel's console. */
  readonly console: string;
  /** Words of the command line of each boot by that clock, the console apart. */
  words(clock: Clock): readonly string[];
  /** More of them for a boot that nobody times: it takes less of the host's time with them. */
  readonly shortcuts: readonly string[];
  /** What guest programs read as `tsc`. */
  readonly counter: { readonly name: string; readonly tick: number };
  /** An image as the disk of that number. */
  disk(image: Image, index: number): Disk;
  /** Absent: nothing can be put into the guest's memory but the initrd. */
  readonly memoryDisk?: MemoryDisk;
  /** Where in its memory lies what a kernel, at the place that it was linked for, has at an address; absent: that is
   *  not known, or nobody can read it. */
  physical?(address: bigint): number;
  /** A guest of one CPU keeps to one CPU of the host. */
  readonly keepsToCpu?: true;
  /** Said beside each of its figures. */
  readonly notes: readonly string[];
  /** Features that it has not, each with the reason. */
  readonly lacks: Readonly<Partial<Record<Feature, string>>>;

  /** The version of what runs the guest. @throws UserError when that is not installed */
  version(signal: AbortSignal): Promise<string>;
  /** Whether what runs the guest confines itself here. */
  sandboxed(signal: AbortSignal): Promise<boolean>;
  /** How guests get to run by that clock, and why so. @throws UserError when they cannot here */
  accelerate(workspace: Workspace, clock: Clock, signal: AbortSignal): Work<Accelerated>;
  /** The machine with all that it needs beside kernel, initrd and disks.
   *  @throws UserError when that cannot be had here */
  complete(workspace: Workspace, vm: Vm, about: Completion, signal: AbortSignal): Work<Vm>;
  /** The command that a person can paste; its console is on stdio. */
  argv(vm: Vm): string[];
  /** Starts a guest. @throws UserError when what runs it is not installed, Interrupted */
  start(plan: BootPlan, at: Instruments, signal: AbortSignal): Promise<Guest>;
  /** Virtual nanoseconds from reset to start_kernel; present where icount is among the clocks.
   *  @throws UserError when the kernel is never entered */
  entry?(workspace: Workspace, vm: Vm, version: string, job: string, signal: AbortSignal): Work<Instructions>;
}

/** What a boot may need of a machine beside an initrd and disks. */
export type Feature = 'memory disk' | 'firmware' | 'typing' | 'profiling';

export interface Accelerated {
  readonly accelerator: Accelerator;
  /** In words: '5 canary guests ran under KVM', 'icount is TCG alone'. */
  readonly reason: string;
}

export interface Completion {
  /** The row, as events call the job. */
  readonly job: string;
  /** Through firmware and a boot loader. */
  readonly via?: DiskLimit;
}

/** Where a guest's console goes, and where its machine may put files that live as long as it does. */
export interface Instruments {
  /** A file that exists; it is only appended to. */
  readonly console: string;
  readonly scratch: string;
  /** A Unix socket for a person who types; absent: nobody can. */
  readonly typed?: string;
}

/** A guest that was started. */
export interface Guest {
  readonly running: Running;
  /** Settles when the console can be typed into; never where it cannot. */
  readonly typable: Promise<void>;
  /** Settles when the guest has stopped though its machine is still there; never where one ends with the other. */
  readonly stopped: Promise<Why>;
  /** The probe's end mark is the end of the boot: how the machine is switched off takes long, and tells nothing. */
  readonly endsAtMark: boolean;
  /** How the machine failed, if it was the machine: any other outcome is the guest's. */
  failure(why: Why, seen: Seen): Outcome | undefined;
  /** The guest's clocks, where they do not go with the host's. */
  clock?(): Promise<GuestClock>;
  /** What the machine alone can tell of a boot that ended so; nothing when it does not answer. */
  answers(why: Why): Promise<Answers>;
  /** Ends the machine and waits for that. */
  quit(): Promise<void>;
}

export interface Answers {
  /** Of a guest that stopped by itself: any other stop depends on the host. */
  readonly icount?: Instructions;
  readonly machine?: string;
  readonly reads?: BootRun['reads'];
}

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
  /** A program that runs what runs the guest: its command line, the guest's goes behind it. */
  readonly under?: readonly string[];
  /** What runs the guest confines itself before it does. */
  readonly sandbox?: boolean;
  /** The CPU of the host that it keeps to; from guarded(). */
  readonly hostCpu?: number | undefined;
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
  /** A piece of its memory, at a physical address, that is written to a file when it has stopped. */
  readonly memory?: { readonly address: number; readonly bytes: number; readonly file: string };
  /** Why this accelerator, in words. */
  readonly acceleratorReason: string;
  /** Said beside every figure of this boot. */
  readonly notes: readonly string[];
}

/** A piece of guest memory as a disk: reads cost nothing, and repeat. */
export interface MemoryDisk {
  /** Where an image of that size lies. @throws UserError naming the smallest memory that holds it */
  readonly place: (imageBytes: number, memoryMiB: number, initrdBytes: number) => CarveOut;
  /** Words of the command line by which the kernel leaves it alone. */
  readonly words: (carveOut: CarveOut) => readonly string[];
}

/** @throws UserError where the machine has none */
export function memoryDiskOf({ id, memoryDisk, lacks }: Machine): MemoryDisk {
  if (memoryDisk) return memoryDisk;
  throw new UserError(`${id} has no memory disk: ${lacks['memory disk']}`, {
    hint: 'boot another flow, or another machine',
  });
}

/** @throws UserError where the machine has it not */
export function requireFeature({ id, lacks }: Machine, feature: Feature): void {
  if (lacks[feature] === undefined) return;
  throw new UserError(`${id} has no ${feature}: ${lacks[feature]}`, {
    hint: 'use another machine (--machine)',
  });
}
