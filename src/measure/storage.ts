// SPDX-License-Identifier: GPL-2.0-only
/** What storage makes of a flow: one has the boot loader read the whole image, another reads what it uses, later. Pure.
 *
 *    total = firmware and loader + loader bytes / min(loader rate, bandwidth) + guest + bytes on demand / bandwidth
 *
 *  Guest times and the loader's rate are those of the machine that was measured; the bandwidth is a question. */

/** A flow at one size of the payload and one share of it that is used. Times in milliseconds. */
export interface StoredFlow {
  readonly row: string;
  /** Kernel, and what is handed over with it. */
  readonly loaderBytes: number;
  /** Read by the kernel, as it is used. */
  readonly demandBytes: number;
  /** From the kernel's start to the files used, with a disk that costs nothing. */
  readonly guest: number;
}

/** What boot loaders and kernels of one machine do. */
export interface LoaderModel {
  /** Firmware and boot loader, all but their reading. */
  readonly base: number;
  /** The fastest it reads, bytes a second. */
  readonly rate: number;
}

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
  readonly demand: number;
  readonly total: number;
}

/** Milliseconds. The loader reads, then the kernel runs: nothing of the one hides the other. */
export function predict(flow: StoredFlow, { base, rate }: LoaderModel, medium: Medium): Prediction {
  const { bytesPerSecond, burstSeconds = 0 } = medium;
  const fromMedium = (bytes: number) => 1e3 * Math.max(0, bytes / bytesPerSecond - burstSeconds);
  const loading = Math.max((flow.loaderBytes / rate) * 1e3, fromMedium(flow.loaderBytes));
  const demand = fromMedium(flow.demandBytes);
  return { base, loading, guest: flow.guest, demand, total: base + loading + flow.guest + demand };
}

/** The bandwidths at which two flows take the same, ascending: at most one below the loader's rate and one above. */
export function crossoverBandwidths(a: StoredFlow, b: StoredFlow, loader: LoaderModel): number[] {
  const guest = b.guest - a.guest;
  const at = (bytes: number, time: number) => (time === 0 ? Number.NaN : (bytes / time) * 1e3);
  // below the loader's rate all is read at the bandwidth, above it the loader at its own
  const below = at(a.loaderBytes + a.demandBytes - b.loaderBytes - b.demandBytes, guest);
  const loading = ((b.loaderBytes - a.loaderBytes) / loader.rate) * 1e3;
  const above = at(a.demandBytes - b.demandBytes, guest + loading);
  return [
    ...(below > 0 && below <= loader.rate ? [below] : []),
    ...(above > loader.rate && Number.isFinite(above) ? [above] : []),
  ];
}

/** One size and one share used. */
export interface StorageCase {
  readonly imageBytes: number;
  readonly usedPercent: number;
  readonly flows: readonly StoredFlow[];
}

export interface StorageCell {
  readonly medium: string;
  readonly totals: Readonly<Record<string, number>>;
  /** Absent where the best two are closer than the model is right (5%). */
  readonly fastest?: string;
}

export interface StorageReport {
  readonly schema: 'initbench.storage/1';
  readonly loader: LoaderModel;
  readonly cases: readonly (StorageCase & {
    readonly cells: readonly StorageCell[];
    readonly crossovers: readonly {
      readonly rows: readonly [string, string];
      /** Bytes a second; the first of the rows is faster above the last of them, or everywhere, as `cells` show. */
      readonly bytesPerSecond: readonly number[];
    }[];
  })[];
  /** Predictions against boots from throttled disks. */
  readonly checks: readonly StorageCheck[];
  readonly notes: readonly string[];
}

export interface StorageCheck {
  readonly row: string;
  readonly medium: string;
  readonly usedPercent: number;
  readonly predicted: number;
  /** Each boot. */
  readonly measured: readonly number[];
  /** The median's distance from the prediction, as a share of the prediction. */
  readonly off: number;
  /** Largest less smallest of the boots, as a share of their median: what the same thing twice differs by. */
  readonly same: number;
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
    schema: 'initbench.storage/1',
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
