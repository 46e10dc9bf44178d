// SPDX-License-Identifier: GPL-2.0-only
/** What differs from one of QEMU's machines to the next: data. */
import type { Machine, MemoryDisk, Vm } from '../machine.ts';
import type { Node } from './fdt.ts';

export interface QemuSpec extends Pick<Machine, 'id' | 'summary' | 'console' | 'shortcuts'> {
  /** QEMU's program. */
  readonly qemu: string;
  /** The value of -machine. */
  readonly type: string;
  /** The value of -cpu under TCG: a fixed one, which neither host nor QEMU version changes. */
  readonly cpu: string;
  /** Words of the command line against a clock that does not wait for the guest: by the wall clock alone. */
  readonly wallWords: readonly string[];
  readonly counter: Counter;
  readonly memoryDisk: QemuMemoryDisk;
  /** What boots from a disk. Absent: initbench knows of none. */
  readonly efi?: Efi;
  /** A program that proves KVM. Absent: guests of this architecture are always emulated. */
  readonly canary?: Canary;
}

/** What guest programs read the virtual clock from. */
export interface Counter {
  readonly name: string;
  /** Virtual nanoseconds from one tick to the next; under icount these are instructions. */
  readonly tick: number;
  /** One instruction that reads it, as bytes in hex, and how to find its ticks in the answer to gdb's `g`. */
  readonly read: { readonly code: string; readonly ticks: (registers: string) => number };
}

export interface QemuMemoryDisk extends MemoryDisk {
  /** What tells the kernel of the disk where those words do not: a node of the device tree. */
  readonly node?: (carveOut: Parameters<MemoryDisk['words']>[0]) => Node;
}

export interface Efi {
  /** The value of -machine, and of -cpu under TCG. */
  readonly type: string;
  readonly cpu: string;
  /** Firmware and its variables; the first pair that is installed. */
  readonly firmware: readonly (readonly [code: string, variables: string])[];
  /** The boot loader, and the name under which firmware finds it. */
  readonly loader: { readonly file: string; readonly name: string };
}

export interface Canary {
  readonly argv: (program: string) => readonly string[];
  readonly program: () => Buffer;
  /** What QEMU exits with when the canary ran to its end. */
  readonly exit: number;
}

export interface QemuMachine extends QemuSpec, Machine {
  readonly counter: Counter;
  readonly memoryDisk: QemuMemoryDisk;
}

export type QemuVm = Vm & { readonly machine: QemuMachine };
