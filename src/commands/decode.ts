// SPDX-License-Identifier: GPL-2.0-only
/** `initbench decode`: the stack of an oops as files and lines, and whose patch they are. */
import {
  type DecodedFrame,
  type DecodedTrace,
  decodedSchema,
  decodeConsole,
  type Subject,
} from '../campaign/decode/decode.ts';
import { document } from '../document.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import { command } from './command.ts';
import { option } from './options.ts';

const decodedDocument = document(
  'initbench.decoded/1',
  'decode: the stacks of a console as files and lines, and whose patch wrote them',
  decodedSchema,
);

export const decode = command({
  id: 'decode',
  summary: 'decode oopses, BUGs and WARNINGs of a run: file and line, and the patch that wrote it',
  changes: ['trees', 'kernels'],
  examples: [
    ...['decode', 'decode @1 --build', 'decode 20261123T140501-4f2a --json'],
    ...['decode dmesg.txt --vmlinux ~/linux/vmlinux', 'decode serial.log --kernel initoverlayfs'],
  ],
  positional: [
    {
      usage: '[run]',
      summary: '@ (the latest), @1, an id or its beginning, or a row; a file with --vmlinux or --kernel',
      default: '@',
    },
  ],
  options: [
    {
      usage: '--build',
      summary: 'where the kernel has no line tables, build the same one with them (a full build)',
    },
    { usage: '--vmlinux <file>', summary: 'the console is a file, and this is the vmlinux of its kernel' },
    {
      ...option.kernel,
      summary: 'the console is a file, and its kernel is base or a series, as built last',
    },
  ],
  parse: ({ options: { vmlinux, kernel, build }, words: [run] }) => ({
    subject: subjectOf(run, vmlinux, kernel),
    build,
  }),
  run: (workspace, { subject, build }, signal) => decodeConsole(workspace, subject, { build }, signal),
  text: ({ run, kernel, traces, lines, notes }) => [
    `${run}: ${kernel.tree === '' ? kernel.name : `${kernel.name} on ${kernel.tree}, ${kernel.release}`}`,
    ...(traces.length === 0
      ? ['nothing on its console has a stack']
      : traces.flatMap(trace => traceLines(trace, lines))),
    ...(notes.length > 0 ? ['', ...notes.map(note => `note: ${note}`)] : []),
  ],
  json: decodedDocument.of,
  exitCode: () => exitCodes.done,
});

function subjectOf(
  word: string | undefined,
  vmlinux: string | undefined,
  kernel: string | undefined,
): Subject {
  if (vmlinux === undefined && kernel === undefined) return { run: word ?? '@' };
  if (word === undefined || (vmlinux !== undefined && kernel !== undefined)) {
    throw new UserError('one file, and either --vmlinux or --kernel', {
      hint: 'for example: initbench decode dmesg.txt --vmlinux ~/linux/vmlinux',
    });
  }
  return vmlinux === undefined ? { file: word, kernel: kernel! } : { file: word, vmlinux };
}

function traceLines({ title, frames }: DecodedTrace, lines: boolean): readonly string[] {
  const owner = frames.find(({ sure, owners }) => sure && owners.length > 0)?.owners;
  return [
    '',
    title,
    ...frames.flatMap(frameLines),
    ...(owner
      ? [
          `${lines ? 'nearest to it' : 'nearest to it by function, what was inlined unseen'}: ${owner.map(({ number, subject }) => `patch ${number}, ${subject}`).join('; ')}`,
        ]
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
