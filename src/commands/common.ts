// SPDX-License-Identifier: GPL-2.0-only
/** Options that every command takes, and that the front ends answer. */
import type { Parameter } from './command.ts';

export const verboseOption: Parameter = {
  usage: '-v, --verbose',
  summary: 'show the commands that run; twice: their output',
};

export const helpOption: Parameter = { usage: '-h, --help', summary: 'print the help of a command' };

/** --help is the parser's own. */
export const commonOptions: readonly Parameter[] = [
  { usage: '--json', summary: 'print the result as one JSON document' },
  { usage: '--jsonl', summary: 'print every event as a line of JSON, the result last' },
  verboseOption,
  { usage: '-q, --quiet', summary: 'show nothing but the result' },
];
