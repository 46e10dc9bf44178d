// SPDX-License-Identifier: GPL-2.0-only
/** What every boot gets beside its machine: what keeps a guest inside it and from speaking for our programs, and a CPU. */
import { randomBytes } from 'node:crypto';
import { cpuOfOne } from '../host/cpus.ts';
import { digestOf } from '../host/files.ts';
import { commandLine } from './commandline.ts';
import type { Vm } from './machine.ts';

/** Of fixed length: a longer command line moves a boot. */
const nonceDigits = 16;

/** The machine with what guards it, and where it runs. Under icount equal machines get equal nonces, so that their
 *  figures repeat. @throws UserError when what runs the guest is not installed */
export async function guarded<Of extends Vm>(vm: Of, signal: AbortSignal, cpu = cpuOfOne()): Promise<Of> {
  const sandbox = await vm.machine.sandboxed(signal);
  const hostCpu = vm.machine.keepsToCpu && vm.cpus === 1 ? cpu : undefined;
  return { ...vm, nonce: vm.nonce ?? nonceOf(vm), sandbox, hostCpu };
}

/** What our programs put into their lines, and others in the guest cannot know beforehand; one that reads it from
 *  /proc/cmdline or its environment can lie, about this guest alone. */
export function nonceOf(vm: Vm): string {
  if (vm.clock === 'wall') return randomBytes(nonceDigits / 2).toString('hex');
  const { machine, kernel, initrd, disks, memoryMiB, cpus } = vm;
  const images = [initrd?.digest ?? null, ...disks.map(({ image }) => image.digest)];
  const words = commandLine({ machine, disks, append: vm.append });
  return digestOf({ machine: machine.id, kernel: kernel.digest, images, words, memoryMiB, cpus }).slice(
    0,
    nonceDigits,
  );
}
