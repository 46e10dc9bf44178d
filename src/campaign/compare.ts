// SPDX-License-Identifier: GPL-2.0-only
/** One comparison: the same payload through several flows, in layouts under icount, in rounds on the wall clock. */
import os from 'node:os';
import path from 'node:path';
import type { BootRun, Clock } from '../boot/boot.ts';
import { requireFeatures } from '../boot/flow.ts';
import type { BootPlan } from '../boot/machine.ts';
import { planBoot } from '../boot/plan.ts';
import { chosenMachine, listFlows } from '../boot/registry.ts';
import { bootOnce } from '../boot/run.ts';
import type { Milliseconds, Work } from '../events.ts';
import { shortDigest, writeWhole } from '../host/files.ts';
import { collectPayload } from '../image/collect.ts';
import type { Payload } from '../image/image.ts';
import { findFormat } from '../image/registry.ts';
import { programsArch } from '../kernel/architecture.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { prepareKernels } from '../kernel/prepare.ts';
import { type Comparison, compareRuns, type Measured } from '../measure/comparison.ts';
import type { Tree } from '../tree/tree.ts';
import { prepareTree } from '../tree/trees.ts';
import { folders, type Workspace } from '../workspace.ts';
import { measureCosts } from './costs.ts';
import { parseRow, referenceOf, type RowPlan, withFloors } from './rows.ts';
import { type Boot, type Sampled, sampleLayouts, sampleRounds } from './sampling.ts';

export interface CompareRequest {
  readonly rows: readonly string[];
  readonly reference?: string | undefined;
  readonly tree: string;
  readonly series: string;
  readonly fragments: readonly string[];
  /** As kernels are called. Default: what the environment says, otherwise the host's. */
  readonly arch?: string | undefined;
  /** Default: the setting `refresh`. */
  readonly refresh?: boolean | undefined;
  readonly payload: string;
  readonly padBytes: number;
  /** Percent of the payload's bytes, ascending: one boot passes them all. */
  readonly used: readonly number[];
  readonly clock: Clock;
  /** icount: perturbed layouts of each row. Default 1, the unperturbed one. */
  readonly variants?: number | undefined;
  /** wall: exactly so many. Default: until precise enough, or out of time. */
  readonly rounds?: number | undefined;
  /** wall: how wide the interval of a difference may be, of the reference's median. */
  readonly precisionPercent?: number | undefined;
  readonly budgetMs?: Milliseconds | undefined;
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly append: readonly string[];
  /** One more boot of each row that goes on to a root file system: what is in memory then. */
  readonly pivot?: boolean | undefined;
  readonly timeoutMs?: number | undefined;
  /** Make and boot nothing. */
  readonly dryRun?: boolean | undefined;
}

export const defaultPrecisionPercent = 5;
export const defaultBudgetMs = 600_000;
/** Boots side by side under icount, whose figures stand that. */
const atOnce = Math.min(2, os.availableParallelism());

export interface Compared {
  readonly comparison: Comparison;
  /** Where it is kept. */
  readonly file: string;
  /** The QEMU command of each row, to be pasted. */
  readonly commands: Readonly<Record<string, readonly string[]>>;
  /** Whether the figures are those recorded for this toolchain; where some are recorded at all. */
  readonly digits?: string | undefined;
}

/** All that the boots of a comparison need. */
export interface ComparisonPlan {
  readonly rows: readonly RowPlan[];
  readonly reference: string;
  readonly tree: Tree;
  readonly kernels: ReadonlyMap<string, Kernel>;
  readonly payload: Payload;
  /** The unperturbed machine of each row. */
  readonly plans: readonly BootPlan[];
  readonly planOf: (row: RowPlan, variant: number, rootfs: boolean) => Work<BootPlan>;
}

export async function* planComparison(
  workspace: Workspace,
  request: CompareRequest,
  signal: AbortSignal,
): Work<ComparisonPlan> {
  const flows = await listFlows();
  const asked = request.rows.map(row => parseRow(row, flows, request.series));
  const rows = withFloors(withoutAsync(asked, request), flows, request.series);
  const reference = referenceOf(rows, request.reference);
  const machine = chosenMachine(workspace, request.arch);
  for (const { flow } of rows) requireFeatures(machine, flow);

  const { fragments } = request;
  const wanted = [...new Set(rows.map(row => row.kernel))].map(kernel => ({
    kernel,
    tree: request.tree,
    fragments,
    arch: request.arch,
    refresh: request.refresh,
  }));
  const kernels = yield* prepareKernels(workspace, wanted, signal);
  const tree = yield* prepareTree(workspace, request.tree, signal);
  const { arch } = [...kernels.values()][0]!;
  const payload = yield* collectPayload(
    workspace,
    request.payload,
    { padBytes: request.padBytes, arch: programsArch(arch) },
    signal,
  );
  const planOf = async function* (row: RowPlan, variant: number, rootfs: boolean): Work<BootPlan> {
    return yield* planBoot(
      workspace,
      {
        row: row.id,
        flow: row.flow,
        kernel: kernels.get(row.kernel)!,
        payload,
        format: !payload.asIs || row.formatNamed ? row.format : undefined,
        append: [...request.append, ...row.append],
        memoryMiB: request.memoryMiB,
        cpus: request.cpus,
        clock: request.clock,
        used: request.used,
        variant,
        rootfs,
        timeoutMs: request.timeoutMs,
      },
      signal,
    );
  };
  const plans: BootPlan[] = [];
  for (const row of rows) plans.push(yield* planOf(row, 0, false));
  return { rows, reference, tree, kernels, payload, plans, planOf };
}

