// SPDX-License-Identifier: GPL-2.0-only
/** The two errors that are not our bugs, and the exit codes of the program. */

/** Exit codes; the same table is in docs/commands.md. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  conflict: 3,
  environment: 4,
  build: 5,
  timeout: 6,
  panic: 7,
  inconclusive: 8,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The user can act on it: one sentence and what to do. Printed without a stack. */
export class UserError extends Error {
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;
  constructor(message: string, options: { hint?: string; exitCode?: ExitCode } = {}) {
    super(message);
    this.name = 'UserError';
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? exitCodes.usage;
  }
}

/** A program failed. Made only in host/exec.ts. */
export class ToolError extends Error {
  readonly argv: readonly string[];
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly lastLines: readonly string[];
  readonly logPath: string | undefined;
  constructor(details: {
    argv: readonly string[];
    exitCode: number | null;
    signal: string | null;
    lastLines: readonly string[];
    logPath?: string;
  }) {
    const end = details.signal ? `was killed by ${details.signal}` : `exited with ${details.exitCode}`;
    super(`${details.argv[0]} ${end}`);
    this.name = 'ToolError';
    this.argv = details.argv;
    this.exitCode = details.exitCode;
    this.signal = details.signal;
    this.lastLines = details.lastLines;
    this.logPath = details.logPath;
  }
}

/** The work was stopped by its AbortSignal. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}
