// SPDX-License-Identifier: GPL-2.0-only
/** Rows of a comparison as people name them, FLOW[:FORMAT][@KERNEL][+WORD...], and the order in which they are booted. */
import type { Flow } from '../boot/flow.ts';
import { unknownName } from '../workspace.ts';
import { UserError } from '../host/errors.ts';
import { floorOf, type Kin } from '../measure/floor.ts';

export interface RowPlan {
  /** As named: 'kernelspace', 'initramfs:cpio-zstd@initoverlayfs'. */
  readonly id: string;
  readonly flow: Flow;
  readonly format: string;
  /** The row names it. */
  readonly formatNamed?: true;
  /** 'base' or the name of a series. */
  readonly kernel: string;
  /** Words of the row's own for the kernel command line. */
  readonly append: readonly string[];
}

/** Fills in a flow's default format and kernel. @throws UserError on an unknown flow or a format it cannot boot */
export function parseRow(text: string, flows: readonly Flow[], series: string): RowPlan {
  const match = /^([^:@+]+)(?::([^:@+]+))?(?:@([^:@+]+))?((?:\+[^\s+]+)*)$/.exec(text);
  if (!match) {
    throw new UserError(`'${text}' is not a row`, {
      hint: 'write FLOW[:FORMAT][@KERNEL][+WORD], as in kernelspace:erofs',
    });
  }
  const [, name, format, kernel, words] = match;
  const flow = flows.find(f => f.id === name);
  if (!flow) {
    throw unknownName(
      'flow',
      name!,
      flows.map(f => f.id),
    );
  }
  if (format !== undefined && !flow.formats.includes(format)) {
    throw new UserError(`flow ${flow.id} does not boot format '${format}'`, {
      hint: `it boots: ${[...flow.formats].sort().join(', ')}`,
    });
  }
  if (flow.kernel === 'series' && kernel === 'base') {
    throw new UserError(`flow ${flow.id} needs a kernel that carries a series`, {
      hint: `name one: ${flow.id}@${series}`,
    });
  }
  return {
    id: text,
    flow,
    format: format ?? flow.formats[0]!,
    ...(format !== undefined && { formatNamed: true }),
    kernel: kernel ?? (flow.kernel === 'series' ? series : 'base'),
    append: words!.split('+').slice(1),
  };
}

/** The rows asked for, each once, with a floor before them for each kernel whose rows have none. */
export function withFloors(rows: readonly RowPlan[], flows: readonly Flow[], series: string): RowPlan[] {
  const unique = rows.filter((row, i) => rows.findIndex(other => other.id === row.id) === i);
  const without = unique.filter(row => floorOf(row, unique, kinOf) === undefined);
  const kernels = [...new Set(without.map(row => row.kernel))];
  return [...kernels.map(kernel => parseRow(`floor@${kernel}`, flows, series)), ...unique];
}

/** Of one series of boots: a kernel has one name there. */
export const kinOf = ({ flow, kernel, append }: RowPlan): Kin => ({ flow: flow.id, kernel, words: append });

/** Which row is booted when: A B C, C B A, A B C ... so that a drift of the host falls on all alike. */
export function interleaved(rows: number, rounds: number): number[] {
  const forward = Array.from({ length: rows }, (_, i) => i);
  return Array.from({ length: rounds }, (_, round) => (round % 2 ? [...forward].reverse() : forward)).flat();
}

/** The row a comparison is relative to. @throws UserError when it is not among them */
export function referenceOf(rows: readonly RowPlan[], asked: string | undefined): string {
  if (asked === undefined) {
    return (
      rows.find(row => row.flow.id === 'initramfs') ??
      rows.find(row => row.flow.id !== 'floor') ??
      rows[0]!
    ).id;
  }
  if (!rows.some(row => row.id === asked)) {
    throw unknownName(
      'row of this comparison',
      asked,
      rows.map(row => row.id),
    );
  }
  return asked;
}
