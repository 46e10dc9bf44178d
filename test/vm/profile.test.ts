// SPDX-License-Identifier: GPL-2.0-only
/** A profile of real boots by a real perf: the functions that fill a root from an archive are in one, those that mount
 *  an image in the other. `npm run test:all` on x86-64 hosts. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Profiled, profileRows } from '../../src/campaign/profile/profile.ts';
import { hostArch } from '../../src/kernel/architecture.ts';
import type { Profile } from '../../src/measure/profile.ts';
import { ended, everything, request, signal, workspace } from './house.ts';

const rows = ['initramfs:cpio', 'kernelspace:erofs'];
const asked = () =>
  request({ arch: 'um', rows, clock: 'wall', used: [], fragments: [...request().fragments, 'profile'] });

describe.runIf(everything && hostArch() === 'x86_64')('profile', () => {
  let profiled: Profiled;
  beforeAll(async () => {
    profiled = (await ended(profileRows(workspace, { ...asked(), boots: 10 }, signal))).product;
  });

  const namesOf = ({ stacks }: Profile) =>
    new Set(stacks.flatMap(({ frames }) => frames.map(({ name }) => name)));

  test('each row has its own functions, and none of how the guest ends', () => {
    const [archive, image] = profiled.profiles.map(({ profile }) => namesOf(profile));
    expect(profiled.profiles.map(({ profile }) => profile.row)).toEqual(rows);
    for (const names of [archive!, image!]) {
      expect(names).toContain('start_kernel');
      expect(names).not.toContain('sys_reboot');
    }
    expect(archive).toContain('unpack_to_rootfs');
    expect(archive).toContain('do_copy');
    expect(image).not.toContain('do_copy');
  });

  test('the archive costs more than the image', () => {
    const [archive, image] = profiled.profiles.map(({ profile }) => profile.samples);
    expect(image).toBeGreaterThan(50);
    expect(archive).toBeGreaterThan(image!);
  });

  test('the files have what the table is made of', () => {
    for (const { profile, svg, folded } of profiled.profiles) {
      const lines = readFileSync(folded, 'utf8').trimEnd().split('\n');
      const samples = lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
      expect(samples).toBe(profile.samples);
      expect(readFileSync(svg, 'utf8')).toMatch(/^<svg [\s\S]*start_kernel[\s\S]*<\/svg>\n$/);
    }
  });
});

test.runIf(everything)('QEMU has no profile, and nothing is built to find that out', async () => {
  const work = profileRows(workspace, { ...asked(), arch: 'x86_64', boots: 1 }, signal);
  await expect(ended(work)).rejects.toThrow(
    "x86_64 has no profiling: samples of an emulator are of QEMU's code",
  );
});
