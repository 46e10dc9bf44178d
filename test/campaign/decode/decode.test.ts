// SPDX-License-Identifier: GPL-2.0-only
/** A run whose kernel oopsed in a function of a series: the real gcc, nm and addr2line, the tree's script a stand-in. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
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
import { discard, run } from '../../tree/sample.ts';

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
beforeEach(async () => {
  bench = await makeBench('tree = "d"\n');
  run(bench.clone, 'git', 'checkout', '-q', bench.tree.commit);
  commitFile(bench.clone, 'scripts/decode_stacktrace.sh', script, 'scripts: decode');
  await productOf(addTree(bench.workspace, 'd', { kind: 'git', location: bench.clone }, signal));
  commitFile(bench.clone, 'init/other.c', 'int other;\n', 'init: other');
  commitFile(bench.clone, 'init/main.c', source, 'init: go wrong');
  run(bench.clone, 'git', 'format-patch', '-q', '-2', '-o', patchFolder(bench.workspace, 'wrong'));
});
afterEach(() => discard(bench));

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
