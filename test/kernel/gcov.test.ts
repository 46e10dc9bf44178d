// SPDX-License-Identifier: GPL-2.0-only
/** Counters of gcov, read from the memory of a program: gcc compiles it, libgcov writes what it ought to be, and gcov(1)
 *  reads both. */
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  dataFiles,
  profiledFiles,
  type Profiled,
  rangeOf,
  type Range,
  valuesOf,
} from '../../src/kernel/gcov.ts';

const program = `#include <stdio.h>
#include <stdlib.h>
static int twice(int n)
{
	if (n > 3)
		return 2 * n;
	return n + n;
}

int never(int n)
{
	return n * 3;
}

/* Last of all, and not counted itself. */
__attribute__((no_profile_instrument_function)) static void save(void)
{
	extern char __data_start[], _end[];
	unsigned long start = (unsigned long)__data_start;
	FILE *out = fopen("memory", "w");

	fwrite(&start, sizeof(start), 1, out);
	fwrite(__data_start, 1, _end - __data_start, out);
	fclose(out);
}

int main(int argc, char **argv)
{
	int sum = 0;

	atexit(save);
	for (int i = 0; i < 6; i++)
		sum += twice(i);
	if (argc > 5)
		sum += never(sum);
	return sum == 30 ? 0 : 1;
}
`;

let folder: string;
let elf: Buffer;
let files: Profiled[];
let range: Range;
/** From the range's start. */
let memory: Buffer;
let values: readonly bigint[];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'initbench-gcov-'));
  const run = (...argv: string[]) => execFileSync(argv[0]!, argv.slice(1), { cwd: folder });
  await writeFile(path.join(folder, 'prog.c'), program);
  run(...['gcc', '-O1', '--coverage', '-c', 'prog.c', '-o', 'prog.o']);
  run(...['gcc', '--coverage', '-static', '-no-pie', 'prog.o', '-o', 'prog']);
  run('./prog');
  elf = await readFile(path.join(folder, 'prog'));
  files = profiledFiles(elf);
  range = rangeOf(files)!;
  const saved = await readFile(path.join(folder, 'memory'));
  memory = saved.subarray(8 + Number(range.address - saved.readBigUInt64LE(0)));
  values = valuesOf(files, range, memory)!;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const counted = (place: string): string =>
  execFileSync('gcov', ['--stdout', 'prog.gcda'], { cwd: path.join(folder, place), encoding: 'utf8' })
    .split('\n')
    .filter(line => !/-: +0:(Data|Graph|Runs)/.test(line))
    .join('\n');

async function judged(place: string, notes: Buffer, bytes: Buffer): Promise<string> {
  await mkdir(path.join(folder, place), { recursive: true });
  await writeFile(path.join(folder, place, 'prog.gcda'), bytes);
  await writeFile(path.join(folder, place, 'prog.gcno'), notes);
  await copyFile(path.join(folder, 'prog.c'), path.join(folder, place, 'prog.c'));
  return counted(place);
}

const data = (notes: Buffer, counted: readonly bigint[]) =>
  dataFiles(files, counted, () => notes).get(files[0]!.file)!;
const notes = () => readFile(path.join(folder, 'prog.gcno'));

test('the file is found, with its functions', () => {
  expect(files.map(({ file }) => path.basename(file))).toEqual(['prog.gcda']);
  expect(files[0]!.functions).toHaveLength(3);
  expect(range.bytes).toBeGreaterThan(0);
});

test('gcov reads the same from it as from what the program wrote at its end', async () => {
  const ours = await judged('ours', await notes(), data(await notes(), values));
  expect(ours).toBe(counted('.'));
  expect(ours).toMatch(/#####: +12:\treturn n \* 3;/);
  expect(ours).toMatch(/ +6: +5:\tif \(n > 3\)/);
});

test('notes of a second compilation go with it, though their stamp is another', async () => {
  const other = Buffer.from(await notes());
  other.writeUInt32LE(other.readUInt32LE(8) ^ 1, 8);
  expect(await judged('other', other, data(other, values))).toBe(counted('.'));
});

test('two boots add up', async () => {
  const both = await judged(
    'both',
    await notes(),
    data(
      await notes(),
      values.map(value => 2n * value),
    ),
  );
  expect(both).toMatch(/ +12: +5:\tif \(n > 3\)/);
});

test('without counters, nothing', async () => {
  execFileSync('gcc', ['-static', '-no-pie', 'prog.c', '-o', 'bare'], { cwd: folder });
  expect(profiledFiles(await readFile(path.join(folder, 'bare')))).toEqual([]);
  expect(rangeOf([])).toBeUndefined();
});

test('a file that was cut off is refused', () => {
  expect(() => profiledFiles(elf.subarray(0, 100))).toThrow(RangeError);
});

test('memory that is cut off, of another program or overwritten has no counters', () => {
  expect(valuesOf(files, range, memory.subarray(0, range.bytes - 1))).toBeUndefined();
  expect(valuesOf(files, range, Buffer.alloc(range.bytes))).toBeUndefined();
  expect(valuesOf(files, range, Buffer.alloc(range.bytes, 0xa5))).toBeUndefined();
  const moved = Buffer.concat([Buffer.alloc(8), memory]);
  expect(valuesOf(files, range, moved)).toBeUndefined();
});
