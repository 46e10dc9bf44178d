// SPDX-License-Identifier: GPL-2.0-only
/** A machine that QEMU makes: what differs from one architecture to the next is data. */
import type { Vm } from '../boot.ts';
import type { Machine, MemoryDisk } from '../machine.ts';
import { probeAccelerator } from './accelerator.ts';
import { qemuArgv, qemuVersion } from './argv.ts';
import { withDeviceTree } from './devicetree.ts';
import { kernelEntry } from './entry.ts';
import type { Node } from './fdt.ts';
import { withFirmware } from './firmware.ts';
import { startQemu } from './guest.ts';
import { canSandbox } from './sandbox.ts';

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

export function qemuMachine<Spec extends QemuSpec>(spec: Spec): Spec & QemuMachine {
  const own = (vm: Vm): QemuVm => ({ ...vm, machine });
  const machine: Spec & QemuMachine = {
    ...spec,
    platform: 'QEMU',
    notes: [],
    clocks: ['icount', 'wall'],
    lacks: spec.efi ? {} : { firmware: `initbench knows no firmware for ${spec.id}` },
    words: clock => (clock === 'wall' ? spec.wallWords : []),
    disk: (image, index) => ({ kind: 'block', image, device: `/dev/vd${String.fromCharCode(97 + index)}` }),
    version: signal => qemuVersion(spec.qemu, signal),
    sandboxed: signal => canSandbox(spec.qemu, signal),
    async *accelerate(workspace, clock, signal) {
      if (clock === 'icount') return { accelerator: 'tcg', reason: 'icount is TCG alone' };
      return yield* probeAccelerator(workspace, machine, signal);
    },
    complete: (workspace, vm, { job, via }, signal) =>
      via ? withFirmware(workspace, own(vm), via, signal) : withDeviceTree(workspace, own(vm), job, signal),
    argv: vm => qemuArgv(own(vm)),
    start: (plan, at, signal) => startQemu({ ...plan, vm: own(plan.vm) }, at, signal),
    entry: (workspace, vm, version, job, signal) => kernelEntry(workspace, own(vm), version, job, signal),
  };
  return machine;
}
