// SPDX-License-Identifier: GPL-2.0-only
/** `initbench boot`: one kernel through one flow, its console as it comes, and what that left. */
import { type BootRun, bootRunSchema, type Clock, type DiskLimit } from '../boot/boot.ts';
import { type Flow, requireFeatures } from '../boot/flow.ts';
import { guarded } from '../boot/guard.ts';
import type { BootPlan } from '../boot/machine.ts';
import { planBoot } from '../boot/plan.ts';
import { chosenMachine, listFlows } from '../boot/registry.ts';
import { bootOnce } from '../boot/run.ts';
import { parseRow, type RowPlan } from '../campaign/rows.ts';
import { staleSchema } from '../campaign/stale.ts';
import { document, list, object } from '../document.ts';
import { drained, type Outcome, rehearsedSteps, type Work } from '../events.ts';
import { type ExitCode, exitCodes, UserError } from '../host/errors.ts';
import { shortDigest } from '../host/files.ts';
import { collectPayload } from '../image/collect.ts';
import { programsArch } from '../kernel/architecture.ts';
import { prepareKernel } from '../kernel/prepare.ts';
import { type RunFigures, runFigures, runFiguresSchema } from '../measure/figures.ts';
import { timelineOf } from '../measure/timeline.ts';
import { figureWithUnit } from '../measure/unit.ts';
import type { Workspace } from '../workspace.ts';
import { command, type Values } from './command.ts';
import { dry, type DryRun, dryRunJson, formatDryRun } from './dryrun.ts';
import { clockOf, machineName, machineOf, machineOptions } from './machine.ts';
import { option } from './options.ts';
import { seconds, whole } from './typed.ts';
import { describeOutcome, shellQuote } from './words.ts';

const diskOptions = [
  {
    usage: '--via <path>',
    summary: 'uefi: firmware and systemd-boot from a disk, kernel with --config efi (wall only)',
    choices: ['uefi'],
  },
  {
    usage: '--disk-rate <MB/s>',
    summary: 'what that disk reads a second: 20, 40 (default: no limit)',
    type: whole(1, 100_000, 1e6),
  },
  {
    usage: '--disk-iops <n>',
    summary: 'how many requests it takes a second (default: no limit)',
    type: whole(1, 10_000_000),
  },
] as const;

interface BootInput {
  /** FLOW[:FORMAT][@KERNEL][+WORD...], as a row of a comparison. */
  readonly row: string;
  /** Undefined: the row says, or else the flow decides between base and the series. */
  readonly kernel: string | undefined;
  /** That of flows that need one. */
  readonly series: string;
  readonly tree: string | undefined;
  readonly fragments: readonly string[];
  readonly arch: string | undefined;
  readonly refresh: boolean;
  readonly payload: string;
  readonly padBytes: number;
  readonly format: string | undefined;
  readonly append: readonly string[];
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly clock: Clock;
  readonly used: readonly number[];
  readonly via: DiskLimit | undefined;
  readonly rootfs: boolean;
  readonly holdMs: number;
  readonly interactive: boolean;
  readonly timeoutMs: number | undefined;
  readonly dryRun: boolean;
}

export const runDocument = document(
  'initbench.run/1',
  'boot, show: one boot, what it was made of and what it left',
  object({
    ...bootRunSchema.unwrap().shape,
    figures: runFiguresSchema,
    /** Of `show` alone: why it is not what the same words would give now. */
    stale: list(staleSchema).exactOptional(),
  }),
);

type BootProduct = { readonly kind: 'run'; readonly run: BootRun } | ({ readonly kind: 'command' } & DryRun);

