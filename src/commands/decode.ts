// SPDX-License-Identifier: GPL-2.0-only
/** `initbench decode`: the stack of an oops as files and lines, and whose patch they are. */
import { type Decoded, type DecodedFrame, type DecodedTrace, decodeRun } from '../campaign/decode/decode.ts';
import { exitCodes } from '../host/errors.ts';
import type { Command } from './command.ts';

export const decode: Command<{ run: string; build: boolean }, Decoded> = {
  id: 'decode',
  summary: 'decode oopses, BUGs and WARNINGs of a run: file and line, and the patch that wrote it',
  changes: ['trees', 'kernels'],
  examples: ['decode', 'decode @1 --build', 'decode 20261123T140501-4f2a --json'],
  positional: [
    { usage: '[run]', summary: '@ (the latest), @1, an id or its beginning, or a row', default: '@' },
  ],
  options: [
    {
      usage: '--build',
      summary: 'where the kernel has no line tables, build the same one with them (a full build)',
    },
  ],
  parse: ({ options, words }) => ({ run: words[0] ?? '@', build: options.build === true }),
  run: (workspace, { run, build }, signal) => decodeRun(workspace, run, { build }, signal),
  text: ({ run, kernel, traces, notes }) => [
    `${run}: ${kernel.name} on ${kernel.tree}, ${kernel.release}`,
    ...(traces.length === 0 ? ['nothing on its console has a stack'] : traces.flatMap(traceLines)),
    ...(notes.length > 0 ? ['', ...notes.map(note => `note: ${note}`)] : []),
  ],
  json: decoded => ({ schema: 'initbench.decoded/1', ...decoded }),
  exitCode: () => exitCodes.done,
};

function traceLines({ title, frames }: DecodedTrace): readonly string[] {
  const owner = frames.find(({ sure, owners }) => sure && owners.length > 0)?.owners;
  return [
    '',
    title,
    ...frames.flatMap(frameLines),
    ...(owner
      ? [`nearest to it: ${owner.map(({ number, subject }) => `patch ${number}, ${subject}`).join('; ')}`]
      : []),
  ];
}

function frameLines({
  symbol,
  offset,
  size,
  kind,
  sure,
  locations,
  owners,
}: DecodedFrame): readonly string[] {
  const hex = (value: number) => `0x${value.toString(16)}`;
  const places = locations.map(({ file, line }) => `${file}:${line}`).join(' ');
  const whose = owners.map(({ number }) => number).join(', ');
  return [
    [
      kind === 'ip' ? '  at  ' : sure ? '      ' : '    ? ',
      places === '' ? `${symbol}+${hex(offset)}/${hex(size)}` : `${symbol} (${places})`,
      whose === '' ? '' : `   patch ${whose}`,
    ].join(''),
  ];
}
