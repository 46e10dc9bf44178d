// SPDX-License-Identifier: GPL-2.0-only
/** What storage makes of a flow: one has the boot loader read the whole image, another reads what it uses, later. Pure.
 *
 *    total = base + max(loader bytes / loader rate, loader bytes / bandwidth)
 *            + guest + max(reading, bytes on demand / bandwidth)
 *
 *  Neither the loader nor the kernel, which reads ahead, sits idle while the storage works: whichever is slower decides.
 *  Times and the loader's rate are those of the machine that was measured; the bandwidth is a question. */
import { z } from 'zod';
import { document, list, number, object, table, text, texts } from '../document.ts';

/** A flow at one size of the payload and one share of it that is used. Times in milliseconds. */
const storedFlowSchema = object({
  row: text,
  /** Kernel, and what is handed over with it. */
  loaderBytes: number,
  /** Read by the kernel, as it is used. */
  demandBytes: number,
  /** From the kernel's start to the payload's init. */
  guest: number,
  /** From there until the files are used, with a disk that costs nothing. */
  reading: number,
});
export type StoredFlow = z.infer<typeof storedFlowSchema>;

/** What boot loaders and kernels of one machine do. */
const loaderModelSchema = object({
  /** Firmware and boot loader, all but the reading of kernel and initrd. */
  base: number,
  /** The fastest it reads, bytes a second. */
  rate: number,
});
export type LoaderModel = z.infer<typeof loaderModelSchema>;

/** One size and one share used. */
const storageCaseSchema = object({
  imageBytes: number,
  usedPercent: number,
  flows: list(storedFlowSchema),
});
export type StorageCase = z.infer<typeof storageCaseSchema>;

const storageCellSchema = object({
  medium: text,
  totals: table(number),
  /** Absent where the best two are closer than the model is right (5%). */
  fastest: text.exactOptional(),
});
export type StorageCell = z.infer<typeof storageCellSchema>;

const storageCheckSchema = object({
  row: text,
  medium: text,
  usedPercent: number,
  predicted: number,
  /** Each boot. */
  measured: list(number),
  /** The median's distance from the prediction, as a share of the prediction. */
  off: number,
  /** Largest less smallest of the boots, as a share of their median: what the same thing twice differs by. */
  same: number,
});
export type StorageCheck = z.infer<typeof storageCheckSchema>;

export const storageDocument = document(
  'initbench.storage/1',
  'storage: what storage makes of each flow, by a model',
  object({
    loader: loaderModelSchema,
    cases: list(
      object({
        ...storageCaseSchema.unwrap().shape,
        cells: list(storageCellSchema),
        crossovers: list(
          object({
            rows: z.tuple([text, text]).readonly(),
            /** Bytes a second; the first of the rows is faster above the last of them, or everywhere, as `cells` show. */
            bytesPerSecond: list(number),
          }),
        ),
      }),
    ),
    /** Predictions against boots from throttled disks. */
    checks: list(storageCheckSchema),
    notes: texts,
  }),
);
export type StorageReport = z.infer<typeof storageDocument.schema>;

export interface Medium {
  readonly name: string;
  readonly bytesPerSecond: number;
  /** What comes at once after a pause, in seconds of its rate: of a throttled disk of QEMU, 0.1; else none. */
  readonly burstSeconds?: number;
}

/** Sequential rates as data sheets have them. */
export const media: readonly Medium[] = [
  { name: 'SD 20', bytesPerSecond: 20e6 },
  { name: 'SD 40', bytesPerSecond: 40e6 },
  { name: 'eMMC', bytesPerSecond: 150e6 },
  { name: 'SATA', bytesPerSecond: 500e6 },
  { name: 'NVMe', bytesPerSecond: 3000e6 },
];

export interface Prediction {
  readonly base: number;
  readonly loading: number;
  readonly guest: number;
  readonly reading: number;
  readonly total: number;
}

/** Milliseconds. The loader reads, then the kernel runs: nothing of the one hides the other. */
export function predict(flow: StoredFlow, { base, rate }: LoaderModel, medium: Medium): Prediction {
  const { bytesPerSecond, burstSeconds = 0 } = medium;
  const fromMedium = (bytes: number) => 1e3 * Math.max(0, bytes / bytesPerSecond - burstSeconds);
  const loading = Math.max((flow.loaderBytes / rate) * 1e3, fromMedium(flow.loaderBytes));
  const reading = Math.max(flow.reading, fromMedium(flow.demandBytes));
  return { base, loading, guest: flow.guest, reading, total: base + loading + flow.guest + reading };
}

/** The bandwidths at which two flows take the same, ascending; where they do so over a range, none of it. */
export function crossoverBandwidths(a: StoredFlow, b: StoredFlow, loader: LoaderModel): number[] {
  // over the time that a byte takes, the difference is a line from each of these to the next
  const bends = [1 / loader.rate, ...[a, b].map(one => one.reading / 1e3 / one.demandBytes)]
    .filter(slowness => slowness > 0 && Number.isFinite(slowness))
    .sort((x, y) => x - y);
  const difference = (slowness: number) => {
    const medium = { name: '', bytesPerSecond: 1 / slowness };
    return predict(a, loader, medium).total - predict(b, loader, medium).total;
  };
  const last = bends.at(-1)!;
  const edges = [...bends, 2 * last];
  const crossings = edges.slice(1).flatMap((to, i) => {
    const from = edges[i]!;
    const [before, after] = [difference(from), difference(to)];
    if (before === after) return [];
    const at = from + ((to - from) * before) / (before - after);
    // the last line goes on for ever
    return at >= from && (at < to || from === last) && Number.isFinite(at) ? [1 / at] : [];
  });
  return crossings.sort((x, y) => x - y);
}

const closeness = 0.05;

export function storageReport(
  loader: LoaderModel,
  cases: readonly StorageCase[],
  more: {
    readonly media?: readonly Medium[];
    readonly checks?: readonly StorageCheck[];
    readonly notes?: readonly string[];
  } = {},
): StorageReport {
  return {
    schema: storageDocument.name,
    loader,
    cases: cases.map(one => ({
      ...one,
      cells: (more.media ?? media).map(medium => cellOf(one.flows, loader, medium)),
      crossovers: one.flows.flatMap((a, i) =>
        one.flows.slice(i + 1).map(b => ({
          rows: [a.row, b.row] as const,
          bytesPerSecond: crossoverBandwidths(a, b, loader),
        })),
      ),
    })),
    checks: more.checks ?? [],
    notes: more.notes ?? [],
  };
}

function cellOf(flows: readonly StoredFlow[], loader: LoaderModel, medium: Medium): StorageCell {
  const totals = Object.fromEntries(flows.map(flow => [flow.row, predict(flow, loader, medium).total]));
  const [best, second] = Object.entries(totals).sort((x, y) => x[1] - y[1]);
  const clear = best && (!second || second[1] > best[1] * (1 + closeness));
  return { medium: medium.name, totals, ...(clear && { fastest: best[0] }) };
}

/** @throws nothing; `measured` must not be empty */
export function checkOf(
  flow: StoredFlow,
  loader: LoaderModel,
  medium: Medium,
  usedPercent: number,
  measured: readonly number[],
): StorageCheck {
  const predicted = predict(flow, loader, medium).total;
  const sorted = [...measured].sort((x, y) => x - y);
  const middle = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  return {
    ...{ row: flow.row, medium: medium.name, usedPercent, predicted, measured },
    off: (middle - predicted) / predicted,
    same: (sorted.at(-1)! - sorted[0]!) / middle,
  };
}
