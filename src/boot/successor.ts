// SPDX-License-Identifier: GPL-2.0-only
/** Who goes on when the probe is done: nobody, the payload's own init or a shell of it; and the words that say so. Pure. */
import type { Milliseconds } from '../events.ts';
import { UserError } from '../host/errors.ts';
import type { OwnInit, Payload } from '../image/image.ts';
import type { BootRequest } from './request.ts';

export interface Successor {
  /** Absent: nobody. */
  readonly path?: string;
  /** It says itself when all is done, and is not a shell. */
  readonly own?: OwnInit;
  /** Whatever the initrd's own init does, no program of ours comes before it. */
  readonly untouched?: true;
  /** How long it is let run, or, with a deadline, may say nothing; absent where the guest ends by itself. */
  readonly hold?: Milliseconds;
  /** Of the whole boot, where a person decides how long it takes. */
  readonly deadline?: Milliseconds;
}

/** How long somebody may type, and how long they may leave it. */
const [typingMs, idleMs] = [4 * 3_600_000, 30 * 60_000];

/** `payload`: what the flow boots, which may be none of the request's.
 *  @throws UserError when somebody wants to type and there is nothing to type into */
export function successorOf(request: BootRequest, { init, asIs }: Pick<Payload, 'init' | 'asIs'>): Successor {
  if (asIs) return untouchedOf(request);
  if (request.interactive) return { path: shellOf(request), hold: idleMs, deadline: typingMs };
  if (request.holdMs === undefined || init.next === undefined) return {};
  // on a root that the kernel has mounted itself it is in no initrd
  if (init.own && request.flow.initWord !== 'init') return { path: init.next, own: init.own };
  return request.rootfs ? {} : { path: init.next, hold: request.holdMs };
}

/** To the real root file system, whose init is ours; otherwise for a while, from /init on. */
function untouchedOf({ interactive, rootfs, holdMs = 0 }: BootRequest): Successor {
  if (interactive) return { untouched: true, hold: idleMs, deadline: typingMs };
  return rootfs ? { untouched: true } : { untouched: true, hold: holdMs };
}

/** For the kernel command line: who goes on, and to which root file system. */
export const wordsBehind = ({ path, own, untouched }: Successor, device: string | undefined): string[] => [
  ...(untouched && device !== undefined ? rootWords(device) : []),
  ...(device === undefined || own || untouched ? [] : [`INITBENCH_ROOTFS=${device}`]),
  ...(path === undefined ? [] : [`INITBENCH_NEXT=${path}`]),
  ...(own ? ['INITBENCH_NEXT_ENDS=1', ...(device ? rootWords(device) : own.withoutRoot)] : []),
];

/** Documentation/admin-guide/kernel-parameters.txt; with an initramfs they are for its init. */
const rootWords = (device: string): string[] => [`root=${device}`, 'rootfstype=ext4', 'ro'];

/** What a person types into: the payload's shell; without one its own init.
 *  @throws UserError when it has neither, or where it would never run */
function shellOf({ flow, payload, rootfs }: BootRequest): string {
  if (rootfs) {
    throw new UserError('the real root file system has no shell', { hint: 'leave out --rootfs' });
  }
  const shell = ['bin/sh', 'usr/bin/sh'].find(file => payload.entries.some(entry => entry.path === file));
  const next = shell === undefined ? payload.init.next : `/${shell}`;
  if (flow.usesPayload && next !== undefined) return next;
  const what = flow.usesPayload ? `the payload ${payload.name}` : `what the flow ${flow.id} boots`;
  throw new UserError(`${what} has no shell to type into`, {
    hint: 'boot another flow, or a payload with /bin/sh: --payload busybox',
  });
}
