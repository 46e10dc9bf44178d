// SPDX-License-Identifier: GPL-2.0-only
/** Which KUnit suites a series brings, and what the tree says switches them on: read from the commits, whatever the
 *  suites are called. */
import path from 'node:path';
import type { z } from 'zod';
import { object, text, texts } from '../../document.ts';
import { git } from '../../host/git.ts';
import type { Series } from '../../series/series.ts';

/** A file that the series changes and that has a suite. */
export const suiteFileSchema = object({
  file: text,
  /** Names of its suites, where they are written out. */
  suites: texts,
  /** Number of the first patch that changes it: '0009'. */
  patch: text,
});
export type SuiteFile = z.infer<typeof suiteFileSchema>;

/** What kunit.py is told to switch on. */
export const switchesSchema = object({
  /** Files of the tree: `init/.kunitconfig`. */
  kunitconfigs: texts,
  /** Options that no such file has: CONFIG_X=y. */
  options: texts,
});
export type Switches = z.infer<typeof switchesSchema>;

const sources = /\.(?:[ch]|inc)$/;

/** Names in the initialisers of `struct kunit_suite`. */
export function suitesIn(text: string): string[] {
  const names: string[] = [];
  for (const { 1: body } of text.matchAll(/struct\s+kunit_suite\s[^;{}()]*=\s*\{([^{}]*)/g)) {
    const name = /\.name\s*=\s*"([^"\n]+)"/.exec(body!)?.[1];
    if (name !== undefined) names.push(name);
  }
  return names;
}

const hasSuite = (text: string): boolean => /struct\s+kunit_suite\s[^;{}()]*=\s*\{/.test(text);

/** The files of a series that have suites, as they are after its last patch. */
export async function suiteFiles(
  repository: string,
  series: Pick<Series, 'patches'>,
  tip: string,
  signal: AbortSignal,
): Promise<readonly SuiteFile[]> {
  const firstPatch = new Map<string, string>();
  for (const patch of series.patches) {
    for (const { path: file } of patch.files) {
      if (sources.test(file) && !firstPatch.has(file)) firstPatch.set(file, patch.file);
    }
  }
  if (firstPatch.size === 0) return [];
  const grep = ['grep', '-l', '-z', '-F', 'struct kunit_suite', tip, '--', ...firstPatch.keys()];
  const found = (await git(repository, grep, signal, { accept: [1] })).split('\0').filter(Boolean);
  const files: SuiteFile[] = [];
  for (const name of found) {
    const file = name.slice(tip.length + 1);
    const text = await git(repository, ['show', `${tip}:${file}`], signal);
    if (!hasSuite(text)) continue;
    const patch = /^(?:v\d+-)?(\d+)/.exec(firstPatch.get(file)!)?.[1] ?? firstPatch.get(file)!;
    files.push({ file, suites: suitesIn(text), patch });
  }
  return files;
}

/** The nearest .kunitconfig at or above each file, and the option of its Makefile's line where none has it. */
export async function switchesOf(
  repository: string,
  tip: string,
  files: readonly string[],
  signal: AbortSignal,
): Promise<Switches> {
  const chosen = new Set<string>();
  const options = new Set<string>();
  for (const file of files) {
    const above = foldersAbove(file);
    const present = await filesAt(
      repository,
      tip,
      above.flatMap(folder => [`${folder}/.kunitconfig`, `${folder}/Makefile`]),
      signal,
    );
    const kunitconfig = above.map(folder => `${folder}/.kunitconfig`).find(name => present.has(name));
    if (kunitconfig !== undefined) chosen.add(kunitconfig);
    const makefile = `${path.dirname(file)}/Makefile`;
    if (!present.has(makefile)) continue;
    const option = optionOf(await git(repository, ['show', `${tip}:${makefile}`], signal), file);
    if (option !== undefined) options.add(option);
  }
  const texts: string[] = [];
  for (const name of chosen) texts.push(await git(repository, ['show', `${tip}:${name}`], signal));
  const requested = texts.flatMap(text => text.split('\n').map(line => line.trim()));
  const lacking = ['CONFIG_KUNIT', ...options].filter(option => !requested.includes(`${option}=y`));
  return { kunitconfigs: [...chosen].sort(), options: lacking.map(option => `${option}=y`) };
}

/** 'a/b', 'a' of 'a/b/c.c': not the top of the tree. */
function foldersAbove(file: string): string[] {
  const folder = path.dirname(file);
  return folder === '.' ? [] : [folder, ...foldersAbove(folder)];
}

/** Those of the files that a commit has. */
export async function filesAt(
  repository: string,
  commit: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  const found = await git(repository, ['ls-tree', '--name-only', '-z', commit, '--', ...names], signal);
  return new Set(found.split('\0').filter(Boolean));
}

/** The option that a Makefile's line builds a source's object with: CONFIG_X of `obj-$(CONFIG_X) += x.o`. */
export function optionOf(makefile: string, file: string): string | undefined {
  const object = `${path.basename(file).replace(/\.\w+$/, '')}.o`;
  for (const line of makefile.replaceAll('\\\n', ' ').split('\n')) {
    const match = /^[^#]*?-\$\((CONFIG_\w+)\)\s*[+:]?=\s*(.*)$/.exec(line);
    if (match?.[2]!.split(/\s+/).includes(object)) return match[1];
  }
  return undefined;
}
