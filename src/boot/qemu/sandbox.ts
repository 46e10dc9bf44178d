// SPDX-License-Identifier: GPL-2.0-only
/** QEMU's own confinement: whether this one, on this host, takes it. */
import { capture } from '../../host/exec.ts';
import { sandboxArgv } from './argv.ts';

const sandboxes = new Map<string, Promise<boolean>>();

/** Whether this QEMU takes -sandbox, and this host lets it: a machine without anything is started and left. */
export function canSandbox(qemu: string, signal: AbortSignal): Promise<boolean> {
  const key = `${process.env.PATH} ${qemu}`;
  const known = sandboxes.get(key) ?? probeSandbox(qemu, signal);
  sandboxes.set(key, known);
  known.catch(() => sandboxes.delete(key));
  return known;
}

async function probeSandbox(qemu: string, signal: AbortSignal): Promise<boolean> {
  const nothing = ['-no-user-config', '-nodefaults', '-machine', 'none', '-display', 'none'];
  const argv = [qemu, ...nothing, ...sandboxArgv, '-monitor', 'stdio'];
  return capture(argv, { signal, stdin: 'quit\n' }).then(
    () => true,
    (error: unknown) => {
      if ((error as Error).name === 'ToolError') return false;
      throw error;
    },
  );
}
