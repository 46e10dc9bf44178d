// SPDX-License-Identifier: GPL-2.0-only
/** One comparison: the same payload through several flows, booted in interleaved rounds, one boot at a time. */
import path from 'node:path';
import type { BootPlan, BootRun, Clock } from '../boot/boot.ts';
import { findMachine, listFlows } from '../boot/registry.ts';
import { planBoot } from '../boot/plan.ts';
import { bootOnce } from '../boot/run.ts';
import type { Work } from '../events.ts';
import { Interrupted } from '../host/errors.ts';
import { shortDigest, writeWhole } from '../host/files.ts';
import { collectPayload } from '../image/collect.ts';
import { findFormat } from '../image/pack.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { type Comparison, compareRuns, type Measured } from '../measure/comparison.ts';
import { prepareTree } from '../tree/trees.ts';
import { folders, type Workspace } from '../workspace.ts';
import { prepareKernel } from './prepare.ts';
import { interleaved, parseRow, referenceOf, type RowPlan, withFloors } from './rows.ts';

export interface CompareRequest {
  readonly rows: readonly string[];
  readonly reference?: string;
  readonly tree: string;
  readonly series: string;
  readonly fragments: readonly string[];
  /** As kernels are called. Default: what the environment says, otherwise the host's. */
  readonly arch?: string;
  readonly payload: string;
  readonly padBytes: number;
  /** Percent of the payload's bytes, ascending: one boot passes them all. */
  readonly used: readonly number[];
  readonly clock: Clock;
  readonly rounds: number;
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly append: readonly string[];
  readonly timeoutMs?: number;
}

export interface Compared {
  readonly comparison: Comparison;
  /** Where it is kept. */
  readonly file: string;
  /** The QEMU command of each row, to be pasted. */
  readonly commands: Readonly<Record<string, readonly string[]>>;
}

export async function* compareFlows(
  workspace: Workspace,
  request: CompareRequest,
  signal: AbortSignal,
): Work<Compared> {
  const flows = await listFlows();
  const asked = request.rows.map(row => parseRow(row, flows, request.series));
  const rows = withFloors(asked, flows, request.series);
  const reference = referenceOf(rows, request.reference);
  if (request.arch !== undefined) await findMachine(request.arch);
  const tree = yield* prepareTree(workspace, request.tree, signal);

  const kernels = new Map<string, Kernel>();
  const { fragments } = request;
  for (const name of new Set(rows.map(row => row.kernel))) {
    const wanted = {
      kernel: name,
      tree: tree.name,
      fragments,
      ...(request.arch !== undefined && { arch: request.arch }),
    };
    kernels.set(name, yield* prepareKernel(workspace, wanted, signal));
  }
  const { arch } = [...kernels.values()][0]!;
  const payload = yield* collectPayload(
    workspace,
    request.payload,
    { padBytes: request.padBytes, arch },
    signal,
  );
  const plans: BootPlan[] = [];
  for (const row of rows) {
    plans.push(
      yield* planBoot(
        workspace,
        {
          row: row.id,
          flow: row.flow,
          kernel: kernels.get(row.kernel)!,
          payload,
          format: row.format,
          append: request.append,
          memoryMiB: request.memoryMiB,
          cpus: request.cpus,
          clock: request.clock,
          used: request.used,
          ...(request.timeoutMs !== undefined && { timeoutMs: request.timeoutMs }),
        },
        signal,
      ),
    );
  }

  const runs: BootRun[][] = rows.map(() => []);
  const order = interleaved(rows.length, request.rounds);
  for (const [done, index] of order.entries()) {
    if (signal.aborted) throw new Interrupted();
    yield { job: 'compare', type: 'progress', done, total: order.length, label: `boot ${rows[index]!.id}` };
    runs[index]!.push(yield* bootOnce(workspace, plans[index]!, signal));
  }

  const measured: Measured[] = [];
  for (const [i, row] of rows.entries()) {
    const { family } = await findFormat(row.format);
    measured.push(measuredRow(row, plans[i]!, runs[i]!, family));
  }
  const first = runs.flat()[0]!;
  const comparison = compareRuns({
    clock: request.clock,
    reference,
    payload: { name: payload.name, digest: payload.digest, bytes: payload.bytes },
    usedPercents: request.used,
    measured,
    conditions: {
      tree: tree.version,
      arch,
      ...(tree.note && { treeNote: tree.note }),
      qemu: first.qemuVersion,
      accelerator: first.accelerator,
      memoryMiB: request.memoryMiB,
      cpus: request.cpus,
      rounds: request.rounds,
      host: first.host.cpu,
      kernels: Object.fromEntries([...kernels].map(([name, kernel]) => [name, shortDigest(kernel.digest)])),
    },
  });
  const file = path.join(folders.comparisons(workspace), `${first.id}.json`);
  await writeWhole(file, `${JSON.stringify(comparison, null, 2)}\n`);
  return {
    comparison,
    file,
    commands: Object.fromEntries(rows.map((row, i) => [row.id, runs[i]![0]!.argv])),
  };
}

function measuredRow(row: RowPlan, plan: BootPlan, runs: readonly BootRun[], family: string): Measured {
  return {
    id: row.id,
    flow: row.flow.id,
    kernel: row.kernel,
    format: row.format,
    family,
    imageBytes: plan.images.find(image => image.role === 'payload')?.bytes ?? 0,
    notes: plan.notes,
    runs,
  };
}
