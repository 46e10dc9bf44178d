// SPDX-License-Identifier: GPL-2.0-only
/** Which accelerator boots guests here: KVM only when a canary guest has run under it, since a /dev/kvm that opens
 *  proves nothing; else TCG. The verdict holds for one boot of the host and one QEMU. */
import { access, constants, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../../events.ts';
import { Interrupted } from '../../host/errors.ts';
import { launch } from '../../host/exec.ts';
import { exists, readIfThere, scratchFolder, writeWhole } from '../../host/files.ts';
import { hostArch } from '../../kernel/architecture.ts';
import type { Workspace } from '../../workspace.ts';
import type { Accelerated } from '../machine.ts';
import { qemuVersion } from './argv.ts';
import type { Canary, QemuSpec } from './spec.ts';

export interface Verdict extends Accelerated {
  /** QEMU's. */
  readonly version: string;
}

/** Where KVM is broken, one canary in many runs all the same, and the kernel after it does not. */
const canaryRuns = 5;
/** A canary takes a tenth of a second where it runs at all. */
const usual = { device: '/dev/kvm', deadlineMs: 5000 };

/** The accelerator for wall-clock boots; icount is always TCG. @throws UserError when QEMU is not installed */
export async function* probeAccelerator(
  workspace: Workspace,
  machine: Pick<QemuSpec, 'id' | 'qemu' | 'canary'>,
  signal: AbortSignal,
  { device, deadlineMs } = usual,
): Work<Verdict> {
  const version = await qemuVersion(machine.qemu, signal);
  const { canary } = machine;
  if (hostArch() !== machine.id || !canary) {
    const reason =
      hostArch() === machine.id
        ? `no canary guest is known for ${machine.id}`
        : `${machine.id} guests are emulated on a host that is ${hostArch()}`;
    return { accelerator: 'tcg', reason, version };
  }
  const unusable = await deviceProblem(device);
  if (unusable) return { accelerator: 'tcg', reason: unusable, version };

  const bootId = (await readIfThere('/proc/sys/kernel/random/boot_id'))?.trim() ?? '';
  const file = path.join(workspace.cache, 'accelerator.json');
  const known = verdictOf(await readIfThere(file), bootId, version);
  const job = 'accelerator';
  if (known) {
    yield { job, type: 'step', step: 'canary', state: 'cached' };
    return known;
  }
  if (workspace.dryRun) {
    yield { job, type: 'step', step: 'canary', state: 'planned' };
    return { accelerator: 'tcg', reason: `${device} is not tried in a dry run`, version };
  }
  yield { job, type: 'step', step: 'canary', state: 'started' };
  const started = performance.now();
  let failure: string | undefined;
  for (let run = 0; run < canaryRuns && failure === undefined; run++) {
    failure = await runCanary(canary, deadlineMs, signal);
  }
  const verdict: Verdict = failure
    ? { accelerator: 'tcg', reason: `${device} is there but ${failure}`, version }
    : { accelerator: 'kvm', reason: `${canaryRuns} canary guests ran under KVM`, version };
  // It is found out again where nothing can be kept.
  await writeWhole(file, `${JSON.stringify({ bootId, verdict })}\n`).catch(() => {});
  yield { job, type: 'step', step: 'canary', state: 'done', ms: performance.now() - started };
  return verdict;
}

async function deviceProblem(kvm: string): Promise<string | undefined> {
  if (!(await exists(kvm))) return `there is no ${kvm}`;
  try {
    await access(kvm, constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return `${kvm} is there but not yours to open (its group is usually kvm)`;
  }
}

function verdictOf(text: string | undefined, bootId: string, version: string): Verdict | undefined {
  if (text === undefined) return undefined;
  const known = JSON.parse(text) as { bootId?: string; verdict?: Verdict };
  return known.bootId === bootId && known.verdict?.version === version ? known.verdict : undefined;
}

/** Runs it; undefined when it came to its end, else what went wrong. */
async function runCanary(
  canary: Canary,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const scratch = await scratchFolder('canary');
  try {
    const program = path.join(scratch, 'canary');
    await writeFile(program, canary.program());
    const running = await launch(canary.argv(program), { signal });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>(resolve => {
      timer = setTimeout(resolve, deadlineMs, undefined);
    });
    const end = await Promise.race([running.ended, late]);
    clearTimeout(timer);
    await running.stop();
    if (signal.aborted) throw new Interrupted();
    if (!end) return `no guest started within ${deadlineMs / 1000} s`;
    if (end.exitCode === canary.exit) return undefined;
    const said = end.stderr.trim().split('\n')[0];
    return `QEMU cannot use it: ${said || `it ended with ${end.signal ?? end.exitCode}`}`;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
