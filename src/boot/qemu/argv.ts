// SPDX-License-Identifier: GPL-2.0-only
/** From a Vm to QEMU's command line (qemu-system-x86_64(1) and its like): one to paste, and the same with our instruments. */
import { capture } from '../../host/exec.ts';
import { commandLine } from '../commandline.ts';
import type { Disk, Firmware } from '../machine.ts';
import type { QemuVm } from './spec.ts';

/** Where the instruments of one boot are. */
export interface Instruments {
  readonly console: string;
  readonly qmp: string;
  /** A Unix socket for who types into the console; absent: nobody can. */
  readonly typed?: string;
}

/** What the user can paste: serial console on stdio, ends when the guest resets. */
export function qemuArgv(vm: QemuVm): string[] {
  return [...machineArgv(vm), ...consoleArgv, ...guestArgv(vm)];
}

/** The same machine with the console in a file, QMP on a socket, and a guest that stays when it has ended so that
 *  its instructions can be counted. What the guest executes is the same as with qemuArgv(). */
export function instrumentedArgv(vm: QemuVm, instruments: Instruments): string[] {
  return [
    ...machineArgv(vm),
    ...['-chardev', serialLine(instruments), '-serial', 'chardev:console'],
    ...['-qmp', `unix:${commas(instruments.qmp)},server=on,wait=off`],
    '-no-shutdown',
    ...guestArgv(vm),
  ];
}

const serialLine = ({ console, typed }: Instruments): string =>
  typed === undefined
    ? `file,id=console,path=${commas(console)}`
    : `socket,id=console,path=${commas(typed)},server=on,wait=off,logfile=${commas(console)}`;

/** The same machine under a debugger, stopped before its first instruction. A network filter that nothing is connected
 *  to is there for its timer, which expires every microsecond of virtual time (see entry.ts); no guest sees it. */
export function calibrationArgv(
  vm: QemuVm,
  sockets: { readonly gdb: string; readonly qmp: string },
): string[] {
  const listening = (socket: string) => `unix:${commas(socket)},server=on,wait=off`;
  return [
    ...machineArgv(vm),
    ...['-serial', 'null', '-gdb', listening(sockets.gdb), '-qmp', listening(sockets.qmp), '-S'],
    ...['-netdev', 'hubport,id=clock,hubid=0', '-object', 'filter-buffer,id=tick,netdev=clock,interval=1'],
    ...guestArgv(vm),
  ];
}

/** Ends as soon as QEMU has written the device tree it made for the machine. */
export function dumpTreeArgv(vm: QemuVm, file: string): string[] {
  return [...machineArgv(vm), '-machine', `dumpdtb=${commas(file)}`];
}

/** QEMU's own advice for guests that are not trusted (QEMU docs/system/security.rst): system calls that an emulator
 *  which has opened its files needs no more. */
export const sandboxArgv = [
  '-sandbox',
  'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
] as const;

const consoleArgv = ['-serial', 'stdio'] as const;

function machineArgv(vm: QemuVm): string[] {
  return [
    ...[vm.machine.qemu, '-no-user-config', '-nodefaults', '-machine'],
    vm.firmware ? vm.machine.efi!.type : vm.machine.type,
    ...(vm.sandbox ? sandboxArgv : []),
    ...clockArgv(vm),
    ...['-smp', String(vm.cpus), '-m', String(vm.memoryMiB), '-display', 'none', '-no-reboot'],
  ];
}

/** One CPU for icount and wall under TCG: they should show the same work. */
function clockArgv({ accelerator, clock, machine, firmware, cpuModel }: QemuVm): string[] {
  if (accelerator === 'kvm') return ['-accel', 'kvm', '-cpu', 'host'];
  if (clock === 'wall')
    return ['-accel', 'tcg', '-cpu', firmware ? machine.efi!.cpu : (cpuModel ?? machine.cpu)];
  return [
    ...['-accel', 'tcg', '-icount', 'shift=0,sleep=off'],
    ...['-rtc', 'base=2026-01-01T00:00:00,clock=vm', '-cpu', cpuModel ?? machine.cpu],
  ];
}

function guestArgv(vm: QemuVm): string[] {
  if (vm.firmware) return [...firmwareArgv(vm.firmware), ...vm.disks.flatMap(diskArgv)];
  return [
    ...['-kernel', vm.kernel.files.image],
    ...(vm.deviceTree ? ['-dtb', vm.deviceTree] : []),
    ...(vm.initrd ? ['-initrd', vm.initrd.path] : []),
    ...vm.disks.flatMap(diskArgv),
    ...['-append', commandLine(vm).join(' ')],
  ];
}

/** Firmware in flash, and the disk it boots from; nothing a guest writes is kept. */
function firmwareArgv({ code, variables, disk, limit }: Firmware): string[] {
  const limits = [
    ...(limit.bytesPerSecond === undefined ? [] : [`throttling.bps-total=${limit.bytesPerSecond}`]),
    ...(limit.requestsPerSecond === undefined ? [] : [`throttling.iops-total=${limit.requestsPerSecond}`]),
  ];
  const drive = ['if=none', 'id=boot', 'format=raw', 'readonly=on', `file=${commas(disk.path)}`, ...limits];
  return [
    ...['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${commas(code)}`],
    ...['-drive', `if=pflash,unit=1,format=raw,snapshot=on,file=${commas(variables)}`],
    ...['-drive', drive.join(','), '-device', 'virtio-blk-pci,drive=boot,bootindex=1'],
  ];
}

function diskArgv(disk: Disk, index: number): string[] {
  if (disk.kind === 'partition') return [];
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

/** What QEMU's program calls itself: '7.2.22 (Debian 1:7.2+dfsg-7)'. @throws UserError when it is not installed */
export async function qemuVersion(qemu: string, signal: AbortSignal): Promise<string> {
  const said = await capture([qemu, '--version'], { signal });
  return /version (.*)/.exec(said)?.[1]?.trim() ?? said.split('\n')[0]!;
}
