// SPDX-License-Identifier: GPL-2.0-only
/** User-Mode Linux: a kernel that is a process of the host, at the host's own speed, without KVM and without root. */
import { release } from 'node:os';
import { UserError } from '../../host/errors.ts';
import type { Machine } from '../machine.ts';
import { umArgv } from '../um/argv.ts';
import { confines, requireHost } from '../um/host.ts';
import { startUm } from '../um/guest.ts';

/** Loops of the delay loop in a tick, so that they are not counted: that takes four ticks of each boot, 40 ms, and no
 *  driver here waits by them. */
const loopsPerTick = 5_000_000;

export default {
  id: 'um',
  summary: 'User-Mode Linux, a process of the host: real time, no KVM',
  platform: 'User-Mode Linux',
  clocks: ['wall'],
  console: 'tty0',
  keepsToCpu: true,
  words: () => [
    `lpj=${loopsPerTick}`,
    // without, the kernel adds one of its own, and its rootfs would be no tmpfs
    'root=',
    // no port whose write would end the machine sooner
    'INITBENCH_END=poweroff',
  ],
  shortcuts: [],
  counter: { name: 'TSC', tick: 1 },
  disk: (image, index) => ({ kind: 'block', image, device: `/dev/ubd${String.fromCharCode(97 + index)}` }),
  notes: [
    `lpj=${loopsPerTick}: the delay loop is not calibrated, which would be 40 ms of each boot`,
    'a guest of one CPU keeps to one CPU of the host',
    'User-Mode Linux runs at the speed of the host, but page faults and system calls cost more; no firmware, no drivers',
  ],
  lacks: {
    'memory disk':
      'nothing but the initrd can be put into its memory, and it has no struct pages for a disk there',
    firmware: 'User-Mode Linux is started by no firmware',
    typing: 'the console of User-Mode Linux only prints here',
  },
  version: async () => `host Linux ${release()}`,
  sandboxed: confines,
  async *accelerate(_workspace, clock, signal) {
    if (clock !== 'wall')
      throw new UserError('User-Mode Linux counts no instructions', { hint: 'use --clock wall' });
    const confined = (await confines(signal))
      ? 'confined by bubblewrap'
      : 'not confined: bubblewrap is not installed, or may not make namespaces here';
    return { accelerator: 'none', reason: `a process of the host, ${confined}` };
  },
  async *complete(_workspace, vm, _about, signal) {
    await requireHost(vm, signal);
    return vm;
  },
  argv: vm => umArgv(vm),
  start: startUm,
} satisfies Machine as Machine;
