// SPDX-License-Identifier: GPL-2.0-only
/** One finding of `initbench fsck`, and what each of its parts is given. */
import { z } from 'zod';
import { object, text } from '../document.ts';
import type { Workspace } from '../workspace.ts';

export const findingSchema = object({
  path: text,
  /** 'the lock of a process that is gone (initbench build base)' */
  what: text,
  /** What was done, or would be: `none` is a person's to decide. */
  action: z.enum(['removed', 'completed', 'none']),
  /** What to do about it, where nothing was done. */
  hint: text.exactOptional(),
});
export type Finding = z.infer<typeof findingSchema>;

/** Finds, and puts right when it may: one look at one part of the store. */
export interface Look {
  readonly workspace: Workspace;
  /** False: only say. */
  readonly repair: boolean;
  /** Read what lies there instead of believing names and sizes. */
  readonly full: boolean;
  readonly signal: AbortSignal;
}
