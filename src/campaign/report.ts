// SPDX-License-Identifier: GPL-2.0-only
/** Reports on disk: what is named is read, judged and written as a page, a text for mail, a spreadsheet and charts. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { BootRun } from '../boot/boot.ts';
import { openRun, readEntry } from '../boot/store.ts';
import type { Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { shellQuote } from '../host/exec.ts';
import { digestOf, shortDigest, writeWhole } from '../host/files.ts';
import { comparisonReport } from '../measure/report/comparison.ts';
import { comparisonCsv, sweepCsv } from '../measure/report/csv.ts';
import { reportHtml } from '../measure/report/html.ts';
import { mailText } from '../measure/report/mail.ts';
import type { Found, Report } from '../measure/report/report.ts';
import { sweepReport } from '../measure/report/sweep.ts';
import { folders, type Workspace } from '../workspace.ts';
import { gatherRuns } from './gather.ts';
import { findKept, type Kept, keptStale } from './records.ts';
import { staleness } from './stale.ts';

export interface Reported {
  readonly folder: string;
  /** Absolute paths; the page first. */
  readonly files: readonly string[];
  readonly reports: readonly Report[];
  /** The text for mail. */
  readonly mail: readonly string[];
}

export interface ReportRequest {
  /** Comparisons, sweeps, runs; runs together make one table. None: the latest comparison or sweep. */
  readonly names: readonly string[];
  readonly output: string | undefined;
  readonly version: string;
}

/** @throws UserError when nothing is called so */
export async function* writeReport(
  workspace: Workspace,
  { names, output, version }: ReportRequest,
  signal: AbortSignal,
): Work<Reported> {
  const step = { job: 'report', type: 'step', step: 'report' } as const;
  yield { ...step, state: 'started' };
  const { kept, runs } = await named(workspace, names.length > 0 ? names : ['@']);
  const judge = staleness(workspace, signal);
  const made: { report: Report; csv: string }[] = [];
  for (const one of kept) {
    const stale = await keptStale(workspace, one, judge);
    made.push(reportOf(one, { stale, ...(await foundIn(workspace, one)) }));
  }
  if (runs.length > 0) {
    const comparison = await gatherRuns(runs);
    const reasons = (await Promise.all(runs.map(judge))).flat().map(({ reason }) => reason);
    const found = { stale: [...new Set(reasons)], ...aboutRuns(runs.map(run => [run.row, run])) };
    const id = runs.length === 1 ? runs[0]!.id : shortDigest(digestOf(runs.map(run => run.id)));
    made.push({
      report: comparisonReport(comparison, { kind: 'runs', id }, found),
      csv: comparisonCsv(comparison, id),
    });
  }
  const reports = made.map(({ report }) => report);
  const folder = path.resolve(output ?? path.join(folders.reports(workspace), folderName(reports)));
  const mail = reports.flatMap((report, i) => [...(i > 0 ? ['', ''] : []), ...mailText(report)]);
  const several = reports.length > 1;
  const contents: [string, string][] = [
    ['report.html', reportHtml(reports, { made: new Date(), version })],
    ['report.txt', `${mail.join('\n')}\n`],
    ...made.map(({ csv }, i) => [several ? `report-${i + 1}.csv` : 'report.csv', csv] as [string, string]),
    ...reports.flatMap((report, i) =>
      report.charts.map(
        ({ name, svg }) => [`${several ? `${i + 1}-` : ''}${name}.svg`, svg] as [string, string],
      ),
    ),
  ];
  await mkdir(folder, { recursive: true });
  for (const [name, text] of contents) await writeWhole(path.join(folder, name), text);
  yield { ...step, state: 'done' };
  return { folder, files: contents.map(([name]) => path.join(folder, name)), reports, mail };
}

async function named(
  workspace: Workspace,
  names: readonly string[],
): Promise<{ kept: Kept[]; runs: BootRun[] }> {
  const kept: Kept[] = [];
  const runs: BootRun[] = [];
  for (const name of names) {
    const record = await findKept(workspace, name);
    if (record) kept.push(record);
    else if (name.startsWith('@')) {
      throw new UserError(`there is no comparison or sweep ${name}`, {
        hint: 'make one: initbench compare, or initbench sweep; name runs by their ids',
      });
    } else runs.push(await openRun(workspace, name));
  }
  return { kept, runs };
}

const folderName = (reports: readonly Report[]): string =>
  reports.length === 1
    ? `${reports[0]!.kind}-${reports[0]!.id.slice(0, 20)}`
    : `several-${shortDigest(digestOf(reports.map(({ id }) => id)))}`;

function reportOf(kept: Kept, found: Found): { report: Report; csv: string } {
  if (kept.kind === 'sweep') return { report: sweepReport(kept.record, found), csv: sweepCsv(kept.record) };
  const { id, record } = kept;
  return {
    report: comparisonReport(record, { kind: 'comparison', id }, found),
    csv: comparisonCsv(record, id),
  };
}

/** One boot of each row, as far as the records are still there. */
async function foundIn(workspace: Workspace, kept: Kept): Promise<Omit<Found, 'stale'>> {
  const rows =
    kept.kind === 'comparison'
      ? kept.record.rows.map(({ id, runs }) => [id, runs[0]] as const)
      : kept.record.points.map(({ row, runs }) => [row, runs[0]] as const);
  const found = new Map<string, BootRun>();
  for (const [row, id] of rows) {
    if (id === undefined || found.has(row)) continue;
    const { run } = await readEntry(workspace, id);
    if (run) found.set(row, run);
  }
  return aboutRuns([...found]);
}

function aboutRuns(rows: readonly (readonly [string, BootRun])[]): Omit<Found, 'stale'> {
  const runs = rows.map(([, run]) => run);
  const first = runs[0];
  const values = (of: (run: BootRun) => string) => [...new Set(runs.map(of))].join(', ');
  return {
    commands: rows.map(([row, run]) => ({ row, command: shellQuote(run.argv) })),
    conditions: first
      ? [
          ['host kernel', values(({ host }) => host.kernel)],
          ['accelerator', values(run => `${run.accelerator}: ${run.acceleratorReason}`)],
          ['machine', values(({ machine }) => machine ?? 'unknown')],
          ...configsOf(runs),
          ...imagesOf(rows),
        ]
      : [],
  };
}

function configsOf(runs: readonly BootRun[]): [string, string][] {
  const configs = runs.map(({ kernel }) => [`config of ${kernel.name}`, kernel.configDigest] as const);
  const series = runs.flatMap(({ kernel }) =>
    kernel.origin?.series === undefined ? [] : [[`patches of ${kernel.name}`, kernel.origin.series] as const],
  );
  return [...new Map([...configs, ...series])];
}

const imagesOf = (rows: readonly (readonly [string, BootRun])[]): [string, string][] =>
  rows.map(([row, run]) => [
    `images of ${row}`,
    run.images.map(({ role, format, digest }) => `${role} ${format} ${digest}`).join(', '),
  ]);
