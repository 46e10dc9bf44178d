// SPDX-License-Identifier: GPL-2.0-only
/** `initbench build`: one kernel, unpatched or with a series, configured, compiled and kept. */
import { z } from 'zod';
import { document, flag, list, object, type Printed, text } from '../document.ts';
import { drained, rehearsedSteps, type Work } from '../events.ts';
import { type ExitCode, exitCodes } from '../host/errors.ts';
import { shortDigest } from '../host/files.ts';
import { formatLost, formatRedefined } from '../kconfig/fragment.ts';
import { type Config, configSchema } from '../kconfig/kconfig.ts';
import { kernelSchema } from '../kernel/kernel.ts';
import { pasteableCommands } from '../kernel/make.ts';
import { type KernelRequest, type Prepared, planKernel, prepare } from '../kernel/prepare.ts';
import { kernelSchema as recordName } from '../kernel/store.ts';
import type { Conflict } from '../series/series.ts';
import { command } from './command.ts';
import { conflictShape } from './series.ts';
import { dry, type DryRun, dryRunJson, formatDryRun } from './dryrun.ts';
import { machineName } from './machine.ts';
import { option } from './options.ts';
import { whole } from './typed.ts';

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

export const build = command({
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
    option.tree,
    {
      ...option.machine,
      summary: "x86_64, arm64, um, or another ARCH (default: ARCH, otherwise the host's)",
    },
    option.arch,
    option.config,
    option.refresh,
    { usage: '--allow-lost', summary: 'build although requested options did not survive' },
    {
      usage: '--jobs <n>',
      summary: 'how many compilers at once (default: one per processor)',
      type: whole(1, 4096),
    },
    option.dryRun,
  ],
  parse({ options, words: [kernel = 'base'], rest }, { settings }): BuildInput {
    const { tree, config, allowLost, refresh, jobs, dryRun } = options;
    const own = kernel === 'base' ? undefined : settings.seriesTrees[kernel];
    return {
      request: {
        kernel,
        tree: tree ?? own ?? settings.tree,
        fragments: [...settings.fragments, ...config],
        variables: rest,
        arch: machineName(options),
        refresh: refresh || settings.refresh,
        ...{ allowLost, jobs },
      },
      dryRun,
    };
  },
  async *run(workspace, { request, dryRun }, signal): Work<BuildProduct> {
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
});

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