export async function* compareFlows(
  workspace: Workspace,
  request: CompareRequest,
  signal: AbortSignal,
): Work<Compared> {
  const planned = yield* planComparison(workspace, request, signal);
  const { rows, reference, tree, kernels, payload, plans, planOf } = planned;
  const { arch } = [...kernels.values()][0]!;
  const boot: Boot = async function* (row, variant) {
    const plan = variant === 0 ? plans[row]! : yield* planOf(rows[row]!, variant, false);
    return yield* bootOnce(workspace, plan, signal);
  };
  const costs = request.clock === 'wall' ? yield* measureCosts(workspace, plans[0]!, signal) : undefined;
  const ids = rows.map(row => row.id);
  const { variants = 1, rounds } = request;
  const { precisionPercent = defaultPrecisionPercent, budgetMs = defaultBudgetMs } = request;
  const limits = { ...(rounds !== undefined && { count: rounds }), precisionPercent, budgetMs };
  const sampled: Sampled =
    request.clock === 'icount'
      ? yield* sampleLayouts(ids, variants, atOnce, boot, signal)
      : yield* sampleRounds(ids, ids.indexOf(reference), limits, boot, signal);
  const { runs } = sampled;
  const pivots: BootRun[] = [];
  for (const row of request.pivot ? rows : []) {
    pivots.push(yield* bootOnce(workspace, yield* planOf(row, 0, true), signal));
  }

  const measured: Measured[] = [];
  for (const [i, row] of rows.entries()) {
    const { format } = plans[i]!.images[0]!;
    const { family } = await findFormat(format);
    measured.push(measuredRow(row, plans[i]!, runs[i]!, { format, family }, pivots[i]));
  }
  const first = runs.flat()[0]!;
  const comparison = compareRuns({
    clock: request.clock,
    reference,
    payload: { name: payload.name, digest: payload.digest, bytes: payload.bytes },
    usedPercents: payload.asIs ? [] : request.used,
    measured,
    ...(sampled.noise && { noise: sampled.noise }),
    sampling: {
      stopped: sampled.stopped,
      ...(request.clock === 'wall' && rounds === undefined && { precisionPercent, budgetMs }),
    },
    conditions: {
      tree: tree.version,
      arch,
      ...(tree.note && { treeNote: tree.note }),
      ...(first.qemuVersion !== undefined && { qemu: first.qemuVersion }),
      ...(first.platform !== undefined && { platform: first.platform }),
      accelerator: first.accelerator,
      memoryMiB: request.memoryMiB,
      cpus: request.cpus,
      rounds: sampled.rounds,
      host: first.host.cpu,
      hostCpus: first.host.cpus,
      kernels: Object.fromEntries([...kernels].map(([name, kernel]) => [name, shortDigest(kernel.digest)])),
      ...(costs && { costs }),
      compilers: [...new Set([...kernels.values()].map(kernel => kernel.toolchain.compiler))].sort(),
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

/** With several CPUs the unpacking overlaps with the rest of the boot; so each row is there without that, too. */
function withoutAsync(rows: readonly RowPlan[], { clock, cpus }: CompareRequest): RowPlan[] {
  const word = 'initramfs_async=0';
  if (clock !== 'wall' || cpus < 2) return [...rows];
  return rows.flatMap(row =>
    row.flow.id === 'floor' || row.append.includes(word)
      ? [row]
      : [row, { ...row, id: `${row.id}+${word}`, append: [...row.append, word] }],
  );
}

function measuredRow(
  row: RowPlan,
  plan: BootPlan,
  runs: readonly BootRun[],
  { format, family }: { format: string; family: string },
  pivot: BootRun | undefined,
): Measured {
  return {
    id: row.id,
    flow: row.flow.id,
    kernel: row.kernel,
    ...{ format, family },
    imageBytes: plan.images.find(image => image.role === 'payload')?.bytes ?? 0,
    notes: plan.notes,
    words: row.append,
    runs,
    ...(pivot && { pivot }),
  };
}
