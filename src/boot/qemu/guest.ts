// SPDX-License-Identifier: GPL-2.0-only
/** One QEMU: started with its instruments, asked over QMP what only it knows, and ended. */
import path from 'node:path';
import { type Outcome, sanitise } from '../../events.ts';
import { launch, type Running } from '../../host/exec.ts';
import { connectQmp, type Qmp } from '../../host/qmp.ts';
import type { BootRun } from '../boot.ts';
import type { Answers, BootPlan, Guest, Instruments } from '../machine.ts';
import type { GuestClock, Why } from '../seen.ts';
import { instrumentedArgv } from './argv.ts';
import type { QemuVm } from './spec.ts';

const quitMs = 3000;
const never = new Promise<never>(() => {});

/** @throws UserError when QEMU is not installed, Interrupted */
export async function startQemu(
  plan: BootPlan & { readonly vm: QemuVm },
  { console, scratch, typed }: Instruments,
  signal: AbortSignal,
): Promise<Guest> {
  const qmpSocket = path.join(scratch, 'qmp');
  const instruments = { console, qmp: qmpSocket, ...(typed !== undefined && { typed }) };
  const running = await launch(instrumentedArgv(plan.vm, instruments), { signal });
  const gone = new AbortController();
  void running.ended.then(() => gone.abort());
  const connected = connectQmp(qmpSocket, gone.signal);
  connected.catch(() => {});
  const inTime = () => Promise.race([connected, pause(quitMs)]).catch(() => undefined);
  return {
    running,
    typable: connected.then(() => {}).catch(() => never),
    stopped: connected.then(guestStopped).catch(() => never),
    endsAtMark: false,
    failure: qemuFailure,
    ...(plan.vm.clock === 'icount' && { clock: async () => guestClock(await connected) }),
    async answers(why) {
      const qmp = await inTime();
      return qmp ? ask(qmp, plan, why) : {};
    },
    async quit() {
      await quit(running, await inTime());
    },
  };
}

/** As QEMU knows them under icount; the real-time clock runs on the virtual clock, and x86 alone has one. */
async function guestClock(qmp: Qmp): Promise<GuestClock> {
  const { icount = 0 } = (await qmp.execute('query-replay')) as { icount?: number };
  const date = await qmp
    .execute('qom-get', { path: '/machine', property: 'rtc-time' })
    .catch(() => undefined);
  const { tm_hour, tm_min, tm_sec } = (date ?? {}) as Record<string, number | undefined>;
  const seconds = tm_sec === undefined ? undefined : (tm_hour ?? 0) * 3600 + (tm_min ?? 0) * 60 + tm_sec;
  return { instructions: icount, seconds };
}

/** Settles when the virtual machine is paused: with -no-shutdown that is how a reset or a power-off ends. */
async function guestStopped(qmp: Qmp): Promise<Why> {
  const status = async () => ((await qmp.execute('query-status')) as { status: string }).status;
  const now = await status();
  if (now !== 'running') return { kind: 'guest-stopped', status: now };
  if (!(await qmp.event('STOP'))) return new Promise<never>(() => {});
  return { kind: 'guest-stopped', status: await status() };
}

async function ask(qmp: Qmp, plan: BootPlan, why: Why): Promise<Answers> {
  if (plan.memory) {
    const { address, bytes, file } = plan.memory;
    await qmp.execute('pmemsave', { val: address, size: bytes, filename: file });
  }
  const type = await qmp.execute('qom-get', { path: '/machine', property: 'type' }).catch(() => undefined);
  const machine = {
    ...(typeof type === 'string' ? { machine: type.replace(/-machine$/, '') } : {}),
    ...(plan.vm.firmware || plan.vm.disks.some(disk => disk.kind === 'block')
      ? { reads: readsOf(await qmp.execute('query-blockstats')) }
      : {}),
  };
  if (plan.vm.clock !== 'icount' || plan.hold !== undefined || why.kind !== 'guest-stopped') return machine;
  const replay = (await qmp.execute('query-replay')) as { icount?: number };
  return { ...machine, ...(replay.icount !== undefined ? { icount: replay.icount } : {}) };
}

/** What the guest, its firmware included, has read of each disk: the answer to query-blockstats. */
export function readsOf(answer: unknown): NonNullable<BootRun['reads']> {
  const disks = answer as { device?: string; stats?: { rd_bytes?: number; rd_operations?: number } }[];
  return disks.flatMap(({ device, stats }) =>
    device !== undefined && /^(?:boot|disk\d+)$/.test(device)
      ? [{ disk: device, bytes: stats?.rd_bytes ?? 0, requests: stats?.rd_operations ?? 0 }]
      : [],
  );
}

async function quit(running: Running, qmp: Qmp | undefined): Promise<void> {
  qmp?.execute('quit').catch(() => {});
  if (qmp) await Promise.race([running.ended, pause(quitMs)]);
  await running.stop();
}

const pause = (ms: number) =>
  new Promise<undefined>(resolve => {
    setTimeout(resolve, ms, undefined).unref();
  });

/** QEMU waits when the guest has stopped: if it ends by itself, or the guest stops in any other way, it is QEMU's. */
export function qemuFailure(why: Why): Outcome | undefined {
  const stopped = why.kind === 'guest-stopped' && why.status !== 'shutdown';
  if (why.kind !== 'exited' && !stopped) return undefined;
  const said = why.kind === 'exited' ? why.stderr.trim() : `QEMU stopped the guest: ${why.status}`;
  return {
    kind: 'qemu-failed',
    exitCode: why.kind === 'exited' ? why.exitCode : null,
    message: sanitise(said.split('\n').slice(-3).join('; ')) || killedBy(why),
  };
}

/** The kernel's own way to end a process when a control group's memory is used up leaves no word. */
const killedBy = (why: Why): string =>
  why.kind === 'exited' && why.signal === 'SIGKILL'
    ? 'QEMU was killed (SIGKILL), probably for lack of memory: initbench doctor shows how much there is'
    : 'QEMU was killed';
