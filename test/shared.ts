// SPDX-License-Identifier: GPL-2.0-only
/** A folder that all tests of a run share, for what is the same whoever makes it: named by its content, made whole. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    shared: string;
  }
}

export default function setup({ provide }: TestProject): () => void {
  const folder = mkdtempSync(path.join(tmpdir(), 'initbench-shared-'));
  provide('shared', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
