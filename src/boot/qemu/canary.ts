// SPDX-License-Identifier: GPL-2.0-only
/** The smallest x86-64 guest that proves an accelerator: a Multiboot program (Multiboot Specification 0.6.96, with the
 *  a.out kludge) that enters long mode with paging on and leaves through QEMU's isa-debug-exit. */

/** What QEMU exits with when the canary ran to its end: (16 << 1) | 1. */
export const canaryExit = 33;

/** Loaded at 1 MiB as it is. Page tables at 2 MiB map the first 2 MiB one to one. */
const program: readonly (readonly [bytes: string, meaning: string])[] = [
  ['02b0ad1b 00000100 fe4f51e4', 'Multiboot: magic, flags (addresses follow), checksum'],
  ['00001000 00001000 00000000 00000000 20001000', 'header, load, load end, bss end; entry 0x100020'],
  ['bc00100000', 'mov $0x1000, %esp'],
  ['bf00002000 0f22df', 'mov $0x200000, %edi; mov %edi, %cr3'],
  ['31c0 b9000c0000 fc f3ab', 'xor %eax, %eax; mov $0xc00, %ecx; cld; rep stosl'],
  ['c7050000200003102000', 'movl $0x201003, 0x200000    page map level 4'],
  ['c7050010200003202000', 'movl $0x202003, 0x201000    page directory pointers'],
  ['c7050020200083000000', 'movl $0x83, 0x202000        one page of 2 MiB'],
  ['0f20e0 83c820 0f22e0', 'or $0x20, %cr4              PAE'],
  ['b9800000c0 0f32 0d00010000 0f30', 'or $0x100, EFER             long mode enable'],
  ['0f20c0 0d00000080 0f22c0', 'or $0x80000000, %cr0        paging'],
  ['0f0115b0001000', 'lgdt 0x1000b0'],
  ['ea850010000800', 'ljmp $8, $0x100085'],
  ['48b88877665544332211', 'movabs $0x1122334455667788, %rax'],
  ['48c1e838 3401 e6f4', 'shr $56, %rax; xor $1, %al; out %al, $0xf4    16, if registers have 64 bits'],
  ['f4 ebfd', 'hlt; jmp to the hlt'],
  ['660f1f440000', 'padding'],
  ['0000000000000000 00000000009a2000', 'the descriptor table: null, 64-bit code'],
  ['0f00 a0001000', 'its limit and address'],
];

export function canaryProgram(): Buffer {
  return Buffer.from(program.map(([bytes]) => bytes.replaceAll(' ', '')).join(''), 'hex');
}

/** The canary's machine: the accelerator and CPU of a real KVM boot. */
export function canaryArgv(program: string): string[] {
  return [
    ...[
      'qemu-system-x86_64',
      '-no-user-config',
      '-nodefaults',
      '-machine',
      'pc',
      '-accel',
      'kvm',
      '-cpu',
      'host',
    ],
    ...['-m', '64', '-display', 'none', '-no-reboot'],
    ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=1', '-kernel', program],
  ];
}
