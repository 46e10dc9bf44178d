// SPDX-License-Identifier: GPL-2.0-only
/** Perturbations that change nothing but where things lie in memory: icount repeats a layout exactly, and so a single
 *  layout says nothing of how much of a difference is layout. */

export interface Variant {
  /** Words of the command line that no part of the kernel knows; with a dot, so that they are no init's either. */
  readonly append: readonly string[];
  /** Pages of zeros behind the initrd, beyond the filling of its last page. Absent: the initrd as it is. */
  readonly padPages?: number;
}

/** Variant 0 is the machine as asked for; the others differ from it and from each other in both. */
export function variantOf(index: number): Variant {
  if (index === 0) return { append: [] };
  return {
    append: [`initbench.layout=${'x'.repeat(1 + ((index * 37) % 96))}`],
    padPages: (index * 11) % 64,
  };
}
