// SPDX-License-Identifier: GPL-2.0-only
/** The storage model's figures from boots through firmware, and, if asked, boots from slow disks that check it. */
import type { BootRun, DiskLimit } from '../boot/boot.ts';
import { planBoot } from '../boot/plan.ts';
import { listFlows } from '../boot/registry.ts';
import { bootOnce } from '../boot/run.ts';
import { limitText } from '../boot/via.ts';
import type { Work } from '../events.ts';
import { Interrupted, UserError } from '../host/errors.ts';
import { collectPayload } from '../image/collect.ts';
import type { Payload } from '../image/image.ts';
import { programsArch } from '../kernel/architecture.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { prepareKernel } from '../kernel/prepare.ts';
import {
  checkOf,
  type StorageCase,
  storageReport,
  type StorageReport,
  type StoredFlow,
} from '../measure/storage.ts';
import { loaderModelOf, storedFlowOf, wholeOf } from '../measure/stored.ts';
import type { Workspace } from '../workspace.ts';
import { interleaved, parseRow, type RowPlan } from './rows.ts';

export interface StorageRequest {
  readonly rows: readonly string[];
  readonly tree: string;
  readonly series: string;
  readonly fragments: readonly string[];
  readonly payload: string;
  readonly padBytes: number;
  readonly used: readonly number[];
  readonly rounds: number;
  /** Bytes a second of the disks that check the model. */
  readonly check: readonly number[];
  readonly memoryMiB: number;
  readonly timeoutMs?: number | undefined;
}

/** What a throttled disk of QEMU gives at once (its leaky bucket), in seconds of its rate. */
const burstSeconds = 0.1;

/** @throws UserError when a boot does not reach its end or tells nothing of its loader */
export async function* storageStudy(
  workspace: Workspace,
  request: StorageRequest,
  signal: AbortSignal,
): Work<StorageReport> {
  const flows = await listFlows();
  const rows = request.rows.map(row => parseRow(row, flows, request.series));
  const kernels = new Map<string, Kernel>();
  for (const kernel of new Set(rows.map(row => row.kernel))) {
    const fragments = [...new Set([...request.fragments, 'efi'])];
    kernels.set(kernel, yield* prepareKernel(workspace, { kernel, tree: request.tree, fragments }, signal));
  }
  const { padBytes, rounds } = request;
  const { arch } = [...kernels.values()][0]!;
  const payload = yield* collectPayload(
    workspace,
    request.payload,
    { padBytes, arch: programsArch(arch) },
    signal,
  );

  const boot = (row: RowPlan, used: number, via: DiskLimit | undefined) =>
    bootRow(workspace, request, { row, kernel: kernels.get(row.kernel)!, payload, used, via }, signal);
  const cases: StorageCase[] = [];
  const free: BootRun[] = [];
  for (const usedPercent of request.used) {
    const runs: BootRun[][] = rows.map(() => []);
    for (const index of interleaved(rows.length, rounds)) {
      runs[index]!.push(yield* boot(rows[index]!, usedPercent, {}));
    }
    free.push(...runs.flat());
    const stored: StoredFlow[] = [];
    let imageBytes = 0;
    for (const [i, row] of rows.entries()) {
      const demand = demandOf(yield* boot(row, usedPercent, undefined));
      const flow = storedFlowOf(row.id, runs[i]!, demand);
      if (!flow) throw untold(row);
      stored.push(flow);
      imageBytes = Math.max(imageBytes, runs[i]![0]!.images[0]!.bytes);
    }
    cases.push({ imageBytes, usedPercent, flows: stored });
  }
  const loader = loaderModelOf(free);
  if (!loader) throw untold(rows[0]!);

  const checks = [];
  for (const bytesPerSecond of request.check) {
    const medium = { name: limitText({ bytesPerSecond }), bytesPerSecond, burstSeconds };
    for (const { usedPercent, flows: stored } of cases) {
      const totals: number[][] = rows.map(() => []);
      for (const index of interleaved(rows.length, rounds)) {
        const whole = wholeOf(yield* boot(rows[index]!, usedPercent, { bytesPerSecond }));
        if (whole === undefined) throw untold(rows[index]!);
        totals[index]!.push(whole);
      }
      checks.push(...stored.map((flow, i) => checkOf(flow, loader, medium, usedPercent, totals[i]!)));
    }
  }
  return storageReport(loader, cases, { checks, notes: notesOf(free) });
}

const untold = (row: RowPlan) =>
  new UserError(`${row.id} did not finish, or its boot loader recorded no times`, {
    hint: `look at it: initbench boot ${row.flow.id} --clock wall --via uefi`,
    exitCode: 1,
  });

/** Without firmware the flow has its disk for itself: all of it is read by the kernel, as it is used. */
const demandOf = ({ reads = [] }: BootRun): number => reads.reduce((sum, { bytes }) => sum + bytes, 0);

function notesOf(runs: readonly BootRun[]): string[] {
  const busy = runs.some(run => run.host.loadBefore > run.host.cpus);
  const { accelerator } = runs[0]!;
  return [
    `guest times and loader rate are those of QEMU's ${accelerator} here`,
    ...(busy ? ['the host was busy with other work: repeat on an idle one'] : []),
  ];
}

interface Wanted {
  readonly row: RowPlan;
  readonly kernel: Kernel;
  readonly payload: Payload;
  readonly used: number;
  readonly via: DiskLimit | undefined;
}

async function* bootRow(
  workspace: Workspace,
  { memoryMiB, timeoutMs }: StorageRequest,
  { row, kernel, payload, used, via }: Wanted,
  signal: AbortSignal,
): Work<BootRun> {
  if (signal.aborted) throw new Interrupted();
  const { id, flow, format, append } = row;
  const asked = { row: id, flow, kernel, payload, format, append, memoryMiB, cpus: 1, used: [used] };
  const plan = yield* planBoot(workspace, { ...asked, clock: 'wall', via, timeoutMs }, signal);
  return yield* bootOnce(workspace, plan, signal);
}
