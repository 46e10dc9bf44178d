// SPDX-License-Identifier: GPL-2.0-only
/** What a sweep needs before its first boot: kernels, payloads of each size, images, and a machine for each point. */
import type { BootPlan } from '../../boot/machine.ts';
import { planBoot } from '../../boot/plan.ts';
import { listFlows } from '../../boot/registry.ts';
import type { Outcome, Work } from '../../events.ts';
import { exitCodes, UserError } from '../../host/errors.ts';
import { collectPayload } from '../../image/collect.ts';
import type { Payload } from '../../image/image.ts';
import { programsArch } from '../../kernel/architecture.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { prepareKernels } from '../../kernel/prepare.ts';
import type { Place } from '../../measure/sweep.ts';
import { sizeName } from '../../measure/sweepcrossovers.ts';
import type { Tree } from '../../tree/tree.ts';
import { prepareTree } from '../../tree/trees.ts';
import type { Workspace } from '../../workspace.ts';
import { parseRow, type RowPlan, withFloors } from '../rows.ts';
import { labelOf, placesOf, type SweepCase, type SweepRequest } from './cases.ts';

/** A machine, or why none can be made. */
export type Planned =
  { readonly kind: 'plan'; readonly plan: BootPlan } | { readonly kind: 'none'; readonly outcome: Outcome };

export interface Bench {
  readonly tree: Tree;
  readonly kernels: ReadonlyMap<string, Kernel>;
  /** By size. */
  readonly payloads: ReadonlyMap<number, Payload>;
  /** The unperturbed machine of a point. */
  planOf(row: RowPlan, place: Place): Planned;
}

/** Rows with their formats and floors. @throws UserError when a row is none, or no flow boots a format */
export async function rowsOf(request: SweepRequest): Promise<RowPlan[]> {
  const flows = await listFlows();
  const taken = new Set<string>();
  const rows = request.rows.flatMap(text => {
    const row = parseRow(text, flows, request.series);
    if (request.formats.length === 0 || text.includes(':')) return [row];
    return request.formats
      .filter(format => row.flow.formats.includes(format))
      .map(format => {
        taken.add(format);
        const rest = text.slice(row.flow.id.length);
        return parseRow(`${row.flow.id}:${format}${rest}`, flows, request.series);
      });
  });
  const untaken = request.formats.filter(format => !taken.has(format));
  if (untaken.length > 0) {
    throw new UserError(`no flow of this sweep boots the format ${untaken.join(', ')}`, {
      hint: 'initbench sweep --help names flows; a flow boots formats of its own kind, cpio or erofs',
    });
  }
  return withFloors(rows, flows, request.series);
}

export async function* prepareBench(
  workspace: Workspace,
  request: SweepRequest,
  rows: readonly RowPlan[],
  signal: AbortSignal,
): Work<Bench> {
  const { arch, fragments, refresh } = request;
  const wanted = [...new Set(rows.map(row => row.kernel))].map(kernel => ({
    ...{ kernel, tree: request.tree, fragments, arch, refresh },
  }));
  const kernels = yield* prepareKernels(workspace, wanted, signal);
  const tree = yield* prepareTree(workspace, request.tree, signal);
  const payloads = yield* payloadsOf(
    workspace,
    request,
    programsArch([...kernels.values()][0]!.arch),
    signal,
  );
  const plans = new Map<string, Planned>();
  for (const place of placesOf(request)) {
    for (const row of rows) {
      const one: SweepCase = { kind: 'boot', row, place, sample: 0 };
      const bench = { kernels, payloads };
      plans.set(labelOf(one), yield* planCase(workspace, request, bench, one, signal));
    }
  }
  const planOf = (row: RowPlan, place: Place) => {
    const planned = plans.get(labelOf({ kind: 'boot', row, place, sample: 0 }));
    if (!planned) throw new Error(`${row.id} was not planned`);
    return planned;
  };
  return { tree, kernels, payloads, planOf };
}

const sizeTolerance = 0.02;
/** Boots side by side on a busy host take their time, and what they count is not time. */
const deadlineMs = 1_200_000;

async function* payloadsOf(
  workspace: Workspace,
  { payload: spec, sizes }: SweepRequest,
  arch: string,
  signal: AbortSignal,
): Work<Map<number, Payload>> {
  const plain = yield* collectPayload(workspace, spec, { padBytes: 0, arch }, signal);
  if (sizes.length === 0) return new Map([[0, plain]]);
  const payloads = new Map<number, Payload>();
  for (const size of sizes) {
    const padBytes = size - plain.bytes;
    const payload = padBytes < 0 ? plain : yield* collectPayload(workspace, spec, { padBytes, arch }, signal);
    // the list of the files is one of them, and grows with them
    if (Math.abs(payload.bytes - size) > sizeTolerance * size) {
      throw new UserError(
        padBytes < 0
          ? `the payload ${spec} has ${plain.bytes} bytes: it cannot have ${sizeName(size)}`
          : `the payload ${spec} cannot be made ${sizeName(size)} large`,
        { hint: 'leave out --size, or use --payload busybox' },
      );
    }
    payloads.set(size, payload);
  }
  return payloads;
}

/** The machine of a case. That the guest's memory is too small for it is an answer. */
export async function* planCase(
  workspace: Workspace,
  request: SweepRequest,
  { kernels, payloads }: Pick<Bench, 'kernels' | 'payloads'>,
  { kind, row, place, sample }: SweepCase,
  signal: AbortSignal,
): Work<Planned> {
  const { timeoutMs = kind === 'smallest' ? undefined : deadlineMs } = request;
  try {
    const plan = yield* planBoot(
      workspace,
      {
        row: row.id,
        flow: row.flow,
        kernel: kernels.get(row.kernel)!,
        payload: payloads.get(place.sizeBytes)!,
        format: row.format,
        append: [...request.append, ...row.append],
        memoryMiB: place.memoryMiB,
        cpus: place.cpus,
        // what is asked is whether it boots: with real disks, none of them in memory
        clock: kind === 'smallest' ? 'wall' : request.clock,
        used: request.used,
        variant: request.clock === 'icount' && kind === 'boot' ? sample : undefined,
        rootfs: kind === 'pivot',
        timeoutMs,
      },
      signal,
    );
    return { kind: 'plan', plan };
  } catch (error) {
    if (!(error instanceof UserError) || error.exitCode === exitCodes.environment) throw error;
    return { kind: 'none', outcome: { kind: 'incomplete', message: error.message } };
  }
}
