// SPDX-License-Identifier: GPL-2.0-only
/** One boot from a plan to a finished run on disk. */
import { rm } from 'node:fs/promises';
import type { Work, WorkEvent } from '../events.ts';
import { environmentProblem } from '../host/environment.ts';
import { requireRoomLeft } from '../host/files.ts';
import type { Workspace } from '../workspace.ts';
import type { BootRun } from './boot.ts';
import { guarded } from './guard.ts';
import { type GuestEnd, type OnLine, type OnTyping, runGuest } from './guest.ts';
import { currentLoad, hostFacts, readTicks, stealPercent } from './host.ts';
import type { BootPlan, Vm } from './machine.ts';
import { makeRunFolder, openRecord, type Recorder, type RunHeader } from './record.ts';
import { eventQueue } from './serial.ts';

/** Boots, and leaves runs/<id>/ with events.jsonl, console.log and run.json. However the boot ends, that is a value;
 *  when the signal stops it, the machine is gone and the run is recorded as interrupted. A slow reader of the events slows
 *  neither guest nor record.
 *  @throws UserError when what runs the guest is not installed or the kernel is never entered; Interrupted before the guest started */
export async function* bootOnce(workspace: Workspace, asked: BootPlan, signal: AbortSignal): Work<BootRun> {
  const { row: job } = asked;
  const { machine } = asked.vm;
  const version = await machine.version(signal);
  const vm = await guarded(asked.vm, signal);
  const plan = { ...asked, vm };
  const entry =
    vm.clock === 'icount' && machine.entry
      ? ({ clock: 'tsc', value: yield* machine.entry(workspace, vm, version, job, signal) } as const)
      : ({ clock: 'boottime', value: 0 } as const);

  const { id, folder } = await makeRunFolder(workspace);
  const recorder = openRecord(folder, headerOf(plan, id, version));
  const queue = eventQueue();
  const emit = (event: WorkEvent) => {
    recorder.append(event);
    queue.push(event);
  };
  emit({ job, type: 'boot-started', run: id, flow: plan.flow, argv: machine.argv(vm) });
  emit({ job, type: 'mark', run: id, mark: 'kernel', host: 0, guest: entry });

  // left early by its reader, the guest must not go on
  const left = new AbortController();
  const line = lineEvents(emit, { job, run: id, clock: entry.clock });
  const typing: OnTyping = {
    typable: socket => queue.push({ job, type: 'typable', run: id, socket }),
    unfinished: text => queue.push({ job, type: 'unfinished', run: id, text }),
  };
  const guest = runGuest(plan, folder, { line, typing }, AbortSignal.any([signal, left.signal]));
  const finished = finish(recorder, folder, guest, end => {
    const { outcome, host, icount } = end;
    emit({ job, type: 'boot-ended', run: id, outcome, host, ...(icount !== undefined ? { icount } : {}) });
  })
    .catch(async (error: unknown) => {
      // Half a record would be taken for a boot that went wrong, and needs the room that there is not.
      if (environmentProblem(error)) await rm(folder, { recursive: true, force: true });
      throw error;
    })
    .finally(() => queue.close());
  finished.catch(() => {});
  try {
    yield* queue.drain();
    return await finished;
  } finally {
    left.abort();
    await finished.catch(() => {});
  }
}

/** Waits for the guest's end and closes the record, also when there was no guest to wait for. */
async function finish(
  recorder: Recorder,
  folder: string,
  guest: Promise<GuestEnd>,
  ended: (end: GuestEnd) => void,
): Promise<BootRun> {
  const before = await readTicks();
  let end: GuestEnd | undefined;
  const close = async () => {
    const steal = stealPercent(before, await readTicks());
    return recorder.close({
      loadAfter: currentLoad(),
      ...(end?.machine !== undefined ? { machine: end.machine } : {}),
      ...(end?.reads ? { reads: end.reads } : {}),
      ...(end?.peakBytes !== undefined ? { peakBytes: end.peakBytes } : {}),
      ...(steal !== undefined ? { stealPercent: steal } : {}),
    });
  };
  try {
    end = await guest;
    // QEMU drops what it cannot write to the console's file, and the guest seems to have stopped there.
    if (end.outcome.kind !== 'ready') await requireRoomLeft(folder);
    ended(end);
  } catch (error) {
    ended({ outcome: { kind: 'interrupted' }, host: 0 });
    await close();
    throw error;
  }
  return close();
}

/** Turns each line and its signs into events. Marks come before the line, facts behind the mark they belong to. */
function lineEvents(
  emit: (event: WorkEvent) => void,
  { job, run, clock }: { job: string; run: string; clock: 'tsc' | 'boottime' },
): OnLine {
  return (line, signs, at) => {
    for (const sign of signs) {
      if (sign.type === 'fact') emit({ job, type: 'fact', run, fact: sign.fact });
      else if (sign.type === 'trouble') {
        emit({ job, type: 'fact', run, fact: { name: 'trouble', values: { message: sign.message } } });
      } else if (sign.type === 'mark') {
        const value = sign[clock];
        emit({
          ...{ job, type: 'mark', run, mark: sign.mark, host: at },
          ...(sign.percent !== undefined ? { percent: sign.percent } : {}),
          ...(value !== undefined ? { guest: { clock, value } } : {}),
        });
      }
    }
    emit({ job, type: 'console', run, at, line });
  };
}

/** What a boot loader has to read for that machine. */
function loaderBytes({ kernel, initrd, disks }: Vm): NonNullable<BootRun['loader']> {
  const placed = disks.map(disk =>
    disk.kind === 'pmem' && disk.standsFor === 'memory' ? disk.image.bytes : 0,
  );
  return {
    kernelBytes: kernel.imageBytes,
    imageBytes: placed.reduce((sum, bytes) => sum + bytes, initrd?.bytes ?? 0),
  };
}

function headerOf(plan: BootPlan, id: string, version: string): RunHeader {
  const { vm } = plan;
  const carvedOut = vm.disks.map(disk =>
    disk.kind === 'pmem' && disk.standsFor === 'disk' ? disk.carveOut.sizeMiB * 2 ** 20 : 0,
  );
  return {
    id,
    flow: plan.flow,
    row: plan.row,
    ...(plan.variant !== undefined ? { variant: plan.variant } : {}),
    started: new Date().toISOString(),
    clock: vm.clock,
    accelerator: vm.accelerator,
    acceleratorReason: plan.acceleratorReason,
    notes: plan.notes,
    kernel: plan.kernel,
    images: plan.images,
    payload: plan.payload,
    argv: vm.machine.argv(vm),
    ...(plan.interactive ? { interactive: true } : {}),
    ...(vm.machine.platform === 'QEMU'
      ? { qemuVersion: version }
      : { platform: `${vm.machine.platform}, ${version}` }),
    memoryMiB: vm.memoryMiB,
    cpus: vm.cpus,
    host: hostFacts(),
    loader: loaderBytes(vm),
    ...(vm.firmware ? { via: { path: 'uefi', limit: vm.firmware.limit } } : {}),
    carvedOutBytes: carvedOut.reduce((sum, bytes) => sum + bytes, 0),
  };
}
