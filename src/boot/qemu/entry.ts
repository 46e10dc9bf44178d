// SPDX-License-Identifier: GPL-2.0-only
/** When the kernel is entered: the guest's virtual clock at start_kernel under icount, read in a boot of its own. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Instructions, Work } from '../../events.ts';
import { Interrupted, UserError } from '../../host/errors.ts';
import { launch } from '../../host/exec.ts';
import { digestOf, readRecord, socketFolder, writeWhole } from '../../host/files.ts';
import { connectGdb } from '../../host/gdb.ts';
import { connectQmp } from '../../host/qmp.ts';
import type { Workspace } from '../../workspace.ts';
import { calibrationArgv, qemuArgv } from './argv.ts';
import type { Counter, QemuVm } from './spec.ts';

/** Generous: decompressing a kernel of 5 MB under icount takes well under a second of an idle host. */
const deadlineMs = 60_000;
/** The period of the timer in calibrationArgv(). */
const skipNs = 1000;

/** Virtual nanoseconds from reset to the first instruction of start_kernel for exactly this machine: instructions
 *  executed plus idle skipped, exact where the firmware does not idle, else to 1 µs. Measured once per (kernel,
 *  command line, images, QEMU version) and kept in the cache.
 *  @throws UserError when the kernel is never entered */
export async function* kernelEntry(
  workspace: Workspace,
  vm: QemuVm,
  qemuVersion: string,
  job: string,
  signal: AbortSignal,
): Work<Instructions> {
  const step = 'kernel entry';
  const images = [vm.initrd, ...vm.disks.map(({ image }) => image)].map(image => image?.digest ?? null);
  const key = digestOf({ kernel: vm.kernel.digest, argv: qemuArgv(vm), images, qemuVersion });
  const file = path.join(workspace.cache, 'entries', `${key}.json`);
  const known = entryOf(await readRecord(file));
  if (known !== undefined) {
    yield { job, type: 'step', step, state: 'cached' };
    return known;
  }
  yield { job, type: 'step', step, state: 'started' };
  const started = performance.now();
  const address = await symbolAddress(vm.kernel.files.systemMap, 'start_kernel');
  const scratch = await socketFolder('entry');
  try {
    const entry = await measure(vm, address, scratch, signal);
    await writeWhole(file, `${JSON.stringify({ entry })}\n`);
    yield { job, type: 'step', step, state: 'done', ms: performance.now() - started };
    return entry;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function entryOf(record: { entry?: unknown } | undefined): Instructions | undefined {
  const entry = record?.entry;
  return typeof entry === 'number' ? entry : undefined;
}

/** The address of a symbol in a System.map (`ffffffff81f6a0c0 T start_kernel`), as bare hex. */
async function symbolAddress(systemMap: string, name: string): Promise<string> {
  const lines = createInterface({ input: createReadStream(systemMap) });
  try {
    for await (const line of lines) {
      const [address, , symbol] = line.split(' ');
      if (symbol === name && /^[0-9a-f]+$/.test(address!)) return address!;
    }
  } finally {
    lines.close();
  }
  throw new UserError(`${systemMap} has no ${name}`, { hint: 'build the kernel again' });
}

async function measure(
  vm: QemuVm,
  address: string,
  scratch: string,
  signal: AbortSignal,
): Promise<Instructions> {
  const sockets = { gdb: path.join(scratch, 'gdb'), qmp: path.join(scratch, 'qmp') };
  const running = await launch(calibrationArgv(vm, sockets), { signal });
  const gone = new AbortController();
  const timer = setTimeout(() => gone.abort(), deadlineMs);
  void running.ended.then(() => gone.abort());
  try {
    return await entryAt(address, vm.machine.counter, sockets, gone.signal);
  } catch (error) {
    if (signal.aborted) throw new Interrupted();
    if (!(error instanceof NeverEntered) && !gone.signal.aborted) throw error;
    throw new UserError(`the kernel ${vm.kernel.release} does not get to start_kernel`, {
      hint: 'if KASLR moves it, add --append nokaslr; else see what the command does that --dry-run prints',
      exitCode: 1,
    });
  } finally {
    clearTimeout(timer);
    await running.stop();
  }
}

/** The guest ended without having been at the address. */
class NeverEntered extends Error {}

/** Stops the guest at the address and reads what it has executed so far. That leaves out the time it was idle, when
 *  the clock skips to the next timer; so it also has to read its counter, by an instruction written over the kernel's
 *  own code. QEMU skips to the next timer when the debugger stops the guest, too: calibrationArgv() has one every µs. */
async function entryAt(
  address: string,
  { tick, read }: Counter,
  sockets: { gdb: string; qmp: string },
  signal: AbortSignal,
): Promise<Instructions> {
  const gdb = await connectGdb(sockets.gdb, signal);
  const qmp = await connectQmp(sockets.qmp, signal);
  const expect = async (packet: string, answer: RegExp) => {
    const reply = await gdb.send(packet);
    if (answer.test(reply)) return reply;
    if (/^[WX]/.test(reply)) throw new NeverEntered();
    throw new Error(`QEMU's gdb stub answered '${reply}' to '${packet}'`);
  };
  try {
    await expect(`Z1,${address},1`, /^OK$/);
    await expect('c', /^T05/);
    const { icount } = (await qmp.execute('query-replay')) as { icount: number };
    await expect(`z1,${address},1`, /^OK$/);
    await expect(`M${address},${read.code.length / 2}:${read.code}`, /^OK$/);
    await expect('s', /^T05/);
    const all = await expect('g', /^[0-9a-f]{272}/);
    // the reading itself is one instruction, and less than a whole µs of the difference is QEMU's skip at the stop;
    // a counter that ticks slowly may show a time before the stop
    const idle = Math.max(0, tick * read.ticks(all) - 1 - icount);
    return icount + Math.floor(idle / skipNs) * skipNs;
  } finally {
    gdb.close();
    qmp.close();
  }
}
