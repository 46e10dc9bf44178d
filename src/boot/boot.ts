// SPDX-License-Identifier: GPL-2.0-only
/** What a boot leaves behind: by what it ran, how it ended, all that it reported. */
import { z } from 'zod';
import { list, number, object, text, texts } from '../document.ts';
import {
  type Clock,
  clockSchema,
  digestSchema,
  factSchema,
  instructionsSchema,
  markSchema,
  millisecondsSchema,
  outcomeSchema,
} from '../events.ts';
import { imageSchema } from '../image/image.ts';
import { kernelOriginSchema } from '../kernel/kernel.ts';

export type { Clock };

/** `none`: the guest is a process, whose instructions are the host's. */
export const acceleratorSchema = z.enum(['kvm', 'tcg', 'none']);
export type Accelerator = z.infer<typeof acceleratorSchema>;

/** What a disk may do a second; absent: as fast as the host. */
const diskLimitSchema = object({
  bytesPerSecond: number.exactOptional(),
  requestsPerSecond: number.exactOptional(),
});
export type DiskLimit = z.infer<typeof diskLimitSchema>;

/** A share of the payload's bytes that had been read, and when; the steps before it are in it. */
const usedStepSchema = object({
  percent: number,
  host: millisecondsSchema,
  tsc: number.exactOptional(),
  boottime: number.exactOptional(),
});
export type UsedStep = z.infer<typeof usedStepSchema>;

/** Everything a boot left; folded from runs/<id>/events.jsonl. */
export const bootRunSchema = object({
  id: text,
  folder: text,
  flow: text,
  /** The row it belongs to: FLOW[:FORMAT][@KERNEL]. */
  row: text,
  /** Which perturbation of its layout it was; absent: none. */
  variant: number.exactOptional(),
  started: text,
  clock: clockSchema,
  accelerator: acceleratorSchema,
  kernel: object({
    digest: digestSchema,
    name: text,
    release: text,
    configDigest: digestSchema,
    /** The tree by name. */
    tree: text.exactOptional(),
    arch: text.exactOptional(),
    origin: kernelOriginSchema.exactOptional(),
  }),
  images: list(
    object({
      role: text,
      format: text,
      digest: digestSchema,
      bytes: number,
      payload: imageSchema.unwrap().shape.payload.exactOptional(),
    }),
  ),
  payload: object({ name: text, digest: digestSchema }),
  /** Pasteable: what the user can run by hand. */
  argv: texts,
  /** A person could type into it: nothing of it compares with another boot. */
  interactive: z.literal(true).exactOptional(),
  /** Absent where something else ran the guest. */
  qemuVersion: text.exactOptional(),
  /** What ran the guest where that was no QEMU, with its version. */
  platform: text.exactOptional(),
  /** What `-machine pc`, or its like, was in this QEMU: 'pc-i440fx-7.2'. Absent when QEMU ended before it could be asked. */
  machine: text.exactOptional(),
  acceleratorReason: text,
  notes: texts,
  memoryMiB: number,
  cpus: number,
  host: object({
    cpu: text,
    cpus: number,
    kernel: text,
    loadBefore: number,
    loadAfter: number,
    /** Share of the host's CPU time that its hypervisor gave to others during the boot. */
    stealPercent: number.exactOptional(),
    /** Most memory that QEMU's process had, the guest's in it. */
    peakBytes: number.exactOptional(),
  }),
  outcome: outcomeSchema,
  /** `host` counts from QEMU's start; for `kernel` it is 0, since that point has no sign on the host.
   *  Absent where it was told of later, by the kernel's log. icount: `tsc` throughout. wall: `kernel` is where CLOCK_BOOTTIME starts, 0 ns. */
  marks: z
    .partialRecord(
      markSchema,
      object({
        host: millisecondsSchema.exactOptional(),
        tsc: number.exactOptional(),
        boottime: number.exactOptional(),
      }),
    )
    .readonly(),
  /** Each step of the reading, in their order; the last one is the mark `used`. */
  used: list(usedStepSchema),
  facts: list(factSchema),
  /** Instructions executed when the guest stopped (QMP query-replay); icount only. */
  icount: instructionsSchema.exactOptional(),
  /** What the boot loader has to read: kernel, and what it hands over or puts into memory. Older records lack it. */
  loader: object({ kernelBytes: number, imageBytes: number }).exactOptional(),
  /** Absent: QEMU put kernel and initrd into memory. */
  via: object({ path: z.literal('uefi'), limit: diskLimitSchema }).exactOptional(),
  /** Of each disk, until the guest stopped; `boot` is the one that firmware started from. */
  reads: list(object({ disk: text, bytes: number, requests: number })).exactOptional(),
  /** Guest memory carved out for a pmem disk, added back in the memory column. */
  carvedOutBytes: number,
});
export type BootRun = z.infer<typeof bootRunSchema>;
