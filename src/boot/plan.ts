// SPDX-License-Identifier: GPL-2.0-only
/** From what is asked of one boot to the machine that does it: images packed, command line and deadline decided. */
import { findFormat } from '../image/registry.ts';
import { type Flow, type FlowMachine, requireFeatures } from './flow.ts';
import type { Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { collectPayload } from '../image/collect.ts';
import type { Image, Payload } from '../image/image.ts';
import { archiveOf } from '../image/nested.ts';
import { shownName } from '../image/draft.ts';
import { packImage } from '../image/pack.ts';
import { concatenate, type Part } from '../image/segments.ts';
import { paddedImage } from '../image/padded.ts';
import { programsArch } from '../kernel/architecture.ts';
import { hasOption, type Kernel } from '../kernel/kernel.ts';
import { unknownName, type Workspace } from '../workspace.ts';
import type { BootRun } from './boot.ts';
import { requireMemory } from './commandline.ts';
import type { BootPlan, Disk, Machine, Vm } from './machine.ts';
import { findMachine } from './registry.ts';
import type { BootRequest } from './request.ts';
import { type Successor, successorOf, wordsBehind } from './successor.ts';
import { variantOf } from './variant.ts';
import { limitText, requireDiskBoot } from './via.ts';

/** Packs what is missing and decides the rest. Nothing is booted but, for the wall clock, the accelerator's canary.
 *  @throws UserError when the flow cannot boot that kernel or format, or the images do not fit into the memory */
export async function* planBoot(
  workspace: Workspace,
  request: BootRequest,
  signal: AbortSignal,
): Work<BootPlan> {
  const { flow, kernel, clock, memoryMiB, cpus } = request;
  const format = formatOf(request);
  const machine = findMachine(kernel.arch);
  const programs = programsArch(kernel.arch);
  requireBootable(request, machine);
  await requireOption(flow, kernel);

  const payload = flow.usesPayload
    ? request.payload
    : yield* ownPayload(workspace, 'probe', programs, signal);
  const image = yield* packImage(workspace, payload, format, signal);
  const extra: Image[] = [];
  for (const need of flow.needs) {
    const needed = yield* ownPayload(workspace, need.payload, programs, signal);
    extra.push(yield* packImage(workspace, needed, need.format, signal));
  }
  const via = request.via;
  const own = flow.vm({ image, extra, clock, memoryMiB, machine, bootsFromDisk: via !== undefined });
  if (via) requireDiskBoot(flow, own, clock);
  const disksBefore = own.disks.filter(disk => disk.kind === 'block').length + (via ? 1 : 0);
  const root = request.rootfs ? yield* rootDisk(workspace, machine, programs, disksBefore, signal) : [];
  const whole = yield* initrdOf(workspace, own.initrd, signal);
  if (whole) requireMemory(whole, whole === image ? payload.bytes : filesIn(own.initrd), memoryMiB);

  const chosen = yield* machine.accelerate(workspace, clock, signal);
  const successor = successorOf(request, payload);
  const row = request.row ?? rowName(request, format);
  const { append: moved, padPages } = variantOf(request.variant ?? 0);
  const initrd = whole && padPages !== undefined ? await paddedImage(workspace, whole, padPages) : whole;
  const bare: Vm = {
    machine,
    kernel,
    ...(initrd ? { initrd } : {}),
    disks: [...own.disks, ...root],
    append: [
      ...[`console=${machine.console}`, 'panic=-1', `loglevel=${logLevel(successor, root.length > 0)}`],
      // with KASLR start_kernel is elsewhere in each boot, and so are its instructions
      ...((await hasOption(kernel, 'RANDOMIZE_BASE')) ? ['nokaslr'] : []),
      ...machine.words(clock),
      ...initWords(flow, payload),
      ...own.append,
      ...(flow.usesPayload && !successor.untouched && request.used.length > 0
        ? [`INITBENCH_USED=${request.used.join(',')}`]
        : []),
      ...(via ? ['INITBENCH_LOADER=1'] : []),
      ...wordsBehind(successor, root[0]?.device),
      ...moved,
      ...request.append,
    ],
    memoryMiB,
    cpus,
    clock,
    accelerator: chosen.accelerator,
  };
  const about = { job: row, ...(via && { via }) };
  const vm = yield* machine.complete(workspace, bare, about, signal);
  return {
    flow: flow.id,
    row,
    ...(request.variant ? { variant: request.variant } : {}),
    vm,
    kernel: kernelRecord(kernel),
    images: imagesOf(
      image,
      extra,
      root.map(disk => disk.image),
    ),
    payload: { name: payload.name, digest: payload.digest },
    timeout: request.timeoutMs ?? successor.deadline ?? defaultTimeout(kernel, payload, successor),
    ...(successor.untouched && { untouched: true }),
    ...(request.interactive && { interactive: true }),
    ...(successor.hold !== undefined && { hold: successor.hold }),
    acceleratorReason: chosen.reason,
    notes: [
      ...notesOf(vm),
      ...(await lostXattrs(flow.usesPayload ? payload : undefined, format)),
      ...(successor.untouched ? [untouchedNote(payload, root.length > 0)] : []),
      ...(request.append.includes('initcall_debug')
        ? ['initcall_debug: printing costs; for `diff` of initcalls, its figures are those of no other boot']
        : []),
      ...(request.interactive ? ['typed into: compares with no other boot'] : []),
    ],
  };
}

/** What the payload is packed as; an initrd that is booted as it came is not packed.
 *  @throws UserError when the flow does not boot it */
function formatOf({ flow, payload, format: given }: BootRequest): string {
  const format = given ?? flow.formats[0]!;
  if (!flow.usesPayload || !payload.asIs) {
    if (flow.formats.includes(format)) return format;
    throw unknownName(`format of the flow ${flow.id}`, format, flow.formats);
  }
  if (given !== undefined) {
    throw new UserError(`${payload.name} is booted as it came, and not packed as ${given}`, {
      hint: 'leave out the format; cpio:FILE has its files unpacked and packed again',
    });
  }
  if (!flow.formats.some(id => id.startsWith('cpio'))) {
    throw new UserError(`the flow ${flow.id} boots no archive, and ${payload.name} is booted as it came`, {
      hint: 'boot it with the flow initramfs; cpio:FILE has its files packed for any flow',
    });
  }
  return 'as-is';
}

/** Said where a payload has extended attributes, and what it is packed as has none. */
async function lostXattrs(payload: Payload | undefined, id: string): Promise<string[]> {
  const names = new Set(
    (payload?.entries ?? []).flatMap(({ xattrs = [] }) => xattrs.map(({ name }) => name)),
  );
  if (names.size === 0 || (await findFormat(id)).xattrs) return [];
  return [`${id} carries no extended attributes: ${[...names].sort().map(shownName).join(', ')} are lost`];
}

/** Without a program of ours only the kernel's messages tell how far it is; on the way to a root they are read there. */
const logLevel = ({ untouched }: Successor, rootfs: boolean): number => (untouched && !rootfs ? 7 : 5);

/** Said beside every figure of such a boot: what nobody could see. */
const untouchedNote = ({ name }: Payload, rootfs: boolean): string =>
  rootfs
    ? `${name} is booted as it came: /init is where the kernel's log says that it runs it; its reading of files is unknown`
    : `${name} is booted as it came, without the probe: instructions to /init, reading and memory are unknown`;

function requireBootable(
  { flow, kernel, payload, clock, cpus, interactive, via }: BootRequest,
  machine: Machine,
): void {
  if (flow.kernel === 'series' && kernel.name === 'base') {
    throw new UserError(`the flow ${flow.id} needs a kernel that carries a series, not base`, {
      hint: 'name one with --kernel: initbench series list',
    });
  }
  if (flow.usesPayload && payload.arch !== undefined && payload.arch !== programsArch(kernel.arch)) {
    throw new UserError(
      `the payload ${payload.name} has ${payload.arch} programs, the kernel is ${kernel.arch}`,
      {
        hint: 'collect it for the architecture of the kernel',
      },
    );
  }
  if (!machine.clocks.includes(clock)) {
    throw new UserError(`${machine.id} has no clock ${clock}`, {
      hint: `leave out --clock, or use --clock ${machine.clocks[0]}`,
    });
  }
  requireFeatures(machine, flow, { interactive, via });
  if (clock === 'icount' && cpus !== 1) {
    throw new UserError('the icount clock has one CPU', { hint: 'leave out --cpus, or use --clock wall' });
  }
}

async function requireOption({ id, requires }: Flow, kernel: Kernel): Promise<void> {
  if (!requires || (await hasOption(kernel, requires.option))) return;
  throw new UserError(`the flow ${id} needs a kernel with CONFIG_${requires.option}`, {
    hint: `build one with --config ${requires.fragment}`,
  });
}

const ownPayload = (workspace: Workspace, name: string, arch: string, signal: AbortSignal): Work<Payload> =>
  collectPayload(workspace, name, { padBytes: 0, arch }, signal);

/** The initrd of a flow, put together where it has parts. */
async function* initrdOf(
  workspace: Workspace,
  wanted: FlowMachine['initrd'],
  signal: AbortSignal,
): Work<Image | undefined> {
  if (wanted === undefined || 'digest' in wanted) return wanted;
  const parts: Part[] = [];
  for (const part of wanted) {
    const isFile = typeof part === 'object' && 'file' in part;
    parts.push(isFile ? yield* archiveOf(workspace, part.file, part.image, signal) : part);
  }
  return yield* concatenate(workspace, parts, signal);
}

/** Bytes of the images that are files in the initrd: they are in memory twice while it is unpacked. */
function filesIn(wanted: FlowMachine['initrd']): number {
  if (wanted === undefined || 'digest' in wanted) return 0;
  return wanted.reduce(
    (sum, part) => sum + (typeof part === 'object' && 'file' in part ? part.image.bytes : 0),
    0,
  );
}

/** The real root file system, behind the disks the flow has. */
async function* rootDisk(
  workspace: Workspace,
  machine: Machine,
  arch: string,
  disksBefore: number,
  signal: AbortSignal,
): Work<Disk[]> {
  const payload = yield* ownPayload(workspace, 'rootfs', arch, signal);
  const image = yield* packImage(workspace, payload, 'ext4', signal);
  return [machine.disk(image, disksBefore)];
}

/** A root that is not the initramfs has another init by default: /sbin/init. */
function initWords({ initWord }: Flow, { init }: Payload): string[] {
  const program = init.rdinit ?? (initWord === 'init' ? '/init' : undefined);
  return program === undefined ? [] : [`${initWord}=${program}`];
}

const rowName = ({ flow, kernel }: BootRequest, format: string): string =>
  `${flow.id}${format === flow.formats[0] ? '' : `:${format}`}@${kernel.name}`;

/** What a boot's record says of its kernel. */
export const kernelRecord = (kernel: Kernel): BootRun['kernel'] => {
  const { digest, name, release, configDigest, tree, arch, origin } = kernel;
  return { digest, name, release, configDigest, tree, arch, ...(origin && { origin }) };
};

function imagesOf(image: Image, extra: readonly Image[], root: readonly Image[]): BootRun['images'] {
  const entry = (role: string, { format, digest, bytes, payload }: Image) => ({
    ...{ role, format, digest, bytes, payload },
  });
  return [
    entry('payload', image),
    ...extra.map(own => entry(own.payload.name, own)),
    ...root.map(own => entry('rootfs', own)),
  ];
}

/** Debug kernels take several times as long; so does a busy host, which is why this is generous. An init that knows its
 *  end starts a whole system until then. */
function defaultTimeout(kernel: Kernel, payload: Payload, { own, untouched }: Successor): number {
  const factor = kernel.fragments.includes('debug') ? 5 : 1;
  return factor * Math.round((own || untouched ? 180_000 : 60_000) + (payload.bytes / 2 ** 20) * 250);
}

/** What has to be said beside figures of such a machine. */
export function notesOf(vm: Pick<Vm, 'disks' | 'clock' | 'machine' | 'firmware'>): string[] {
  const has = (kind: string) => vm.disks.some(disk => disk.kind === kind);
  const pmem = (what: 'disk' | 'memory') =>
    vm.disks.some(disk => disk.kind === 'pmem' && disk.standsFor === what);
  const { name, tick } = vm.machine.counter;
  return [
    ...vm.machine.notes,
    ...(vm.clock === 'icount' && tick > 1
      ? [`counter: ${name}, ${tick} instructions a tick: figures are that much uncertain`]
      : []),
    ...(pmem('disk') ? ['disk: memory, reads cost nothing'] : []),
    ...(vm.firmware ? [`via firmware and boot loader, disk: ${limitText(vm.firmware.limit)}`] : []),
    ...(pmem('memory') ? ['image: in memory that the kernel never gets back'] : []),
    ...(vm.clock === 'icount' && has('block')
      ? ["disk: virtio, its latency is the host's: these figures do not repeat"]
      : []),
  ];
}
