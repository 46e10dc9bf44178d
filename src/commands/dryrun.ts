// SPDX-License-Identifier: GPL-2.0-only
/** What a dry run prints: what would be made first, as comments of a shell, and the commands, to be pasted. */
import type { z } from 'zod';
import { document, list, object, texts } from '../document.ts';
import { type Rehearsed, rehearsedSchema } from '../events.ts';
import type { Workspace } from '../workspace.ts';

const dryRunSchema = object({
  /** What is there already, and what would be made. */
  steps: list(rehearsedSchema),
  /** As far as they are known: what is not there yet stands in angle brackets. */
  commands: texts,
  /** Of a comparison: the row that each command boots. */
  rows: texts.exactOptional(),
});
export type DryRun = z.infer<typeof dryRunSchema>;

export const dry = (workspace: Workspace): Workspace => ({ ...workspace, dryRun: true });

export const formatDryRun = ({ steps, commands }: DryRun): string[] => [...formatSteps(steps), ...commands];

export function formatSteps(steps: readonly Rehearsed[]): string[] {
  const planned = steps.filter(({ state }) => state === 'planned');
  if (planned.length === 0) return [];
  const lines = planned.map(({ job, step }) => `#   ${step === job ? step : `${job}: ${step}`}`);
  return ['# made before that:', ...lines];
}

const dryRunDocument = document(
  'initbench.commands/1',
  'build, boot, compare, start --dry-run: what would be made, and the commands',
  dryRunSchema,
);
export const dryRunJson = ({ steps, commands, rows }: DryRun) =>
  dryRunDocument.of({ steps, commands, ...(rows && { rows }) });
