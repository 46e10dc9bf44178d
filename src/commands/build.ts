// SPDX-License-Identifier: GPL-2.0-only
/** `initbench build`: one kernel, unpatched or with a series, configured, compiled and kept. */
import { z } from 'zod';
import { document, flag, list, object, type Printed, text } from '../document.ts';
import { drained, rehearsedSteps } from '../events.ts';
import { type ExitCode, exitCodes } from '../host/errors.ts';
import { shortDigest } from '../host/files.ts';
import { formatLost, formatRedefined } from '../kconfig/fragment.ts';
import { type Config, configSchema } from '../kconfig/kconfig.ts';
import { kernelSchema } from '../kernel/kernel.ts';
import { pasteableCommands } from '../kernel/make.ts';
import { type KernelRequest, type Prepared, planKernel, prepare } from '../kernel/prepare.ts';
import { kernelSchema as recordName } from '../kernel/store.ts';
import type { Conflict } from '../series/series.ts';
import type { Command, Typed } from './command.ts';
import { conflictShape } from './series.ts';
import { dry, type DryRun, dryRunJson, formatDryRun } from './dryrun.ts';
import { machineName } from './machine.ts';
import { wholeNumber } from './typed.ts';

const { redefined, lost } = configSchema.unwrap().shape;
const optionsShape = {
  redefined,
  /** `actual`: null when Kconfig does not know the option. */
  lost: list(object({ ...lost.unwrap().element.unwrap().shape, actual: text.nullable() })),
} as const;
const { kind: _, ...conflict } = conflictShape;
const kernelDocument = document(
  recordName,
  'build: the kernel and what it was made of, or why there is none; kernels/DIGEST/kernel.json',
  object({
    ...{ outcome: z.literal('built'), cached: flag },
    ...kernelSchema.unwrap().shape,
    ...optionsShape,
  }),
  object({ outcome: z.literal('lost'), name: text, tree: text, ...optionsShape }),
  object({ outcome: z.literal('conflict'), series: text, tree: text, ...conflict }),
  kernelSchema,
);

interface BuildInput {
  readonly request: KernelRequest;
  readonly dryRun: boolean;
}

type BuildProduct = Prepared | ({ readonly kind: 'commands' } & DryRun);

export const build: Command<BuildInput, BuildProduct> = {
  id: 'build',
  summary: 'build the unpatched kernel, or one that carries a series',
  changes: ['trees', 'kernels'],
  examples: [
    'build',
    'build initoverlayfs --config debug',
    'build base --tree 6.12 --config CONFIG_NET=y',
    'build initoverlayfs --machine arm64',
    'build initoverlayfs --machine um',
    'build initoverlayfs --dry-run -- LLVM=1 KCFLAGS=-Og',
  ],
  positional: [{ usage: '[kernel]', summary: 'base, or the name of a series', default: 'base' }],
  options: [
    { usage: '--tree <tree>', summary: 'the kernel tree (default: initbench.toml)' },
    {
      usage: '--machine <machine>',
      summary: "x86_64, arm64, um, or another ARCH (default: ARCH, otherwise the host's)",
    },
    { usage: '--arch <machine>', summary: 'the same by its older name' },
    {
      usage: '--config <fragment>',
      summary: 'one more fragment: a name in kconfigs/, a path, or CONFIG_X=value',
      repeat: true,
    },
    { usage: '--refresh', summary: 'write new commits of a series to patches/ first (setting: refresh)' },
    { usage: '--allow-lost', summary: 'build although requested options did not survive' },
    { usage: '--jobs <n>', summary: 'how many compilers at once (default: one per processor)' },
    { usage: '-n, --dry-run', summary: 'print what would be made and the commands, and do none of it' },
  ],
  parse({ options, words, rest }: Typed, { settings }) {
    const kernel = words[0] ?? 'base';
    const own = kernel === 'base' ? undefined : settings.seriesTrees[kernel];
    const arch = machineName(options);
    const request: KernelRequest = {
      kernel,
      tree: (options.tree as string | undefined) ?? own ?? settings.tree,
      fragments: [...settings.fragments, ...((options.config as string[] | undefined) ?? [])],
      variables: rest,
      allowLost: options.allowLost === true,
      ...(arch !== undefined && { arch }),
      ...(options.refresh === true && { refresh: true }),
      ...(options.jobs !== undefined && { jobs: wholeNumber(options.jobs, '--jobs', 1, 4096) }),
    };
    return { request, dryRun: options.dryRun === true };
  },
  async *run(workspace, { request, dryRun }, signal) {
    if (!dryRun) return yield* prepare(workspace, request, signal);
    const planned = yield* planKernel(dry(workspace), request, signal);
    if (planned.kind === 'conflict') return planned;
    const { events } = await drained(prepare(dry(workspace), request, signal));
    const commands = pasteableCommands(planned.build);
    return { kind: 'commands', steps: rehearsedSteps(events), commands };
  },
  text: formatProduct,
  json: jsonOf,
  exitCode: product => codes[product.kind],
};

