// SPDX-License-Identifier: GPL-2.0-only
/** From what gcov counted to the lines that a series adds: which were reached, and by what. Pure. */
import path from 'node:path';
import type { z } from 'zod';
import { list, number, object, table, text } from '../../document.ts';

/** Times that a line was run, by its number. Lines without code are not in it. */
export type Counts = ReadonlyMap<number, number>;

/** What gcov --json-format prints (gcov(1)), as far as it is read. */
interface GcovAnswer {
  readonly files: readonly {
    readonly file: string;
    readonly lines: readonly {
      readonly line_number: number;
      readonly count: number;
      readonly function_name?: string;
    }[];
  }[];
}

/** By file as seen from `top`, the tree: the compiler ran in a folder below it. */
export function parseGcov(answer: string, top: string): Map<string, Counts> {
  const { files } = JSON.parse(answer) as GcovAnswer;
  return new Map(
    files.map(({ file, lines }) => [
      path.isAbsolute(file) ? path.relative(top, file) : file.replace(/^(?:\.\.?\/)+/, ''),
      summed(lines.map(line => new Map([[line.line_number, line.count]]))),
    ]),
  );
}

/** A line may be several times in a file's answer, and a file in those of several objects and kernels. */
export function summed(counts: readonly Counts[]): Counts {
  const sum = new Map<number, number>();
  for (const one of counts) for (const [line, count] of one) sum.set(line, (sum.get(line) ?? 0) + count);
  return sum;
}

export const missedSchema = object({
  file: text,
  line: number,
  /** The line itself, without what is in front of it. */
  source: text,
});
export type Missed = z.infer<typeof missedSchema>;

export const patchCoverageSchema = object({
  /** '0003-initramfs-...patch' */
  patch: text,
  /** Lines with code that it brings, and that are still there behind the last patch. */
  lines: number,
  /** How many of them were run. */
  reached: number,
  /** By kind of boot: how many it alone would have reached. */
  by: table(number),
  missed: list(missedSchema),
});
export type PatchCoverage = z.infer<typeof patchCoverageSchema>;

export interface AddedFile {
  readonly file: string;
  /** By line number: the patch. */
  readonly patches: ReadonlyMap<number, string>;
  /** By kind of boot. */
  readonly counts: ReadonlyMap<string, Counts>;
  readonly source: readonly string[];
}

/** One row for each patch that brings code. */
export function foldLines(
  patches: readonly string[],
  kinds: readonly string[],
  files: readonly AddedFile[],
): PatchCoverage[] {
  const rows = patches.map(patch => {
    const lines = files.flatMap(one => linesOf(one, patch));
    const reached = lines.filter(({ by }) => by.length > 0).length;
    return {
      patch,
      lines: lines.length,
      reached,
      by: Object.fromEntries(kinds.map(kind => [kind, lines.filter(({ by }) => by.includes(kind)).length])),
      missed: lines
        .filter(({ by }) => by.length === 0)
        .map(({ file, line, source }) => ({ file, line, source })),
    };
  });
  return rows.filter(({ lines }) => lines > 0);
}

function linesOf({ file, patches, counts, source }: AddedFile, patch: string) {
  const code = new Set([...counts.values()].flatMap(one => [...one.keys()]));
  return [...patches]
    .filter(([line, from]) => from === patch && code.has(line))
    .sort(([a], [b]) => a - b)
    .map(([line]) => ({
      ...{ file, line, source: (source[line - 1] ?? '').trim() },
      by: [...counts].filter(([, one]) => (one.get(line) ?? 0) > 0).map(([kind]) => kind),
    }));
}
