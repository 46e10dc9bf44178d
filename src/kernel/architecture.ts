// SPDX-License-Identifier: GPL-2.0-only
/** Architectures by kbuild's words: which folder below arch/, which image is booted, what QEMU's users call it. Pure. */
import { machine } from 'node:os';
import { UserError } from '../host/errors.ts';

export interface Architecture {
  /** The folder below arch/. */
  readonly srcarch: string;
  /** The make target, and where it leaves the image in the build directory. */
  readonly target: string;
  readonly image: string;
  /** What Debian calls it. */
  readonly debian: string;
  /** CROSS_COMPILE on a host of another architecture, as Debian and Fedora name their cross compilers. */
  readonly cross: string;
}

const architecture = (srcarch: string, target: string, debian: string, cross: string): Architecture => ({
  srcarch,
  target,
  image: `arch/${srcarch}/boot/${target}`,
  debian,
  cross,
});

const architectures: Readonly<Record<string, Architecture>> = {
  x86: architecture('x86', 'bzImage', 'amd64', 'x86_64-linux-gnu-'),
  i386: architecture('x86', 'bzImage', 'i386', 'i686-linux-gnu-'),
  x86_64: architecture('x86', 'bzImage', 'amd64', 'x86_64-linux-gnu-'),
  arm: architecture('arm', 'zImage', 'armhf', 'arm-linux-gnueabihf-'),
  arm64: architecture('arm64', 'Image', 'arm64', 'aarch64-linux-gnu-'),
  riscv: architecture('riscv', 'Image', 'riscv64', 'riscv64-linux-gnu-'),
  s390: architecture('s390', 'bzImage', 's390x', 's390x-linux-gnu-'),
  // a program of the host, linked by its compiler
  um: { srcarch: 'um', target: 'linux', image: 'linux', debian: 'amd64', cross: '' },
};

/** The architecture of the programs that a kernel runs: its own, for User-Mode Linux the host's. */
export const programsArch = (arch: string, hostMachine: string = machine()): string =>
  arch === 'um' ? hostArch(hostMachine) : arch;

/** ARCH as kbuild would set it here: what was given, otherwise after uname -m. */
export function archOf(variables: { readonly ARCH?: string }, hostMachine: string = machine()): string {
  if (variables.ARCH) return variables.ARCH;
  if (/^(i.86|x86_64)$/.test(hostMachine)) return 'x86';
  if (/^aarch64/.test(hostMachine)) return 'arm64';
  return hostMachine.replace(/^(arm|riscv|s390).*$/, '$1');
}

/** What stands before the names of compilers for an architecture: nothing for the host's own.
 *  @throws UserError as architectureOf() */
export function crossOf(arch: string, hostMachine: string = machine()): string {
  const { srcarch, cross } = architectureOf(arch);
  if (cross === '') return '';
  const own = archOf({}, hostMachine);
  return Object.hasOwn(architectures, own) && architectures[own]!.srcarch === srcarch ? '' : cross;
}

/** The host's own, as kernels are called: 'x86_64', 'arm64'. */
export const hostArch = (hostMachine: string = machine()): string =>
  hostMachine === 'x86_64' ? hostMachine : archOf({}, hostMachine);

/** @throws UserError for an architecture that initbench cannot name the image of */
export function architectureOf(arch: string): Architecture {
  const found = Object.hasOwn(architectures, arch) ? architectures[arch] : undefined;
  if (found) return found;
  throw new UserError(`no kernel image is known for ARCH=${arch}`, {
    hint: `ARCH is one of ${Object.keys(architectures).sort().join(', ')}`,
  });
}

/** The kernel's architecture in one word: ARCH=x86 says nothing of 32 or 64 bits, its .config does. */
export function wordOf(arch: string, dotConfig: string): string {
  if (architectureOf(arch).srcarch !== 'x86') return arch;
  return /^CONFIG_X86_64=y$/m.test(dotConfig) ? 'x86_64' : 'i386';
}