const codes: Readonly<Record<BuildProduct['kind'], ExitCode>> = {
  kernel: exitCodes.done,
  commands: exitCodes.done,
  lost: exitCodes.failed,
  conflict: exitCodes.conflict,
};

function formatProduct(product: BuildProduct): readonly string[] {
  switch (product.kind) {
    case 'commands':
      return formatDryRun(product);
    case 'conflict':
      return formatConflict(product);
    case 'lost': {
      const { build, config } = product;
      return [
        `${build.name} on ${build.tree} was not built: requested options did not survive.`,
        ...formatOptions(config),
        '',
        'Correct the fragments, or build it as it is with --allow-lost.',
      ];
    }
    default:
      return formatKernel(product);
  }
}

function formatConflict({ series, tree, patch, files, details }: Conflict): readonly string[] {
  return [
    `${series.name} does not apply to ${tree.name}: ${patch}`,
    ...files.map(file => `  ${file}`),
    ...details.split('\n'),
  ];
}

function formatKernel({ kernel, config, cached }: Prepared & { kind: 'kernel' }): readonly string[] {
  const { sections, warnings } = kernel;
  const field = (name: string, value: string) => `${name.padEnd(10)}${value}`;
  return [
    field('kernel', `${kernel.release}, ${kernel.name} on ${kernel.tree}, ${kernel.arch}`),
    field('digest', shortDigest(kernel.digest)),
    field('image', `${kernel.files.image} (${mebibytes(kernel.imageBytes)})`),
    field('sections', `text ${sections.text}, data ${sections.data}, bss ${sections.bss} bytes`),
    field('config', `${kernel.fragments.join(', ')} (${shortDigest(kernel.configDigest)})`),
    field('compiler', kernel.toolchain.compiler),
    field(
      'built',
      cached ? `before, in ${seconds(kernel.built)}; nothing to do` : `in ${seconds(kernel.built)}`,
    ),
    field('log', kernel.files.log),
    ...formatOptions(config),
    ...(warnings.length > 0 ? ['', `${warnings.length} warnings:`, ...warnings.flatMap(firstLine)] : []),
  ];
}

const firstLine = (block: string) => [`  ${block.split('\n', 1)[0]}`];
const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

function formatOptions({ redefined, lost }: Config): readonly string[] {
  return [
    ...(lost.length > 0 ? ['', `${lost.length} lost:`, ...lost.map(each => `  ${formatLost(each)}`)] : []),
    ...(redefined.length > 0
      ? ['', `${redefined.length} redefined:`, ...redefined.map(each => `  ${formatRedefined(each)}`)]
      : []),
  ];
}

function jsonOf(product: BuildProduct): Printed {
  switch (product.kind) {
    case 'commands':
      return dryRunJson(product);
    case 'conflict': {
      const { series, tree, patch, files, details } = product;
      return kernelDocument.of({
        ...{ outcome: 'conflict', series: series.name, tree: tree.name },
        ...{ patch, files, details },
      });
    }
    default: {
      const { redefined, lost } = product.config;
      const options = { redefined, lost: lost.map(each => ({ ...each, actual: each.actual ?? null })) };
      if (product.kind === 'lost') {
        const { name, tree } = product.build;
        return kernelDocument.of({ outcome: 'lost', name, tree, ...options });
      }
      const { cached, kernel } = product;
      return kernelDocument.of({ outcome: 'built', cached, ...kernel, ...options });
    }
  }
}
