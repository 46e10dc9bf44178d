// SPDX-License-Identifier: GPL-2.0-only
/** The programs of vm/, built once for each state of their sources and each compiler, so for each architecture. */
import { mkdir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Digest, Work } from '../events.ts';
import { capture, exec } from '../host/exec.ts';
import { digestOf, digestOfFile, exists, publishFolder } from '../host/files.ts';
import { programOf } from '../host/program.ts';
import { crossOf } from '../kernel/architecture.ts';
import { folders, type Workspace } from '../workspace.ts';
import type { GuestPrograms } from './image.ts';

const programNames = {
  probe: 'probe',
  storageInit: 'storage-init',
  mark: 'mark',
  arrival: 'arrival',
  glibcInit: 'glibc-init',
  witness: 'witness',
  walker: 'walker',
  cost: 'cost',
} as const;

/** `out` must not be below `source`; `cross` is what stands before the names of the compilers. */
export const guestMakeArgv = (source: string, out: string, cross: string): string[] => [
  'make',
  '--no-print-directory',
  '-C',
  source,
  `OUT=${out}`,
  ...(cross ? [`CROSS_COMPILE=${cross}`] : []),
];

/** What compilers print of themselves, by their files: starting a program costs more than all else that a cached payload
 *  takes. */
const compilers = new Map<string, string>();

async function compilerOf(program: string, signal: AbortSignal): Promise<string> {
  const file = await programOf(program);
  const found = await stat(file).catch(() => undefined);
  const key = `${file} ${found?.mtimeMs} ${found?.size}`;
  const known = compilers.get(key);
  if (known !== undefined) return known;
  const printed = await capture([program, '--version'], { signal });
  compilers.set(key, printed);
  return printed;
}

/** Over their sources and the compiler. @throws UserError without gcc */
export async function guestDigest(workspace: Workspace, arch: string, signal: AbortSignal): Promise<Digest> {
  const compiler = await compilerOf(`${crossOf(arch)}gcc`, signal);
  return digestOf({ compiler, sources: await digestsBelow(folders.vm(workspace)) });
}

/** Builds them. @throws ToolError when they do not build, UserError without make or gcc */
export async function* buildGuestPrograms(
  workspace: Workspace,
  arch: string,
  signal: AbortSignal,
): Work<GuestPrograms> {
  const job = 'guest programs';
  const source = folders.vm(workspace);
  const cross = crossOf(arch);
  const digest = await guestDigest(workspace, arch, signal);
  const folder = path.join(workspace.cache, 'guest', digest);
  const step = { job, type: 'step', step: 'guest programs', product: digest } as const;
  if (await exists(folder)) {
    yield { ...step, state: 'cached' };
  } else if (workspace.dryRun) {
    yield { ...step, state: 'planned' };
  } else {
    yield { ...step, state: 'started' };
    yield* publishFolder(folder, async function* (scratch) {
      await mkdir(scratch, { recursive: true });
      yield* exec(guestMakeArgv(source, scratch, cross), {
        job,
        signal,
        env: { MAKEFLAGS: undefined, MAKELEVEL: undefined },
      });
    });
    yield { ...step, state: 'done' };
  }
  return {
    digest,
    probe: path.join(folder, programNames.probe),
    storageInit: path.join(folder, programNames.storageInit),
    mark: path.join(folder, programNames.mark),
    arrival: path.join(folder, programNames.arrival),
    glibcInit: path.join(folder, programNames.glibcInit),
    witness: path.join(folder, programNames.witness),
    walker: path.join(folder, programNames.walker),
    cost: path.join(folder, programNames.cost),
  };
}

/** Every file below a folder by its relative path; sorted. */
async function digestsBelow(folder: string): Promise<Record<string, Digest>> {
  const items = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = items.filter(item => item.isFile()).map(item => path.join(item.parentPath, item.name));
  const digests: Record<string, Digest> = {};
  for (const file of files.sort()) digests[path.relative(folder, file)] = await digestOfFile(file);
  return digests;
}
