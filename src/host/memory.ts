// SPDX-License-Identifier: GPL-2.0-only
/** How much memory there is for us and our children: the host's, or what a control group leaves of it. */
import { totalmem } from 'node:os';

/** Node says 0 where it does not know, and a number beyond any memory where there is no limit. Bytes. */
export const memoryFor = (total: number, limit: number): { bytes: number; limited: boolean } =>
  limit > 0 && limit < total ? { bytes: limit, limited: true } : { bytes: total, limited: false };

export const hostMemory = (): { bytes: number; limited: boolean } =>
  memoryFor(totalmem(), process.constrainedMemory());
