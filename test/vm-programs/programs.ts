// SPDX-License-Identifier: GPL-2.0-only
/** Builds and runs the guest programs of vm/ on the host, and reads the lines they print. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const vm = path.resolve(import.meta.dirname, '../../vm');

/** `make -C vm OUT=folder` for some of the programs; throws with the compiler's words. */
export function build(out: string, programs: readonly string[], sources: string = vm): void {
  const targets = programs.map(program => path.join(out, program));
  const made = spawnSync('make', ['-C', sources, `OUT=${out}`, ...targets], { encoding: 'utf8' });
  if (made.status !== 0 || made.stderr !== '') throw new Error(`make: ${made.stdout}${made.stderr}`);
}

export interface Line {
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
}

export interface Run {
  readonly exitCode: number | null;
  readonly lines: readonly Line[];
}

/** Values keep one byte per character (latin1), as they were before they were escaped. */
export function parseLine(text: string): Line {
  const match = /^initbench: ([a-z0-9-]+)((?: [A-Za-z_0-9]+=[!-<>-~]*)*)$/.exec(text);
  if (!match) throw new Error(`not a line of the protocol: ${JSON.stringify(text)}`);
  const pairs = match[2]!
    .split(' ')
    .filter(Boolean)
    .map(pair => {
      const [key, value] = pair.split('=');
      return [key!, value!.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)))];
    });
  return { name: match[1]!, values: Object.fromEntries(pairs) };
}

/** Runs a program, or one and its arguments, with nothing but `env` around it; `meanwhile` is called once it runs. */
export async function run(
  program: string | readonly string[],
  env: Record<string, string>,
  meanwhile?: () => void,
): Promise<Run> {
  const [file, ...words] = [program].flat();
  const child = spawn(file!, words, { env, stdio: ['ignore', 'pipe', 'inherit'], timeout: 10_000 });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('spawn', () => meanwhile?.());
  const [exitCode] = (await once(child, 'close')) as [number | null];
  const texts = Buffer.concat(chunks).toString('latin1').split('\n');
  if (texts.pop() !== '') throw new Error('the last line has no end');
  return { exitCode, lines: texts.filter(text => text.startsWith('initbench: ')).map(parseLine) };
}
