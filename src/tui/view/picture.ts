// SPDX-License-Identifier: GPL-2.0-only
/** The screen as it is, as an SVG picture: for a mail, a bug report, the README. Pure. */
import { screenPicture } from '../../commands/charts.ts';
import { columnsOf } from '../cells.ts';
import type { Line } from '../span.ts';

export const picture = (lines: readonly Line[], columns: number): string =>
  screenPicture(
    lines.map(line => line.map(span => ({ ...span, columns: columnsOf(span.text) }))),
    columns,
  );
