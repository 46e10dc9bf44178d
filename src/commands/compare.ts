// SPDX-License-Identifier: GPL-2.0-only
/** `initbench compare`: the flows side by side, as a table and bars. */
import { guarded } from '../boot/guard.ts';
import { type Compared, compareFlows, type CompareRequest, planComparison } from '../campaign/compare.ts';
import { drained, rehearsedSteps, type Work } from '../events.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import { comparisonDocument } from '../measure/comparison.ts';
import { formatComparison } from '../measure/table.ts';
import type { Workspace } from '../workspace.ts';
import { command } from './command.ts';
import { dry, type DryRun, dryRunJson, formatSteps } from './dryrun.ts';
import { clockOf, machineName, machineOf, machineOptions, memOfRows, sourcesOf } from './machine.ts';
import { option } from './options.ts';
import { shellQuote } from './words.ts';

export const defaultRows = ['initramfs', 'userspace', 'kernelspace'] as const;

/** The rows that would be booted. */
export type PlannedRows = Required<DryRun>;

export const compare = command({
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
    { ...option.variants, default: '1' },
    option.rounds,
    option.precision,
    option.budget,
    option.payload,
    option.pad,
    option.used,
    option.clock,
    memOfRows,
    option.cpus,
    option.pivot,
    option.tree,
    option.series,
    option.config,
    ...machineOptions,
    option.refresh,
    option.append,
    option.timeout,
    option.dryRun,
  ],
  parse({ options, words }, workspace): CompareRequest {
    const { cpus, reference, payload, pad, used, mem, pivot, append, timeout, dryRun } = options;
    const clock = clockOf(options.clock, machineOf(options, workspace), [cpus]);
    const { variants, rounds, precision, budget } = options;
    if (clock === 'icount' && rounds !== undefined) {
      throw new UserError('icount repeats each round to the last digit', {
        hint: 'use --variants for other layouts, or --clock wall',
      });
    }
    return {
      ...sourcesOf(options, workspace),
      rows: words.length > 0 ? words : defaultRows,
      arch: machineName(options),
      refresh: options.refresh || workspace.settings.refresh,
      padBytes: pad,
      memoryMiB: mem,
      timeoutMs: timeout,
      ...(clock === 'icount' ? { variants } : { rounds, precisionPercent: precision, budgetMs: budget }),
      ...{ reference, payload, used, clock, pivot, cpus, append, dryRun },
    };
  },
  run: (workspace, request, signal): Work<Compared | PlannedRows> =>
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
});

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
