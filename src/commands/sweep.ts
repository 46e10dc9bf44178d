// SPDX-License-Identifier: GPL-2.0-only
/** `initbench sweep`: rows over sizes, memories and CPUs; a plan first, resumable, one record. */
import { planSchema, runSweep, type SweepProduct } from '../campaign/sweep/sweep.ts';
import type { SweepRequest } from '../campaign/sweep/cases.ts';
import { document, list, object, texts } from '../document.ts';
import { rehearsedSchema } from '../events.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import { sweepDocument } from '../measure/sweep.ts';
import { formatSweep } from '../measure/sweeptable.ts';
import type { Workspace } from '../workspace.ts';
import type { Command, Typed } from './command.ts';
import { formatSteps } from './dryrun.ts';
import { clockOf, clockOption, machineName, machineOf, machineOptions } from './machine.ts';
import { bytesOf, percentsOf, wholeNumber } from './typed.ts';

const defaultFlows = 'initramfs,userspace,kernelspace';

const planDocument = document(
  'initbench.sweep-plan/1',
  'sweep --dry-run: how many boots, and how long they take',
  object({ ...planSchema.unwrap().shape, rows: texts, steps: list(rehearsedSchema) }),
);

export const sweep: Command<SweepRequest, SweepProduct> = {
  id: 'sweep',
  summary: 'boot rows over sizes, memories and CPUs; goes on where it was stopped',
  changes: ['trees', 'kernels', 'runs'],
  examples: [
    'sweep --dry-run --size 3M,16M,64M,256M',
    'sweep --size 3M,16M,64M,256M --used 1,10,50,100 --format cpio,cpio-lz4,cpio-zstd,erofs,erofs-lz4hc',
    'sweep --size 16M --variants 1 initramfs:cpio-zstd kernelspace',
    'sweep --size 64M --variants 1 --smallest-mem',
    'sweep --clock wall --rounds 10 --cpus 1,2 --flows initramfs,kernelspace',
  ],
  positional: [{ usage: '[row...]', summary: 'FLOW[:FORMAT][@KERNEL][+WORD...], instead of --flows' }],
  options: [
    { usage: '--flows <flows>', summary: 'flows, separated by commas', default: defaultFlows },
    {
      usage: '--format <formats>',
      summary: "each flow with those of these it boots (default: the flow's own)",
    },
    { usage: '--size <sizes>', summary: 'bytes of the files: 3M,16M,64M,256M (default: no filler)' },
    {
      usage: '--used <percents>',
      summary: "of the files' bytes that are read, in steps",
      default: '1,10,50,100',
    },
    { usage: '--mem <MiB>', summary: 'guest memories', default: '2048' },
    { usage: '--cpus <n>', summary: 'guest CPUs (wall only)', default: '1' },
    {
      usage: '--payload <payload>',
      summary: 'the files: busybox, glibc; others without --size',
      default: 'busybox',
    },
    clockOption,
    { usage: '--variants <n>', summary: 'icount: layouts of each point (default: 8)' },
    { usage: '--rounds <n>', summary: 'wall: boots of each point (default: 10)' },
    { usage: '--smallest-mem', summary: 'find the smallest memory at which each row boots, by bisection' },
    { usage: '--pivot', summary: 'one more boot of each point to a root file system: memory left behind' },
    { usage: '--tree <tree>', summary: 'the kernel tree (default: that of the series)' },
    { usage: '--series <series>', summary: 'the series of the patched kernel (default: initbench.toml)' },
    { usage: '--config <fragment>', summary: 'one more fragment for every kernel', repeat: true },
    ...machineOptions,
    { usage: '--refresh', summary: 'write new commits of a series to patches/ first (setting: refresh)' },
    { usage: '--append <word>', summary: 'one more word on every command line', repeat: true },
    { usage: '--timeout <seconds>', summary: 'deadline of each boot' },
    { usage: '--at-once <n>', summary: 'boots side by side (default: 2 for icount, 1 for wall)' },
    { usage: '--again', summary: 'boot again what was booted before' },
    { usage: '-n, --dry-run', summary: 'print the plan: boots, how many are known, about how long' },
  ],
  parse: parseSweep,
  run: runSweep,
  text: (product, width) =>
    product.kind === 'plan'
      ? [...formatSteps(product.steps), ...formatPlan(product)]
      : [...formatSweep(product.sweep, width), `saved in ${product.file}`],
  json: product =>
    product.kind === 'plan'
      ? planDocument.of({
          ...product.plan,
          rows: product.plan.rows.map(({ id }) => id),
          steps: product.steps,
        })
      : sweepDocument.of(product.sweep),
  exitCode: product =>
    product.kind === 'plan' || product.sweep.points.every(({ outcome }) => outcome.kind === 'ready')
      ? exitCodes.done
      : exitCodes.failed,
};

