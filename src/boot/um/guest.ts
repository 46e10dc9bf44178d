// SPDX-License-Identifier: GPL-2.0-only
/** One User-Mode Linux: a process that is the guest, and ends with it. */
import { open } from 'node:fs/promises';
import type { Outcome } from '../../events.ts';
import { launch } from '../../host/exec.ts';
import type { BootPlan, Guest, Instruments } from '../machine.ts';
import type { Seen, Why } from '../seen.ts';
import { umArgv } from './argv.ts';

const never = new Promise<never>(() => {});

/** Standard output and standard error are the console: until the kernel has one of its own, it prints there.
 *  @throws UserError when the kernel, or what confines it, is gone; Interrupted */
export async function startUm(
  { vm }: BootPlan,
  { console }: Instruments,
  signal: AbortSignal,
): Promise<Guest> {
  const log = await open(console, 'a');
  try {
    const running = await launch(umArgv(vm), { signal, output: log.createWriteStream({ autoClose: false }) });
    return {
      running,
      typable: never,
      stopped: never,
      // what watches it has to see its end
      endsAtMark: vm.under === undefined,
      failure: umFailure,
      answers: async () => ({}),
      quit: () => running.stop(),
    };
  } finally {
    await log.close();
  }
}

/** What the host does not let it do, by what the kernel prints of it before it boots, and what to do about it. */
const refusals: readonly (readonly [RegExp, string])[] = [
  [
    /ptrace|check_sysemu/i,
    'this host lets no process trace another, which User-Mode Linux does with its own: in a container, allow it (SYS_PTRACE, a seccomp profile with ptrace)',
  ],
  [
    /seccomp/i,
    'this host lets no process install a seccomp filter, which User-Mode Linux needs with several CPUs',
  ],
  [
    /noexec/,
    '/dev/shm is mounted noexec, where User-Mode Linux has its executable memory: mount -o remount,exec /dev/shm',
  ],
  [/physical memory/, 'the guest has less memory than its kernel: give it more with --mem'],
];

/** The process is the kernel, and ends with it: only what the host does not let it do is the machine's failure. */
export function umFailure(why: Why, seen: Seen): Outcome | undefined {
  if (why.kind !== 'exited' || why.exitCode === 0) return undefined;
  if (seen.panic !== undefined || seen.marks.has('end')) return undefined;
  const refusal = refusals.find(([pattern]) => pattern.test(seen.lastLine))?.[1];
  if (refusal !== undefined && seen.marks.size === 0) {
    return { kind: 'machine-failed', exitCode: why.exitCode, message: refusal };
  }
  const last = seen.error ?? seen.lastLine;
  const said = last === '' ? 'it printed nothing' : `its last line: ${last}`;
  return {
    kind: 'incomplete',
    message: `the kernel's process ended with ${why.signal ?? `exit code ${why.exitCode}`}; ${said}`,
  };
}
