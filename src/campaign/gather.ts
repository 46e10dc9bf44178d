// SPDX-License-Identifier: GPL-2.0-only
/** Runs that somebody names, put side by side: a comparison of boots that were made one by one. */
import type { BootRun } from '../boot/boot.ts';
import { UserError } from '../host/errors.ts';
import { shortDigest } from '../host/files.ts';
import { findFormat } from '../image/registry.ts';
import { type Comparison, compareRuns, type Measured } from '../measure/comparison.ts';
import { runFigures } from '../measure/figures.ts';
import { unitOf } from '../measure/unit.ts';

/** Runs of one row on one kernel with the same images count as its rounds; the first row is the reference.
 *  @throws UserError when they were timed with different clocks */
export async function gatherRuns(runs: readonly BootRun[]): Promise<Comparison> {
  const first = runs[0]!;
  const other = runs.find(({ clock }) => clock !== first.clock);
  if (other) {
    const [unit, another] = [unitOf(first.clock).name, unitOf(other.clock).name];
    throw new UserError(`${first.id} counts ${unit}, ${other.id} ${another}`, {
      hint: 'put only runs of one clock side by side',
    });
  }
  const rows = new Map<string, BootRun[]>();
  for (const run of runs) {
    const key = JSON.stringify([run.row, run.kernel.digest, run.images.map(({ digest }) => digest)]);
    rows.set(key, [...(rows.get(key) ?? []), run]);
  }
  const measured: Measured[] = [];
  for (const own of rows.values()) {
    const named = measured.filter(({ id }) => id === own[0]!.row || id.startsWith(`${own[0]!.row} (`)).length;
    measured.push(await measuredOf(own, named));
  }
  const payloads = new Set(runs.map(({ payload }) => payload.digest));
  const comparison = compareRuns({
    clock: first.clock,
    reference: measured[0]!.id,
    payload: { name: first.payload.name, digest: first.payload.digest, bytes: 0 },
    usedPercents: [...new Set(runs.flatMap(sharesOf))].sort((a, b) => a - b),
    measured,
    sampling: { stopped: 'count' },
    conditions: {
      tree: first.kernel.release,
      arch: first.kernel.arch ?? 'unknown',
      ...(first.qemuVersion !== undefined && { qemu: first.qemuVersion }),
      ...(first.platform !== undefined && { platform: first.platform }),
      accelerator: first.accelerator,
      memoryMiB: first.memoryMiB,
      cpus: first.cpus,
      rounds: Math.max(...measured.map(row => row.runs.length)),
      host: first.host.cpu,
      hostCpus: first.host.cpus,
      kernels: Object.fromEntries(
        runs.map(({ kernel }) => [
          `${kernel.name} ${shortDigest(kernel.digest)}`,
          shortDigest(kernel.digest),
        ]),
      ),
    },
  });
  const differ = [
    ...(payloads.size > 1 ? ['payloads'] : []),
    ...(new Set(runs.map(({ memoryMiB }) => memoryMiB)).size > 1 ? ['memory'] : []),
    ...(new Set(runs.map(({ qemuVersion, platform }) => qemuVersion ?? platform)).size > 1
      ? [runs.every(({ platform }) => platform === undefined) ? 'QEMU versions' : 'platforms']
      : []),
  ];
  if (differ.length === 0) return comparison;
  const warning = {
    about: `these runs differ in ${differ.join(' and ')}`,
    remedy: 'for a fair comparison use initbench compare',
  };
  return { ...comparison, warnings: [warning, ...comparison.warnings] };
}

const sharesOf = (run: BootRun): number[] => runFigures(run).steps.map(({ percent }) => percent);

async function measuredOf(runs: readonly BootRun[], before: number): Promise<Measured> {
  const run = runs[0]!;
  const image = run.images.find(({ role }) => role === 'payload') ?? run.images[0];
  const format = image?.format ?? '-';
  return {
    id: before === 0 ? run.row : `${run.row} (${before + 1})`,
    flow: run.flow,
    kernel: run.kernel.name,
    format,
    // an image made of several has no family
    family: await findFormat(format).then(
      ({ family }) => family,
      () => 'none',
    ),
    imageBytes: run.flow === 'floor' ? 0 : (image?.bytes ?? 0),
    notes: run.notes,
    words: run.row.split('+').slice(1),
    runs,
  };
}
