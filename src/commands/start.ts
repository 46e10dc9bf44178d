// SPDX-License-Identifier: GPL-2.0-only
/** `initbench start`, what `npm start` runs: from nothing to the comparison of the three flows. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Compared, compareFlows, type CompareRequest } from '../campaign/compare.ts';
import { requirePlace } from '../campaign/room.ts';
import type { Work } from '../events.ts';
import { NoLongerOffered } from '../host/debian.ts';
import { digitsOf, recordings } from '../measure/recorded.ts';
import { listSeries } from '../series/read.ts';
import { prepareTree, readTree } from '../tree/trees.ts';
import type { Workspace } from '../workspace.ts';
import type { Command } from './command.ts';
import { compare, type PlannedRows, planRows } from './compare.ts';

export const start: Command<CompareRequest, Compared | PlannedRows> = {
  id: 'start',
  summary: 'prepare the default tree, build both kernels, boot the three flows and compare them',
  changes: ['trees', 'kernels', 'runs'],
  examples: ['start', 'start --dry-run', 'start --pad 64M --used 50'],
  positional: [],
  options: compare.options.filter(option =>
    /^--(payload|pad|used|clock|variants|rounds|precision|budget|mem|machine|arch|refresh)( |$)|--dry-run/.test(
      option.usage,
    ),
  ),
  parse: (typed, workspace) =>
    compare.parse({ ...typed, options: { cpus: '1', ...typed.options } }, workspace),
  run: (workspace, request, signal) =>
    request.dryRun ? planRows(workspace, request, signal) : startFlows(workspace, request, signal),
  text: (product, width) => [
    ...compare.text(product, width),
    ...('digits' in product && product.digits !== undefined ? ['', product.digits] : []),
    ...('rows' in product ? [] : ['', 'next: node dist/main.js opens the workbench, with these runs in it']),
  ],
  json: compare.json.bind(compare),
  exitCode: product => compare.exitCode!(product),
};

async function* startFlows(
  workspace: Workspace,
  request: CompareRequest,
  signal: AbortSignal,
): Work<Compared> {
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
  return { ...compared, digits: digitsOf(compared.comparison, recordings.parse(JSON.parse(recorded))) };
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
