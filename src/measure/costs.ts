// SPDX-License-Identifier: GPL-2.0-only
/** What the ground of a guest costs, in words. Pure. */
import type { z } from 'zod';
import { number, object } from '../document.ts';

/** Nanoseconds, the least of some rounds. */
const costSchema = object({
  /** A system call that does nothing. */
  syscall: number,
  /** The first touch of a page of anonymous memory. */
  fault: number,
});
export type Cost = z.infer<typeof costSchema>;

export const costsSchema = object({
  guest: costSchema,
  /** A program of the host; absent where the guest is of another architecture. */
  host: costSchema.exactOptional(),
});
export type Costs = z.infer<typeof costsSchema>;

/** 'a system call costs 2.1 us in the guest, 0.98 us on the host; a page fault 31 us in the guest, 17 us on the host'. */
export const formatCosts = ({ guest, host }: Costs): string =>
  [
    `a system call costs ${both(guest.syscall, host?.syscall)}`,
    `the first touch of a page ${both(guest.fault, host?.fault)}`,
  ].join('; ');

const both = (guest: number, host: number | undefined): string =>
  `${micro(guest)} in the guest${host === undefined ? '' : `, ${micro(host)} on the host`}`;

const micro = (nanoseconds: number): string => `${Number((nanoseconds / 1000).toPrecision(2))} us`;
