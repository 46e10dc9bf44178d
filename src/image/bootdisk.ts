// SPDX-License-Identifier: GPL-2.0-only
/** A disk that firmware boots from, made without root: an EFI system partition with systemd-boot, a kernel, its initrd
 *  and its command line, and further partitions behind it. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Digest, Work } from '../events.ts';
import { exec } from '../host/exec.ts';
import { digestOf, digestOfFile, requireSpace } from '../host/files.ts';
import { folders, type Workspace } from '../workspace.ts';
import { layOutDisk, partitionTables, sectorBytes } from './gpt.ts';
import type { Image } from './image.ts';
import { publishImage } from './publish.ts';
import { toolVersion } from './version.ts';

export interface BootDisk {
  /** The boot loader's program, and what firmware looks for on a removable disk: 'EFI/BOOT/BOOTX64.EFI'. */
  readonly loader: { readonly file: string; readonly name: string };
  readonly kernel: { readonly digest: Digest; readonly path: string; readonly bytes: number };
  readonly initrd?: Image;
  readonly commandLine: string;
  /** Partitions from the second on. */
  readonly partitions: readonly Image[];
}

const mib = 2 ** 20;
const folderNames = ['EFI', 'EFI/BOOT', 'loader', 'loader/entries'];
const entryName = 'loader/entries/initbench.conf';

/** loader.conf(5) and the entry, as the Boot Loader Specification has it. */
export function loaderFiles({
  commandLine,
  initrd,
}: Pick<BootDisk, 'commandLine' | 'initrd'>): Record<string, string> {
  const entry = [
    'title initbench',
    'linux /vmlinuz',
    ...(initrd ? ['initrd /initrd'] : []),
    `options ${commandLine}`,
  ];
  return {
    'loader/loader.conf': 'timeout 0\ndefault initbench.conf\n',
    [entryName]: `${entry.join('\n')}\n`,
  };
}

/** Bytes of a FAT32 file system that holds that many: its tables, and more clusters than FAT16 has. */
const fatBytes = (content: number): number =>
  Math.ceil(Math.max(40 * mib, content * 1.03 + 8 * mib) / mib) * mib;

export const makeFatArgv = (disk: string, offset: number, bytes: number): string[] => [
  ...['mkfs.vfat', '-F', '32', '-S', String(sectorBytes), '-n', 'ESP', '--invariant'],
  ...[`--offset=${offset / sectorBytes}`, disk, String(bytes / 1024)],
];

/** The disk, from the cache or made again. @throws UserError when mtools or dosfstools are not installed, or the disk
 *  is too full */
export async function* bootDisk(workspace: Workspace, wanted: BootDisk, signal: AbortSignal): Work<Image> {
  const { loader, kernel, initrd, commandLine, partitions } = wanted;
  const tools = {
    vfat: await toolVersion('mkfs.vfat', 'a boot disk', signal),
    mtools: await toolVersion('mcopy', 'a boot disk', signal),
  };
  const digest = digestOf({
    ...{ disk: 1, loader: await digestOfFile(loader.file), name: loader.name, kernel: kernel.digest },
    ...{
      initrd: initrd?.digest ?? null,
      commandLine,
      partitions: partitions.map(image => image.digest),
      tools,
    },
  });
  const main = initrd ?? partitions[0];
  const payload = main?.payload ?? { name: 'none', digest };
  const [job, what] = [`boot disk ${payload.name}`, 'make the boot disk'];
  const content = kernel.bytes + (initrd?.bytes ?? 0);
  const layout = layOutDisk([
    { type: 'efi', bytes: fatBytes(content) },
    ...partitions.map(({ bytes }) => ({ type: 'linux', bytes }) as const),
  ]);
  return yield* publishImage(workspace, { digest, job, what, signal }, async function* (scratch) {
    await requireSpace(folders.images(workspace), layout.bytes, what);
    const disk = path.join(scratch, 'image');
    await writeFile(disk, '');
    await truncate(disk, layout.bytes);
    const { offset, bytes } = layout.partitions[0]!;
    yield* exec(makeFatArgv(disk, offset, bytes), { job, signal });
    const inside = ['-i', `${disk}@@${offset}`];
    yield* exec(['mmd', ...inside, ...folderNames.map(name => `::/${name}`)], { job, signal });
    const copies: [string, string][] = [
      [loader.file, loader.name],
      [kernel.path, 'vmlinuz'],
      ...(initrd ? [[initrd.path, 'initrd'] as [string, string]] : []),
    ];
    for (const [name, text] of Object.entries(loaderFiles(wanted))) {
      const file = path.join(scratch, path.basename(name));
      await writeFile(file, text);
      copies.push([file, name]);
    }
    for (const [source, name] of copies) {
      yield* exec(['mcopy', ...inside, source, `::/${name}`], { job, signal });
    }
    writeRest(disk, layout, partitions);
    return { digest, format: 'disk', payload };
  });
}

/** The partition tables, and the partitions that are images. */
function writeRest(disk: string, layout: ReturnType<typeof layOutDisk>, images: readonly Image[]): void {
  const target = openSync(disk, 'r+');
  try {
    const { front, back } = partitionTables(layout);
    writeSync(target, front, 0, front.length, 0);
    writeSync(target, back, 0, back.length, layout.bytes - back.length);
    images.forEach((image, index) => copyInto(target, image, layout.partitions[index + 1]!.offset));
  } finally {
    closeSync(target);
  }
}

function copyInto(target: number, image: Image, offset: number): void {
  const source = openSync(image.path, 'r');
  const buffer = Buffer.allocUnsafe(mib);
  try {
    for (let done = 0; done < image.bytes;) {
      const got = readSync(source, buffer, 0, mib, done);
      if (got === 0) throw new Error(`${image.path} is shorter than its record says`);
      for (let at = 0; at < got;) at += writeSync(target, buffer, at, got - at, offset + done + at);
      done += got;
    }
  } finally {
    closeSync(source);
  }
}
