// SPDX-License-Identifier: GPL-2.0-only
/** The machine that a hostile initrd is booted on. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Accelerated, BootPlan, Machine, Vm } from '../../boot/machine.ts';
import { kernelRecord } from '../../boot/plan.ts';
import { findMachine } from '../../boot/registry.ts';
import type { Work } from '../../events.ts';
import { digestOf } from '../../host/files.ts';
import type { Image } from '../../image/image.ts';
import { hasOption, type Kernel } from '../../kernel/kernel.ts';
import type { Workspace } from '../../workspace.ts';
import { archiveOf, fileMember, folderMember, initMember } from './archives.ts';
import { treeFolder } from './tree.ts';

/** What is the same for all boots of a campaign. */
export interface Bench {
  readonly machine: Machine;
  readonly kernel: Kernel;
  readonly accelerator: Accelerated;
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly timeoutMs: number;
}

/** Memory that an ordinary kernel and one with KASAN boot and walk with, and how long they may take on a busy host. */
const usual = { memoryMiB: 96, timeoutMs: 60_000 };
const kasan = { memoryMiB: 256, timeoutMs: 300_000 };

export async function* openBench(
  workspace: Workspace,
  kernel: Kernel,
  cpus: number,
  signal: AbortSignal,
): Work<Bench> {
  const machine = findMachine(kernel.arch);
  const accelerator = yield* machine.accelerate(workspace, 'wall', signal);
  return { machine, kernel, cpus, accelerator, ...((await hasOption(kernel, 'KASAN')) ? kasan : usual) };
}

/** Warnings are level 4: 5 shows them, and little else of a boot that goes well. A task that hangs ends the boot
 *  after ten seconds: the deadline would see no more of it. */
const wordsOn = ({ machine }: Bench, tree = treeFolder) => [
  ...[`console=${machine.console}`, 'panic=-1', 'loglevel=5', 'hung_task_panic=1'],
  ...[...machine.words('wall'), ...machine.shortcuts],
  `INITBENCH_WALK=/${tree}`,
];

/** The plan for an initrd in a file. */
export const initrdPlan = (bench: Bench, file: string, bytes: number, row: string): BootPlan =>
  planOf(bench, { initrd: imageIn(file, bytes, 'hostile'), disks: [], append: wordsOn(bench) }, row);

/** How a kernel without the series, which can mount the same image, is given it: on a virtio disk; or as a file of the
 *  initramfs, which EROFS reads as it reads the series' own. */
export const givens = ['disk', 'file'] as const;
export type Given = (typeof givens)[number];

const imageFile = 'image.erofs';

/** The initramfs of such a boot. */
export const controlArchive = (walker: Buffer, given: Given, image: Buffer): Buffer =>
  archiveOf([
    ...[folderMember('dev'), folderMember('image'), folderMember('upper'), initMember(walker)],
    ...(given === 'file' ? [fileMember(imageFile, image)] : []),
  ]);

/** The plan for it. `image` is needed on a disk alone; `tree`: where its files are, or '' for its root. */
export const controlPlan = (
  bench: Bench,
  given: Given,
  { image, initrd, tree }: Readonly<Record<'image' | 'initrd', StoredFile>> & { readonly tree: string },
  row: string,
): BootPlan => {
  const onDisk = given === 'disk';
  const disk = bench.machine.disk(imageIn(image.file, image.bytes, 'hostile'), 0);
  return planOf(
    bench,
    {
      initrd: imageIn(initrd.file, initrd.bytes, 'walker'),
      disks: onDisk ? [disk] : [],
      append: [
        ...wordsOn(bench, tree),
        // a tmpfs gives EROFS no file that it takes
        ...(onDisk
          ? [`INITBENCH_BOOT=${disk.device}`]
          : [`INITBENCH_BOOT=/${imageFile}`, 'rootfstype=ramfs']),
      ],
    },
    row,
  );
};

export interface StoredFile {
  readonly file: string;
  readonly bytes: number;
}

function imageIn(file: string, bytes: number, name: string): Image {
  const digest = digestOf({ file });
  return { digest, format: 'hostile', payload: { name, digest }, path: file, bytes };
}

function planOf(bench: Bench, own: Pick<Vm, 'initrd' | 'disks' | 'append'>, row: string): BootPlan {
  const { machine, kernel, accelerator, memoryMiB, cpus, timeoutMs } = bench;
  const image = own.initrd!;
  const { format, digest, bytes } = image;
  return {
    flow: 'kernelspace',
    row,
    vm: {
      ...own,
      machine,
      kernel,
      memoryMiB,
      cpus,
      clock: 'wall',
      accelerator: accelerator.accelerator,
    },
    kernel: kernelRecord(kernel),
    images: [{ role: 'payload', format, digest, bytes }],
    payload: image.payload,
    timeout: timeoutMs,
    acceleratorReason: accelerator.reason,
    notes: [],
  };
}

/** Writes an initrd below the folder of its boot. */
export async function writeTo(folder: string, name: string, bytes: Buffer): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, bytes);
  return file;
}
