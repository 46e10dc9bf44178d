// SPDX-License-Identifier: GPL-2.0-only
/** `initbench bisect` and `bisect step`: which commit, or which patch, made a boot fail or a figure grow. */
import {
  type Asked,
  bisect as bisectCommits,
  type Bisected,
  bisectedSchema,
  type BisectRequest,
  bisectStep as oneStep,
  type Tested,
  testedSchema,
} from '../campaign/bisect/bisect.ts';
import { type Metric, metrics, type Question } from '../campaign/bisect/question.ts';
import { document } from '../document.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import type { Workspace } from '../workspace.ts';
import { command, type Values } from './command.ts';
import { requireOneCpu } from './machine.ts';
import { option } from './options.ts';
import { parseBytes, percent, whole } from './typed.ts';

const bisectDocument = document(
  'initbench.bisect/1',
  'bisect: the first bad commit, and what was judged on the way',
  bisectedSchema,
);
const stepDocument = document(
  'initbench.bisect-step/1',
  'bisect step: one commit, good, bad or skipped',
  testedSchema,
);

const clone = { usage: '--clone <path>', summary: 'the clone, which is only read', default: '.' } as const;

const question = [
  option.flow,
  { usage: '--outcome', summary: 'bad is what does not get there: panic, hang, a program that fails' },
  {
    usage: '--metric <metric>',
    summary: `bad is a figure above a limit: ${metrics.join(', ')}`,
    choices: metrics,
  },
  {
    usage: '--above <limit>',
    summary: 'the limit: 950M instructions, 120ms (--clock wall), for memory 64M',
  },
  {
    usage: '--times <n>',
    summary: 'boots of each commit, for what fails sometimes',
    type: whole(1, 1000),
    default: '1',
  },
  { ...option.kernel, summary: 'base, or a series put on each commit', default: 'base' },
  option.config,
  option.payload,
  { ...option.pad, default: '0' },
  option.format,
  { ...option.used, summary: "how much of the payload's bytes is read", type: percent },
  option.append,
  option.mem,
  { ...option.cpus, type: whole(1, 255) },
  { ...option.clock, summary: 'icount or wall', default: 'icount' },
  option.timeout,
] as const;

export const bisect = command({
  id: 'bisect',
  summary: 'find the commit, or the patch of a series, that made a boot fail or a figure grow',
  changes: ['trees', 'kernels', 'runs'],
  examples: [
    'bisect --series initoverlayfs --flow kernelspace --outcome',
    'bisect --series initoverlayfs --good 3 --bad 7 --flow floor --metric init --above 300M',
    'bisect --clone ~/src/linux --good v7.2 --bad v7.3 --flow initramfs --metric memory --above 48M',
  ],
  options: [
    { usage: '--good <rev>', summary: 'a commit before it; of a series a patch, 0 for none (default: 0)' },
    { usage: '--bad <rev>', summary: 'a commit with it; of a series a patch (default: the last)' },
    { ...option.series, summary: 'look at the patches of a series' },
    option.tree,
    { ...clone, summary: 'or at the history of a clone, which is only read' },
    ...question,
    option.again,
  ],
  parse({ options }, workspace): BisectRequest {
    const { good, bad, series, tree, clone, again } = options;
    return { ...askedOf(options, workspace), good, bad, series, tree, clone, again };
  },
  run: bisectCommits,
  text: formatBisected,
  json: bisectDocument.of,
  exitCode: ({ kind }) => (kind === 'found' ? exitCodes.done : exitCodes.inconclusive),
});

export const bisectStep = command({
  id: 'bisect step',
  summary: 'judge the commit that a clone has checked out: a step of git bisect run',
  changes: ['trees', 'kernels', 'runs'],
  examples: [
    'bisect step --flow floor --outcome',
    'bisect step --clone ~/src/linux --flow initramfs --metric init --above 950M',
  ],
  options: [clone, ...question],
  // git bisect run takes 1 to 127 for an answer; above it stops.
  errorsFrom: 128,
  parse: ({ options }, workspace) => ({ ...askedOf(options, workspace), clone: options.clone }),
  run: oneStep,
  text: tested => [`${tested.label} is ${wordOf(tested)}: ${tested.why}`],
  json: stepDocument.of,
  exitCode: ({ mark }) => (({ good: 0, bad: 1, skip: 125 }) as const)[mark],
});

function askedOf(options: Values<typeof question>, { settings }: Workspace): Asked {
  const { flow, format, kernel, config, payload, pad, append, clock, cpus, mem, used, times } = options;
  requireOneCpu(clock, [cpus]);
  if (flow === undefined)
    throw new UserError('--flow says how to boot', { hint: '--flow floor, --flow kernelspace' });
  return {
    question: questionOf(options),
    kernel,
    fragments: [...settings.fragments, ...config],
    boots: {
      ...{ flow, format, payload, append, clock, cpus, times },
      padBytes: pad,
      memoryMiB: mem,
      usedPercent: used,
      timeoutMs: options.timeout,
    },
  };
}

function questionOf({ outcome, metric, above, clock }: Values<typeof question>): Question {
  if (outcome === (metric !== undefined)) {
    throw new UserError('one of --outcome and --metric says what is bad');
  }
  if (metric === undefined) return { kind: 'outcome' };
  if (above === undefined) throw new UserError(`--metric ${metric} needs a limit: --above`);
  return { kind: 'metric', metric, above: limitOf(above, metric, clock) };
}

const thousands: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };

/** '950M' instructions, '120ms', '64M' bytes. @throws UserError */
export function limitOf(text: string, metric: Metric, clock: 'icount' | 'wall'): number {
  if (metric === 'memory') {
    const bytes = parseBytes(text);
    if (bytes !== undefined) return bytes;
  } else if (clock === 'wall') {
    const match = /^(\d+(?:\.\d+)?) ?(ms|s)?$/.exec(text);
    if (match) return Number(match[1]) * (match[2] === 's' ? 1000 : 1);
  } else {
    const match = /^(\d+(?:\.\d+)?) ?([kMG]?)$/.exec(text);
    if (match) return Number(match[1]) * thousands[match[2]!]!;
  }
  throw new UserError(`--above ${text}: no limit for ${metric}`, {
    hint: 'write 950M for instructions, 120ms for the wall clock, 64M for memory',
  });
}

const wordOf = ({ mark }: Pick<Tested, 'mark'>) => (mark === 'skip' ? 'skipped' : mark);

function formatBisected({ kind, commits, tested, between, known }: Bisected): readonly string[] {
  const title = {
    found: 'the first bad one is',
    among: 'the first bad one is among these; the others could not be judged:',
    ends: 'nothing to find: this end is not what it was said to be:',
  }[kind];
  return [
    ...tested.map(each => `${each.label}  ${wordOf(each).padEnd(7)}  ${each.why}  ${each.subject}`),
    '',
    title,
    ...commits.map(({ label, subject }) => `  ${label} ${subject}`),
    `${tested.length} judged${known > 0 ? `, ${known} of them before` : ''}; ${between} between the ends`,
  ];
}
