// SPDX-License-Identifier: GPL-2.0-only
/** What compilers said in a build, and what of it the unpatched kernel does not say. Pure. */
import type { State } from './state.ts';
import type { Job } from './jobs.ts';

export interface Warning {
  readonly text: string;
  /** As the compiler names it, seen from the build directory. */
  readonly file: string;
  readonly line: number;
  readonly level: 'warning' | 'error';
}

const located = /^(?:\.\.\/)*([^\s:]+):(\d+):(?:\d+:)? (warning|error|fatal error): (.+)$/;

/** The same warning, wherever a patch has moved it to. */
const keyOf = (text: string) => text.replace(/:\d+(?=:)/g, '').replace(/^(\.\.\/)*/, '');

/** In the order they came, each once. */
export function newWarnings(state: State, job: Job): readonly Warning[] {
  const base =
    state.data.kernels?.kernels.find(({ kernel }) => kernel.name === 'base')?.kernel.warnings ?? [];
  const known = new Set(base.map(block => keyOf(block.split('\n')[0]!)));
  const found = new Map<string, Warning>();
  for (const text of job.output) {
    const match = located.exec(text);
    if (!match || known.has(keyOf(text)) || found.has(text)) continue;
    const [, file, line, level] = match as unknown as [string, string, string, string];
    found.set(text, { text, file, line: Number(line), level: level === 'warning' ? 'warning' : 'error' });
  }
  return [...found.values()];
}
