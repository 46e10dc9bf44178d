// SPDX-License-Identifier: GPL-2.0-only
/** What a dry run prints: what would be made first, as comments of a shell, and the commands, to be pasted. */
import type { Rehearsed } from '../events.ts';
import type { Workspace } from '../workspace.ts';

export interface DryRun {
  /** What is there already, and what would be made. */
  readonly steps: readonly Rehearsed[];
  /** As far as they are known: what is not there yet stands in angle brackets. */
  readonly commands: readonly string[];
}

export const dry = (workspace: Workspace): Workspace => ({ ...workspace, dryRun: true });

export const formatDryRun = ({ steps, commands }: DryRun): string[] => [...formatSteps(steps), ...commands];

export function formatSteps(steps: readonly Rehearsed[]): string[] {
  const planned = steps.filter(({ state }) => state === 'planned');
  if (planned.length === 0) return [];
  const lines = planned.map(({ job, step }) => `#   ${step === job ? step : `${job}: ${step}`}`);
  return ['# made before that:', ...lines];
}

export const dryRunJson = ({ steps, commands }: DryRun) => ({
  schema: 'initbench.commands/1',
  steps,
  commands,
});
