// SPDX-License-Identifier: GPL-2.0-only
/** A run whose kernel oopsed in a function of a series: the real gcc, nm and addr2line, the tree's script a stand-in. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { decodeConsole } from '../../../src/campaign/decode/decode.ts';
import { decode } from '../../../src/commands/decode.ts';
import { productOf } from '../../../src/events.ts';
import { kernelFolder, writeKernel } from '../../../src/kernel/store.ts';
import { commitSeries } from '../../../src/series/apply.ts';
import { readSeries } from '../../../src/series/read.ts';
import { addTree } from '../../../src/tree/trees.ts';
import { folders } from '../../../src/workspace.ts';
import { digest, sampleKernel } from '../../boot/machine.ts';
import { type Bench, commitFile, makeBench, patchFolder, signal } from '../../series/bench.ts';
import { restoredForEach, run } from '../../tree/sample.ts';
import { conforming } from '../../conforms.ts';

const source = 'int bad(int *p)\n{\n\treturn *p;\n}\n\nint start_kernel(void)\n{\n\treturn bad(0) + 1;\n}\n';
/** As the tree's, as far as one frame a line goes; it notes what it was given. */
const script = `#!/bin/bash
while read -r word; do
	echo "$word" >> given
	name=\${word%+*}; offset=\${word#*+}; offset=\${offset%/*}
	base=$(nm "$1" | awk -v n="$name" '$3 == n { print $1 }')
	echo "$name ($(addr2line -i -e "$1" $(printf %x $((0x$base + offset - 1))) | tr '\\n' ' '))"
done
`;

let bench: Bench;
let size: number;
restoredForEach(async () => {
  bench = await makeBench('tree = "d"\n');
  run(bench.clone, 'git', 'checkout', '-q', bench.tree.commit);
  commitFile(bench.clone, 'scripts/decode_stacktrace.sh', script, 'scripts: decode');
  await productOf(addTree(bench.workspace, 'd', { kind: 'git', location: bench.clone }, signal));
  commitFile(bench.clone, 'init/other.c', 'int other;\n', 'init: other');
  commitFile(bench.clone, 'init/main.c', source, 'init: go wrong');
  run(bench.clone, 'git', 'format-patch', '-q', '-2', '-o', patchFolder(bench.workspace, 'wrong'));
  return bench;
});

/** The patch behind those changes start_kernel(): what it adds is inlined there. */
const inlined = source
  .replace(
    'int start_kernel',
    'static inline __attribute__((always_inline)) int added(int *p)\n{\n\treturn *(volatile int *)p;\n}\n\nint start_kernel',
  )
  .replace('return bad(0) + 1', 'return bad(0) + added((int *)8)');

/** A kernel of the series, compiled as kbuild does in a build folder, and a run of it with an oops in bad(). */
async function oops(
  flags: readonly string[],
  { patches = 2, frame = 'bad', offset = 0 } = {},
): Promise<void> {
  const series = await readSeries(bench.workspace, 'wrong');
  const tree = { ...bench.tree, name: 'd', commit: run(bench.clone, 'git', 'rev-parse', `HEAD~${patches}`) };
  const commits = (await productOf(commitSeries(bench.workspace, tree, series, signal))) as string[];
  const folder = kernelFolder(bench.workspace, digest('a'));
  mkdirSync(folder, { recursive: true });
  mkdirSync(path.join(bench.clone, 'build-x'), { recursive: true });
  const gcc = [
    '-O1',
    '-fno-inline',
    '-fno-pie',
    '-static',
    '-nostdlib',
    '-Wl,-estart_kernel',
    '-Wl,--build-id=none',
  ];
  execFileSync('gcc', [...gcc, ...flags, '../init/main.c', '-o', path.join(folder, 'vmlinux')], {
    cwd: path.join(bench.clone, 'build-x'),
  });
  await writeKernel(folder, sampleKernel(folder, { name: 'wrong', tree: 'd', commit: commits.at(-1)! }));
  const symbols = run(folder, 'nm', '-n', 'vmlinux')
    .split('\n')
    .map(line => line.split(' '));
  const at = symbols.findIndex(([, , name]) => name === frame);
  size = Number.parseInt(symbols[at + 1]![0]!, 16) - Number.parseInt(symbols[at]![0]!, 16);
  const place = path.join(folders.runs(bench.workspace), '20261125T000000-abcd');
  mkdirSync(place, { recursive: true });
  const header = {
    id: '20261125T000000-abcd',
    row: 'x',
    flow: 'x',
    kernel: { digest: digest('a'), name: 'wrong', tree: 'd' },
    host: {},
  };
  writeFileSync(path.join(place, 'events.jsonl'), `${JSON.stringify({ initbenchRun: 1, header })}\n`);
  writeFileSync(
    path.join(place, 'console.log'),
    `BUG: kernel NULL pointer dereference\nRIP: 0010:${frame}+0x${offset.toString(16)}/0x${size.toString(16)}\nCall Trace:\n x[$(touch ran)]+0x1/0x2\n start_kernel+0x9/0x999\n---[ end trace\n`,
  );
}

