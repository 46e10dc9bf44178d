// SPDX-License-Identifier: GPL-2.0-only
/** `initbench replay-bundle`: a boot as a folder that someone with QEMU alone can boot again, to the same digits. */
import path from 'node:path';
import { type Bundle, bundleSchema, writeBundle } from '../boot/bundle.ts';
import { openRun } from '../boot/store.ts';
import { document } from '../document.ts';
import type { Work } from '../events.ts';
import type { Workspace } from '../workspace.ts';
import { command } from './command.ts';
import { option } from './options.ts';

interface ReplayInput {
  readonly run: string;
  readonly output: string | undefined;
}

const bundleDocument = document(
  'initbench.bundle/1',
  'replay-bundle: the folder, and what the boot has to give',
  bundleSchema,
);

export const replayBundle = command({
  id: 'replay-bundle',
  summary: 'a boot as a folder: kernel, images, a script that repeats it with QEMU alone',
  examples: ['replay-bundle @', 'replay-bundle kernelspace -o /tmp/kernelspace'],
  positional: [{ usage: '<run>', summary: 'a boot under icount: @, an id or its beginning, a row' }],
  options: [{ ...option.output, summary: 'where to write it (default: replay-ID)' }],
  parse: ({ options: { output }, words: [run] }) => ({ run, output }),
  run: bundleRun,
  text: ({ folder, run, files, bytes, expected }) => [
    `${run}: ${files.length} files, ${(bytes / 2 ** 20).toFixed(1)} MiB, ${expected.length} counts to compare`,
    `repeat it anywhere with QEMU: ${path.join(folder, 'replay.sh')}`,
  ],
  json: bundleDocument.of,
});

async function* bundleRun(workspace: Workspace, { run: name, output }: ReplayInput): Work<Bundle> {
  const run = await openRun(workspace, name);
  return writeBundle(run, path.resolve(output ?? `replay-${run.id}`));
}
