// SPDX-License-Identifier: GPL-2.0-only
/** An initramfs compressed with gzip: by the program, whose output is the same on every machine (zlib's is not). */
import { constants, copyFile, rename } from 'node:fs/promises';
import type { Work } from '../../events.ts';
import { exec } from '../../host/exec.ts';
import type { Format, PackRequest } from '../image.ts';
import { packAs } from '../publish.ts';
import cpio from './cpio.ts';

/** Replaces `file` by `file`.gz, without name and time in it. */
const gzipArgv = (file: string): string[] => ['gzip', '-9', '-n', '-q', file];

export default {
  id: 'cpio-gzip',
  summary: 'newc archive, gzip -9',
  family: 'gzip',
  container: 'cpio',
  tools: ['gzip'],
  parameters: { level: 9 },
  spaceBytes: ({ bytes, entries }) => 3 * (bytes + entries.length * 256),
  async *write({ workspace, job, payload, target, signal }: PackRequest): Work<void> {
    const plain = yield* packAs(workspace, payload, cpio, signal);
    await copyFile(plain.path, target, constants.COPYFILE_FICLONE);
    yield* exec(gzipArgv(target), { job, signal });
    await rename(`${target}.gz`, target);
  },
} satisfies Format;
