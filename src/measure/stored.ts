// SPDX-License-Identifier: GPL-2.0-only
/** From boots through firmware to what the storage model asks for. */
import { median } from 'simple-statistics';
import type { BootRun } from '../boot/boot.ts';
import type { LoaderModel, StoredFlow } from './storage.ts';
import { timelineOf } from './timeline.ts';

interface Path {
  readonly firmware: number;
  readonly loading: number;
  readonly guest: number;
  readonly bytes: number;
}

/** Undefined when the boot did not get that far, or told nothing of its loader. */
function pathOf(run: BootRun): Path | undefined {
  const { events } = timelineOf(run);
  const at = (id: string) => events.find(event => event.id === id)?.at;
  const [power, loader, handover] = [at('power-on'), at('loader'), at('handover')];
  const used = events.findLast(({ id }) => id.startsWith('used-'))?.at ?? at('init');
  if (
    power === undefined ||
    loader === undefined ||
    handover === undefined ||
    used === undefined ||
    !run.loader
  ) {
    return undefined;
  }
  const bytes = run.loader.kernelBytes + run.loader.imageBytes;
  return { firmware: loader - power, loading: handover - loader, guest: used - handover, bytes };
}

/** From power-on to the files used, milliseconds. */
export function wholeOf(run: BootRun): number | undefined {
  const path = pathOf(run);
  return path && path.firmware + path.loading + path.guest;
}

/** What firmware and loader do, from boots whose disk was not slowed down; the medians. Undefined without any. */
export function loaderModelOf(runs: readonly BootRun[]): LoaderModel | undefined {
  const paths = runs.map(pathOf).filter(path => path !== undefined && path.loading > 0) as Path[];
  if (paths.length === 0) return undefined;
  return {
    base: median(paths.map(({ firmware }) => firmware)),
    rate: median(paths.map(({ bytes, loading }) => (bytes / loading) * 1e3)),
  };
}

/** A row, from boots whose disk was not slowed down; `demandBytes` its kernel read of it. */
export function storedFlowOf(
  row: string,
  runs: readonly BootRun[],
  demandBytes: number,
): StoredFlow | undefined {
  const paths = runs.map(pathOf).filter(path => path !== undefined);
  if (paths.length === 0) return undefined;
  return { row, loaderBytes: paths[0]!.bytes, demandBytes, guest: median(paths.map(({ guest }) => guest)) };
}
