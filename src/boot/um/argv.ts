// SPDX-License-Identifier: GPL-2.0-only
/** From a Vm to the command line of a User-Mode Linux kernel (Documentation/virt/uml/user_mode_linux_howto_v2.rst), and
 *  what it is confined to: bubblewrap's (bwrap(1)) root with the kernel's own files and nothing else. Pure. */
import { commandLine } from '../commandline.ts';
import type { Disk, Vm } from '../machine.ts';

/** The guest's memory is a file there, which the kernel unlinks as soon as it has made it; so are its pid file and the
 *  folder of that. */
export const memoryFolder = '/dev/shm';

const mib = 2 ** 20;
/** Of the memory folder, beside the guest's memory. */
const otherMiB = 4;

/** What starts the guest; its console is standard output. */
export function umArgv(vm: Vm): string[] {
  const { kernel, initrd, disks, memoryMiB, cpus, hostCpu } = vm;
  return [
    // its kernel and its programs are processes that take turns: on two CPUs each turn wakes the other one
    ...(hostCpu !== undefined ? ['taskset', '--cpu-list', String(hostCpu)] : []),
    ...(vm.under ?? []),
    ...(vm.sandbox ? confinementArgv(vm) : ['env', `TMPDIR=${memoryFolder}`]),
    kernel.files.image,
    `mem=${memoryMiB}M`,
    `uml_dir=${memoryFolder}/`,
    ...(initrd ? [`initrd=${initrd.path}`] : []),
    ...blockDisks(disks).map(({ image }, index) => `ubd${index}r=${image.path}`),
    // by seccomp a program of the guest is resumed in less time than by ptrace; guest CPUs are threads, which ptrace
    // cannot follow
    ...(cpus > 1 ? [`ncpus=${cpus}`, 'seccomp=on'] : ['seccomp=auto']),
    ...['con=null', 'con0=null,fd:1'],
    ...commandLine(vm),
  ];
}

const blockDisks = (disks: readonly Disk[]) => disks.filter(disk => disk.kind === 'block');

/** No network, no process but its own, of the host's files those that it boots from and the libraries it is linked with,
 *  all read only; memory of its own, so that nothing is left of it, however it ends; and an end when we end. */
function confinementArgv({ kernel, initrd, disks, memoryMiB }: Vm): string[] {
  const files = [
    kernel.files.image,
    ...(initrd ? [initrd.path] : []),
    ...disks.map(({ image }) => image.path),
  ];
  return [
    ...confinement((memoryMiB + otherMiB) * mib),
    ...files.flatMap(file => ['--ro-bind', file, file]),
    '--',
  ];
}

const confinement = (memoryBytes: number): readonly string[] => [
  ...['bwrap', '--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--clearenv'],
  ...['--ro-bind', '/usr', '/usr', '--ro-bind-try', '/lib', '/lib', '--ro-bind-try', '/lib64', '/lib64'],
  ...['--proc', '/proc', '--dev-bind', '/dev/null', '/dev/null'],
  ...['--size', String(memoryBytes), '--tmpfs', memoryFolder, '--setenv', 'TMPDIR', memoryFolder],
];

/** A program that does nothing, confined in the same way: whether this host lets it. */
export const probeArgv: readonly string[] = [...confinement(mib), '--', '/usr/bin/true'];
