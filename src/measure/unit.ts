// SPDX-License-Identifier: GPL-2.0-only
/** How figures are written: one unit for each clock, two decimals in tables, three where one or two boots are shown in
 *  detail. */
import { z } from 'zod';
import type { Clock } from '../boot/boot.ts';

/** Of the numbers themselves, as in JSON. */
export const unitNameSchema = z.enum(['instructions', 'milliseconds']);

export interface Unit {
  readonly name: z.infer<typeof unitNameSchema>;
  /** Beside numbers that people read, and in full where there is room. */
  readonly short: 'M insn' | 'ms';
  readonly long: 'M instructions' | 'ms';
  /** So many of the first are one of the others. */
  readonly per: number;
}

const units = {
  icount: { name: 'instructions', short: 'M insn', long: 'M instructions', per: 1e6 },
  wall: { name: 'milliseconds', short: 'ms', long: 'ms', per: 1 },
} as const satisfies Record<Clock, Unit>;

export const unitOf = (clock: Clock): Unit => units[clock];

/** '191.68', in detail '191.682'; '-' for a figure that there is not. */
export function figureText(value: number | undefined, clock: Clock, detail?: 'detail'): string {
  return value === undefined ? '-' : (value / unitOf(clock).per).toFixed(detail ? 3 : 2);
}

/** The same with its unit: '191.68 M insn', '812.31 ms'; '-' alone. */
export function figureWithUnit(value: number | undefined, clock: Clock, detail?: 'detail'): string {
  return value === undefined ? '-' : `${figureText(value, clock, detail)} ${unitOf(clock).short}`;
}

/** A difference: '+0.62', '-1.15', '0.00'. */
export function differenceText(value: number, clock: Clock, detail?: 'detail'): string {
  return `${value > 0 ? '+' : ''}${figureText(value, clock, detail)}`;
}
