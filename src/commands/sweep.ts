// SPDX-License-Identifier: GPL-2.0-only
/** `initbench sweep`: rows over sizes, memories and CPUs; a plan first, resumable, one record. */
import { planSchema, runSweep, type SweepProduct } from '../campaign/sweep/sweep.ts';
import type { SweepRequest } from '../campaign/sweep/cases.ts';
import { document, list, object, texts } from '../document.ts';
import { rehearsedSchema } from '../events.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import { sweepDocument } from '../measure/sweep.ts';
import { formatSweep } from '../measure/sweeptable.ts';
import { command } from './command.ts';
import { formatSteps } from './dryrun.ts';
import { clockOf, machineName, machineOf, machineOptions, sourcesOf } from './machine.ts';
import { option } from './options.ts';
import { ascending, bytes, whole, words as parts } from './typed.ts';

const defaultFlows = 'initramfs,userspace,kernelspace';

const planDocument = document(
  'initbench.sweep-plan/1',
  'sweep --dry-run: how many boots, and how long they take',
  object({ ...planSchema.unwrap().shape, rows: texts, steps: list(rehearsedSchema) }),
);

export const sweep = command({
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
    { usage: '--flows <flows>', summary: 'flows, separated by commas', type: parts, default: defaultFlows },
    {
      ...option.format,
      summary: "each flow with those of these it boots (default: the flow's own)",
      type: parts,
    },
    {
      usage: '--size <sizes>',
      summary: 'bytes of the files: 3M,16M,64M,256M (default: no filler)',
      type: ascending(bytes),
    },
    { ...option.used, default: '1,10,50,100' },
    { ...option.mem, summary: 'guest memories: 512,2048', type: ascending(option.mem.type) },
    { ...option.cpus, type: ascending(option.cpus.type) },
    { ...option.payload, summary: 'the files: busybox, glibc; others without --size' },
    option.clock,
    { ...option.variants, summary: 'icount: layouts of each point (default: 8)' },
    { ...option.rounds, summary: 'wall: boots of each point (default: 10)' },
    { usage: '--smallest-mem', summary: 'find the smallest memory at which each row boots, by bisection' },
    option.pivot,
    option.tree,
    option.series,
    option.config,
    ...machineOptions,
    option.refresh,
    option.append,
    option.timeout,
    {
      usage: '--at-once <n>',
      summary: 'boots side by side (default: 2 for icount, 1 for wall)',
      type: whole(1, 64),
    },
    option.again,
    { ...option.dryRun, summary: 'print the plan: boots, how many are known, about how long' },
  ],
  parse({ options, words }, workspace): SweepRequest {
    const { cpus, variants, rounds, atOnce } = options;
    const clock = clockOf(options.clock, machineOf(options, workspace), cpus);
    const icount = clock === 'icount';
    const [wrong, right] = icount ? ['rounds', 'variants'] : ['variants', 'rounds'];
    if ((icount ? rounds : variants) !== undefined) {
      throw new UserError(`--${wrong} is not for the ${clock} clock`, { hint: `use --${right}` });
    }
    if (!icount && (atOnce ?? 1) !== 1) {
      throw new UserError('boots side by side disturb each other on the wall clock', {
        hint: 'leave out --at-once',
      });
    }
    const { flows, format = [], refresh, payload, size = [], mem, used, append, pivot, again } = options;
    return {
      ...sourcesOf(options, workspace),
      rows: words.length > 0 ? words : flows,
      formats: format,
      arch: machineName(options),
      refresh: refresh || workspace.settings.refresh,
      sizes: size,
      memoryMiB: mem,
      samples: icount ? (variants ?? 8) : (rounds ?? 10),
      smallestMemory: options.smallestMem,
      timeoutMs: options.timeout,
      atOnce: atOnce ?? (icount ? 2 : 1),
      dryRun: options.dryRun,
      ...{ payload, cpus, used, clock, append, pivot, again },
    };
  },
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
});

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
