// SPDX-License-Identifier: GPL-2.0-only
/** What system calls and page faults cost in a guest of a comparison by the wall clock, beside the same of the host:
 *  a platform that is not a machine of its own changes both, and so the figures. */
import { rm } from 'node:fs/promises';
import { consoleParser } from '../boot/console.ts';
import type { BootPlan } from '../boot/machine.ts';
import { bootQuietly } from '../boot/quiet.ts';
import type { Fact, Work } from '../events.ts';
import { capture } from '../host/exec.ts';
import { scratchFolder } from '../host/files.ts';
import { collectPayload } from '../image/collect.ts';
import { buildGuestPrograms } from '../image/guest.ts';
import { packImage } from '../image/pack.ts';
import { hostArch, programsArch } from '../kernel/architecture.ts';
import type { Cost, Costs } from '../measure/costs.ts';
import type { Workspace } from '../workspace.ts';

/** Boots the machine of `plan` once with the measuring program. Undefined, with a warning, when that boot does not get to its end. */
export async function* measureCosts(
  workspace: Workspace,
  plan: BootPlan,
  signal: AbortSignal,
): Work<Costs | undefined> {
  const arch = programsArch(plan.vm.kernel.arch);
  const payload = yield* collectPayload(workspace, 'cost', { padBytes: 0, arch }, signal);
  const initrd = yield* packImage(workspace, payload, 'cpio', signal);
  const programs = yield* buildGuestPrograms(workspace, arch, signal);
  const scratch = await scratchFolder('cost');
  try {
    const vm = { ...plan.vm, initrd, disks: [] };
    const { facts, outcome } = await bootQuietly(scratch, async () => ({ ...plan, row: 'cost', vm }), signal);
    const guest = costIn(facts);
    if (!guest) {
      const message = `the cost of system calls and page faults is unknown: the boot that measures it ended with ${outcome.kind}`;
      yield { job: 'cost', type: 'notice', level: 'warning', message };
      return undefined;
    }
    const host = arch === hostArch() ? await hostCost(programs.cost, signal) : undefined;
    return { guest, ...(host && { host }) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function hostCost(program: string, signal: AbortSignal): Promise<Cost | undefined> {
  const text = await capture([program], { signal, env: { INITBENCH_DRY: '1', INITBENCH_NONCE: undefined } });
  const parser = consoleParser(undefined);
  return costIn(
    text
      .split('\n')
      .flatMap(line => parser.line(line))
      .flatMap(sign => (sign.type === 'fact' ? [sign.fact] : [])),
  );
}

/** Of the line of vm/cost.c. */
function costIn(facts: readonly Fact[]): Cost | undefined {
  const { syscall, fault } = facts.find(({ name }) => name === 'cost')?.values ?? {};
  const [call, touch] = [Number(syscall), Number(fault)];
  return call > 0 && touch > 0 ? { syscall: call, fault: touch } : undefined;
}
