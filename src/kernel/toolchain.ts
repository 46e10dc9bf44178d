// SPDX-License-Identifier: GPL-2.0-only
/** The programs a build needs: whether they are there, and the versions that are part of a kernel's digest. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { capture, missingTool } from '../host/exec.ts';
import type { Toolchain } from './make.ts';
import type { Programs } from './variables.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether a program is on PATH, or is a path to one. */
export async function isInstalled(program: string, environment: Environment): Promise<boolean> {
  const candidates = program.includes('/')
    ? [program]
    : (environment.PATH ?? '').split(':').map(folder => path.join(folder || '.', program));
  for (const candidate of candidates) {
    const executable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return true;
  }
  return false;
}

const compressors: Readonly<Record<string, string>> = {
  GZIP: 'gzip',
  BZIP2: 'bzip2',
  LZMA: 'xz',
  XZ: 'xz',
  LZO: 'lzop',
  LZ4: 'lz4',
  ZSTD: 'zstd',
};

/** Programs that kbuild calls beside the compiler; with a .config also the kernel's compressor. Pure. */
export function toolsNeeded(dotConfig = ''): readonly string[] {
  const compressor = /^CONFIG_KERNEL_(\w+)=y$/m.exec(dotConfig)?.[1];
  const tool = compressor === undefined ? undefined : compressors[compressor];
  return ['make', 'flex', 'bison', 'bc', ...(tool ? [tool] : [])];
}

/** @throws UserError naming the first program that is missing, and its package */
export async function requireTools(programs: readonly string[], environment: Environment): Promise<void> {
  for (const program of programs) {
    if (!(await isInstalled(program, environment))) throw missingTool(program, 'building a kernel');
  }
}

/** The first line each program says about itself. @throws UserError when one is missing */
export async function probeToolchain(
  programs: Programs,
  environment: Environment,
  signal: AbortSignal,
): Promise<Toolchain> {
  const ask = async (command: string, ...argv: readonly string[]) => {
    const said = await capture([...command.split(/\s+/), ...argv], { env: environment, signal });
    return said.split('\n')[0]!.trim();
  };
  const [compiler, linker, assembler] = await Promise.all([
    ask(programs.compiler, '--version'),
    ask(programs.linker, '--version'),
    programs.integratedAssembler
      ? undefined
      : ask(programs.compiler, '-Wa,--version', '-c', '-x', 'assembler', '/dev/null', '-o', '/dev/null'),
  ]);
  return { compiler, linker, assembler: assembler ?? compiler };
}
