// SPDX-License-Identifier: GPL-2.0-only
/** From a Vm to QEMU's command line (qemu-system-x86_64(1)): one to paste, and the same with our instruments. */
import path from 'node:path';
import { UserError } from '../host/errors.ts';
import { capture } from '../host/exec.ts';
import type { Image } from '../image/image.ts';
import type { CarveOut, Disk, Vm } from './boot.ts';

export const qemu = 'qemu-system-x86_64';

/** Where the instruments of one boot are. */
export interface Instruments {
  readonly console: string;
  readonly qmp: string;
}

/** What the user can paste: serial console on stdio, ends when the guest resets. */
export function qemuArgv(vm: Vm): string[] {
  return [...machineArgv(vm), ...consoleArgv, ...guestArgv(vm)];
}

/** The same machine with the console in a file, QMP on a socket, and a guest that stays when it has ended so that
 *  its instructions can be counted. What the guest executes is the same as with qemuArgv(). */
export function instrumentedArgv(vm: Vm, instruments: Instruments): string[] {
  return [
    ...machineArgv(vm),
    ...['-chardev', `file,id=console,path=${commas(instruments.console)}`, '-serial', 'chardev:console'],
    ...['-qmp', `unix:${commas(instruments.qmp)},server=on,wait=off`],
    '-no-shutdown',
    ...guestArgv(vm),
  ];
}

/** The same machine under a debugger, stopped before its first instruction. A network filter that nothing is connected
 *  to is there for its timer, which expires every microsecond of virtual time (see entry.ts); no guest sees it. */
export function calibrationArgv(vm: Vm, sockets: { readonly gdb: string; readonly qmp: string }): string[] {
  const listening = (socket: string) => `unix:${commas(socket)},server=on,wait=off`;
  return [
    ...machineArgv(vm),
    ...['-serial', 'null', '-gdb', listening(sockets.gdb), '-qmp', listening(sockets.qmp), '-S'],
    ...['-netdev', 'hubport,id=clock,hubid=0', '-object', 'filter-buffer,id=tick,netdev=clock,interval=1'],
    ...guestArgv(vm),
  ];
}

/** Words of the kernel command line, the carve-outs of pmem disks included. */
export function commandLine(vm: Pick<Vm, 'append' | 'disks'>): string[] {
  const carveOuts = vm.disks.flatMap(disk => (disk.kind === 'pmem' ? [disk.carveOut] : []));
  return [...vm.append, ...carveOuts.map(({ sizeMiB, addressMiB }) => `memmap=${sizeMiB}M!${addressMiB}M`)];
}

const consoleArgv = ['-serial', 'stdio'] as const;

function machineArgv(vm: Vm): string[] {
  return [
    ...[qemu, '-no-user-config', '-nodefaults', '-machine', 'pc'],
    ...clockArgv(vm),
    ...['-smp', String(vm.cpus), '-m', String(vm.memoryMiB), '-display', 'none', '-no-reboot'],
  ];
}

/** qemu64 under TCG: `max` reads the host's random numbers, and icount and wall runs should show one CPU. */
function clockArgv(vm: Vm): string[] {
  if (vm.accelerator === 'kvm') return ['-accel', 'kvm', '-cpu', 'host'];
  if (vm.clock === 'wall') return ['-accel', 'tcg', '-cpu', 'qemu64'];
  return [
    ...['-accel', 'tcg', '-icount', 'shift=0,sleep=off'],
    ...['-rtc', 'base=2026-01-01T00:00:00,clock=vm', '-cpu', 'qemu64'],
  ];
}

function guestArgv(vm: Vm): string[] {
  return [
    ...['-kernel', vm.kernel.files.image],
    ...(vm.initrd ? ['-initrd', vm.initrd.path] : []),
    ...vm.disks.flatMap(diskArgv),
    ...['-append', commandLine(vm).join(' ')],
  ];
}

