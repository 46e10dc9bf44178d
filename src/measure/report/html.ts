// SPDX-License-Identifier: GPL-2.0-only
/** Reports as one HTML page that needs nothing but itself: no script runs, nothing is fetched, all text is escaped, and
 *  the records are embedded as JSON. */
import { h, type Node, render } from '../markup.ts';
import type { Report, Table } from './report.ts';

const style = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, 'DejaVu Sans', sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
  color: #1c1e21; background: #ffffff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; } h3 { font-size: 1rem; margin-bottom: .3rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .3rem 0 1.2rem; }
caption { text-align: left; font-weight: 600; padding: .2rem 0; }
th, td { padding: .15rem .7rem .15rem 0; text-align: right; white-space: nowrap; border-bottom: 1px solid #d9dce0; }
th { font-weight: 600; vertical-align: bottom; } th .unit { font-weight: 400; display: block; color: #5a5f66; }
th:first-child, td:first-child, td.text { text-align: left; }
td.text { white-space: normal; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
.stale { border: 2px solid #b3470a; padding: .5rem .8rem; font-weight: 600; }
figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f2f3f5; padding: .6rem .8rem; font-size: .82rem; }
footer { margin-top: 3rem; color: #5a5f66; font-size: .85rem; }
@media screen and (prefers-color-scheme: dark) {
  body { color: #e8eaed; background: #14171a; } th, td { border-color: #343a41; }
  th .unit, footer { color: #a3a9b1; } pre { background: #1f2428; } .stale { border-color: #ff9d5c; }
}
@media print { body { max-width: none; margin: 0; font-size: 10pt; } figure, table { break-inside: avoid; }
  details > * { display: block; } }
`;

/** The page. `made` is when, `version` which initbench. */
export function reportHtml(
  reports: readonly Report[],
  { made, version }: { readonly made: Date; readonly version: string },
): string {
  const title = reports.map(report => report.title).join('; ');
  const page = h(
    'html',
    { lang: 'en' },
    h(
      'head',
      {},
      h('meta', { charset: 'utf-8' }),
      h('meta', {
        'http-equiv': 'Content-Security-Policy',
        content: "default-src 'none'; style-src 'unsafe-inline'",
      }),
      h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      h('title', {}, title),
      h('style', {}, { raw: style }),
    ),
    h(
      'body',
      {},
      ...reports.flatMap(reportNodes),
      h(
        'footer',
        {},
        `Made by initbench ${version}, ${made.toISOString()}. The records are embedded in this page as JSON.`,
      ),
    ),
  );
  return `<!doctype html>\n${render(page, { xml: false })}\n`;
}

function reportNodes(report: Report, at: number): Node[] {
  const { stale, tables, charts, losses, crossovers, warnings, notes, method, conditions, commands, runs } =
    report;
  return [
    h('h1', {}, report.title),
    ...report.about.map(text => h('p', {}, text)),
    ...(stale.length > 0
      ? [h('p', { class: 'stale' }, `Stale: ${stale.join('; ')} since this was measured.`)]
      : []),
    ...part('Figures', tables.map(tableNode)),
    ...part(
      'Charts',
      charts.map(({ svg }) => h('figure', {}, { raw: svg.trimEnd() })),
    ),
    ...part('Where each is behind another', list(losses)),
    ...part('Crossovers, by straight lines between the places measured', list(crossovers)),
    ...part('Warnings', list(warnings.map(({ about, remedy }) => `${about}; ${remedy}`))),
    ...part('Notes', list(notes)),
    ...part(
      'Method',
      method.map(text => h('p', {}, text)),
    ),
    ...part('Conditions', [pairs(conditions)]),
    ...part('Commands', [
      ...(report.again === undefined ? [] : [h('p', {}, 'All of it again:'), h('pre', {}, report.again)]),
      ...commands.flatMap(({ row, command }) => [h('h3', {}, row), h('pre', {}, command)]),
    ]),
    ...part('Boots', [
      h(
        'details',
        {},
        h('summary', {}, `Ids of the boots, as in initbench show ID`),
        pairs(runs.map(({ row, ids }) => [row, ids.join(' ')])),
      ),
    ]),
    h('script', { type: 'application/json', id: `record-${at + 1}` }, { raw: embedded(report.data) }),
  ];
}

const part = (title: string, nodes: readonly Node[]): Node[] =>
  nodes.length > 0 ? [h('h2', {}, title), ...nodes] : [];

const list = (texts: readonly string[]): Node[] =>
  texts.length > 0 ? [h('ul', {}, ...texts.map(text => h('li', {}, text)))] : [];

const pairs = (rows: readonly (readonly [string, string])[]): Node =>
  h(
    'table',
    {},
    ...rows.map(([name, value]) => h('tr', {}, h('td', {}, name), h('td', { class: 'text' }, value))),
  );

function tableNode({ title, columns, rows }: Table): Node {
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      {},
      h('caption', {}, title),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', {}, 'row'),
          ...columns.map(({ head, unit }) =>
            h('th', {}, head, ...(unit === '' ? [] : [h('span', { class: 'unit' }, unit)])),
          ),
        ),
      ),
      h(
        'tbody',
        {},
        ...rows.map(({ name, cells, ended }) =>
          h(
            'tr',
            {},
            h('td', {}, name),
            ...(ended === undefined
              ? cells.map(cell => h('td', {}, cell))
              : [h('td', { class: 'text', colspan: columns.length }, ended)]),
          ),
        ),
      ),
    ),
  );
}

/** JSON that cannot end the element it stands in. */
const embedded = (data: unknown): string => JSON.stringify(data).replaceAll('<', '\\u003c');
