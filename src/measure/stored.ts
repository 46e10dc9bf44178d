// SPDX-License-Identifier: GPL-2.0-only
/** From boots through firmware to what the storage model asks for. */
import { median } from 'simple-statistics';
import type { BootRun } from '../boot/boot.ts';
import { runFigures } from './figures.ts';
import type { LoaderModel, StoredFlow } from './storage.ts';
import { timelineOf } from './timeline.ts';

interface Path {
  readonly firmware: number;
  readonly loading: number;
  /** To the payload's init. */
  readonly guest: number;
  readonly reading: number;
  readonly bytes: number;
}

/** Undefined when the boot did not reach its end, or told nothing of its loader. */
function pathOf(run: BootRun): Path | undefined {
  const { init, reading = 0 } = runFigures(run);
  const { events } = timelineOf(run);
  const at = (id: string) => events.find(event => event.id === id)?.at;
  const [power, loader, handover] = [at('power-on'), at('loader'), at('handover')];
  if (power === undefined || loader === undefined || handover === undefined || init === undefined) {
    return undefined;
  }
  if (!run.loader) return undefined;
  return {
    firmware: loader - power,
    loading: handover - loader,
    guest: init - handover,
    reading,
    bytes: run.loader.kernelBytes + run.loader.imageBytes,
  };
}

/** From power-on to the files used, milliseconds. */
export function wholeOf(run: BootRun): number | undefined {
  const path = pathOf(run);
  return path && path.firmware + path.loading + path.guest + path.reading;
}

/** What firmware and loader do, from boots whose disk was not slowed down; medians. The loader takes its time before it
 *  reads anything: the rate is the slope between the least and the most it read, where boots differ in that.
 *  Undefined without any. */
export function loaderModelOf(runs: readonly BootRun[]): LoaderModel | undefined {
  const paths = runs.map(pathOf).filter(path => path !== undefined && path.loading > 0) as Path[];
  if (paths.length === 0) return undefined;
  const firmware = median(paths.map(path => path.firmware));
  const sizes = paths.map(path => path.bytes);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const loading = (bytes: number) =>
    median(paths.filter(path => path.bytes === bytes).map(path => path.loading));
  const [first, last] = [loading(least), loading(most)];
  const rate = ((most - least) / (last - first)) * 1e3;
  const before = first - (least / rate) * 1e3;
  // one size alone, or a host so busy that reading more took less time
  if (!(rate > 0) || before < 0) return { base: firmware, rate: (most / last) * 1e3 };
  return { base: firmware + before, rate };
}

/** A row, from boots whose disk was not slowed down; `demandBytes` its kernel read of it. */
export function storedFlowOf(
  row: string,
  runs: readonly BootRun[],
  demandBytes: number,
): StoredFlow | undefined {
  const paths = runs.map(pathOf).filter(path => path !== undefined);
  if (paths.length === 0) return undefined;
  return {
    ...{ row, loaderBytes: paths[0]!.bytes, demandBytes },
    guest: median(paths.map(({ guest }) => guest)),
    reading: median(paths.map(({ reading }) => reading)),
  };
}
