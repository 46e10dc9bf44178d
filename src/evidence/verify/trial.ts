// SPDX-License-Identifier: GPL-2.0-only
/** One boot of a requirement: from its declaration to a plan with a key, and from its run to what it showed. */
import { readFile } from 'node:fs/promises';
import type { BootRun, Clock } from '../../boot/boot.ts';
import { lineSplitter } from '../../boot/console.ts';
import { messagesOf } from '../../boot/prefix.ts';
import { readConsole } from '../../boot/record.ts';
import type { BootPlan, Disk, Machine, Vm } from '../../boot/machine.ts';
import { kernelRecord } from '../../boot/plan.ts';
import { findMachine } from '../../boot/registry.ts';
import { bootOnce } from '../../boot/run.ts';
import { type Digest, sanitise, type Work } from '../../events.ts';
import { exitCodes, Interrupted, UserError } from '../../host/errors.ts';
import { digestOf, digestOfFile } from '../../host/files.ts';
import type { Image } from '../../image/image.ts';
import { runFigures } from '../../measure/figures.ts';
import { describeOutcome } from '../../measure/outcome.ts';
import type { Workspace } from '../../workspace.ts';
import { type Bench, makeInitrd } from './initrd.ts';
import type { Shown, Trial } from './requirement.ts';

/** Raise it when the same boot is to be made again: another record, another machine. */
const trialVersion = 1;
/** Generous: a host under load, a kernel with every check. */
const usualTimeoutMs = 180_000;

export interface PlannedTrial {
  /** What decides how the boot goes; trials of two requirements that have it in common are one boot. */
  readonly key: Digest;
  /** 'R6 image', as events call it. */
  readonly name: string;
  readonly plan: BootPlan;
  readonly options: readonly string[];
}

/** Packs what it needs; boots nothing. */
export async function* planTrial(
  bench: Bench,
  { name, trial }: { name: string; trial: Trial },
  signal: AbortSignal,
): Work<PlannedTrial> {
  const { workspace, kernel } = bench;
  const initrd = trial.initrd.length > 0 ? yield* makeInitrd(bench, trial.initrd, signal) : undefined;
  const machine = findMachine(kernel.arch);
  const disks: Disk[] = [];
  for (const [index, segment] of (trial.disks ?? []).entries()) {
    const image = yield* makeInitrd(bench, [segment], signal);
    disks.push(machine.disk(image, index));
  }
  const clock = trial.clock ?? 'wall';
  const chosen = yield* machine.accelerate(workspace, clock, signal);
  const memory = trial.memoryMiB ?? 512;
  const vm: Vm = {
    machine,
    kernel,
    ...(initrd ? { initrd } : {}),
    disks,
    append: wordsOf(trial, machine, clock),
    memoryMiB: typeof memory === 'number' ? memory : memory(initrd?.bytes ?? 0),
    cpus: trial.cpus ?? 1,
    clock,
    accelerator: chosen.accelerator,
    ...(trial.cpuModel !== undefined && { cpuModel: trial.cpuModel }),
  };
  const images = [initrd, ...disks.map(disk => disk.image)].filter(image => image !== undefined);
  const options = trial.options ?? [];
  return {
    key: keyOf(vm, images, trial, options),
    name,
    options,
    plan: {
      flow: 'verify',
      row: name,
      vm,
      kernel: kernelRecord(kernel),
      images: images.map((image, index) => ({
        role: index === 0 && initrd ? 'initrd' : 'disk',
        format: image.format,
        digest: image.digest,
        bytes: image.bytes,
      })),
      payload: images[0]?.payload ?? { name: 'none', digest: digestOf('none') },
      timeout: trial.timeoutMs ?? usualTimeoutMs,
      ...(trial.holdMs !== undefined ? { hold: trial.holdMs } : {}),
      acceleratorReason: chosen.reason,
      notes: [],
    },
  };
}

/** Words of the kernel command line. */
function wordsOf({ quiet, checks, append = [] }: Trial, machine: Machine, clock: Clock): string[] {
  return [
    ...[`console=${machine.console}`, 'panic=-1', `loglevel=${quiet ? 5 : 7}`, 'nokaslr'],
    ...machine.words(clock),
    ...(checks.length > 0 ? [`INITBENCH_CHECK=${checks.join(',')}`] : []),
    ...append,
  ];
}

/** Folders of the cache are no part of it. */
function keyOf(vm: Vm, images: readonly Image[], trial: Trial, options: readonly string[]): Digest {
  const { kernel, append, memoryMiB, cpus, clock, accelerator } = vm;
  const { holdMs = null, timeoutMs = null, cpuModel = null } = trial;
  const made = { kernel: kernel.digest, images: images.map(image => image.digest), hasInitrd: !!vm.initrd };
  return digestOf({
    ...{
      trialVersion,
      ...made,
      append,
      memoryMiB,
      cpus,
      clock,
      accelerator,
      holdMs,
      timeoutMs,
      cpuModel,
      options,
    },
  });
}

/** Boots it. @throws UserError when it was QEMU that failed: that shows nothing of the kernel */
export async function* runTrial(workspace: Workspace, trial: PlannedTrial, signal: AbortSignal): Work<Shown> {
  const { plan, options } = trial;
  const run = yield* bootOnce(workspace, plan, signal);
  if (run.outcome.kind === 'interrupted') throw new Interrupted();
  if (run.outcome.kind === 'qemu-failed' || run.outcome.kind === 'machine-failed') {
    throw new UserError(`${trial.name}: ${describeOutcome(run.outcome)}`, {
      hint: `see ${run.folder}`,
      exitCode: exitCodes.environment,
    });
  }
  const { initrd, memoryMiB } = plan.vm;
  const toInit = instructionsToInit(run);
  return {
    run: run.id,
    outcome: run.outcome,
    facts: run.facts,
    lines: linesOf(await readConsole(run.folder)),
    ...(initrd ? { initrd: { bytes: initrd.bytes, sha256: await digestOfFile(initrd.path) } } : {}),
    memoryMiB,
    options: optionsOf(await readFile(plan.vm.kernel.files.config, 'utf8'), options),
    ...(toInit !== undefined ? { toInit } : {}),
  };
}

function instructionsToInit(run: BootRun): number | undefined {
  const { unit, init } = runFigures(run);
  return unit === 'instructions' ? init : undefined;
}

/** Console lines that are no facts, without time stamps. */
export function linesOf(console: Buffer): string[] {
  const splitter = lineSplitter();
  const lines = [...splitter.push(console), ...splitter.rest()];
  return lines
    .filter(line => !line.startsWith('initbench: '))
    .flatMap(line => messagesOf(line).map(({ text }) => sanitise(text)))
    .filter(line => line.trim() !== '');
}

/** What a .config says of some options: y, m, n or the value. */
export function optionsOf(config: string, names: readonly string[]): Record<string, string> {
  const value = (name: string) => new RegExp(`^CONFIG_${name}=(.*)$`, 'm').exec(config)?.[1] ?? 'n';
  return Object.fromEntries(names.map(name => [name, value(name)]));
}