export const boot = command({
  id: 'boot',
  summary: 'boot one kernel through one flow and watch its console',
  changes: ['trees', 'kernels', 'runs'],
  examples: [
    'boot kernelspace',
    'boot initramfs:cpio-zstd@initoverlayfs --pad 64M',
    'boot userspace --clock wall --rootfs',
    'boot kernelspace --clock wall --via uefi --disk-rate 20 --rootfs',
    'boot floor --append loglevel=7 --dry-run',
    'boot kernelspace --interactive',
    'boot kernelspace --machine arm64',
    'boot kernelspace --machine um',
  ],
  positional: [
    {
      usage: '<flow>',
      summary: 'the way to boot, FLOW[:FORMAT][@KERNEL][+WORD...]; an unknown one answers with the list',
    },
  ],
  options: [
    { ...option.kernel, summary: 'base, or the name of a series (default: what the flow needs)' },
    option.series,
    option.tree,
    option.config,
    ...machineOptions,
    option.refresh,
    option.payload,
    { ...option.pad, default: '0' },
    option.format,
    option.append,
    option.mem,
    { ...option.cpus, type: whole(1, 255) },
    option.clock,
    option.used,
    ...diskOptions,
    { usage: '--rootfs', summary: 'go on to a real ext4 root file system on a virtio disk' },
    {
      usage: '--hold <seconds>',
      summary: "how long a payload's own init may run that tells no end",
      type: seconds(0, 86400),
      default: '10',
    },
    {
      usage: '--interactive',
      summary: "type into the guest's console, in the end into a shell of the payload; by the wall clock",
    },
    option.timeout,
    option.dryRun,
  ],
  liveConsole: true,
  parse({ options, words: [row] }, workspace): BootInput {
    const { settings } = workspace;
    const { kernel, tree, payload, format, append, cpus, used, rootfs, interactive, dryRun } = options;
    const machine = machineOf(options, workspace);
    return {
      ...{ row, kernel, tree, payload, format, append, cpus, used, rootfs, interactive, dryRun },
      series: options.series ?? settings.series,
      fragments: [...settings.fragments, ...options.config],
      arch: machineName(options),
      refresh: options.refresh || settings.refresh,
      padBytes: options.pad,
      memoryMiB: options.mem,
      // a guest that waits for keys executes nothing, and is no figure
      clock: interactive ? 'wall' : clockOf(options.clock, machine, [cpus]),
      via: viaOf(options),
      holdMs: options.hold,
      timeoutMs: options.timeout,
    };
  },
  async *run(workspace, input, signal): Work<BootProduct> {
    if (!input.dryRun) {
      return {
        kind: 'run',
        run: yield* bootOnce(workspace, yield* plannedBoot(workspace, input, signal), signal),
      };
    }
    const { product, events } = await drained(plannedBoot(dry(workspace), input, signal));
    const argv = product.vm.machine.argv(await guarded(product.vm, signal));
    return { kind: 'command', steps: rehearsedSteps(events), commands: [shellQuote(argv)] };
  },
  text: product => (product.kind === 'run' ? formatRun(product.run) : formatDryRun(product)),
  json: product =>
    product.kind === 'run'
      ? runDocument.of({ ...product.run, figures: runFigures(product.run) })
      : dryRunJson(product),
  exitCode: product => (product.kind === 'run' ? codeOf(product.run.outcome) : exitCodes.done),
});

async function* plannedBoot(workspace: Workspace, input: BootInput, signal: AbortSignal): Work<BootPlan> {
  const { settings } = workspace;
  const { flow, kernel: name, format, formatNamed, append } = rowToBoot(input, await listFlows());
  const { arch, refresh } = input;
  requireFeatures(chosenMachine(workspace, arch), flow, input);
  const own = name === 'base' ? undefined : settings.seriesTrees[name];
  const tree = input.tree ?? own ?? settings.tree;
  const fragments = input.via ? [...new Set([...input.fragments, 'efi'])] : input.fragments;
  const wanted = { kernel: name, tree, fragments, refresh, arch };
  const kernel = yield* prepareKernel(workspace, wanted, signal);
  const about = { padBytes: input.padBytes, arch: programsArch(kernel.arch) };
  const payload = yield* collectPayload(workspace, input.payload, about, signal);
  const { timeoutMs, memoryMiB, cpus, clock, used, rootfs, holdMs, interactive, via } = input;
  return yield* planBoot(
    workspace,
    {
      ...{ flow, kernel, payload, append, memoryMiB, cpus, clock, used, rootfs, holdMs, interactive },
      ...{ via, timeoutMs },
      format: !payload.asIs || formatNamed ? format : undefined,
    },
    signal,
  );
}

/** The row that is named, with what the options say of it. @throws UserError as parseRow(), and for a contradiction */
export function rowToBoot(
  input: Pick<BootInput, 'row' | 'series' | 'kernel' | 'format' | 'append'>,
  flows: readonly Flow[],
): RowPlan {
  const row = parseRow(input.row, flows, input.series);
  const [words] = input.row.split('+') as [string];
  const kernel = once('kernel', words.includes('@') ? row.kernel : undefined, input.kernel);
  const format = once('format', words.includes(':') ? row.format : undefined, input.format);
  return {
    ...row,
    kernel: kernel ?? row.kernel,
    format: format ?? row.format,
    ...(format !== undefined && { formatNamed: true }),
    append: [...row.append, ...input.append],
  };
}

