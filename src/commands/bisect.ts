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
import type { Command, Parameter, Typed } from './command.ts';
import { bytesOf, choiceOf, parseBytes, wholeNumber } from './typed.ts';

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

const question: readonly Parameter[] = [
  { usage: '--flow <flow>', summary: 'the way to boot' },
  { usage: '--outcome', summary: 'bad is what does not get there: panic, hang, a program that fails' },
  { usage: '--metric <metric>', summary: `bad is a figure above a limit: ${metrics.join(', ')}` },
  {
    usage: '--above <limit>',
    summary: 'the limit: 950M instructions, 120ms (--clock wall), for memory 64M',
  },
  { usage: '--times <n>', summary: 'boots of each commit, for what fails sometimes', default: '1' },
  { usage: '--kernel <kernel>', summary: 'base, or a series put on each commit', default: 'base' },
  { usage: '--config <fragment>', summary: 'one more fragment', repeat: true },
  { usage: '--payload <payload>', summary: 'the files', default: 'busybox' },
  { usage: '--pad <bytes>', summary: 'filler added to the busybox payload', default: '0' },
  { usage: '--format <format>', summary: "how they are packed (default: the flow's own)" },
  { usage: '--used <percent>', summary: "how much of the payload's bytes is read", default: '10' },
  { usage: '--append <word>', summary: 'one more word on the kernel command line', repeat: true },
  { usage: '--mem <MiB>', summary: 'guest memory', default: '2048' },
  { usage: '--cpus <n>', summary: 'guest CPUs (wall only)', default: '1' },
  { usage: '--clock <clock>', summary: 'icount or wall', default: 'icount' },
  { usage: '--timeout <seconds>', summary: 'deadline of each boot' },
];

export const bisect: Command<BisectRequest, Bisected> = {
  id: 'bisect',
  summary: 'find the commit, or the patch of a series, that made a boot fail or a figure grow',
  changes: ['trees', 'kernels', 'runs'],
  examples: [
    'bisect --series initoverlayfs --flow kernelspace --outcome',
    'bisect --series initoverlayfs --good 3 --bad 7 --flow floor --metric init --above 300M',
    'bisect --clone ~/src/linux --good v7.2 --bad v7.3 --flow initramfs --metric memory --above 48M',
  ],
  positional: [],
  options: [
    { usage: '--good <rev>', summary: 'a commit before it; of a series a patch, 0 for none (default: 0)' },
    { usage: '--bad <rev>', summary: 'a commit with it; of a series a patch (default: the last)' },
    { usage: '--series <series>', summary: 'look at the patches of a series' },
    { usage: '--tree <tree>', summary: 'the tree of the series' },
    { usage: '--clone <path>', summary: 'or at the history of a clone, which is only read', default: '.' },
    ...question,
    { usage: '--again', summary: 'judge anew what is known' },
  ],
  parse(typed, workspace) {
    const { options } = typed;
    const text = (name: string) => options[name] as string | undefined;
    const [good, bad, series, tree] = ['good', 'bad', 'series', 'tree'].map(text);
    return {
      ...askedOf(typed, workspace),
      clone: options.clone as string,
      ...(good !== undefined && { good }),
      ...(bad !== undefined && { bad }),
      ...(series !== undefined && { series }),
      ...(tree !== undefined && { tree }),
      again: options.again === true,
    };
  },
  run: bisectCommits,
  text: formatBisected,
  json: bisectDocument.of,
  exitCode: ({ kind }) => (kind === 'found' ? exitCodes.done : exitCodes.inconclusive),
};

export const bisectStep: Command<Asked & { readonly clone: string }, Tested> = {
  id: 'bisect step',
  summary: 'judge the commit that a clone has checked out: a step of git bisect run',
  changes: ['trees', 'kernels', 'runs'],
  examples: [
    'bisect step --flow floor --outcome',
    'bisect step --clone ~/src/linux --flow initramfs --metric init --above 950M',
  ],
  positional: [],
  options: [{ usage: '--clone <path>', summary: 'the clone, which is only read', default: '.' }, ...question],
  // git bisect run takes 1 to 127 for an answer; above it stops.
  errorsFrom: 128,
  parse: (typed, workspace) => ({ ...askedOf(typed, workspace), clone: typed.options.clone as string }),
  run: oneStep,
  text: tested => [`${tested.label} is ${wordOf(tested)}: ${tested.why}`],
  json: stepDocument.of,
  exitCode: ({ mark }) => (({ good: 0, bad: 1, skip: 125 }) as const)[mark],
};

function askedOf({ options }: Typed, { settings }: Workspace): Asked {
  const text = (name: string) => options[name] as string | undefined;
  const list = (name: string) => (options[name] as string[] | undefined) ?? [];
  const clock = choiceOf(options.clock, '--clock', ['icount', 'wall']);
  const cpus = wholeNumber(options.cpus, '--cpus', 1, 255);
  if (clock === 'icount' && cpus !== 1) {
    throw new UserError('the icount clock has one CPU', { hint: 'leave out --cpus, or use --clock wall' });
  }
  const [flow, format, timeout] = [text('flow'), text('format'), text('timeout')];
  if (flow === undefined)
    throw new UserError('--flow says how to boot', { hint: '--flow floor, --flow kernelspace' });
  return {
    question: questionOf(options, clock),
    kernel: options.kernel as string,
    fragments: [...settings.fragments, ...list('config')],
    boots: {
      ...{ flow, payload: options.payload as string, clock, cpus },
      padBytes: bytesOf(options.pad, '--pad'),
      append: list('append'),
      memoryMiB: wholeNumber(options.mem, '--mem', 32, 1 << 20),
      usedPercent: wholeNumber(options.used, '--used', 0, 100),
      times: wholeNumber(options.times, '--times', 1, 1000),
      ...(format !== undefined && { format }),
      ...(timeout !== undefined && { timeoutMs: 1000 * wholeNumber(timeout, '--timeout', 1, 86400) }),
    },
  };
}

function questionOf(options: Typed['options'], clock: 'icount' | 'wall'): Question {
  const [metric, above] = [options.metric, options.above as string | undefined];
  if ((options.outcome === true) === (metric !== undefined)) {
    throw new UserError('one of --outcome and --metric says what is bad');
  }
  if (metric === undefined) return { kind: 'outcome' };
  const chosen = choiceOf(metric, '--metric', metrics);
  if (above === undefined) throw new UserError(`--metric ${chosen} needs a limit: --above`);
  return { kind: 'metric', metric: chosen, above: limitOf(above, chosen, clock) };
}

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
    if (match) return Number(match[1]) * { '': 1, k: 1e3, M: 1e6, G: 1e9 }[match[2] as '' | 'k' | 'M' | 'G'];
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