function diskArgv(disk: Disk, index: number): string[] {
  const file = commas(disk.image.path);
  if (disk.kind === 'pmem') {
    const address = `0x${(disk.carveOut.addressMiB * 2 ** 20).toString(16)}`;
    return ['-device', `loader,file=${file},addr=${address},force-raw=on`];
  }
  return [
    ...['-drive', `if=none,id=disk${index},format=raw,readonly=on,file=${file}`],
    ...['-device', `virtio-blk-pci,drive=disk${index}`],
  ];
}

/** A comma inside a value of an option list is written twice. */
const commas = (value: string) => value.replaceAll(',', ',,');

const mib = 2 ** 20;
/** The kernel, its decompression and its first allocations stay below the carve-out. */
const lowestMiB = 128;
/** What the kernel needs above or below the carve-out: QEMU puts the initrd at the top of low memory. */
const freeMiB = 64;
/** Low memory of the pc machine ends here when there is more than fits below the PCI hole. */
const lowMemoryMiB = 3072;

/** Where an image of that size lies in guest memory: at 1 GiB as long as it fits there, so that sizes compare at
 *  one address, else lower. Multiples of 2 MiB, the granularity of ZONE_DEVICE memory.
 *  @throws UserError naming the smallest memory that holds it */
export function placeImage(imageBytes: number, memoryMiB: number, initrdBytes: number): CarveOut {
  const sizeMiB = Math.ceil(imageBytes / (2 * mib)) * 2;
  const aboveMiB = sizeMiB + freeMiB + Math.ceil(initrdBytes / mib);
  const top = Math.min(memoryMiB, lowMemoryMiB);
  const addressMiB = [1024, 512, 256, lowestMiB].find(address => address + aboveMiB <= top);
  if (addressMiB !== undefined) return { addressMiB, sizeMiB };
  const needed = lowestMiB + aboveMiB;
  const tooLarge = `an image of ${Math.ceil(imageBytes / mib)} MiB does not fit into`;
  if (needed > lowMemoryMiB) {
    throw new UserError(`${tooLarge} the memory below the guest's PCI hole`, {
      hint: `use a smaller payload, or --clock wall, where it is a virtio disk`,
    });
  }
  throw new UserError(`${tooLarge} ${memoryMiB} MiB of guest memory as a memory disk`, {
    hint: `give the guest more: --mem ${Math.ceil(needed / 16) * 16}`,
  });
}

/** What a kernel needs beside the initrd at the very least; the smallest guests that booted had more. */
const kernelMiB = 32;

/** An initramfs is in memory twice while it is unpacked; an EROFS image only once.
 *  @throws UserError naming the smallest memory that could work */
export function requireMemory(initrd: Image, payloadBytes: number, memoryMiB: number): void {
  const unpacked = initrd.format.startsWith('cpio') ? payloadBytes : 0;
  const needed = Math.ceil((initrd.bytes + unpacked) / mib) + kernelMiB;
  if (needed <= memoryMiB) return;
  const what = `an initrd of ${Math.ceil(initrd.bytes / mib)} MiB`;
  throw new UserError(
    unpacked > 0
      ? `${what}, ${Math.ceil(unpacked / mib)} MiB unpacked, is too large for ${memoryMiB} MiB of guest memory`
      : `${what} is too large for ${memoryMiB} MiB of guest memory`,
    { hint: `the least that could do is --mem ${Math.ceil(needed / 16) * 16}` },
  );
}

/** What `qemu-system-x86_64 --version` calls itself: '7.2.22 (Debian 1:7.2+dfsg-7)'.
 *  @throws UserError when it is not installed */
export async function qemuVersion(signal: AbortSignal): Promise<string> {
  const said = await capture([qemu, '--version'], { signal });
  return /version (.*)/.exec(said)?.[1]?.trim() ?? said.split('\n')[0]!;
}

/** The run's folder names a host path; QEMU and the log's reader must mean the same file. */
export const consoleLog = (folder: string) => path.join(folder, 'console.log');
