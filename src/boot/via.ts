// SPDX-License-Identifier: GPL-2.0-only
/** Boots through firmware and a boot loader: which flows can, and what the disk may do. Pure. */
import { UserError } from '../host/errors.ts';
import type { Clock, DiskLimit } from './boot.ts';
import type { Flow, FlowMachine } from './flow.ts';

/** @throws UserError when the flow needs something that no boot loader does, or the clock is not the wall's */
export function requireDiskBoot(flow: Flow, own: FlowMachine, clock: Clock): void {
  if (clock !== 'wall') {
    throw new UserError('a disk has no instructions: --via uefi needs --clock wall', {
      hint: 'add --clock wall',
    });
  }
  if (own.disks.some(disk => disk.kind === 'pmem')) {
    throw new UserError(`no boot loader puts an image where the flow ${flow.id} wants it`, {
      hint: 'leave out --via uefi',
    });
  }
}

/** '20 MB/s', '40 MB/s, 1000 requests/s', 'as fast as the host'. */
export function limitText({ bytesPerSecond, requestsPerSecond }: DiskLimit): string {
  const said = [
    ...(bytesPerSecond === undefined ? [] : [`${bytesPerSecond / 1e6} MB/s`]),
    ...(requestsPerSecond === undefined ? [] : [`${requestsPerSecond} requests/s`]),
  ];
  return said.length > 0 ? said.join(', ') : 'as fast as the host';
}
