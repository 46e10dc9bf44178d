// SPDX-License-Identifier: GPL-2.0-only
/** Which objects of a finished build a change of some files makes anew: the dependencies that kbuild's fixdep wrote
 *  down beside each object (scripts/basic/fixdep.c). */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

export interface Dependencies {
  /** 'fs/erofs/super.o' */
  readonly object: string;
  /** As seen from the top of the tree: 'fs/erofs/super.c'. */
  readonly source: string;
  readonly files: ReadonlySet<string>;
}

/** Reads a `.super.o.cmd`; undefined when it is not about an object made from a source of the tree. */
export function parseDependencies(text: string): Dependencies | undefined {
  const source = /^source_(\S+\.o) := (?:\.\.\/)+(\S+)$/m.exec(text);
  const list = /^deps_\S+ := \\\n((?:.*\\\n)*.*)$/m.exec(text);
  if (!source || !list) return undefined;
  const files = list[1]!
    .split('\n')
    .map(line => /^ +(?:\.\.\/)+(\S+) *\\?$/.exec(line)?.[1])
    .filter(file => file !== undefined);
  return { object: source[1]!, source: source[2]!, files: new Set([source[2]!, ...files]) };
}

/** What is built by Makefiles of its own for another world than the kernel's: no single target of kbuild's. */
const elsewhere =
  /^(scripts|tools|samples|usr)\/|^arch\/[^/]+\/(boot|realmode|purgatory)\/|\/vdso(32|64|)\/|^arch\/[^/]+\/kvm\/hyp\//;

/** Those of the objects, made from C, that a change of these files makes anew; sorted. */
export function affectedObjects(
  all: readonly Dependencies[],
  changed: readonly string[],
): readonly Dependencies[] {
  return all
    .filter(({ source, object }) => source.endsWith('.c') && !elsewhere.test(object))
    .filter(({ files }) => changed.some(file => files.has(file)))
    .sort((a, b) => (a.object < b.object ? -1 : 1));
}

/** The dependencies of every object of a build directory. */
export async function readDependencies(folder: string): Promise<Dependencies[]> {
  const found: Dependencies[] = [];
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(below, { withFileTypes: true })) {
      const file = path.join(below, entry.name);
      if (entry.isDirectory()) await walk(file);
      else if (/^\..+\.o\.cmd$/.test(entry.name)) {
        const dependencies = parseDependencies(await readFile(file, 'utf8'));
        if (dependencies) found.push(dependencies);
      }
    }
  };
  await walk(folder);
  return found;
}

/** What a change is of: files as seen from the top of the tree, options without CONFIG_. */
export interface Changes {
  readonly files: readonly string[];
  readonly options: readonly string[];
}

/** Those of a build directory's objects that a change makes anew, by what fixdep wrote down. */
export async function objectsOf(folder: string, { files, options }: Changes): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  if (files.length + options.length === 0) return found;
  // '    ../fs/erofs/super.c \\', '    $(wildcard include/config/EROFS_FS_ZIP) \\'
  const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const marks = [
    ...files.map(file => `/${escaped(file)}\\s`),
    ...options.map(option => `include/config/${escaped(option)}\\)`),
  ];
  const any = new RegExp(marks.join('|'));
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(path.join(folder, below), { withFileTypes: true })) {
      if (entry.isDirectory()) await walk(path.join(below, entry.name));
      const object = /^\.(.+\.o)\.cmd$/.exec(entry.name)?.[1];
      if (!entry.isFile() || object === undefined) continue;
      if (any.test(await readFile(path.join(folder, below, entry.name), 'latin1'))) {
        found.add(path.join(below, object));
      }
    }
  };
  await walk('');
  return found;
}

/** The options that two configurations do not both have, or have with other values. */
export function differingOptions(before: string, after: string): readonly string[] {
  const valuesOf = (text: string) =>
    new Map(
      text.split('\n').flatMap(line => {
        const match = /^CONFIG_(\w+)=(.*)$/.exec(line);
        return match ? [[match[1]!, match[2]!] as const] : [];
      }),
    );
  const [old, now] = [valuesOf(before), valuesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].filter(name => old.get(name) !== now.get(name));
}
