// SPDX-License-Identifier: GPL-2.0-only
/** Sentences both front ends use for what the stages mean. */
export { describeOutcome } from '../measure/table.ts';
export { shellQuote } from '../host/exec.ts';
