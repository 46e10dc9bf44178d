// SPDX-License-Identifier: GPL-2.0-only
/** What a report says, before it is a page, a mail or a spreadsheet: sentences, tables, charts and where they come
 *  from. Figures in tables are written out already, in the unit of their column. */
import { z } from 'zod';
import { list, object, text, texts } from '../../document.ts';
import { warningSchema } from '../warnings.ts';

const columnSchema = object({
  head: text,
  /** 'M insn', 'MiB'; '' without one. */
  unit: text,
  /** Left out where the names of the rows would not fit beside it. */
  optional: z.literal(true).exactOptional(),
});
export type Column = z.infer<typeof columnSchema>;

const tableRowSchema = object({
  name: text,
  cells: texts,
  /** In place of the figures, when there are none: how the boot ended. */
  ended: text.exactOptional(),
});
export type TableRow = z.infer<typeof tableRowSchema>;

const tableSchema = object({
  /** 'payload of 17.9 MiB, n = 8' */
  title: text,
  /** Behind the row's name. */
  columns: list(columnSchema),
  rows: list(tableRowSchema),
});
export type Table = z.infer<typeof tableSchema>;

export interface Chart {
  /** File name without its ending. */
  readonly name: string;
  readonly svg: string;
  /** For a terminal of that many columns. */
  text(width: number): readonly string[];
}

/** All of it but charts and data. */
export const reportSchema = object({
  kind: z.enum(['comparison', 'sweep', 'runs']),
  /** Names the record. */
  id: text,
  title: text,
  /** What was measured and on what, a sentence each. */
  about: texts,
  /** Why it is not what the same words would give now. */
  stale: texts,
  tables: list(tableSchema),
  /** Where each row is behind another, a sentence each. */
  losses: texts,
  /** Where one row overtakes another along an axis, a sentence each. */
  crossovers: texts,
  warnings: list(warningSchema),
  notes: texts,
  /** How it was measured and how to read it, a paragraph each. */
  method: texts,
  /** Host, tree, QEMU, digests: name and value. */
  conditions: list(z.tuple([text, text]).readonly()),
  /** What boots each row by hand. */
  commands: list(object({ row: text, command: text })),
  /** Ids of the boots behind each row of each table. */
  runs: list(object({ row: text, ids: texts })),
  /** The command that makes it again. */
  again: text.exactOptional(),
});
export type Report = z.infer<typeof reportSchema> & {
  readonly charts: readonly Chart[];
  /** The record itself, raw samples included. */
  readonly data: unknown;
};

/** What a reader of the record's boots has found. */
export interface Found {
  readonly stale: readonly string[];
  /** Pasteable, by row. */
  readonly commands: Report['commands'];
  readonly conditions: Report['conditions'];
}

/** How instructions, or times, were taken. */
export function methodOf(clock: 'icount' | 'wall', samples: number): string[] {
  const n =
    samples > 1
      ? clock === 'icount'
        ? `Each figure is the median of ${samples} boots that differ in layout alone (unused words on the command line, padding behind the image); range is the highest less the lowest of them.`
        : `Each figure is the median of ${samples} rounds; range is the highest less the lowest of them.`
      : 'Each figure is of one boot.';
  const marks =
    'Figures count from start_kernel. "to /init" ends at the first instruction of the payload\'s /init, a percentage when so much of the bytes of the payload\'s files has been read, in the same order in each row.';
  if (clock === 'wall') {
    return [
      `Guest CLOCK_BOOTTIME in milliseconds, rounds interleaved. ${n}`,
      marks,
      'The boot loader is not in these figures.',
    ];
  }
  return [
    `QEMU's TCG with -icount shift=0: one instruction is one virtual nanosecond. The same kernel, images and command line give the same count to the last digit. It is no time: no caches, no memory bandwidth, no disk. ${n}`,
    marks,
    'The boot loader is not in these figures: QEMU hands the initrd over for free. A boot partition is memory whose reads cost nothing: figures of rows that have one are a lower bound.',
    'Compressors of different families cost differently by themselves: compare lz4 with lz4, and what is not compressed with what is not.',
  ];
}
