// SPDX-License-Identifier: GPL-2.0-only
/** `initbench kernel list`: the kernels in the cache, newest first, and the fragments they can be made with. */
import { stat } from 'node:fs/promises';
import { document, list, object, text, texts } from '../document.ts';
import type { Work } from '../events.ts';
import { shortDigest } from '../host/files.ts';
import { fragmentNames } from '../kconfig/find.ts';
import { type Kernel, kernelSchema } from '../kernel/kernel.ts';
import { listKernels } from '../kernel/store.ts';
import { command } from './command.ts';

const kernelsDocument = document(
  'initbench.kernels/1',
  'kernel list: the kernels that are built, and the fragments there are',
  object({
    /** `at`: when it was built, ISO 8601. */
    kernels: list(object({ ...kernelSchema.unwrap().shape, at: text })),
    fragments: texts,
    always: texts,
  }),
);

export interface KernelList {
  /** `at`: when it was built, milliseconds since 1970. */
  readonly kernels: readonly { readonly kernel: Kernel; readonly at: number }[];
  /** Names in kconfigs/, and those that every kernel gets. */
  readonly fragments: readonly string[];
  readonly always: readonly string[];
}

export const kernelList = command({
  id: 'kernel list',
  summary: 'list the kernels that are built, with their sizes, and the fragments there are',
  examples: ['kernel list', 'kernel list --json'],
  parse: () => null,
  async *run(workspace): Work<KernelList> {
    const [found, fragments] = await Promise.all([listKernels(workspace), fragmentNames(workspace)]);
    const kernels = await Promise.all(
      found.map(async kernel => ({ kernel, at: (await stat(kernel.files.image)).mtimeMs })),
    );
    return {
      kernels: kernels.sort((a, b) => b.at - a.at),
      fragments,
      always: workspace.settings.fragments,
    };
  },
  text: ({ kernels, fragments, always }) => [
    ...textGrid([
      ['kernel', 'tree', 'arch', 'digest', 'text', 'data', 'bss', 'warnings', 'fragments'],
      ...kernels.map(({ kernel }) => [
        ...[kernel.name, kernel.tree, kernel.arch, shortDigest(kernel.digest)],
        ...[kernel.sections.text, kernel.sections.data, kernel.sections.bss].map(String),
        ...[String(kernel.warnings.length), kernel.fragments.join(' ')],
      ]),
    ]),
    '',
    `fragments of every kernel: ${always.join(', ')}`,
    `fragments there are: ${fragments.join(', ')}`,
  ],
  json: ({ kernels, fragments, always }) =>
    kernelsDocument.of({
      kernels: kernels.map(({ kernel, at }) => ({ ...kernel, at: new Date(at).toISOString() })),
      fragments,
      always,
    }),
});

function textGrid(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map(row => row[i]!.length)));
  return rows.map(row =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}
