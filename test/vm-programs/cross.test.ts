// SPDX-License-Identifier: GPL-2.0-only
/** vm/ for another architecture, where its compiler is installed (setup.sh --all). */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isStaticElf } from '../../src/image/busybox.ts';
import { guestMakeArgv } from '../../src/image/guest.ts';

const cross = 'aarch64-linux-gnu-';
const isInstalled = spawnSync(`${cross}gcc`, ['--version']).status === 0;
/** e_machine of elf(5). */
const aarch64 = 183;

test.skipIf(!isInstalled)(
  'every program is built for arm64, static, without a warning',
  () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'initbench-test-'));
    try {
      const [make, ...words] = guestMakeArgv(path.resolve('vm'), folder, cross);
      execFileSync(make!, words, { stdio: 'pipe' });
      const programs = readdirSync(folder);
      expect(programs).toEqual(expect.arrayContaining(['probe', 'storage-init']));
      for (const name of programs) {
        const bytes = readFileSync(path.join(folder, name));
        expect([name, bytes.readUInt16LE(18), isStaticElf(bytes)]).toEqual([name, aarch64, true]);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  60_000,
);
