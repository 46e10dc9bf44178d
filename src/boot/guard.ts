// SPDX-License-Identifier: GPL-2.0-only
/** What every boot gets beside its machine, so that a guest stays inside it, and cannot speak for our programs. */
import { randomBytes } from 'node:crypto';
import { digestOf } from '../host/files.ts';
import { capture } from '../host/exec.ts';
import type { Vm } from './boot.ts';
import { commandLine, sandboxArgv } from './qemu.ts';

/** Of fixed length: a longer command line moves a boot. */
const nonceDigits = 16;

/** The machine with what guards it. Under icount equal machines get equal nonces, so that their figures repeat.
 *  @throws UserError when QEMU is not installed */
export async function guarded(vm: Vm, signal: AbortSignal): Promise<Vm> {
  return { ...vm, nonce: vm.nonce ?? nonceOf(vm), sandbox: await canSandbox(vm.machine.qemu, signal) };
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

const sandboxes = new Map<string, Promise<boolean>>();

/** Whether this QEMU takes -sandbox, and this host lets it: a machine without anything is started and left. */
export function canSandbox(qemu: string, signal: AbortSignal): Promise<boolean> {
  const key = `${process.env.PATH} ${qemu}`;
  const known = sandboxes.get(key) ?? probeSandbox(qemu, signal);
  sandboxes.set(key, known);
  known.catch(() => sandboxes.delete(key));
  return known;
}

async function probeSandbox(qemu: string, signal: AbortSignal): Promise<boolean> {
  const nothing = ['-no-user-config', '-nodefaults', '-machine', 'none', '-display', 'none'];
  const argv = [qemu, ...nothing, ...sandboxArgv, '-monitor', 'stdio'];
  return capture(argv, { signal, stdin: 'quit\n' }).then(
    () => true,
    (error: unknown) => {
      if ((error as Error).name === 'ToolError') return false;
      throw error;
    },
  );
}
