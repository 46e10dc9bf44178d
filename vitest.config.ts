// SPDX-License-Identifier: GPL-2.0-only
/** Two projects: `unit` needs no kernel and no QEMU; `vm` builds kernels and boots them, one file at a time. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/vm/**'],
          globalSetup: ['test/shared.ts'],
          setupFiles: ['test/left.ts'],
          // Each waits for many programs, and a busy machine runs them many times slower than an idle one.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // A file puts back what it changes, so that a worker loads the modules once, not for each file.
          isolate: false,
          // One per CPU: they wait for child processes half of the time.
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'vm',
          include: ['test/vm/**/*.test.ts'],
          testTimeout: 1_800_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
