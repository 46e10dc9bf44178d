// SPDX-License-Identifier: GPL-2.0-only
/** How a boot ended, in words. */
import type { Outcome } from '../events.ts';

/** One sentence. */
export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'ready':
      return 'ready';
    case 'panic':
      return `kernel panic: ${outcome.message}`;
    case 'hang':
      return `no end within ${outcome.deadline / 1000} s; last line: ${outcome.lastLine}`;
    case 'no-output':
      return `nothing on the console within ${outcome.deadline / 1000} s`;
    case 'incomplete':
      return `ended early: ${outcome.message}`;
    case 'qemu-failed':
      return `QEMU failed (exit ${outcome.exitCode ?? 'by signal'}): ${outcome.message}`;
    case 'machine-failed':
      return `the machine failed (exit ${outcome.exitCode ?? 'by signal'}): ${outcome.message}`;
    case 'interrupted':
      return 'interrupted';
  }
}
