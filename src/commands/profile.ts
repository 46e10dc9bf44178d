// SPDX-License-Identifier: GPL-2.0-only
/** `initbench profile`: where the time of a boot goes, as a table of functions and as a flame graph. */
import {
  type Profiled,
  type ProfileFiles,
  type ProfileRequest,
  profileRows,
} from '../campaign/profile/profile.ts';
import { document, list, number, object, text } from '../document.ts';
import type { Work } from '../events.ts';
import { namedGrid } from '../measure/grid.ts';
import { byKind, hottest, perBoot } from '../measure/profile.ts';
import { command } from './command.ts';
import { option } from './options.ts';
import { machineName, machineOptions, memOfRows, sourcesOf } from './machine.ts';
import { whole } from './typed.ts';

const profileDocument = document(
  'initbench.profile/1',
  'profile: the functions of each row by their own time, and the files of its flame graph',
  object({
    release: text,
    payload: text,
    rows: list(
      object({
        row: text,
        boots: number,
        samples: number,
        /** Milliseconds of one boot. */
        ms: object({ kernel: number, program: number, host: number, library: number }),
        functions: list(object({ name: text, kind: text, self: number, total: number })),
        svg: text,
        folded: text,
      }),
    ),
  }),
);

interface Input extends ProfileRequest {
  readonly top: number;
}

interface Product extends Profiled {
  readonly top: number;
}

export const profile = command({
  id: 'profile',
  summary: 'boot rows on User-Mode Linux under perf: hottest functions, and a flame graph of each row',
  changes: ['trees', 'kernels'],
  examples: ['profile', 'profile initramfs:cpio kernelspace:erofs --pad 64M --boots 50'],
  positional: [{ usage: '[row...]', summary: 'as in compare; default: initramfs:cpio kernelspace:erofs' }],
  options: [
    {
      usage: '--boots <n>',
      summary: 'boots of each row, whose samples are added up',
      type: whole(1, 10_000),
      default: '20',
    },
    {
      usage: '--top <n>',
      summary: 'functions of each row that are printed',
      type: whole(1, 1000),
      default: '12',
    },
    option.payload,
    { ...option.pad, default: '64M' },
    { ...option.used, default: '0' },
    { ...memOfRows, default: '512' },
    option.tree,
    option.series,
    option.config,
    ...machineOptions,
    option.timeout,
  ],
  parse({ options, words }, workspace): Input {
    const { payload, boots, top } = options;
    const sources = sourcesOf(options, workspace);
    return {
      ...sources,
      rows: words.length > 0 ? words : ['initramfs:cpio', 'kernelspace:erofs'],
      fragments: [...sources.fragments, 'profile'],
      arch: machineName(options) ?? 'um',
      payload,
      padBytes: options.pad,
      used: options.used.filter(percent => percent > 0),
      clock: 'wall',
      memoryMiB: options.mem,
      cpus: 1,
      append: [],
      boots,
      top,
      timeoutMs: options.timeout,
    };
  },
  async *run(workspace, request, signal): Work<Product> {
    return { ...(yield* profileRows(workspace, request, signal)), top: request.top };
  },
  text: ({ profiles, release, payload, top }) => [
    `payload ${payload}, Linux ${release}, User-Mode Linux; milliseconds of one boot under perf`,
    ...profiles.flatMap(files => ['', ...linesOf(files, top)]),
  ],
  json: ({ profiles, release, payload, top }) =>
    profileDocument.of({ release, payload, rows: profiles.map(files => recordOf(files, top)) }),
});

function linesOf({ profile: one, svg, folded }: ProfileFiles, top: number): string[] {
  const ms = (samples: number) => perBoot(one, samples).toFixed(2);
  const { kernel, program, host, library } = byKind(one);
  return [
    `${one.row}: ${ms(one.samples)} ms, ${one.samples} samples of ${one.boots} boots`,
    `guest kernel ${ms(kernel)}, guest programs ${ms(program)}, host kernel ${ms(host)}, host libraries ${ms(library)}`,
    ...namedGrid([
      ['function', 'self ms', '%', 'with what it calls'],
      ...hottest(one)
        .slice(0, top)
        .map(({ frame, self, total }): [string, ...string[]] => [
          `${frame.name}${frame.kind === 'kernel' ? '' : ` (${whose[frame.kind]})`}`,
          ...[ms(self), ((100 * self) / one.samples).toFixed(1), ms(total)],
        ]),
    ]),
    `flame graph ${svg}`,
    `stacks      ${folded}`,
  ];
}

const whose = { program: 'guest program', host: 'host kernel', library: 'host library' } as const;

function recordOf({ profile: one, svg, folded }: ProfileFiles, top: number) {
  const ms = (samples: number) => perBoot(one, samples);
  const { kernel, program, host, library } = byKind(one);
  return {
    ...{ row: one.row, boots: one.boots, samples: one.samples, svg, folded },
    ms: { kernel: ms(kernel), program: ms(program), host: ms(host), library: ms(library) },
    functions: hottest(one)
      .slice(0, top)
      .map(({ frame, self, total }) => ({ ...frame, self: ms(self), total: ms(total) })),
  };
}
