// SPDX-License-Identifier: GPL-2.0-only
/** The table of programs and setup.sh tell the same. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { missingTool } from '../../src/host/exec.ts';
import { tools } from '../../src/host/tools.ts';

const script = readFileSync('setup.sh', 'utf8');
/** The lines of `name='...'` in the script, as [tool, Debian's package, Fedora's]. */
const listOf = (name: string) =>
  new RegExp(`^${name}='\n([^']*)'`, 'm')
    .exec(script)![1]!
    .trim()
    .split('\n')
    .map(line => line.split(':'));

test('setup.sh installs every program of the table: what is required, what is not, with --all what few need', () => {
  const rare = ['foreign', 'firmware', 'profiles'].flatMap(listOf);
  // No distribution from Debian 13 on has it, and a demonstration alone makes use of it.
  const table = tools.filter(({ name }) => name !== 'mkfs.cramfs');
  for (const { name, debian, setup, required } of table) {
    const list = setup === './setup.sh --all' ? rare : listOf(required ? 'needed' : 'optional');
    expect(list.map(([tool]) => tool)).toContain(name);
    for (const packageName of debian.split(' ')) expect(list.map(words => words[1])).toContain(packageName);
  }
  expect(table.length).toBeGreaterThan(25);
});

test('what setup.sh requires is required by the table, too, but for headers', () => {
  const required = tools.filter(tool => tool.required).map(({ name }) => name);
  const needed = listOf('needed').map(([tool]) => tool!);
  expect(needed.filter(tool => !tool.startsWith('/')).sort()).toEqual(required.sort());
});

test('no program stands in two lists', () => {
  const all = ['needed', 'optional', 'tests', 'foreign', 'firmware', 'others'].flatMap(listOf);
  const names = all.map(([tool]) => tool);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test('a missing program names what installs it', () => {
  expect(missingTool('fakeroot').hint).toMatch(
    /^run \.\/setup\.sh, or install it: apt-get install fakeroot /,
  );
  expect(missingTool('qemu-system-aarch64').hint).toMatch(/^run \.\/setup\.sh --all, .*qemu-system-arm/);
});
