// SPDX-License-Identifier: GPL-2.0-only
/** The table of programs and setup.sh tell the same. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { missingTool } from '../../src/host/exec.ts';
import { tools } from '../../src/host/tools.ts';

const script = readFileSync('setup.sh', 'utf8');
/** The lines of `name='...'` in the script. */
const listOf = (name: string) => new RegExp(`^${name}='\n([^']*)'`, 'm').exec(script)![1]!.trim().split('\n');

test('setup.sh installs every program of the table, with --all those few need', () => {
  const usual = [...listOf('needed'), ...listOf('debian_only')];
  const rare = [...listOf('foreign'), ...listOf('firmware')];
  for (const { name, debian, setup } of tools) {
    const list = setup === './setup.sh' ? usual : rare;
    expect(list.map(line => line.split(':')[0])).toContain(name);
    for (const packageName of debian.split(' '))
      expect(list.map(line => line.split(':')[1])).toContain(packageName);
  }
});

test('a missing program names what installs it', () => {
  expect(missingTool('fakeroot').hint).toMatch(
    /^run \.\/setup\.sh, or install it: apt-get install fakeroot /,
  );
  expect(missingTool('qemu-system-aarch64').hint).toMatch(/^run \.\/setup\.sh --all, .*qemu-system-arm/);
});
