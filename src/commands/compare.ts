// SPDX-License-Identifier: GPL-2.0-only
/** `initbench compare`: the flows side by side, as a table and bars. */
import { guarded } from '../boot/guard.ts';
import { type Compared, compareFlows, type CompareRequest, planComparison } from '../campaign/compare.ts';
import { drained, rehearsedSteps, type Work } from '../events.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import { comparisonDocument } from '../measure/comparison.ts';
import { formatComparison } from '../measure/table.ts';
import type { Workspace } from '../workspace.ts';
import type { Command, Typed } from './command.ts';
import { dry, type DryRun, dryRunJson, formatSteps } from './dryrun.ts';
import { clockOf, clockOption, machineName, machineOf, machineOptions } from './machine.ts';
import { bytesOf, numberOf, percentsOf, wholeNumber } from './typed.ts';
import { shellQuote } from './words.ts';

export const defaultRows = ['initramfs', 'userspace', 'kernelspace'] as const;

/** The rows that would be booted. */
export type PlannedRows = Required<DryRun>;

export const compare: Command<CompareRequest, Compared | PlannedRows> = {
  id: 'compare',
  summary: 'boot the same files through several flows and compare them',
  changes: ['trees', 'kernels', 'runs'],
  examples: [
    'compare',
    'compare --pad 256M initramfs:cpio-zstd kernelspace kernelspace:erofs',
    'compare --variants 8',
    'compare --clock wall --rounds 10 --json',
    'compare --clock wall --cpus 2 --precision 2 --budget 1800',
    'compare --machine arm64',
    'compare --machine um --pad 64M --rounds 30',
    'compare initramfs@base initramfs@initoverlayfs --reference initramfs@base',
  ],
  positional: [
    { usage: '[row...]', summary: `FLOW[:FORMAT][@KERNEL][+WORD...]; default: ${defaultRows.join(' ')}` },
  ],
  options: [
    { usage: '--reference <row>', summary: 'the row the ratios are relative to (default: the initramfs)' },
    {
      usage: '--variants <n>',
      summary: 'icount: perturbed layouts of each row, 8 to believe it',
      default: '1',
    },
    { usage: '--rounds <n>', summary: 'wall: exactly so many boots of each row' },
    {
      usage: '--precision <percent>',
      summary: "wall: rounds until intervals are that narrow, of the reference's median",
      default: '5',
    },
    { usage: '--budget <seconds>', summary: 'wall: or until so much time is spent', default: '600' },
    {
      usage: '--payload <payload>',
      summary: 'the files: busybox, dir:PATH, cpio:FILE, debian',
      default: 'busybox',
    },
    { usage: '--pad <bytes>', summary: 'filler added to the busybox payload: 16M, 256M', default: '16M' },
    {
      usage: '--used <percent>',
      summary: "how much of the payload's bytes is read: 10, or 1,10,50,100 in steps",
      default: '10',
    },
    clockOption,
    { usage: '--mem <MiB>', summary: 'guest memory', default: '2048' },
    { usage: '--cpus <n>', summary: 'guest CPUs (wall only)', default: '1' },
    { usage: '--pivot', summary: 'one more boot of each row to a root file system: the memory table' },
    { usage: '--tree <tree>', summary: 'the kernel tree (default: that of the series)' },
    { usage: '--series <series>', summary: 'the series of the patched kernel (default: initbench.toml)' },
    { usage: '--config <fragment>', summary: 'one more fragment for every kernel', repeat: true },
    ...machineOptions,
    { usage: '--refresh', summary: 'write new commits of a series to patches/ first (setting: refresh)' },
    { usage: '--append <word>', summary: 'one more word on every command line', repeat: true },
    { usage: '--timeout <seconds>', summary: 'deadline of each boot' },
    { usage: '-n, --dry-run', summary: 'print what would be made and the commands, and do none of it' },
  ],
  parse: parseCompare,
  run: (workspace, request, signal) =>
    request.dryRun ? planRows(workspace, request, signal) : compareFlows(workspace, request, signal),
  text: (product, width) =>
    'rows' in product
      ? formatRows(product)
      : [...formatComparison(product.comparison, width), `saved in ${product.file}`],
  json: product => ('rows' in product ? dryRunJson(product) : comparisonDocument.of(product.comparison)),
  exitCode: product =>
    'rows' in product || product.comparison.rows.every(row => row.outcome.kind === 'ready')
      ? exitCodes.done
      : exitCodes.failed,
};

export async function* planRows(
  workspace: Workspace,
  request: CompareRequest,
  signal: AbortSignal,
): Work<PlannedRows> {
  const { product, events } = await drained(planComparison(dry(workspace), request, signal));
  const commands: string[] = [];
  for (const { vm } of product.plans) commands.push(shellQuote(vm.machine.argv(await guarded(vm, signal))));
  return { steps: rehearsedSteps(events), commands, rows: product.rows.map(({ id }) => id) };
}

const formatRows = ({ steps, commands, rows }: PlannedRows): string[] => [
  ...formatSteps(steps),
  ...rows.flatMap((row, index) => [`# ${row}`, commands[index]!]),
];

function parseCompare({ options, words }: Typed, workspace: Workspace): CompareRequest {
  const { settings } = workspace;
  const cpus = wholeNumber(options.cpus, '--cpus', 1, 512);
  const clock = clockOf(options, machineOf(options, workspace), [cpus]);
  const arch = machineName(options);
  if (clock === 'icount' && options.rounds !== undefined) {
    throw new UserError('icount repeats each round to the last digit', {
      hint: 'use --variants for other layouts, or --clock wall',
    });
  }
  const series = (options.series as string | undefined) ?? settings.series;
  return {
    rows: words.length > 0 ? words : defaultRows,
    ...(options.reference !== undefined && { reference: options.reference as string }),
    tree: (options.tree as string | undefined) ?? settings.seriesTrees[series] ?? settings.tree,
    series,
    fragments: [...settings.fragments, ...((options.config as string[] | undefined) ?? [])],
    ...(arch !== undefined && { arch }),
    ...(options.refresh === true && { refresh: true }),
    payload: options.payload as string,
    padBytes: bytesOf(options.pad, '--pad'),
    used: percentsOf(options.used, '--used'),
    clock,
    ...(clock === 'icount'
      ? { variants: wholeNumber(options.variants ?? '1', '--variants', 1, 1000) }
      : {
          ...(options.rounds !== undefined && {
            rounds: wholeNumber(options.rounds, '--rounds', 1, 1000),
          }),
          precisionPercent: numberOf(options.precision ?? '5', '--precision', 0.01, 100),
          budgetMs: 1000 * wholeNumber(options.budget ?? '600', '--budget', 1, 864_000),
        }),
    pivot: options.pivot === true,
    memoryMiB: wholeNumber(options.mem, '--mem', 64, 1 << 20),
    cpus,
    append: (options.append as string[] | undefined) ?? [],
    dryRun: options.dryRun === true,
    ...(options.timeout !== undefined && {
      timeoutMs: 1000 * wholeNumber(options.timeout, '--timeout', 1, 86400),
    }),
  };
}
