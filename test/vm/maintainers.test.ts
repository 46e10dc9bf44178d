// SPDX-License-Identifier: GPL-2.0-only
/** The real get_maintainer.pl over the real MAINTAINERS: no line that it prints is lost. `npm run test:all` takes every
 *  section, and a file of each folder; every file of the tree, which is hours:
 *
 *    INITBENCH_TEST_ALL=1 INITBENCH_EVERY_FILE=1 npx vitest run --project vm test/vm/maintainers.test.ts
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture } from '../../src/host/exec.ts';
import { git } from '../../src/host/git.ts';
import { parseMaintainers } from '../../src/submit/maintainers.ts';
import { formatRecipients, joinRecipients, parseRecipients } from '../../src/submit/recipients.ts';
import { prepareTree } from '../../src/tree/trees.ts';
import { worktreeAt } from '../../src/tree/worktree.ts';
import { folders } from '../../src/workspace.ts';
import { ended, everything, signal, workspace } from './house.ts';

/** The tree without its repository, which the script would ask about each file. */
let folder: string;
let tree: string;
let files: readonly string[];

const script = ['perl', 'scripts/get_maintainer.pl', '--nogit', '--nogit-fallback', '--rolestats'];
const ask = (names: readonly string[], more: readonly string[] = []) =>
  capture([...script, '--no-remove-duplicates', ...more, '-f', ...names], { cwd: folder, signal });

beforeAll(async () => {
  if (!everything) return;
  const { product } = await ended(prepareTree(workspace, workspace.settings.tree, signal));
  const worktree = (await ended(worktreeAt(workspace, product, 'base', product.commit, signal))).product;
  tree = worktree.path;
  const list = await git(
    folders.repository(workspace),
    ['ls-tree', '-r', '-z', '--name-only', product.commit],
    signal,
  );
  files = list.split('\0').filter(Boolean);
  folder = mkdtempSync(path.join(tmpdir(), 'initbench-test-'));
  for (const name of readdirSync(tree)) {
    if (name !== '.git') symlinkSync(path.join(tree, name), path.join(folder, name));
  }
});
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Each line is a recipient, and comes back from the file. */
function expectAll(lines: ReadonlySet<string>): void {
  const { found, unread } = parseMaintainers([...lines].join('\n'), 1);
  expect(unread).toEqual([]);
  expect(found).toHaveLength(lines.size);
  const list = joinRecipients(found);
  const back = parseRecipients(formatRecipients({ list }), 'recipients').list;
  expect(back.map(({ address }) => address)).toEqual(list.map(({ address }) => address));
  const emails = new Set([...lines].map(line => /[^\s<"]+@[^\s>"]+/.exec(line)![0].toLowerCase()));
  expect(new Set(back.map(({ address }) => address.email.toLowerCase()))).toEqual(emails);
}

describe.skipIf(!everything)('of Linux 7.3', () => {
  test('every person and list of every section', async () => {
    const file = path.join(folder, 'MAINTAINERS');
    const text = readFileSync(file, 'utf8');
    // Each section is made one of a file: the script prints all of them at once.
    const all = text.replace(/^(?![A-Z]:)(\S.*\n)(?=[A-Z]:\t)/gm, '$1F:\tinit/main.c\n');
    rmSync(file);
    try {
      writeFileSync(file, all);
      // Addresses as they stand in the file, closed lists and the last instance among them.
      const lines = new Set(
        (await ask(['init/main.c'], ['--no-mailmap', '--s', '--git-chief-penguins'])).split('\n'),
      );
      expect(lines.size).toBeGreaterThan(2000);
      expectAll(lines);
      const printed = [...lines].join('\n').toLowerCase();
      const ignored = readFileSync(path.join(tree, '.get_maintainer.ignore'), 'utf8').toLowerCase();
      const named = [...text.matchAll(/^[MRL]:\s+(.*)$/gm)].map(match =>
        /[^\s<]+@[^\s>]+/.exec(match[1]!)![0].toLowerCase(),
      );
      expect(named.filter(email => !printed.includes(email) && !ignored.includes(email))).toEqual([]);
    } finally {
      rmSync(file, { force: true });
      symlinkSync(path.join(tree, 'MAINTAINERS'), file);
    }
  });

  test('every line for the files of the tree', { timeout: 8 * 3_600_000 }, async () => {
    const first = new Map(files.map(name => [path.dirname(name), name]));
    const asked = process.env.INITBENCH_EVERY_FILE === '1' ? files : [...first.values()];
    const lines = new Set<string>();
    for (let at = 0; at < asked.length; at += 400) {
      for (const line of (await ask(asked.slice(at, at + 400))).split('\n')) lines.add(line);
    }
    lines.delete('');
    process.stderr.write(`  ${lines.size} lines for ${asked.length} files\n`);
    expect(lines.size).toBeGreaterThan(1000);
    expectAll(lines);
  });
});
