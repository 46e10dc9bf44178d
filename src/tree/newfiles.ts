// SPDX-License-Identifier: GPL-2.0-only
/** New files of a worktree, which are in no commit: the untracked ones, those that an ignore rule hides, and the rules of
 *  a tree that hide its own sources (gitignore(5)). */
import path from 'node:path';
import type { z } from 'zod';
import { list, number, object, text } from '../document.ts';
import { readIfThere } from '../host/files.ts';
import { git, type GitOptions, ownConfigOnly } from '../host/git.ts';

const ignoreRuleSchema = object({
  /** The file it stands in, as git names it: '.gitignore', or an absolute path outside the tree. */
  file: text,
  /** From 1. */
  line: number,
  pattern: text,
});
export type IgnoreRule = z.infer<typeof ignoreRuleSchema>;

const newFileSchema = object({
  path: text,
  /** The rule that hides it from git add and git status; absent for a file that is only untracked. */
  rule: ignoreRuleSchema.exactOptional(),
});
export type NewFile = z.infer<typeof newFileSchema>;

/** What lies in a worktree and is in no commit, tracked files aside. */
export const newFilesSchema = object({
  /** Untracked files, and ignored ones that are named as sources are. */
  files: list(newFileSchema),
  /** How many more are ignored, as what a build leaves is. */
  ignored: number,
});
export type NewFiles = z.infer<typeof newFilesSchema>;

/** 'fs/new.c', or 'fs/new.c (ignored: line 182 of .gitignore, /*)'. */
export const formatNewFile = ({ path: file, rule }: NewFile): string =>
  rule === undefined ? file : `${file} (ignored: line ${rule.line} of ${rule.file}, ${rule.pattern})`;

const none: readonly string[] = [];
const zeroTerminated = (text: string): readonly string[] => text.split('\0').filter(Boolean);

/** The rules of .gitignore files by which git ignores folders that hold tracked files: packaging keeps its own files
 *  with a rule such as `/*`, and everything new would be left out. Empty for the tree of a release. */
export async function hidingRules(worktree: string, signal: AbortSignal): Promise<readonly IgnoreRule[]> {
  const tracked = zeroTerminated(await ask(worktree, ['ls-files', '-z'], signal));
  const rules = await rulesFor(worktree, foldersOf(tracked), signal, ['--no-index']);
  const own = [...rules.values()].filter(rule => isOfTree(rule));
  return own.filter(
    (rule, index) => own.findIndex(other => other.file === rule.file && other.line === rule.line) === index,
  );
}

/** Every folder that the files lie in. */
function foldersOf(files: readonly string[]): readonly string[] {
  const folders = new Set<string>();
  for (const file of files) {
    for (let at = path.dirname(file); at !== '.' && !folders.has(at); at = path.dirname(at)) folders.add(at);
  }
  return [...folders];
}

/** The rule that ignores each of these paths; those that none ignores are left out. */
async function rulesFor(
  worktree: string,
  paths: readonly string[],
  signal: AbortSignal,
  options: readonly string[] = none,
  environment: GitOptions = { env: ownConfigOnly },
): Promise<ReadonlyMap<string, IgnoreRule>> {
  const rules = new Map<string, IgnoreRule>();
  if (paths.length === 0) return rules;
  const answer = await git(worktree, [...deaf, 'check-ignore', ...options, '-v', '-z', '--stdin'], signal, {
    ...environment,
    input: paths.map(each => `${each}\0`).join(''),
    accept: [1],
  });
  const fields = answer.split('\0');
  for (let at = 0; at + 3 < fields.length; at += 4) {
    const [file, line, pattern, about] = fields.slice(at, at + 4) as [string, string, string, string];
    if (!pattern.startsWith('!')) rules.set(about, { file, line: Number(line), pattern });
  }
  return rules;
}

const isOfTree = ({ file }: IgnoreRule) => !path.isAbsolute(file) && path.basename(file) === '.gitignore';

/** A worktree may be a person's, whose git starts a program to learn of changes. */
const deaf = ['-c', 'core.fsmonitor=false'] as const;

const ask = (
  worktree: string,
  args: readonly string[],
  signal: AbortSignal,
  environment: GitOptions = { env: ownConfigOnly },
) => git(worktree, [...deaf, ...args], signal, environment);

/** New files of a worktree. `whose`: a person's clone has ignore rules of that person, which count there. */
export async function newFiles(
  worktree: string,
  signal: AbortSignal,
  whose: 'ours' | 'a person' = 'ours',
): Promise<NewFiles> {
  const environment: GitOptions = whose === 'ours' ? { env: ownConfigOnly } : {};
  const list = async (...options: readonly string[]) =>
    zeroTerminated(await ask(worktree, ['ls-files', '-z', ...options], signal, environment));
  const untracked = (await list('--others', '--exclude-standard')).map(name => ({ path: name }));
  const ignored = await list('--others', '--ignored', '--exclude-standard');
  if (ignored.length === 0) return { files: untracked, ignored: 0 };
  const inBuild = buildDirectories(ignored);
  const isSource = sourceNames(await list(), (await readIfThere(path.join(worktree, '.gitignore'))) ?? '');
  const rules = await rulesFor(
    worktree,
    ignored.filter(file => !inBuild(file) && isSource(file)),
    signal,
    none,
    environment,
  );
  const hiding = rules.size > 0 ? await hidingRules(worktree, signal) : [];
  const hidden = [...rules].flatMap(([name, rule]): NewFile[] =>
    leavesProducts(rule, hiding) ? [] : [{ path: name, rule }],
  );
  return { files: [...untracked, ...hidden], ignored: ignored.length - hidden.length };
}

/** Whether a file lies in a build directory (make O=...): one that has a configuration. */
function buildDirectories(ignored: readonly string[]): (file: string) => boolean {
  const folders = ignored
    .filter(file => file.endsWith('/.config'))
    .map(file => file.slice(0, -'.config'.length));
  return file => /^build[^/]*\//.test(file) || folders.some(folder => file.startsWith(folder));
}

/** Whether a file is named as a tree's sources are: its suffix, or a name without one ('Kconfig'), is that of a tracked
 *  file, and none that the tree ignores everywhere ('*.o'). */
function sourceNames(tracked: readonly string[], ignores: string): (file: string) => boolean {
  const kindOf = (file: string) => path.extname(file) || path.basename(file);
  const kinds = new Set(tracked.map(kindOf));
  for (const line of ignores.split('\n')) if (/^\*\.\w+$/.test(line)) kinds.delete(line.slice(1));
  return file => kinds.has(kindOf(file));
}

/** initbench's own, of info/exclude: build directories. */
export const buildFolders = '/build*/';

/** Whether a rule is about what a build leaves: one that the tree's own files have for a name or a suffix ('*.mod.c',
 *  '/include/generated/'), not one that is about everything ('*') or about a folder of sources. */
function leavesProducts(rule: IgnoreRule, hiding: readonly IgnoreRule[]): boolean {
  if (!isOfTree(rule) || /^[*?/]+$/.test(rule.pattern)) return false;
  return !hiding.some(({ file, line }) => file === rule.file && line === rule.line);
}