/** What the row and an option both may name. @throws UserError when they differ */
function once(what: string, inRow: string | undefined, option: string | undefined): string | undefined {
  if (inRow === undefined || option === undefined || inRow === option) return inRow ?? option;
  throw new UserError(`the ${what} is named twice: ${inRow} in the row, ${option} by --${what}`, {
    hint: 'leave one of them out',
  });
}

/** @throws UserError when a limit is given without a path */
function viaOf({ via, diskRate, diskIops }: Values<typeof diskOptions>): DiskLimit | undefined {
  if (via !== undefined) {
    return {
      ...(diskRate !== undefined && { bytesPerSecond: diskRate }),
      ...(diskIops !== undefined && { requestsPerSecond: diskIops }),
    };
  }
  if (diskRate === undefined && diskIops === undefined) return undefined;
  throw new UserError('--disk-rate and --disk-iops are of the disk that a boot loader reads', {
    hint: 'add --via uefi',
  });
}

function codeOf(outcome: Outcome): ExitCode {
  switch (outcome.kind) {
    case 'ready':
      return exitCodes.done;
    case 'panic':
      return exitCodes.panic;
    case 'hang':
    case 'no-output':
      return exitCodes.timeout;
    case 'interrupted':
      return exitCodes.interrupted;
    default:
      return exitCodes.failed;
  }
}

/** A line about a run. */
export const field = (name: string, value: string): string => `${`${name} `.padEnd(17)}${value}`;

/** A run for people: outcome first, then the figures with their units, then where the rest is. */
export function formatRun(run: BootRun): string[] {
  const trouble = run.facts.filter(fact => fact.name === 'trouble');
  return [
    field('boot', `${run.row}: ${describeOutcome(run.outcome)}`),
    field('kernel', `${run.kernel.release} (${shortDigest(run.kernel.digest)})`),
    ...run.images.map(({ role, format, bytes }) => field(role, `${format}, ${mebibytes(bytes)}`)),
    field('accelerator', `${run.accelerator}: ${run.acceleratorReason}; ${versionOf(run)}`),
    ...figureLines(run),
    ...trouble.slice(0, 5).map(fact => field('trouble', fact.values.message ?? '')),
    ...(trouble.length > 0 || run.outcome.kind === 'panic'
      ? [field('stack', `initbench decode ${run.id}`)]
      : []),
    ...run.notes.map(note => field('note', note)),
    field('saved in', run.folder),
  ];
}

const versionOf = ({ qemuVersion, platform }: BootRun): string =>
  platform ?? `QEMU ${qemuVersion ?? 'unknown'}`;

/** What it passed, and what that comes to. */
function figureLines(run: BootRun): string[] {
  const figures = runFigures(run);
  const { clock, points, idle = 0, memory } = figures;
  const start = run.platform === undefined ? "QEMU's start" : 'the start of the process';
  const { events } = timelineOf(run);
  // where the boot ends without a root, the timeline does
  const end = points.filter(({ id }) => id === 'end' && !events.some(event => event.id === id));
  return [
    ...[...events, ...end].flatMap(({ id, label, at, host }) => {
      if (id === 'kernel') return [];
      const seen = clock === 'wall' && host !== undefined ? `, ${host.toFixed(1)} ms since ${start}` : '';
      return [field(label, `${figureWithUnit(at, clock, 'detail')} since start_kernel${seen}`)];
    }),
    ...(run.marks.init && !points.some(({ id }) => id === 'init') ? [field('/init', loggedText(run))] : []),
    field('total', totalText(figures, run.outcome)),
    ...(idle > 0
      ? [field('idle', `${figureWithUnit(idle, clock, 'detail')} in which nothing ran, part of the above`)]
      : []),
    ...memory.map(({ at, total, free }) =>
      field('memory', `at ${at}: ${mebibytes(free)} free of ${mebibytes(total)}`),
    ),
  ];
}

function totalText({ clock, total, steps }: RunFigures, outcome: Outcome): string {
  if (total === undefined) {
    return outcome.kind === 'ready'
      ? 'unknown: the initrd has no program of ours'
      : '-: the boot did not reach its end';
  }
  const until = steps.length === 0 ? 'to /init, nothing was read' : 'to the end of the reading';
  return `${figureWithUnit(total, clock, 'detail')} ${until}`;
}

/** Of an /init that nothing of ours stands in front of. */
function loggedText({ facts }: BootRun): string {
  const line = facts.find(fact => fact.name === 'log' && fact.values.text?.startsWith('Run '));
  return line?.values.at === undefined ? 'reached' : `reached at ${line.values.at} s of the kernel's log`;
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
