// SPDX-License-Identifier: GPL-2.0-only
/** Perturbed layouts: what they change, and that they change nothing else. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planBoot } from '../../src/boot/plan.ts';
import { findFlow } from '../../src/boot/registry.ts';
import { variantOf } from '../../src/boot/variant.ts';
import { paddedImage } from '../../src/image/padded.ts';
import { collectPayload } from '../../src/image/collect.ts';
import { collect, never, type Sample, sampleMachine } from './machine.ts';

let sample: Sample;
beforeAll(async () => {
  sample = await sampleMachine();
}, 60_000);
afterAll(() => sample.remove());

test('variant 0 is the machine as asked for; the others differ from each other in words and padding', () => {
  expect(variantOf(0)).toEqual({ append: [] });
  const others = Array.from({ length: 16 }, (_, i) => variantOf(i + 1));
  expect(new Set(others.map(({ append }) => append.join(' '))).size).toBe(16);
  expect(new Set(others.map(({ padPages }) => padPages)).size).toBe(16);
  // a dot: it becomes neither an argument of /init nor its environment
  expect(others.every(({ append }) => /^[a-z]+\.[a-z]+=x+$/.test(append.join(' ')))).toBe(true);
});

test('a plan has the word before those asked for, and the initrd followed by zeros to a page and more', async () => {
  const { product: payload } = await collect(
    collectPayload(sample.workspace, 'probe', { padBytes: 0 }, never),
  );
  const plan = async (variant: number) =>
    (
      await collect(
        planBoot(
          sample.workspace,
          {
            ...{
              flow: await findFlow('floor'),
              kernel: sample.kernel,
              payload,
              memoryMiB: 512,
              cpus: 1,
              variant,
            },
            ...{ append: ['quiet'], clock: 'icount', used: [] },
          },
          never,
        ),
      )
    ).product;
  const [plain, moved] = [await plan(0), await plan(3)];
  expect(plain).not.toHaveProperty('variant');
  expect(moved.variant).toBe(3);
  const { append, padPages } = variantOf(3);
  expect(moved.vm.append).toEqual([...plain.vm.append.slice(0, -1), ...append, 'quiet']);
  const [before, after] = [await readFile(plain.vm.initrd!.path), await readFile(moved.vm.initrd!.path)];
  expect(after.length).toBe((Math.ceil(before.length / 4096) + padPages!) * 4096);
  expect(after.subarray(0, before.length).equals(before)).toBe(true);
  expect(after.subarray(before.length).every(byte => byte === 0)).toBe(true);
  expect(moved.vm.initrd!.bytes).toBe(after.length);
  expect(moved.vm.initrd!.digest).not.toBe(plain.vm.initrd!.digest);
  expect(moved.images).toEqual(plain.images);
  expect(await paddedImage(sample.workspace, plain.vm.initrd!, padPages!)).toEqual(moved.vm.initrd);
});
