// SPDX-License-Identifier: GPL-2.0-only
/** What a report says, before it is a page, a mail or a spreadsheet: sentences, tables, charts and where they come
 *  from. Figures in tables are written out already, in the unit of their column. */
import type { Warning } from '../warnings.ts';

export interface Column {
  readonly head: string;
  /** 'M insn', 'MiB'; '' without one. */
  readonly unit: string;
  /** Left out where the names of the rows would not fit beside it. */
  readonly optional?: true;
}

export interface Table {
  /** 'payload of 17.9 MiB, n = 8' */
  readonly title: string;
  /** Behind the row's name. */
  readonly columns: readonly Column[];
  readonly rows: readonly TableRow[];
}

export interface TableRow {
  readonly name: string;
  readonly cells: readonly string[];
  /** In place of the figures, when there are none: how the boot ended. */
  readonly ended?: string;
}

export interface Chart {
  /** File name without its ending. */
  readonly name: string;
  readonly svg: string;
  /** For a terminal of that many columns. */
  text(width: number): readonly string[];
}

export interface Report {
  readonly kind: 'comparison' | 'sweep' | 'runs';
  /** Names the record. */
  readonly id: string;
  readonly title: string;
  /** What was measured and on what, a sentence each. */
  readonly about: readonly string[];
  /** Why it is not what the same words would give now. */
  readonly stale: readonly string[];
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
  /** Where each row is behind another, a sentence each. */
  readonly losses: readonly string[];
  /** Where one row overtakes another along an axis, a sentence each. */
  readonly crossovers: readonly string[];
  readonly warnings: readonly Warning[];
  readonly notes: readonly string[];
  /** How it was measured and how to read it, a paragraph each. */
  readonly method: readonly string[];
  /** Host, tree, QEMU, digests: name and value. */
  readonly conditions: readonly (readonly [string, string])[];
  /** What boots each row by hand. */
  readonly commands: readonly { readonly row: string; readonly command: string }[];
  /** Ids of the boots behind each row of each table. */
  readonly runs: readonly { readonly row: string; readonly ids: readonly string[] }[];
  /** The command that makes it again. */
  readonly again?: string;
  /** The record itself, raw samples included. */
  readonly data: unknown;
}

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
