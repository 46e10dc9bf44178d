// SPDX-License-Identifier: GPL-2.0-only
/** A kernel that counts, and what it had counted when its guest stopped: read from the guest's memory, so that a boot that
 *  ends in a panic counts as well. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { BootPlan, Machine } from '../../boot/machine.ts';
import { bootQuietly } from '../../boot/quiet.ts';
import { exitCodes, Interrupted, UserError } from '../../host/errors.ts';
import { type Profiled, profiledFiles, type Range, rangeOf, valuesOf } from '../../kernel/gcov.ts';
import { hasOption, type Kernel } from '../../kernel/kernel.ts';
import { describeOutcome } from '../../measure/outcome.ts';

/** A kernel that counts. */
export interface Counting {
  readonly kernel: Kernel;
  readonly machine: ReadableMachine;
  /** What it counts of the series' files. */
  readonly files: readonly Profiled[];
  readonly range: Range;
}

/** One that tells where a kernel lies in its memory. */
export type ReadableMachine = Machine & Required<Pick<Machine, 'physical'>>;

/** @throws UserError when it is none */
export function requireReadable(machine: Machine): ReadableMachine {
  if (machine.physical) return machine as ReadableMachine;
  throw new UserError(`where a kernel lies in the memory of ${machine.id} is not known here`, {
    hint: 'coverage is read on x86_64',
    exitCode: exitCodes.environment,
  });
}

/** kbuild's own switch of one object; another object of the same name counts as well, and is not looked at. */
export const variablesFor = (sources: readonly string[]): string[] =>
  [...new Set(sources.map(file => `GCOV_PROFILE_${path.basename(file, '.c')}.o=y`))].sort();

/** @throws UserError when nothing is counted of these sources */
export async function countingKernel(
  kernel: Kernel,
  machine: ReadableMachine,
  sources: readonly string[],
): Promise<Counting> {
  const files = profiledFiles(await readFile(kernel.files.vmlinux)).filter(({ file }) =>
    sources.some(source => file.endsWith(`/${source.replace(/\.c$/, '.gcda')}`)),
  );
  const range = rangeOf(files);
  if (range) return { kernel, machine, files, range };
  const why = (await hasOption(kernel, 'GCOV_KERNEL'))
    ? 'gcc 12 or later counts in a way that is understood here; another compiler does not'
    : 'CONFIG_GCOV_KERNEL did not survive: initbench build --config coverage shows why';
  throw new UserError(`the kernel ${kernel.name} counts nothing of the series`, {
    hint: why,
    exitCode: exitCodes.environment,
  });
}

/** The counters after one boot; undefined when they could not be read. A panic is a boot like another.
 *  @throws Interrupted, UserError when it was the machine that failed */
export async function countersAfter(
  { machine, files, range }: Counting,
  plan: (folder: string) => Promise<BootPlan>,
  scratch: string,
  signal: AbortSignal,
): Promise<readonly bigint[] | undefined> {
  const address = machine.physical(range.address);
  const folder = await mkdtemp(path.join(scratch, 'memory-'));
  const file = path.join(folder, 'counters');
  try {
    const { outcome } = await bootQuietly(
      scratch,
      async at => ({ ...(await plan(at)), memory: { address, bytes: range.bytes, file } }),
      signal,
    );
    if (outcome.kind === 'interrupted') throw new Interrupted();
    if (outcome.kind === 'qemu-failed' || outcome.kind === 'machine-failed') {
      throw new UserError(describeOutcome(outcome), { exitCode: exitCodes.environment });
    }
    const memory = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return undefined;
    });
    return memory && valuesOf(files, range, memory);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As text for a record. */
export const packed = (values: readonly bigint[]): string =>
  deflateRawSync(Buffer.from(BigUint64Array.from(values).buffer)).toString('base64');

export function unpacked(text: string): bigint[] {
  const bytes = inflateRawSync(Buffer.from(text, 'base64'));
  return Array.from({ length: bytes.length / 8 }, (_, index) => bytes.readBigUInt64LE(8 * index));
}
