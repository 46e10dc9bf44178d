// SPDX-License-Identifier: GPL-2.0-only
/** What the tests with real kernels share: the workspace, its cache kept from run to run, and comparisons by command. */
import { compareFlows, type CompareRequest } from '../../src/campaign/compare.ts';
import type { Work, WorkEvent } from '../../src/events.ts';
import type { Comparison, Row } from '../../src/measure/comparison.ts';
import { openWorkspace } from '../../src/workspace.ts';

export const workspace = openWorkspace();
export const signal = new AbortController().signal;
/** Other trees, debug kernels and long runs: `npm run test:all`. */
export const everything = process.env.INITBENCH_TEST_ALL === '1';

export async function ended<Product>(
  work: Work<Product>,
): Promise<{ product: Product; events: readonly WorkEvent[] }> {
  const events: WorkEvent[] = [];
  let shown = '';
  for (;;) {
    const next = await work.next();
    if (next.done) return { product: next.value, events };
    events.push(next.value);
    const line =
      next.value.type === 'step' && next.value.state !== 'started'
        ? `${next.value.job}: ${next.value.step} ${next.value.state}`
        : next.value.type === 'boot-ended'
          ? `${next.value.job}: ${next.value.outcome.kind}`
          : '';
    // CI shows that it is alive.
    if (line && line !== shown) process.stderr.write(`  ${line}\n`);
    shown = line || shown;
  }
}

export function request(more: Partial<CompareRequest> = {}): CompareRequest {
  const { settings } = workspace;
  return {
    rows: ['initramfs', 'userspace', 'kernelspace'],
    tree: settings.tree,
    series: settings.series,
    fragments: settings.fragments,
    payload: 'busybox',
    padBytes: 16 * 2 ** 20,
    used: [10],
    clock: 'icount',
    rounds: 1,
    memoryMiB: 2048,
    cpus: 1,
    append: [],
    ...more,
  };
}

export async function comparison(more: Partial<CompareRequest> = {}): Promise<Comparison> {
  return (await ended(compareFlows(workspace, request(more), signal))).product.comparison;
}

export function rowOf(compared: Comparison, id: string): Row {
  const row = compared.rows.find(candidate => candidate.id === id);
  if (!row) throw new Error(`no row ${id} among ${compared.rows.map(r => r.id).join(', ')}`);
  return row;
}

/** What has to repeat to the last instruction. */
export const figuresOf = (compared: Comparison) =>
  compared.rows.map(({ id, init, used, idle, memoryUsedBytes, outcome }) => ({
    id,
    outcome,
    init: init?.samples,
    used: used?.samples,
    idle,
    memoryUsedBytes,
  }));
