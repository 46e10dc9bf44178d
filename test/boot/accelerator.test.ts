// SPDX-License-Identifier: GPL-2.0-only
/** KVM only when canary guests ran, one after the other. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { QemuMachine } from '../../src/boot/qemu/spec.ts';
import { probeAccelerator } from '../../src/boot/qemu/accelerator.ts';
import { canaryProgram } from '../../src/boot/qemu/canary.ts';
import { parseTicks, stealPercent } from '../../src/boot/host.ts';
import x86 from '../../src/boot/machine/x86_64.ts';
import { hostArch } from '../../src/kernel/architecture.ts';
import { collect, never, type Sample, sampleMachine } from './machine.ts';

let sample: Sample;
let device: string;
beforeEach(async () => {
  sample = await sampleMachine();
  device = path.join(sample.folder, 'kvm');
  await writeFile(device, '');
});
afterEach(() => {
  delete process.env.INITBENCH_TEST_KVM;
  return sample.remove();
});

const own = hostArch() === 'x86_64' ? x86 : { ...x86, id: hostArch() };
const probe = (kvm = device, deadlineMs = 5000, machine: QemuMachine = own) =>
  collect(probeAccelerator(sample.workspace, machine, never, { device: kvm, deadlineMs }));
const canaries = async () => (await sample.calls()).filter(call => call.includes('isa-debug-exit')).length;

test('canaries that ran: KVM, and it is not asked again', async () => {
  process.env.INITBENCH_TEST_KVM = 'runs';
  const { product } = await probe();
  expect(product).toEqual({
    accelerator: 'kvm',
    reason: '5 canary guests ran under KVM',
    version: '7.2.22 (Stand-in)',
  });
  const again = await probe();
  expect(again.product).toEqual(product);
  expect(again.events).toMatchObject([{ state: 'cached' }]);
  expect(await canaries()).toBe(5);
});

test('one that runs now and then proves nothing: TCG', async () => {
  process.env.INITBENCH_TEST_KVM = 'by-chance';
  expect((await probe()).product.accelerator).toBe('tcg');
  expect(await canaries()).toBe(3);
});

test('one that never starts is killed at the deadline: TCG, and why', async () => {
  process.env.INITBENCH_TEST_KVM = 'hangs';
  const started = performance.now();
  const { product } = await probe(device, 300);
  expect(performance.now() - started).toBeLessThan(5000);
  expect(product).toMatchObject({ accelerator: 'tcg' });
  expect(product.reason).toMatch(/kvm is there but no guest started within 0.3 s$/);
});

test("QEMU refuses: TCG, with QEMU's words", async () => {
  process.env.INITBENCH_TEST_KVM = 'fails';
  const { product } = await probe();
  expect(product.reason).toContain('QEMU cannot use it: failed to set MSR 0x10a');
});

test('a verdict of another boot of the host or another QEMU does not count', async () => {
  process.env.INITBENCH_TEST_KVM = 'fails';
  for (const bootId of ['another', '']) {
    const verdict = { accelerator: 'kvm', reason: 'x', version: bootId ? '7.2.22 (Stand-in)' : '8.0' };
    await writeFile(
      path.join(sample.workspace.cache, 'accelerator.json'),
      JSON.stringify({ bootId, verdict }),
    );
    expect((await probe()).product.accelerator).toBe('tcg');
  }
  expect(await canaries()).toBe(2);
});

test('no device: nothing is started', async () => {
  const { product } = await probe('/nowhere/kvm');
  expect(product).toMatchObject({ accelerator: 'tcg', reason: 'there is no /nowhere/kvm' });
  expect(await canaries()).toBe(0);
});

test('a guest of another architecture is emulated, and so is one without a canary', async () => {
  process.env.INITBENCH_TEST_KVM = 'runs';
  const foreign = (await probe(device, 5000, { ...own, id: 's390' })).product;
  expect(foreign).toMatchObject({
    accelerator: 'tcg',
    reason: `s390 guests are emulated on a host that is ${hostArch()}`,
  });
  const { canary: _, ...without } = own;
  expect((await probe(device, 5000, without)).product.reason).toContain('no canary guest is known');
  expect(await canaries()).toBe(0);
});

test('the canary is a Multiboot program: its header sums to zero, its entry lies in it', () => {
  const program = canaryProgram();
  const word = (at: number) => program.readUInt32LE(at);
  expect(word(0)).toBe(0x1badb002);
  expect((word(0) + word(4) + word(8)) % 2 ** 32).toBe(0);
  expect(program[word(28) - word(12)]).toBe(0xbc);
});

test('steal between two readings of /proc/stat', () => {
  const before = parseTicks('cpu  100 0 50 800 10 0 0 40 7 0\ncpu0 1 2\n');
  const after = parseTicks('cpu  150 0 80 900 10 0 0 60 7 0\n');
  expect(before).toEqual({ total: 1000, steal: 40 });
  expect(stealPercent(before, after)).toBe(10);
  expect(stealPercent(before, before)).toBeUndefined();
  expect(parseTicks('')).toBeUndefined();
});
