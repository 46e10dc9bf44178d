// SPDX-License-Identifier: GPL-2.0-only
/** What several verbs make of their options in the same way: machine and clock, and the series, the tree and the
 *  fragments of kernels. */
import type { Clock } from '../boot/boot.ts';
import type { Machine } from '../boot/machine.ts';
import { chosenMachine } from '../boot/registry.ts';
import { UserError } from '../host/errors.ts';
import type { Workspace } from '../workspace.ts';
import type { Values } from './command.ts';
import { option } from './options.ts';
import { whole } from './typed.ts';

export const machineOptions = [option.machine, option.arch] as const;
/** Rows are compared from there on. */
export const memOfRows = { ...option.mem, type: whole(64, 1 << 20) } as const;
type Chosen = Values<typeof machineOptions>;

/** The name that was given. @throws UserError when two different ones were */
export function machineName({ machine, arch }: Chosen): string | undefined {
  if (machine !== undefined && arch !== undefined && machine !== arch) {
    throw new UserError(`--machine ${machine} and --arch ${arch} are two machines`, {
      hint: '--arch is the older name of --machine: leave it out',
    });
  }
  return machine ?? arch;
}

/** @throws UserError with the list when there is none of that name */
export const machineOf = (options: Chosen, workspace: Workspace): Machine =>
  chosenMachine(workspace, machineName(options));

/** @throws UserError when the machine has none of that name, or cannot count for several CPUs */
export function clockOf(named: Clock | undefined, machine: Machine, cpus: readonly number[]): Clock {
  const clock = named ?? machine.clocks[0];
  if (!machine.clocks.includes(clock)) {
    throw new UserError(
      `${machine.platform} counts no instructions: --machine ${machine.id} has no ${clock} clock`,
      { hint: `leave out --clock, or use --clock ${machine.clocks[0]}` },
    );
  }
  requireOneCpu(clock, cpus);
  return clock;
}

/** @throws UserError for several under icount */
export function requireOneCpu(clock: Clock, cpus: readonly number[]): void {
  if (clock === 'icount' && cpus.some(count => count !== 1)) {
    throw new UserError('the icount clock has one CPU', { hint: 'leave out --cpus, or use --clock wall' });
  }
}

type Sources = Values<readonly [typeof option.series, typeof option.tree, typeof option.config]>;

/** The series, the tree it is for unless one is named, and the fragments of every kernel. */
export function sourcesOf({ series: named, tree, config }: Sources, { settings }: Workspace) {
  const series = named ?? settings.series;
  return {
    series,
    tree: tree ?? settings.seriesTrees[series] ?? settings.tree,
    fragments: [...settings.fragments, ...config],
  };
}
