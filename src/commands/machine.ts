// SPDX-License-Identifier: GPL-2.0-only
/** --machine and --clock, which every verb that boots takes in the same way: what guests run on, and what times them. */
import type { Clock } from '../boot/boot.ts';
import type { Machine } from '../boot/machine.ts';
import { chosenMachine } from '../boot/registry.ts';
import { UserError } from '../host/errors.ts';
import type { Workspace } from '../workspace.ts';
import type { Parameter, Typed } from './command.ts';
import { choiceOf } from './typed.ts';

export const machineOptions: readonly Parameter[] = [
  {
    usage: '--machine <machine>',
    summary: "what guests run on: x86_64 or arm64 (QEMU), um (User-Mode Linux); default: ARCH, or the host's",
  },
  { usage: '--arch <machine>', summary: 'the same by its older name' },
];

export const clockOption: Parameter = {
  usage: '--clock <clock>',
  summary: "icount (instructions, repeatable) or wall (default: the machine's: icount under QEMU, else wall)",
};

/** The name that was given. @throws UserError when two different ones were */
export function machineName(options: Typed['options']): string | undefined {
  const [machine, arch] = [options.machine, options.arch] as (string | undefined)[];
  if (machine !== undefined && arch !== undefined && machine !== arch) {
    throw new UserError(`--machine ${machine} and --arch ${arch} are two machines`, {
      hint: '--arch is the older name of --machine: leave it out',
    });
  }
  return machine ?? arch;
}

/** @throws UserError with the list when there is none of that name */
export const machineOf = (options: Typed['options'], workspace: Workspace): Machine =>
  chosenMachine(workspace, machineName(options));

/** @throws UserError when the machine has none of that name, or cannot count for several CPUs */
export function clockOf(options: Typed['options'], machine: Machine, cpus: readonly number[]): Clock {
  const clock =
    options.clock === undefined
      ? machine.clocks[0]
      : choiceOf(options.clock, '--clock', ['icount', 'wall'] as const);
  if (!machine.clocks.includes(clock)) {
    throw new UserError(
      `${machine.platform} counts no instructions: --machine ${machine.id} has no ${clock} clock`,
      {
        hint: `leave out --clock, or use --clock ${machine.clocks[0]}`,
      },
    );
  }
  if (clock === 'icount' && cpus.some(count => count !== 1)) {
    throw new UserError('the icount clock has one CPU', { hint: 'leave out --cpus, or use --clock wall' });
  }
  return clock;
}
