// SPDX-License-Identifier: GPL-2.0-only
/** What is known of a guest while it runs: what its console has shown, its clocks, why the watching ended. */
import type { Mark } from '../events.ts';
import type { Finding } from './findings.ts';

export interface GuestClock {
  readonly instructions: number;
  /** Whole seconds of its real-time clock, in which it may have been idle. */
  readonly seconds: number | undefined;
}

/** What the console has shown so far. */
export interface Seen {
  bytes: number;
  lastLine: string;
  panic?: string;
  /** What the guest's own programs reported as wrong, first of all. */
  error?: string;
  /** The first report of the kernel that a boot does not survive, unless it did. */
  fatal?: Fatal;
  /** The kernel's clock at its last message. */
  seconds?: number | undefined;
  readonly marks: Set<Mark>;
}

interface Fatal extends Finding {
  /** On the host's clock and the kernel's. */
  readonly at: number;
  readonly seconds: number | undefined;
  /** The place of the exception was named. */
  placed?: true;
  /** On the guest's own clocks, when first looked. */
  started?: GuestClock;
}

/** Why the watching ended. */
export type Why =
  | { readonly kind: 'guest-stopped'; readonly status: string }
  | { readonly kind: 'end-mark' | 'held' | 'deadline' | 'flood' | 'fatal' | 'interrupted' }
  | {
      readonly kind: 'exited';
      readonly exitCode: number | null;
      readonly signal: string | null;
      readonly stderr: string;
    };
