// SPDX-License-Identifier: GPL-2.0-only
/** What an initrd may hold on the patched kernel: an image with archives around it, an archive alone, a bad image. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BootRun } from '../../src/boot/boot.ts';
import type { BootPlan } from '../../src/boot/machine.ts';
import { planBoot } from '../../src/boot/plan.ts';
import { findFlow } from '../../src/boot/registry.ts';
import { bootOnce } from '../../src/boot/run.ts';
import { digestOf } from '../../src/host/files.ts';
import { collectPayload } from '../../src/image/collect.ts';
import type { Image, Payload } from '../../src/image/image.ts';
import { packImage } from '../../src/image/pack.ts';
import { concatenate, type Part } from '../../src/image/segments.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { prepareKernel } from '../../src/kernel/prepare.ts';
import { checksum } from '../vm-programs/payload-list.ts';
import { ended, everything, request, signal, workspace } from './house.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'initbench-initrd-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The default series on its tree, and what brings the feature to another one. */
const ported = 'initoverlayfs-6.12';
const booted = everything ? [request().series, ported] : [request().series];

let kernel: Kernel;
let payload: Payload;
let image: Image;
beforeAll(async () => {
  payload = (await ended(collectPayload(workspace, 'busybox', { padBytes: 2 ** 20 }, signal))).product;
  image = (await ended(packImage(workspace, payload, 'erofs-lz4hc', signal))).product;
});

/** The kernel that bootInitrd() boots from here on. */
async function useKernel(series: string): Promise<void> {
  const { tree: main, fragments } = request();
  const tree = workspace.settings.seriesTrees[series] ?? main;
  kernel = (await ended(prepareKernel(workspace, { kernel: series, tree, fragments }, signal))).product;
}

/** An archive made by cpio(1) of these files. */
function archive(name: string, files: Readonly<Record<string, string>>): Image {
  const root = path.join(folder, name);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), content);
  }
  const list = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  const bytes = execFileSync('cpio', ['--quiet', '-o', '-H', 'newc', '-R', '0:0'], {
    cwd: root,
    maxBuffer: 2 ** 28,
    input: `${list.join('\n')}\n`,
  });
  return asImage(name, 'cpio', bytes);
}

/** An EROFS image of these files, beside the payload's. */
function layer(name: string, files: Readonly<Record<string, string>>): Image {
  const root = path.join(folder, name);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), content);
  }
  const file = path.join(folder, `${name}.erofs`);
  execFileSync('mkfs.erofs', [file, root], { stdio: 'ignore' });
  return asImage(name, 'erofs', readFileSync(file));
}

function asImage(name: string, format: string, bytes: Buffer): Image {
  const file = path.join(folder, `${name}.img`);
  writeFileSync(file, bytes);
  const { name: payloadName, digest } = payload;
  const made = digestOf({ name, bytes: bytes.toString('base64') });
  return { digest: made, format, payload: { name: payloadName, digest }, path: file, bytes: bytes.length };
}

async function bootInitrd(
  initrd: Image,
  append: readonly string[] = [],
): Promise<{ run: BootRun; console: string }> {
  const flow = await findFlow('kernelspace');
  const asked = {
    flow,
    kernel,
    payload,
    append,
    memoryMiB: 512,
    cpus: 1,
    clock: 'icount',
    used: [100],
  } as const;
  const plan: BootPlan = (await ended(planBoot(workspace, asked, signal))).product;
  const run = (await ended(bootOnce(workspace, { ...plan, vm: { ...plan.vm, initrd } }, signal))).product;
  return { run, console: readFileSync(path.join(run.folder, 'console.log'), 'utf8') };
}

const factOf = (run: BootRun, name: string) => run.facts.find(fact => fact.name === name)?.values;

