// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series fuzz`: hostile images against a series, or one of them again. */
import { bootRunSchema } from '../boot/boot.ts';
import {
  document,
  flag,
  list,
  number,
  object,
  type Printed,
  table as tableOf,
  text,
  texts,
} from '../document.ts';
import { type CaseName, formatCase, parseCase } from '../evidence/fuzz/case.ts';
import {
  type Fuzzed,
  type FuzzRequest,
  fuzzRequestSchema,
  type FuzzResult,
  fuzzResultSchema,
  fuzzFragments,
  fuzzSeries,
  isFinding,
} from '../evidence/fuzz/fuzz.ts';
import { type Control, type Replayed, replayCase } from '../evidence/fuzz/replay.ts';
import { expectationSchema } from '../evidence/fuzz/kinds.ts';
import { definedEnds, isBad, verdictSchema } from '../evidence/fuzz/verdict.ts';
import { millisecondsSchema, type Work } from '../events.ts';
import { exitCodes } from '../host/errors.ts';
import { command } from './command.ts';
import { option } from './options.ts';
import { machineName, machineOptions } from './machine.ts';
import { whole } from './typed.ts';
import { shellQuote } from './words.ts';

interface FuzzInput {
  readonly request: FuzzRequest;
  /** What the command that replays a case has to repeat. */
  readonly typed: readonly string[];
  readonly replay: CaseName | undefined;
  readonly control: Control | undefined;
}

type FuzzProduct =
  | { readonly kind: 'campaign'; readonly fuzzed: Fuzzed; readonly typed: readonly string[] }
  | { readonly kind: 'case'; readonly replayed: Replayed };

export const seriesFuzz = command({
  id: 'series fuzz',
  summary: 'boot damaged images on a kernel with the series; every boot must come to a defined end',
  changes: ['trees', 'kernels', 'runs'],
  examples: [
    'series fuzz initoverlayfs --count 100',
    'series fuzz initoverlayfs --config debug --layout plain --time 30',
    'series fuzz initoverlayfs --machine um --count 10000',
    'series fuzz initoverlayfs --case 1/plain/17',
  ],
  positional: [{ usage: '<series>', summary: 'the series' }],
  options: [
    option.tree,
    ...machineOptions,
    { ...option.cpus, summary: 'of each guest', type: whole(1, 64) },
    { usage: '--seed <n>', summary: 'another seed, other images', type: whole(0, 999_999_999), default: '1' },
    { ...option.count, summary: 'images of each layout' },
    {
      usage: '--time <minutes>',
      summary: 'start no boot after that; the same command goes on later',
      type: whole(1, 100_000),
    },
    { usage: '--layout <layout>', summary: 'only this; an unknown one answers with the list', repeat: true },
    {
      ...option.config,
      summary: 'fragments instead of fuzz: fuzz and kasan, or debug, which has lockdep, too',
    },
    {
      usage: '--case <id>',
      summary: 'boot this one again, SEED/LAYOUT/INDEX, and show its console',
      type: parseCase,
    },
    {
      usage: '--disk [number]',
      summary: 'with --case: on the unpatched kernel, the (first) image on a disk',
      type: whole(1, 1000),
    },
    {
      usage: '--file [number]',
      summary: 'the same with the image as a file of the initramfs',
      type: whole(1, 1000),
    },
  ],
  liveConsole: true,
  parse({ options, words: [series] }, { settings }): FuzzInput {
    const { tree, cpus, config, seed, count, layout, time, disk, file } = options;
    const arch = machineName(options);
    const [given, image] = disk === undefined ? (['file', file] as const) : (['disk', disk] as const);
    return {
      request: {
        series,
        tree: tree ?? settings.seriesTrees[series] ?? settings.tree,
        fragments: fuzzFragments(config),
        ...{ arch, cpus, seed, count, layouts: layout },
        ...(time !== undefined && { minutes: time }),
      },
      typed: [
        ...[series, ...(tree ? ['--tree', tree] : []), ...(arch ? ['--machine', arch] : [])],
        ...(cpus > 1 ? ['--cpus', String(cpus)] : []),
        ...config.flatMap(name => ['--config', name]),
      ],
      replay: options.case,
      control: image === undefined ? undefined : { given, image: image === true ? 1 : image },
    };
  },
  async *run(workspace, { request, typed, replay, control }, signal): Work<FuzzProduct> {
    if (replay) {
      const replayed = yield* replayCase(workspace, request, replay, control, signal);
      return { kind: 'case', replayed };
    }
    return { kind: 'campaign', fuzzed: yield* fuzzSeries(workspace, request, signal), typed };
  },
  text: product =>
    product.kind === 'case' ? caseLines(product.replayed) : campaignLines(product.fuzzed, product.typed),
  json: product => (product.kind === 'case' ? caseRecord(product.replayed) : campaignRecord(product)),
  exitCode: product => {
    const bad =
      product.kind === 'case'
        ? isBad(product.replayed.verdict.end)
        : [...product.fuzzed.results.values()].some(isFinding);
    return bad ? exitCodes.failed : exitCodes.done;
  },
});

function caseLines({ made, run, verdict }: Replayed): readonly string[] {
  const field = (name: string, value: string) => `${name.padEnd(10)}${value}`;
  return [
    field('case', `${formatCase(made.name)}, ${made.kind}`),
    field('damage', made.did),
    field('end', `${verdict.end}${verdict.message ? `: ${verdict.message}` : ''}`),
    ...verdict.faults.slice(1).map(fault => field('then', `${fault.message} in ${fault.where}`)),
    field('kernel', run.kernel.release),
    field('command', shellQuote(run.argv)),
    field('saved in', run.folder),
  ];
}

