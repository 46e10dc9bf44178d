// SPDX-License-Identifier: GPL-2.0-only
/** What the kernel noted of a boot, told by the probe at its end: facts `log` (vm/log.h), and their time stamps on the
 *  clocks of the marks. */
import type { BootRun } from '../boot/boot.ts';

export interface LogLine {
  /** On the clock of the run's marks, from start_kernel: instructions, or milliseconds. */
  readonly at: number;
  readonly text: string;
}

/** What the kernel's log says of the initrd; the last that fits before the first program is when it was handled. */
export const unpackStarts = /^(?:Unpacking initramfs|Trying to unpack rootfs image as initramfs)/;
export const handled = /^(?:Freeing initrd memory|initramfs: root is an overlay on|VFS: Mounted root)/;

const syncLine = /^initbench: sync tsc=(\d+) boottime=(\d+)$/;

/** The lines in their order, without those from before the kernel's clock ran. Nothing without the line that says how
 *  its stamps and the marks go together. Right to a microsecond, which the stamps are, and to what the calibration of
 *  the counter is off (some 20 ppm under QEMU). */
export function kernelLogOf(run: Pick<BootRun, 'facts' | 'marks' | 'clock'>): LogLine[] {
  const lines = run.facts
    .filter(fact => fact.name === 'log')
    .map(({ values }) => ({ stamp: Number(values.at) * 1e9, text: values.text ?? '' }))
    .filter(({ stamp }) => stamp > 0);
  const sync = lines.findLast(({ text }) => syncLine.test(text));
  if (!sync) return [];
  const [, tsc, boottime] = syncLine.exec(sync.text)!;
  const entry = run.marks.kernel?.tsc;
  if (run.clock === 'icount' && entry === undefined) return [];
  const [zero, unit] = run.clock === 'icount' ? [Number(tsc) - entry!, 1] : [Number(boottime), 1e6];
  return lines
    .filter(line => line !== sync)
    .map(({ stamp, text }) => ({ at: (zero - (sync.stamp - stamp)) / unit, text }));
}

/** Cycles a second of the guest's counter, as its kernel measured it. */
export function counterRate(run: Pick<BootRun, 'facts'>): number | undefined {
  const said = run.facts.find(
    fact => fact.name === 'log' && fact.values.text?.startsWith('tsc: Detected') === true,
  );
  const megahertz = /^tsc: Detected ([\d.]+) MHz/.exec(said?.values.text ?? '')?.[1];
  return megahertz === undefined ? undefined : Number(megahertz) * 1e6;
}
