// SPDX-License-Identifier: GPL-2.0-only
/** A machine that QEMU makes, from what its architecture has of its own. */
import type { Vm } from '../machine.ts';
import { probeAccelerator } from './accelerator.ts';
import { qemuArgv, qemuVersion } from './argv.ts';
import { withDeviceTree } from './devicetree.ts';
import { kernelEntry } from './entry.ts';
import { withFirmware } from './firmware.ts';
import { startQemu } from './guest.ts';
import { canSandbox } from './sandbox.ts';
import type { QemuMachine, QemuSpec, QemuVm } from './spec.ts';

export function qemuMachine<Spec extends QemuSpec>(spec: Spec): Spec & QemuMachine {
  const own = (vm: Vm): QemuVm => ({ ...vm, machine });
  const machine: Spec & QemuMachine = {
    ...spec,
    platform: 'QEMU',
    notes: [],
    clocks: ['icount', 'wall'],
    lacks: {
      ...(!spec.efi && { firmware: `initbench knows no firmware for ${spec.id}` }),
      profiling: "samples of an emulator are of QEMU's code",
    },
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
