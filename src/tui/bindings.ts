// SPDX-License-Identifier: GPL-2.0-only
/** The table of keys: where, which, what it does, and why not. Footer, help, README and the keys themselves follow it. */
import type { Binding } from './bindings/binding.ts';
import { boot } from './bindings/boot.ts';
import { everywhere } from './bindings/everywhere.ts';
import { flows } from './bindings/flows.ts';
import { kernels } from './bindings/kernels.ts';
import { runs } from './bindings/runs.ts';
import { series } from './bindings/series.ts';
import { submission } from './bindings/submission.ts';
import { text } from './bindings/text.ts';

export const bindings: readonly Binding[] = [
  ...series,
  ...kernels,
  ...flows,
  ...runs,
  ...submission,
  ...boot,
  ...text,
  ...everywhere,
];
