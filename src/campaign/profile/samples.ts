// SPDX-License-Identifier: GPL-2.0-only
/** What `perf script -F comm,ip,sym,dso` prints, read line by line; pure. */
import type { Frame, Stack } from '../../measure/profile.ts';
import type { SymbolAt } from './symbols.ts';

/** Programs that are there before the guest is. */
const before: ReadonlySet<string> = new Set(['perf', 'perf-exec', 'bwrap', 'env']);
/** Where the probe ends the guest: what follows is no part of the boot. */
const ending = 'sys_reboot';

/** Takes lines; has a stack, the outermost function first, for each sample of the guest that is over. */
export function sampleReader(
  kernel: string,
  symbolAt: SymbolAt,
): { line(text: string): void; end(): void; readonly stacks: readonly Stack[] } {
  const stacks: Stack[] = [];
  let comm = '';
  let frames: Frame[] = [];
  const end = (): void => {
    const taken = frames.reverse();
    frames = [];
    if (taken.length === 0 || before.has(comm)) return;
    if (taken.some(({ name }) => name === ending)) return;
    stacks.push({ frames: taken, samples: 1 });
  };
  return {
    stacks,
    end,
    line(text) {
      if (text.trim() === '') end();
      else if (!/^\s/.test(text)) comm = text.trim();
      else {
        const frame = frameOf(text, kernel, symbolAt);
        // of the guest's programs nothing is known but that they run; outside of what is known, an address is none
        const blind = frame?.kind === 'program' && frames.some(({ kind }) => kind !== 'host');
        if (frame && !blind) frames.push(frame);
      }
    },
  };
}

function frameOf(text: string, kernel: string, symbolAt: SymbolAt): Frame | undefined {
  const [, address, name, file] = /^\s+([0-9a-f]+) (.*) \((.*)\)$/.exec(text) ?? [];
  if (address === undefined) return undefined;
  if (file === kernel) {
    return { name: symbolAt(parseInt(address, 16)) ?? '[unknown]', kind: 'kernel' };
  }
  if (/^\[(?:kernel|guest\.kernel|\w*\.ko)/.test(file!)) return { name: name!, kind: 'host' };
  if (file!.startsWith('/') && !file!.startsWith('/dev/shm')) return { name: name!, kind: 'library' };
  return { name: '[program]', kind: 'program' };
}
