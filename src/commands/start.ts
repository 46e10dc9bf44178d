// SPDX-License-Identifier: GPL-2.0-only
/** `initbench start`, what `npm start` runs: from nothing to the comparison of the three flows. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Compared, compareFlows, type CompareRequest } from '../campaign/compare.ts';
import type { Work } from '../events.ts';
import { NoLongerOffered } from '../host/debian.ts';
import { UserError } from '../host/errors.ts';
import { hostArch } from '../kernel/architecture.ts';
import { requirePlace } from '../kernel/room.ts';
import { digitsOf, recordings } from '../measure/recorded.ts';
import { listSeries } from '../series/read.ts';
import { prepareTree, readTree } from '../tree/trees.ts';
import type { Workspace } from '../workspace.ts';
import type { Command, Option } from './command.ts';
import { compare, type PlannedRows, planRows } from './compare.ts';
import { machineOptions } from './machine.ts';
import { option } from './options.ts';

/** Whether User-Mode Linux runs the same here: the kernel sources have it for x86 hosts alone. */
const hasNative = ({ comparison: { clock, conditions } }: Compared): boolean =>
  clock === 'icount' && conditions.arch === 'x86_64' && hostArch() === 'x86_64';

/** The comparison, and the same by the clock of the host where its kernels are there already. */
interface Started extends Compared {
  readonly native?: Compared | undefined;
}

/** Of the options of compare, which has the others' defaults. */
const taken: readonly Option[] = [
  ...machineOptions,
  option.variants,
  option.rounds,
  option.precision,
  option.budget,
  option.payload,
  option.pad,
  option.used,
  option.clock,
  option.mem,
  option.refresh,
  option.dryRun,
];

export const start: Command<CompareRequest, Started | PlannedRows> = {
  id: 'start',
  summary: 'prepare the default tree, build both kernels, boot the three flows and compare them',
  changes: ['trees', 'kernels', 'runs'],
  examples: ['start', 'start --dry-run', 'start --pad 64M --used 50'],
  positional: [],
  options: compare.options.filter(each => taken.some(({ usage }) => usage === each.usage)),
  parse: (typed, workspace) => compare.parse(typed, workspace),
  run: (workspace, request, signal) =>
    request.dryRun ? planRows(workspace, request, signal) : startFlows(workspace, request, signal),
  text: (product, width) => [
    ...compare.text(product, width),
    ...('digits' in product && product.digits !== undefined ? ['', product.digits] : []),
    ...('native' in product && product.native ? ['', ...compare.text(product.native, width)] : []),
    ...('rows' in product ? [] : ['', ...nextLines(product)]),
  ],
  json: compare.json.bind(compare),
  exitCode: product => compare.exitCode!(product),
};

const nextLines = (product: Started): string[] => [
  'next: node dist/main.js opens the workbench, with these runs in it',
  ...(product.native === undefined && hasNative(product)
    ? [
        '      node dist/main.js compare --machine um: the same in milliseconds; builds two more kernels first',
      ]
    : []),
];

async function* startFlows(
  workspace: Workspace,
  request: CompareRequest,
  signal: AbortSignal,
): Work<Started> {
  if (!(await readTree(workspace, request.tree))) {
    const { tree } = request;
    await requirePlace(workspace, [
      { tree, kernel: 'base' },
      { tree, kernel: request.series },
    ]);
  }
  const { tree, series } = yield* offeredTree(workspace, request, signal);
  const compared = yield* compareFlows(workspace, { ...request, tree, series }, signal);
  const recorded = await readFile(path.join(workspace.root, 'vm/recorded.json'), 'utf8');
  const digits = digitsOf(compared.comparison, recordings.parse(JSON.parse(recorded)));
  const native = hasNative(compared)
    ? yield* nativeFlows(workspace, { ...request, tree, series }, signal)
    : undefined;
  return { ...compared, digits, native };
}

/** The same files on User-Mode Linux: half a minute, once its kernels are built. Undefined when they are not, when
 *  or when this host does not let it run, which is reported. */
async function* nativeFlows(
  workspace: Workspace,
  request: CompareRequest,
  signal: AbortSignal,
): Work<Compared | undefined> {
  const native: CompareRequest = { ...request, arch: 'um', clock: 'wall', rounds: 10 };
  try {
    const { steps } = yield* planRows(workspace, native, signal);
    if (steps.some(({ job, state }) => state === 'planned' && job.startsWith('build '))) return undefined;
    return yield* compareFlows(workspace, native, signal);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const message = `no table of User-Mode Linux: ${error.message}`;
    yield { job: 'start', type: 'notice', level: 'warning', message };
    return undefined;
  }
}

/** The default tree, or the next one that a series exists for when the archive has moved on. */
async function* offeredTree(
  workspace: Workspace,
  request: CompareRequest,
  signal: AbortSignal,
): Work<{ tree: string; series: string }> {
  const others = (await listSeries(workspace))
    .filter(series => series.tree !== request.tree)
    .map(series => ({ tree: series.tree, series: series.name }));
  const candidates = [{ tree: request.tree, series: request.series }, ...others];
  for (const [index, candidate] of candidates.entries()) {
    try {
      yield* prepareTree(workspace, candidate.tree, signal);
      return candidate;
    } catch (error) {
      const next = candidates[index + 1];
      if (!(error instanceof NoLongerOffered) || !next) throw error;
      yield {
        job: 'start',
        type: 'notice',
        level: 'warning',
        message: `${error.message}; going on with ${next.tree} and the series ${next.series}`,
      };
    }
  }
  throw new Error('unreachable: there is at least one candidate');
}