function parseSweep({ options, words }: Typed, workspace: Workspace): SweepRequest {
  const { settings } = workspace;
  const text = (name: string) => options[name] as string | undefined;
  const list = (name: string) => (options[name] as string[] | undefined) ?? [];
  const parts = (name: string) =>
    (text(name) ?? '')
      .split(',')
      .map(part => part.trim())
      .filter(part => part !== '');
  const numbers = (name: string, option: string, min: number, max: number) =>
    ascending(
      parts(name).map(part => wholeNumber(part, option, min, max)),
      option,
    );
  const cpus = numbers('cpus', '--cpus', 1, 512);
  const clock = clockOf(options, machineOf(options, workspace), cpus);
  const arch = machineName(options);
  const [wrong, right] =
    clock === 'icount' ? (['rounds', 'variants'] as const) : (['variants', 'rounds'] as const);
  if (options[wrong] !== undefined) {
    throw new UserError(`--${wrong} is not for the ${clock} clock`, { hint: `use --${right}` });
  }
  const atOnce = clock === 'icount' ? 2 : 1;
  if (clock === 'wall' && options.atOnce !== undefined && text('atOnce') !== '1') {
    throw new UserError('boots side by side disturb each other on the wall clock', {
      hint: 'leave out --at-once',
    });
  }
  const series = text('series') ?? settings.series;
  const sizes = ascending(
    parts('size').map(part => bytesOf(part, '--size')),
    '--size',
    true,
  );
  return {
    rows: words.length > 0 ? words : parts('flows'),
    formats: parts('format'),
    tree: text('tree') ?? settings.seriesTrees[series] ?? settings.tree,
    series,
    fragments: [...settings.fragments, ...list('config')],
    ...(arch !== undefined && { arch }),
    ...(options.refresh === true && { refresh: true }),
    payload: options.payload as string,
    sizes,
    memoryMiB: numbers('mem', '--mem', 32, 1 << 20),
    cpus,
    used: percentsOf(options.used, '--used'),
    clock,
    samples:
      options[right] === undefined
        ? clock === 'icount'
          ? 8
          : 10
        : wholeNumber(options[right], `--${right}`, 1, 1000),
    append: list('append'),
    pivot: options.pivot === true,
    smallestMemory: options.smallestMem === true,
    ...(options.timeout !== undefined && {
      timeoutMs: 1000 * wholeNumber(options.timeout, '--timeout', 1, 86400),
    }),
    atOnce: options.atOnce === undefined ? atOnce : wholeNumber(options.atOnce, '--at-once', 1, 64),
    again: options.again === true,
    dryRun: options.dryRun === true,
  };
}

/** Sorted, each once. @throws UserError when there is none and one is needed */
function ascending(numbers: readonly number[], option: string, none = false): number[] {
  if (numbers.length === 0 && !none) throw new UserError(`${option} names nothing`);
  return [...new Set(numbers)].sort((a, b) => a - b);
}

function formatPlan({ request, plan }: Extract<SweepProduct, { kind: 'plan' }>): string[] {
  const count = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`;
  const minutes = Math.max(1, Math.round(plan.leftMs / 60_000));
  const { rows, boots, bisections, remembered, atOnce } = plan;
  return [
    `rows      ${rows.map(({ id }) => id).join(' ')}`,
    `places    ${count(Math.max(1, request.sizes.length) * request.memoryMiB.length * request.cpus.length, 'place')}, ${count(request.samples, request.clock === 'icount' ? 'layout' : 'round')} of each point`,
    `boots     ${boots}${request.pivot ? ', those to a root file system with them' : ''}${
      bisections > 0 ? `, and up to ${bisections} for the smallest memories` : ''
    }`,
    `known     ${remembered}, if kernels, images and QEMU are what they were`,
    `time      about ${minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`}, ${count(atOnce, 'boot')} at a time; kernels and images not counted`,
    'nothing was built or booted: leave out --dry-run',
  ];
}
