// SPDX-License-Identifier: GPL-2.0-only
/** The record of a sweep: one point for each row at each place of the axes, figures since start_kernel with their
 *  spread. What reports, charts and screens read; campaign/sweep/ makes it. */
import { z } from 'zod';
import { document, flag, list, number, object, table, text, texts } from '../document.ts';
import { clockSchema, digestSchema, markSchema, outcomeSchema } from '../events.ts';
import { crossoverSchema } from './crossover.ts';
import { memoryUseSchema } from './memory.ts';
import { spreadSchema } from './spread.ts';
import { unitNameSchema } from './unit.ts';
import { warningSchema } from './warnings.ts';

/** A place on the axes; `used` is no axis of a boot: one boot reads in steps and reports them all. */
const placeSchema = object({
  /** What --size asked for: bytes of filler in the payload. */
  sizeBytes: number,
  memoryMiB: number,
  cpus: number,
});
export type Place = z.infer<typeof placeSchema>;

/** A share of the payload's bytes that was read, and what it took. */
const usedFiguresSchema = object({
  percent: number,
  /** From start_kernel to the end of that step; the steps before it are in it. */
  total: spreadSchema,
  /** From the first instruction of /init. */
  reading: spreadSchema,
});
export type UsedFigures = z.infer<typeof usedFiguresSchema>;

const sweepPointSchema = object({
  place: placeSchema,
  /** FLOW[:FORMAT][@KERNEL][+WORD...] */
  row: text,
  flow: text,
  format: text,
  kernel: text,
  /** Compressors cost alike within a family only. */
  family: text,
  payloadBytes: number,
  /** The payload packed in that format, wherever it lies. */
  imageBytes: number,
  /** What the boot loader hands over beside the kernel; the rest is read on demand. */
  loaderBytes: number,
  /** That of the first boot that was not ready, else ready. */
  outcome: outcomeSchema,
  /** RunFigures.init of the boots that were ready. Absent: none was. */
  init: spreadSchema.exactOptional(),
  /** In the order they were read. */
  used: list(usedFiguresSchema),
  /** Each mark that was passed, from start_kernel: for phases. `init` and the last `used` are among them. */
  marks: z.partialRecord(markSchema, spreadSchema).readonly(),
  /** The row that is its floor, at the same memory and CPUs. Absent of floors, and in records of old. */
  floor: text.exactOptional(),
  /** init less that of the floor, medians. Absent where the floor failed. */
  overFloor: number.exactOptional(),
  /** icount: virtual nanoseconds that the clock skipped while nothing ran. */
  idle: number.exactOptional(),
  memory: list(memoryUseSchema),
  /** Most memory that QEMU had on the host, the guest's and its own. */
  hostPeakBytes: number.exactOptional(),
  notes: texts,
  /** In the order of the samples: variant 0, the unperturbed one, first; of boots that failed, too. */
  runs: texts,
});
export type SweepPoint = z.infer<typeof sweepPointSchema>;

/** What --smallest-mem found for a row and a size. */
const smallestMemorySchema = object({
  row: text,
  sizeBytes: number,
  /** The smallest -m that booted. Absent: not even the largest that was tried. */
  bootsMiB: number.exactOptional(),
  /** The largest below it that did not; absent when the smallest that can be asked for booted. */
  failsMiB: number.exactOptional(),
  /** How it failed there. */
  failure: outcomeSchema.exactOptional(),
  runs: texts,
});
export type SmallestMemory = z.infer<typeof smallestMemorySchema>;

export const sweepDocument = document(
  'initbench.sweep/1',
  'sweep, and sweeps/ID.json: points of rows over sizes, memories and CPUs',
  object({
    /** Digest of what was asked; names the record, sweeps/<id>.json. */
    id: text,
    started: text,
    ended: text,
    clock: clockSchema,
    unit: unitNameSchema,
    /** The command that goes on with it, or gives it again. */
    command: texts,
    /** False: it was stopped, points are missing. */
    complete: flag,
    payload: text,
    /** Rows in the order asked for, floors first. */
    rows: texts,
    axes: object({
      sizeBytes: list(number),
      memoryMiB: list(number),
      cpus: list(number),
      usedPercent: list(number),
    }),
    /** Boots of each point: perturbed variants under icount, rounds on the wall clock. */
    samples: number,
    points: list(sweepPointSchema),
    smallestMemory: list(smallestMemorySchema),
    crossovers: list(crossoverSchema),
    warnings: list(warningSchema),
    conditions: object({
      tree: text,
      treeNote: text.exactOptional(),
      arch: text,
      /** Absent where something else ran the guests: `platform`. */
      qemu: text.exactOptional(),
      platform: text.exactOptional(),
      accelerator: text,
      host: text,
      hostCpus: number,
      /** Digest of each kernel, by name. */
      kernels: table(digestSchema),
      /** Digest of each payload, by size in bytes. */
      payloads: table(digestSchema),
    }),
    boots: object({
      total: number,
      /** How many of them were known when the sweep was asked for last. */
      known: number,
      /** Seconds of the host that the boots took, one after the other. */
      seconds: number,
    }),
  }),
);
export type Sweep = z.infer<typeof sweepDocument.schema>;
