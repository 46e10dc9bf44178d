// SPDX-License-Identifier: GPL-2.0-only
/** `initbench kunit`: the suites of a series by the tree's own kunit.py, as a table. */
import type { KunitSuite, TestResult } from '../campaign/kunit/ktap.ts';
import {
  kunitPassed,
  type KunitProduct,
  kunitProductSchema,
  type KunitRequest,
  kunitSeries,
} from '../campaign/kunit/kunit.ts';
import type { KunitEnd } from '../campaign/kunit/run.ts';
import { document, flag, object } from '../document.ts';
import { exitCodes } from '../host/errors.ts';
import { namedGrid } from '../measure/grid.ts';
import { command } from './command.ts';
import { option } from './options.ts';
import { duration } from './words.ts';

const kunitDocument = document(
  'initbench.kunit/1',
  'kunit: the suites of a series, test by test',
  object({ passed: flag, ...kunitProductSchema.unwrap().shape }),
);

export const kunit = command({
  id: 'kunit',
  summary: "run the KUnit suites of a series on User-Mode Linux, by the tree's own kunit.py",
  changes: ['trees'],
  examples: ['kunit', 'kunit initoverlayfs --json', "kunit initoverlayfs --filter 'initramfs*'"],
  positional: [{ usage: '[series]', summary: 'the series (default: that of initbench.toml)' }],
  options: [
    option.tree,
    { usage: '--filter <glob>', summary: 'some suites, or suite.test: initramfs*' },
    { ...option.timeout, summary: 'deadline of the tests', default: '300' },
  ],
  parse: ({ options: { tree, filter, timeout }, words: [series] }, { settings }): KunitRequest => ({
    ...{ series: series ?? settings.series, tree, filter, timeoutMs: timeout },
  }),
  run: kunitSeries,
  text: formatKunit,
  json: product => kunitDocument.of({ passed: kunitPassed(product), ...product }),
  exitCode(product) {
    if (product.end?.kind === 'not-built') return exitCodes.build;
    return kunitPassed(product) ? exitCodes.done : exitCodes.failed;
  },
});

function formatKunit(product: KunitProduct): readonly string[] {
  const { series, tree, end, notRun, switches } = product;
  if (end === undefined)
    return [`${series.name} brings no KUnit suite: none of the files it changes has one`];
  const where = `${series.name} on ${tree.name} (Linux ${tree.version})`;
  const configured = [...switches.kunitconfigs, ...switches.options].join(', ');
  if (end.kind === 'not-configured') {
    return [
      `${where}: the tests cannot be switched on: ${end.missing.join(', ')} did not survive`,
      `configured from ${configured}; the whole log is ${end.log}`,
    ];
  }
  if (end.kind === 'not-built') {
    return [
      `${where} does not build for User-Mode Linux:`,
      ...end.errors.map(line => `  ${line}`),
      `the whole log is ${end.log}`,
    ];
  }
  return [
    `${where}, User-Mode Linux: built in ${duration(end.builtMs)}, run in ${duration(end.ranMs)}`,
    ...(end.suites.length > 0 ? namedGrid(rowsOf(product, end.suites)) : []),
    ...end.suites.flatMap(failuresOf),
    ...skippedOf(end.suites),
    ...notRun.map(name => `${name} did not run: ${configured} does not switch it on`),
    ...(end.cut === undefined ? [] : [`the tests did not come to their end: ${end.cut}`]),
    ...(end.troubles.length > 0 ? ['the kernel reported:', ...end.troubles.map(line => `  ${line}`)] : []),
    ...(kunitPassed(product) ? [] : [verdict(end), `the whole log is ${end.log}`]),
  ];
}

type Row = readonly [string, ...string[]];

function rowsOf({ files }: KunitProduct, suites: readonly KunitSuite[]): readonly Row[] {
  const head: Row = ['suite', 'patch', 'tests', 'passed', 'failed', 'skipped', 'seconds'];
  return [
    head,
    ...suites.map(({ name, tests, ms }): Row => {
      const count = (wanted: TestResult) => String(tests.filter(({ result }) => result === wanted).length);
      const patch = files.find(file => file.suites.includes(name))?.patch ?? '-';
      const seconds = ms === undefined ? '-' : (ms / 1000).toFixed(2);
      return [
        ...([name, patch, String(tests.length)] as const),
        ...[count('passed'), count('failed'), count('skipped'), seconds],
      ];
    }),
  ];
}

function failuresOf({ name, result, tests, planned, unfinished }: KunitSuite): readonly string[] {
  const failed = tests.filter(test => test.result === 'failed');
  const lines = failed.flatMap(test => [
    `failed: ${name}.${test.name}`,
    ...test.messages.map(line => `  ${line}`),
  ]);
  if (planned !== undefined && tests.length < planned) {
    const end = unfinished ? ', and the suite has no result' : '';
    return [...lines, `failed: ${name}: ${tests.length} of ${planned} tests have a result${end}`];
  }
  return result === 'failed' && failed.length === 0
    ? [`failed: ${name}, though none of its tests did`]
    : lines;
}

const skippedOf = (suites: readonly KunitSuite[]): readonly string[] =>
  suites.flatMap(({ name, tests }) =>
    tests
      .filter(({ result }) => result === 'skipped')
      .map(test => `skipped: ${name}.${test.name}${test.reason ? `: ${test.reason}` : ''}`),
  );

function verdict({ suites }: Extract<KunitEnd, { kind: 'ran' }>): string {
  const failed = suites.flatMap(({ tests }) => tests).filter(({ result }) => result === 'failed').length;
  return failed === 0 ? 'FAILED' : `FAILED: ${failed} ${failed === 1 ? 'test' : 'tests'}`;
}
