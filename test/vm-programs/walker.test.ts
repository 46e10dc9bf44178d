// SPDX-License-Identifier: GPL-2.0-only
/** vm/walker on the host (INITBENCH_DRY=1): its counts and its sum, against what is expected of the same files. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectedWalk } from '../../src/evidence/fuzz/expected.ts';
import { newDraft } from '../../src/image/draft.ts';
import { build, run } from './programs.ts';

let folder: string;
let walker: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'initbench-walker-'));
  build(path.join(folder, 'out'), ['walker']);
  walker = path.join(folder, 'out/walker');
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const owner = { uid: process.getuid!(), gid: process.getgid!() };
const noise = Buffer.from(Uint8Array.from({ length: 200_001 }, (_, at) => (at * at) >>> 3));

/** The same files in a draft and on the host. */
function bothWays(top: string) {
  const draft = newDraft(path.join(folder, `draft-${path.basename(top)}`));
  const at = (name: string) => path.join(top, name);
  draft.directory('t');
  mkdirSync(top);
  for (const name of ['a', 'a/b']) {
    draft.directory(`t/${name}`, { mode: 0o750, ...owner });
    mkdirSync(at(name));
    chmodSync(at(name), 0o750);
  }
  for (const [name, content] of [
    ['empty', Buffer.alloc(0)],
    ['a/one', Buffer.from('x')],
    ['a/b/large', noise],
  ] as const) {
    draft.file(`t/${name}`, content, { mode: 0o640, ...owner });
    writeFileSync(at(name), content);
    chmodSync(at(name), 0o640);
    chownSync(at(name), owner.uid, owner.gid);
  }
  draft.symlink('t/a/link', '../empty', owner);
  symlinkSync('../empty', at('a/link'));
  return expectedWalk(draft.folder, draft.entries(), [], 't');
}

const walk = async (top: string) => {
  const { lines, exitCode } = await run(walker, { INITBENCH_DRY: '1', INITBENCH_WALK: top });
  expect(exitCode).toBe(0);
  return lines.find(({ name }) => name === 'walk')!.values;
};

test('what it finds is what was written, and nothing is changed by looking', async () => {
  const top = path.join(folder, 'tree');
  const expected = bothWays(top);
  expect(expected).toMatchObject({ directories: '2', files: '3', links: '1', bytes: '200002' });
  expect(await walk(top)).toMatchObject({ ...expected, changed: '0', errors: '0' });
  expect(await walk(top)).toMatchObject(expected);
});

test('one other byte is another sum', async () => {
  const top = path.join(folder, 'other');
  const expected = bothWays(top);
  const other = Buffer.from(noise);
  other[100_000] = other[100_000]! ^ 1;
  writeFileSync(path.join(top, 'a/b/large'), other);
  const found = await walk(top);
  expect(found).toMatchObject({ ...expected, sum: found.sum });
  expect(found.sum).not.toBe(expected.sum);
});

test('a root that cannot be opened is an error it counts', async () => {
  const found = await walk(path.join(folder, 'nowhere'));
  expect(found).toMatchObject({ directories: '0', errors: '1', first: 'opendir' });
});
