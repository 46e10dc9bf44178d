// SPDX-License-Identifier: GPL-2.0-only
/** The host's CPUs that we may run on, and which of them our guests keep to. */
import { readFileSync } from 'node:fs';

/** From /proc/PID/status (proc(5)): 'Cpus_allowed_list: 0-3,6' is [0, 1, 2, 3, 6]. Empty when it does not say. */
export function allowedCpus(status: string): number[] {
  const list = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(status)?.[1] ?? '';
  return list.split(',').flatMap(range => {
    const [first, last = first] = range.split('-').map(Number);
    return range === '' ? [] : Array.from({ length: last! - first! + 1 }, (_, index) => first! + index);
  });
}

const ourCpus = (): number[] => {
  try {
    return allowedCpus(readFileSync('/proc/self/status', 'utf8'));
  } catch {
    return [];
  }
};

/** Where guests that are compared run, one after another: always the same, and not the first, to which most interrupts
 *  go. `taskset` chooses another. Undefined where the host does not say what it has. */
export const cpuOfOne = (): number | undefined => ourCpus().at(-1);

const inUse = new Map<number, number>();

/** Where one of several guests at once runs: the CPU with the fewest of them. Taken until it is released. */
export function takeCpu(): { readonly cpu: number | undefined; readonly release: () => void } {
  const guests = (cpu: number) => inUse.get(cpu) ?? 0;
  const cpu = ourCpus().reduceRight<number | undefined>(
    (best, one) => (best === undefined || guests(one) < guests(best) ? one : best),
    undefined,
  );
  if (cpu === undefined) return { cpu, release: () => {} };
  inUse.set(cpu, guests(cpu) + 1);
  return { cpu, release: () => inUse.set(cpu, guests(cpu) - 1) };
}