const columns = [...definedEnds, 'upstream', 'other', 'findings'] as const;
type Column = (typeof columns)[number];

const columnOf = (result: FuzzResult): Column =>
  isFinding(result) ? 'findings' : !isBad(result.end) ? result.end : result.upstream ? 'upstream' : 'other';

const totalSchema = object({
  ...{ layout: text, cases: number },
  ...(Object.fromEntries(columns.map(column => [column, number])) as Record<Column, typeof number>),
});
const campaignDocument = document(
  'initbench.fuzz/1',
  'series fuzz: what each image came to, and what is a finding',
  object({
    ...fuzzRequestSchema.unwrap().shape,
    ...{ release: text, known: number, complete: flag, elapsed: millisecondsSchema, record: text },
    totals: list(totalSchema),
    findings: list(object({ case: text, ...fuzzResultSchema.unwrap().shape, replay: texts })),
    /** By the name of the case. */
    results: tableOf(fuzzResultSchema),
  }),
);
const caseDocument = document(
  'initbench.fuzz-case/1',
  'series fuzz --case: one image, booted again',
  object({
    ...{ case: text, kind: text, did: text, expect: expectationSchema },
    ...verdictSchema.unwrap().shape,
    run: bootRunSchema,
  }),
);

/** Cases of each layout by what they came to. */
export function totalsOf({ layouts, results }: Pick<Fuzzed, 'layouts' | 'results'>) {
  return layouts.map(layout => {
    const own = [...results.values()].filter(result => result.layout === layout);
    const counts = columns.map(column => [column, own.filter(result => columnOf(result) === column).length]);
    return { layout, cases: own.length, ...(Object.fromEntries(counts) as Record<Column, number>) };
  });
}

function campaignLines(fuzzed: Fuzzed, typed: readonly string[]): readonly string[] {
  const { request, release, results, known, complete, elapsed, record } = fuzzed;
  const replay = (key: string) => shellQuote(['initbench', 'series', 'fuzz', ...typed, '--case', key]);
  const findings = [...results].filter(([, result]) => isFinding(result));
  const now = results.size - known;
  const rate = now > 0 ? `, ${(now / (elapsed / 1000)).toFixed(2)} boots per second` : '';
  return [
    `${request.series} on ${request.tree}, ${release}, ${request.fragments.join(' ')}, seed ${request.seed}`,
    '',
    ...table(fuzzed),
    '',
    `${now} booted now, ${known} known before${rate}${complete ? '' : '; time ran out, the same command goes on'}`,
    ...upstreamLines(results),
    ...otherLines(results),
    ...(findings.length === 0 ? ['no finding'] : [`${findings.length} findings:`]),
    ...findings.flatMap(([key, { kind, did, end, message }]) => [
      `  ${key}  ${kind}: ${did}`,
      `    ${end}: ${message}`,
      `    ${replay(key)}`,
    ]),
    `record ${record}`,
  ];
}

function table(fuzzed: Fuzzed): readonly string[] {
  const header = ['layout', 'cases', ...columns];
  const rows = totalsOf(fuzzed).map(row => [
    row.layout,
    String(row.cases),
    ...columns.map(column => String(row[column])),
  ]);
  const widths = header.map((name, at) => Math.max(name.length, ...rows.map(row => row[at]!.length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  ');
  return [header, ...rows].map(line);
}

/** Each fault that the unpatched kernel has, too, once: how often, and the first case. */
function upstreamLines(results: ReadonlyMap<string, FuzzResult>): readonly string[] {
  const groups = new Map<string, string[]>();
  for (const [key, result] of results) {
    if (columnOf(result) !== 'upstream') continue;
    groups.set(result.message, [...(groups.get(result.message) ?? []), key]);
  }
  if (groups.size === 0) return [];
  return [
    'upstream: the unpatched kernel has the same fault with the same image',
    ...[...groups].map(
      ([message, keys]) => `  ${String(keys.length).padStart(4)}  ${message}, first ${keys[0]}`,
    ),
  ];
}

/** The faults that are not the same, one by one. */
function otherLines(results: ReadonlyMap<string, FuzzResult>): readonly string[] {
  const lines = [...results].flatMap(([key, result]) => {
    if (columnOf(result) !== 'other') return [];
    const { message, where } = result.instead!;
    return [
      `  ${key}  ${result.message}`,
      `    unpatched: ${message}${message.includes(where) ? '' : ` in ${where}`}`,
    ];
  });
  if (lines.length === 0) return [];
  return ['other: the unpatched kernel has another fault with the same image', ...lines];
}

function caseRecord({ made, run, verdict }: Replayed): Printed {
  const { kind, did, expect, name } = made;
  return caseDocument.of({ case: formatCase(name), kind, did, expect, ...verdict, run });
}

function campaignRecord({ fuzzed, typed }: Extract<FuzzProduct, { kind: 'campaign' }>): Printed {
  const { request, release, known, complete, elapsed, record, results } = fuzzed;
  return campaignDocument.of({
    ...request,
    ...{ release, known, complete, elapsed, record },
    totals: totalsOf(fuzzed),
    findings: [...results]
      .filter(([, result]) => isFinding(result))
      .map(([key, result]) => ({
        case: key,
        ...result,
        replay: ['initbench', 'series', 'fuzz', ...typed, '--case', key],
      })),
    results: Object.fromEntries(results),
  });
}
