// SPDX-License-Identifier: GPL-2.0-only
/** A worktree of ours whose ignore files do not hide new sources: own copies of them, without the rules that do, which
 *  git leaves out of commits. */
import { createHash } from 'node:crypto';
import { lstat, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readIfThere, writeWhole } from '../host/files.ts';
import { adminFolderOf, git, ownConfigOnly } from '../host/git.ts';
import { hidingRules, type IgnoreRule } from './newfiles.ts';

/** By path, the digest of the copy that lies there, and the blob that it is a copy of. */
type Copies = Readonly<Record<string, { readonly digest: string; readonly blob: string }>>;

/** The ignore files of a worktree without the rules that hide its sources: an own copy of each lies there, under git's
 *  skip-worktree bit, so that no commit takes it. No other place outranks a .gitignore. Files that `edited` names stay as
 *  they are. Returns the rules that are out of force for the first time. */
export async function openIgnores(
  worktree: string,
  edited: (file: string) => Promise<boolean>,
  signal: AbortSignal,
): Promise<readonly IgnoreRule[]> {
  if (await allCurrent(worktree, signal)) return [];
  await restoreIgnores(worktree, signal);
  const opened: IgnoreRule[] = [];
  const leave = new Set<string>();
  // Behind a rule that hides a folder there may be others about what lies in it.
  for (let round = 0; round < 8; round++) {
    const rules = (await hidingRules(worktree, signal)).filter(({ file }) => !leave.has(file));
    if (rules.length === 0) break;
    for (const file of new Set(rules.map(rule => rule.file))) {
      const lines = rules.filter(rule => rule.file === file);
      const ours = opened.some(rule => rule.file === file);
      if (!ours && (await isTouched(worktree, file, edited, signal))) {
        leave.add(file);
      } else {
        await writeCopy(worktree, file, lines, signal);
        opened.push(...lines);
      }
    }
  }
  return opened;
}

/** Whether a person's commits or hands have changed an ignore file. */
async function isTouched(
  worktree: string,
  file: string,
  edited: (file: string) => Promise<boolean>,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await lstat(path.join(worktree, file)).catch(() => undefined);
  if (!found?.isFile()) return true;
  const status = await ask(worktree, ['status', '--porcelain=v1', '--', file], signal);
  return status !== '' || (await edited(file));
}

async function writeCopy(
  worktree: string,
  file: string,
  rules: readonly IgnoreRule[],
  signal: AbortSignal,
): Promise<void> {
  const place = path.join(worktree, file);
  const out = new Set(rules.map(({ line }) => line));
  const lines = (await readFile(place, 'latin1')).split('\n');
  const text = lines.map((line, index) => (out.has(index + 1) ? `# ${line}` : line)).join('\n');
  const bytes = Buffer.from(text, 'latin1');
  const blob = await ask(worktree, ['rev-parse', `:${file}`], signal);
  const copies = await readCopies(worktree);
  // The record first: a copy that it does not know would be taken for a person's.
  await writeCopies(worktree, { ...copies, [file]: { digest: sha(bytes), blob } });
  await ask(worktree, ['update-index', '--skip-worktree', '--', file], signal);
  await writeFile(place, bytes);
}

/** The ignore files as the tree has them, before git moves the worktree: it would find its own changed. Copies that a
 *  person has changed stay. */
export async function restoreIgnores(worktree: string, signal: AbortSignal): Promise<void> {
  const copies = await readCopies(worktree);
  const changed = await changedCopies(worktree, signal);
  const files = Object.keys(copies).filter(file => !changed.includes(file));
  if (files.length === 0) return;
  const there = (await ask(worktree, ['ls-files', '-z', '--', ...files], signal)).split('\0').filter(Boolean);
  if (there.length > 0) {
    await ask(worktree, ['update-index', '--no-skip-worktree', '--', ...there], signal);
    await ask(worktree, ['checkout-index', '--force', '--index', '--', ...there], signal);
  }
  const left = Object.entries(copies).filter(([file]) => changed.includes(file));
  await writeCopies(worktree, Object.fromEntries(left));
}

/** Our copies of ignore files that a person has changed since: git itself does not see that. */
export async function changedCopies(worktree: string, signal: AbortSignal): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const [file, { digest }] of Object.entries(await readCopies(worktree))) {
    const bytes = await readFile(path.join(worktree, file)).catch(() => undefined);
    if (bytes === undefined || sha(bytes) === digest) continue;
    // The tree's own file, where we were killed between the record and the copy.
    const asked = ['rev-parse', '--verify', '--quiet', `:${file}`];
    if (blobId(bytes) !== (await ask(worktree, asked, signal, [1]))) changed.push(file);
  }
  return changed;
}

/** Whether each copy lies there as it was made, of the file that the index has now. */
async function allCurrent(worktree: string, signal: AbortSignal): Promise<boolean> {
  const copies = Object.entries(await readCopies(worktree));
  if (copies.length === 0) return false;
  for (const [file, { digest }] of copies) {
    const bytes = await readFile(path.join(worktree, file)).catch(() => undefined);
    if (bytes === undefined || sha(bytes) !== digest) return false;
  }
  // TAG MODE BLOB STAGE TAB PATH; 'S': the skip-worktree bit.
  const list = ['ls-files', '-t', '-s', '-z', '--', ...copies.map(([file]) => file)];
  const there = (await ask(worktree, list, signal)).split('\0').filter(Boolean);
  return copies.every(([file, { blob }]) =>
    there.some(line => line.startsWith('S ') && line.split(' ')[2] === blob && line.endsWith(`\t${file}`)),
  );
}

const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const blobId = (bytes: Buffer) =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

const ask = (
  worktree: string,
  args: readonly string[],
  signal: AbortSignal,
  accept: readonly number[] = [],
) => git(worktree, ['--literal-pathspecs', ...args], signal, { env: ownConfigOnly, accept });

/** Lies in the worktree's administrative folder, which its .git file names. */
async function recordFile(worktree: string): Promise<string> {
  return path.join(await adminFolderOf(worktree), 'initbench-ignores.json');
}

async function readCopies(worktree: string): Promise<Copies> {
  const text = await readIfThere(await recordFile(worktree));
  return text === undefined ? {} : (JSON.parse(text) as Copies);
}

async function writeCopies(worktree: string, copies: Copies): Promise<void> {
  const file = await recordFile(worktree);
  if (Object.keys(copies).length > 0) await writeWhole(file, `${JSON.stringify(copies)}\n`);
  else await rm(file, { force: true });
}
