// SPDX-License-Identifier: GPL-2.0-only
/** `initbench report`: a comparison, a sweep or runs as a page, a text for mail, a spreadsheet and charts. */
import { readFileSync } from 'node:fs';
import { type Reported, type ReportRequest, writeReport } from '../campaign/report.ts';
import { document, list, object, text, texts } from '../document.ts';
import type { Work } from '../events.ts';
import { reportSchema } from '../measure/report/report.ts';
import { command } from './command.ts';
import { option } from './options.ts';

const reportDocument = document(
  'initbench.report/1',
  'report: the files, and what they say, charts and data aside',
  object({ folder: text, files: texts, reports: list(reportSchema) }),
);

type ReportInput = ReportRequest & { readonly charts: boolean };
type ReportProduct = Reported & { readonly charts: boolean };

export const report = command({
  id: 'report',
  summary: 'write a comparison, a sweep or runs as HTML, plain text for mail, CSV and SVG',
  examples: ['report', 'report @1 --charts', 'report 20261125T0212 -o /tmp/report', 'report 4f2a 4f2b'],
  positional: [
    {
      usage: '[record...]',
      summary: 'comparison, sweep or run: @ (the latest comparison or sweep), an id or its beginning',
    },
  ],
  options: [
    { ...option.output, summary: "where to write it (default: among initbench's reports)" },
    { usage: '--charts', summary: 'print the charts too' },
  ],
  parse: ({ options: { output, charts }, words }): ReportInput => ({
    ...{ names: words, output, charts },
    version: versionOf(),
  }),
  async *run(workspace, input, signal): Work<ReportProduct> {
    return { ...(yield* writeReport(workspace, input, signal)), charts: input.charts };
  },
  text: ({ mail, files, reports, charts }, width) => [
    ...mail,
    ...(charts ? reports.flatMap(one => one.charts.flatMap(chart => ['', ...chart.text(width)])) : []),
    '',
    ...files.filter(file => !file.endsWith('.svg')).map(file => `written: ${file}`),
    `written: ${files.filter(file => file.endsWith('.svg')).length} charts beside them`,
  ],
  json: ({ folder, files, reports }) =>
    reportDocument.of({ folder, files, reports: reports.map(({ charts, data, ...rest }) => rest) }),
});

function versionOf(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