describe.each(booted)('an image in the initrd: %s', series => {
  beforeAll(() => useKernel(series));

  test('is mounted from memory: an overlay over EROFS, and no block device', async () => {
    const { run } = await bootInitrd(image);
    expect(run.outcome).toEqual({ kind: 'ready' });
    expect(factOf(run, 'root')).toMatchObject({ fstype: 'overlay' });
    const mounts = run.facts.filter(fact => fact.name === 'mount').map(fact => fact.values);
    for (const mount of mounts) expect(mount.dev).toMatch(/^0:/);
  });

  test('archives before it lie below, archives after it on top', async () => {
    const list = ['/extra/below', '/extra/above', '/extra/replaced'];
    const leading = archive('leading', { 'extra/below': 'from the archive before', 'extra/replaced': 'old' });
    const trailing = archive('trailing', {
      'extra/above': 'from the archive after',
      'extra/replaced': 'new, and longer',
      'extra/list': `total 60\n${list.join('\n')}\n`,
    });
    const { product: initrd } = await ended(
      concatenate(workspace, [leading, 'align', image, trailing], signal),
    );
    const { run } = await bootInitrd(initrd, ['INITBENCH_FILES=/extra/list']);
    expect(run.outcome).toEqual({ kind: 'ready' });
    expect(factOf(run, 'root')).toMatchObject({ fstype: 'overlay' });
    const contents = ['from the archive before', 'from the archive after', 'new, and longer'].map(text =>
      Buffer.from(text),
    );
    expect(factOf(run, 'used')).toMatchObject({ files: '3', sum: checksum(contents) });
  });

  test('several images with archives between them: what comes later wins', async () => {
    const expected = {
      '/extra/leading': 'from the first archive',
      '/extra/between': 'from the archive between, over the first one',
      '/extra/second': 'from the second image, over the archive between',
      '/extra/third': 'from the third image, over the second',
      '/extra/trailing': 'from the last archive, over the third image',
      '/extra/turned/file': 'in a directory that was a file',
    };
    const names = Object.keys(expected);
    const total = Object.values(expected).join('').length;
    const list = `total ${total}\n${names.join('\n')}\n`;
    const old = (...files: string[]) => Object.fromEntries(files.map(name => [`extra/${name}`, 'old']));
    const content = (name: keyof typeof expected) => ({ [name.slice(1)]: expected[name] });
    const parts = [
      archive('s-leading', { ...content('/extra/leading'), ...old('between', 'turned') }),
      'align' as const,
      image,
      archive('s-between', { ...content('/extra/between'), ...old('second'), 'extra/list': list }),
      'align' as const,
      layer('s-second', { ...content('/extra/second'), ...old('third') }),
      layer('s-third', { ...content('/extra/third'), ...old('trailing') }),
      archive('s-trailing', { ...content('/extra/trailing'), ...content('/extra/turned/file') }),
    ];
    const { product: initrd } = await ended(concatenate(workspace, parts, signal));
    const { run, console } = await bootInitrd(initrd, ['INITBENCH_FILES=/extra/list']);
    expect(run.outcome).toEqual({ kind: 'ready' });
    expect(console).not.toContain('is in-use');
    const contents = Object.values(expected).map(text => Buffer.from(text));
    expect(factOf(run, 'used')).toMatchObject({ files: `${names.length}`, sum: checksum(contents) });
  });

  test.each([
    [
      'a bad second image',
      /^(?=.*image at offset)(?=.*ignored with all that follows)/,
      (good: Image, bad: (bytes: Buffer) => Buffer): Part[] => [
        image,
        good,
        'align',
        asImage('bad-second', 'erofs', bad(readFileSync(layer('second', { 'extra/which': 'bad' }).path))),
        archive('after-bad', { 'extra/which': 'after the bad one' }),
      ],
    ],
    [
      'a bad archive after the last image',
      /^(?=.*unpacking failed)(?=.*near offset 0x)/,
      (good: Image, bad: (bytes: Buffer) => Buffer): Part[] => [
        image,
        good,
        'align',
        layer('last', { 'extra/last': 'the last image' }),
        archive('dropped', { 'extra/which': 'good, but with a bad one' }),
        asImage('bad-archive', 'cpio', bad(readFileSync(archive('cut', { 'extra/which': 'bad' }).path))),
      ],
    ],
  ])('%s: one message, and the root is what it was before', async (_name, message, compose) => {
    const kept = 'what was before';
    const list = { 'extra/list': `total ${kept.length}\n/extra/which\n`, 'extra/which': kept };
    const parts = compose(archive('kept', list), bytes => bytes.subarray(0, bytes.length / 2));
    const { product: initrd } = await ended(concatenate(workspace, parts, signal));
    const { run, console } = await bootInitrd(initrd, ['INITBENCH_FILES=/extra/list']);
    expect(run.outcome).toEqual({ kind: 'ready' });
    expect(factOf(run, 'root')).toMatchObject({ fstype: 'overlay' });
    expect(factOf(run, 'used')).toMatchObject({ files: '1', sum: checksum([Buffer.from(kept)]) });
    const lines = console
      .split('\n')
      // Not what our program repeats of the kernel's log.
      .filter(line => !line.startsWith('initbench: ') && /initramfs.*(fail|bad|cut off|ignored)/i.test(line))
      .map(line => line.replace(/^\[[^\]]*\] /, ''));
    expect(lines, lines.join('\n')).toHaveLength(1);
    expect(lines[0]).toMatch(message);
    expect(console).not.toContain('looks like an initrd');
  });

  test.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 4096)],
    [
      'with a damaged superblock',
      (bytes: Buffer) => {
        const bent = Buffer.from(bytes);
        bent[1024 + 36] = bent[1024 + 36]! ^ 0xff;
        return bent;
      },
    ],
  ])('%s: one message that names it, then the panic, and no legacy path', async (name, bend) => {
    const { run, console } = await bootInitrd(asImage(name, 'erofs', bend(readFileSync(image.path))));
    expect(run.outcome.kind).toBe('panic');
    const lines = console
      .split('\n')
      .filter(line => /^.{0,20}\s*(initramfs|erofs|Initramfs)\b.*:/i.test(line));
    expect(lines, lines.join('\n')).toHaveLength(1);
    expect(console).not.toContain('invalid magic at start of compressed archive');
    expect(console).not.toContain('rootfs image is not initramfs');
  });

  test('an archive that contains an image is an archive', async () => {
    const inner = path.join(folder, 'inner');
    mkdirSync(path.join(inner), { recursive: true });
    cpSync(image.path, path.join(inner, 'a.erofs'));
    const holder = archive('inner', {});
    const { product: plain } = await ended(packImage(workspace, payload, 'cpio', signal));
    const { product: initrd } = await ended(concatenate(workspace, [holder, plain], signal));
    const { run } = await bootInitrd(initrd);
    expect(run.outcome).toEqual({ kind: 'ready' });
    expect(factOf(run, 'root')?.fstype).not.toBe('overlay');
  });
});
