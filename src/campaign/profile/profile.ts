// SPDX-License-Identifier: GPL-2.0-only
/** Boots of User-Mode Linux under perf(1), which takes samples by the host's clock: where the time of a boot goes, in
 *  the guest's kernel and in the host's. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { type BootPlan, requireFeature } from '../../boot/machine.ts';
import { bootQuietly } from '../../boot/quiet.ts';
import { newRunId } from '../../boot/record.ts';
import { chosenMachine } from '../../boot/registry.ts';
import type { Work } from '../../events.ts';
import { exitCodes, ToolError, UserError } from '../../host/errors.ts';
import { capture, openPipe } from '../../host/exec.ts';
import { scratchFolder, writeWhole } from '../../host/files.ts';
import { flameGraph } from '../../measure/chart/flame.ts';
import { folded, foldedText, type Profile, type Stack } from '../../measure/profile.ts';
import { folders, type Workspace } from '../../workspace.ts';
import { type CompareRequest, planComparison } from '../compare.ts';
import { sampleReader } from './samples.ts';
import { readSegments, symbolsOf } from './symbols.ts';

export interface ProfileRequest extends CompareRequest {
  /** Of each row: one boot is over after some dozens of samples. */
  readonly boots: number;
}

export interface Profiled {
  readonly profiles: readonly ProfileFiles[];
  readonly release: string;
  readonly payload: string;
}

export interface ProfileFiles {
  readonly profile: Profile;
  readonly svg: string;
  readonly folded: string;
}

/** Samples a second. The host's timer has to keep up with them. */
const frequency = 10_000;

const perfArgv = (data: string): readonly string[] => [
  ...['perf', 'record', '--quiet', '--freq', String(frequency), '--event', 'cpu-clock'],
  ...['--call-graph', 'fp', '--output', data, '--'],
];

/** @throws UserError as planComparison(), when perf is missing or may not, or a boot does not come to its end */
export async function* profileRows(
  workspace: Workspace,
  request: ProfileRequest,
  signal: AbortSignal,
): Work<Profiled> {
  requireFeature(chosenMachine(workspace, request.arch), 'profiling');
  const scratch = await scratchFolder('profile');
  try {
    await requirePerf(scratch, signal);
    const { rows, plans, payload } = yield* planComparison(workspace, request, signal);
    const folder = path.join(folders.profiles(workspace), newRunId());
    const profiles: ProfileFiles[] = [];
    for (const [index, { id }] of rows.entries()) {
      if (!request.rows.includes(id)) continue;
      const profile = yield* profileRow(id, plans[index]!, request.boots, scratch, signal);
      profiles.push(await save(folder, profile, captionOf(plans[index]!)));
    }
    return { profiles, release: plans[0]!.kernel.release, payload: payload.name };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function requirePerf(scratch: string, signal: AbortSignal): Promise<void> {
  try {
    await capture([...perfArgv(path.join(scratch, 'perf.data')), 'true'], { signal });
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new UserError(`perf cannot take samples here: ${error.lastLines.at(-1) ?? 'it printed nothing'}`, {
      hint: 'sysctl kernel.perf_event_paranoid=1 as root, or run it as root; in a container, allow perf_event_open',
      exitCode: exitCodes.environment,
    });
  }
}

async function* profileRow(
  row: string,
  plan: BootPlan,
  boots: number,
  scratch: string,
  signal: AbortSignal,
): Work<Profile> {
  const job = `profile ${row}`;
  const kernel = plan.vm.kernel.files.image;
  const symbolAt = symbolsOf(
    await readSegments(kernel),
    await capture(['nm', '--numeric-sort', kernel], { signal }),
  );
  const data = path.join(scratch, 'perf.data');
  let stacks: readonly Stack[] = [];
  let samples = 0;
  for (let boot = 0; boot < boots; boot++) {
    yield { job, type: 'progress', done: boot, total: boots, label: `boot ${boot + 1}` };
    const vm = { ...plan.vm, under: perfArgv(data) };
    const { outcome, lines } = await bootQuietly(scratch, async () => ({ ...plan, vm }), signal);
    if (outcome.kind !== 'ready') {
      throw new UserError(`${row} did not finish: ${outcome.kind}`, {
        hint: lines.at(-1) ?? 'it printed nothing',
        exitCode: exitCodes.failed,
      });
    }
    const taken = await readSamples(data, kernel, symbolAt, signal);
    samples += taken.length;
    stacks = folded([...stacks, ...taken]);
  }
  yield { job, type: 'progress', done: boots, total: boots, label: `${samples} samples` };
  return { row, boots, samples, sample: 1000 / frequency, stacks };
}

async function readSamples(
  data: string,
  kernel: string,
  symbolAt: ReturnType<typeof symbolsOf>,
  signal: AbortSignal,
): Promise<readonly Stack[]> {
  const reader = sampleReader(kernel, symbolAt);
  const perf = openPipe(['perf', 'script', '--input', data, '--fields', 'comm,ip,sym,dso'], { signal });
  try {
    perf.stdin.end();
    let rest = '';
    for await (const chunk of perf.stdout) {
      const lines = (rest + (chunk as Buffer).toString('latin1')).split('\n');
      rest = lines.pop()!;
      lines.forEach(line => reader.line(line));
    }
    await perf.ended;
  } finally {
    await perf.stop();
  }
  reader.end();
  return reader.stacks;
}

const captionOf = ({ kernel, vm }: BootPlan): string[] => [
  `Linux ${kernel.release}, User-Mode Linux, ${vm.memoryMiB} MiB; perf, cpu-clock at ${frequency} Hz, frame pointers.`,
  'The whole process, from its start on the host to where the guest switches itself off. read_initrd is the boot loader,',
  'which the figures of a comparison leave out.',
];

async function save(folder: string, profile: Profile, caption: readonly string[]): Promise<ProfileFiles> {
  await mkdir(folder, { recursive: true });
  const name = path.join(folder, profile.row.replaceAll(/[^\w.-]/g, '-'));
  const files = { profile, svg: `${name}.svg`, folded: `${name}.folded` };
  await writeWhole(files.svg, flameGraph(profile, caption));
  await writeWhole(files.folded, foldedText(profile));
  return files;
}