test('file, line and patch; what is of another size is not guessed at', async () => {
  await oops(['-g1']);
  const decoded = await productOf(decodeConsole(bench.workspace, { run: '@' }, { build: false }, signal));
  conforming(decode.json(decoded));
  expect(decoded.lines).toBe(true);
  const [frame, other] = decoded.traces[0]!.frames;
  expect(frame).toMatchObject({
    symbol: 'bad',
    locations: [{ file: 'init/main.c', line: 3 }],
    owners: [{ number: 2, subject: 'init: go wrong' }],
  });
  expect(other).toMatchObject({ symbol: 'start_kernel', locations: [] });
  expect(decoded.notes.join('\n')).toContain('start_kernel');
  expect(decode.text(decoded, 80)).toContain('nearest to it: patch 2, init: go wrong');
  expect(existsSync(path.join(bench.folder, 'ran')) || existsSync('ran')).toBe(false);
});

test('without line tables the function still has an owner, and what is lost is said', async () => {
  await oops([]);
  const decoded = await productOf(decodeConsole(bench.workspace, { run: '@' }, { build: false }, signal));
  expect(decoded.lines).toBe(false);
  expect(decoded.traces[0]!.frames[0]).toMatchObject({ locations: [], owners: [{ number: 2 }] });
  expect(decoded.notes[0]).toContain('--build');
});

/** Where start_kernel() reads from the address 8, which the inlined function alone does. */
function readOf8(vmlinux: string): number {
  const lines = run(path.dirname(vmlinux), 'objdump', '-d', '--no-show-raw-insn', vmlinux).split('\n');
  const start = lines.findIndex(line => line.endsWith('<start_kernel>:'));
  const read = lines.findIndex((line, index) => index > start && /0x8,|\b0x8\b/.test(line));
  const at = (index: number) => Number.parseInt(lines[index]!.trim(), 16);
  return at(read) - at(start + 1);
}

describe('a function that was inlined', () => {
  const vmlinux = () => path.join(kernelFolder(bench.workspace, digest('a')), 'vmlinux');
  beforeEach(async () => {
    commitFile(bench.clone, 'init/main.c', inlined, 'init: go wrong elsewhere');
    run(bench.clone, 'git', 'format-patch', '-q', '-3', '-o', patchFolder(bench.workspace, 'wrong'));
    await oops(['-g1'], { patches: 3, frame: 'start_kernel' });
    await oops(['-g1'], { patches: 3, frame: 'start_kernel', offset: readOf8(vmlinux()) });
  });

  test('is named with its own patch first', async () => {
    const decoded = await productOf(decodeConsole(bench.workspace, { run: '@' }, { build: false }, signal));
    const [frame] = decoded.traces[0]!.frames;
    expect(frame).toMatchObject({ symbol: 'start_kernel', owners: [{ number: 3 }] });
    expect(frame!.locations.map(({ line }) => line)).toEqual([8, 13]);
    expect(decode.text(decoded, 80)).toContain('nearest to it: patch 3, init: go wrong elsewhere');
  });

  test('without line tables it is said that it cannot be seen', async () => {
    run(path.dirname(vmlinux()), 'strip', '--strip-debug', 'vmlinux');
    const decoded = await productOf(decodeConsole(bench.workspace, { run: '@' }, { build: false }, signal));
    expect(decoded.notes[0]).toMatch(/functions only, and not what was inlined into them; --build makes/);
    expect(decode.text(decoded, 80).join('\n')).toMatch(/by function, what was inlined unseen: patch/);
  });
});

describe('a console that somebody saved', () => {
  const console = () => path.join(bench.folder, 'dmesg.txt');
  beforeEach(async () => {
    await oops(['-g1']);
    const folder = path.join(folders.runs(bench.workspace), '20261125T000000-abcd');
    const lines = run(folder, 'cat', 'console.log').split('\n');
    writeFileSync(console(), lines.map(line => `Nov 30 09:40:00 box kernel: ${line}\n`).join(''));
  });
  const vmlinux = () => path.join(kernelFolder(bench.workspace, digest('a')), 'vmlinux');

  test('with the name of its kernel: as a run', async () => {
    const work = decodeConsole(
      bench.workspace,
      { file: console(), kernel: 'wrong' },
      { build: false },
      signal,
    );
    const decoded = await productOf(work);
    expect(decoded.traces[0]!.frames[0]).toMatchObject({
      locations: [{ file: 'init/main.c', line: 3 }],
      owners: [{ number: 2 }],
    });
  });

  test('with a vmlinux: files and lines, nobody to own them', async () => {
    const work = decodeConsole(
      { ...bench.workspace, settings: { ...bench.workspace.settings, tree: 'd' } },
      { file: console(), vmlinux: vmlinux() },
      { build: false },
      signal,
    );
    const decoded = await productOf(work);
    expect(decoded.traces[0]!.frames[0]).toMatchObject({
      locations: [{ file: 'init/main.c', line: 3 }],
      owners: [],
    });
    expect(decode.text(decoded, 80)[0]).toBe(`${console()}: ${vmlinux()}`);
  });

  test.each([
    ['an unknown kernel', () => ({ file: console(), kernel: 'nope' }), /kernel/],
    ['no vmlinux', () => ({ file: console(), vmlinux: '/nope/vmlinux' }), /there is no \/nope\/vmlinux/],
    ['no console', () => ({ file: '/nope/dmesg.txt', vmlinux: vmlinux() }), /cannot read \/nope\/dmesg.txt/],
  ])('%s: one sentence', async (_name, subject, message) => {
    await expect(
      productOf(decodeConsole(bench.workspace, subject(), { build: false }, signal)),
    ).rejects.toThrow(message);
  });
});
