// SPDX-License-Identifier: GPL-2.0-only
/** Reports: the text for mail, the page, the spreadsheet. The files in fixtures/report are to be looked at. */
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { comparisonReport } from '../../../src/measure/report/comparison.ts';
import { comparisonCsv, sweepCsv } from '../../../src/measure/report/csv.ts';
import { reportHtml } from '../../../src/measure/report/html.ts';
import { lossesOf } from '../../../src/measure/report/losses.ts';
import { mailText, tableText } from '../../../src/measure/report/mail.ts';
import type { Found } from '../../../src/measure/report/report.ts';
import { sweepReport } from '../../../src/measure/report/sweep.ts';
import { compareRuns } from '../../../src/measure/comparison.ts';
import { run } from '../runs.ts';
import { sweep } from '../sweeps.ts';

const found: Found = {
  stale: [],
  commands: [{ row: 'kernelspace', command: "qemu-system-x86_64 -append 'a b'" }],
  conditions: [['host kernel', '6.1']],
};
const report = sweepReport(sweep, found);
const made = { made: new Date(0), version: '1.2.3' };
const hostile = '</script><script>alert(1)</script>\u001b[2J=1+1';

describe('for mail', () => {
  test('a sweep', async () => {
    await expect(`${mailText(report).join('\n')}\n`).toMatchFileSnapshot('../../fixtures/report/sweep.txt');
  });

  test('no line is wider than 72 columns, whatever the names', () => {
    const name = fc.string({ maxLength: 100 });
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), fc.nat(8), (names, columns) => {
        const table = {
          title: names[0]!,
          columns: Array.from({ length: columns }, (_, i) => ({ head: `h${i}`, unit: 'M' })),
          rows: names.map((row, i) => ({
            name: row,
            cells: i === 0 ? [] : Array.from({ length: columns }, () => '1234.56'),
            ...(i === 0 && { ended: row }),
          })),
        };
        expect(tableText(table).filter(line => line.length > 72)).toEqual([]);
      }),
    );
    const long = {
      ...report,
      title: 'x'.repeat(200),
      losses: [`${'y '.repeat(99)}`],
      stale: ['z'.repeat(99)],
    };
    expect(mailText(long).filter(line => line.length > 72)).toEqual([]);
  });

  test('stale is said at the top, and the boots of each point are named', () => {
    const text = mailText({ ...report, stale: ['patches/x changed'] });
    expect(text.findIndex(line => line.startsWith('STALE: patches/x changed'))).toBeLessThan(10);
    for (const point of sweep.points) {
      expect(text.join('\n')).toContain(`${point.runs[0]} and 2 more`);
      for (const id of point.runs) expect(reportHtml([report], made)).toContain(id);
    }
  });

  test('no control character comes through', () => {
    const text = mailText({ ...report, title: hostile, warnings: [{ about: hostile, remedy: hostile }] });
    expect(text.join('\n')).not.toContain('\u001b');
  });
});

describe('as a page', () => {
  const page = (more: object = {}) => reportHtml([{ ...report, ...more }], made);

  test('holds tables, charts, method, digests and the record, and nothing from elsewhere', () => {
    const html = page();
    expect(html).toContain('<!doctype html>');
    expect(html).toContain('payload of 18 MiB, n = 3');
    expect(html.match(/<svg /g)!.length).toBe(3 + 4);
    expect(html).toContain('a'.repeat(64));
    const urls = [...html.matchAll(/(?:https?:)?\/\/[^\s"'<]+/g)].map(([url]) => url);
    expect(new Set(urls)).toEqual(new Set(['http://www.w3.org/2000/svg']));
    expect(html).not.toMatch(/\s(src|href|onload)=|@import|url\((?!#)/);
    const json = /<script type="application\/json" id="record-1">\s*(.*?)\s*<\/script>/s.exec(html)![1]!;
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(sweep)));
  });

  test('whatever a name is, it makes no markup', () => {
    const html = page({
      ...{ title: hostile, stale: [hostile], losses: [hostile], notes: [hostile], about: [hostile] },
      conditions: [[hostile, hostile]],
      commands: [{ row: hostile, command: hostile }],
      runs: [{ row: hostile, ids: [hostile] }],
      tables: [{ title: hostile, columns: [], rows: [{ name: hostile, cells: [], ended: hostile }] }],
      data: { hostile },
    });
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html.match(/<\/script>/g)).toHaveLength(1);
    expect(html).not.toContain('\u001b[2J');
  });
});

describe('as a spreadsheet', () => {
  const rows = (text: string) => parse<Record<string, string>>(text, { columns: true });

  test('a line for each row, place and share, samples included', () => {
    const lines = rows(sweepCsv(sweep));
    expect(lines).toHaveLength(2 * (1 + 3 + 3 + 3) - 2);
    expect(lines.find(line => line.row === 'kernelspace' && line.until === '100%')).toMatchObject({
      payload_bytes: String(18 * 2 ** 20),
      median: '202200000',
      samples: '202200000 202700000 201700000',
      unit: 'instructions',
    });
  });

  test('reads back as it was, but what a spreadsheet would run', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), row => {
        const [point] = sweep.points;
        const [line] = rows(sweepCsv({ ...sweep, points: [{ ...point!, row }] }));
        expect(line!.row).toBe(/^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/.test(row) ? `'${row}` : row);
      }),
    );
  });
});

test('where each row is behind another of its family', () => {
  const losses = lossesOf(sweep, { memoryMiB: 2048, cpus: 1 });
  expect(losses.filter(({ kin }) => kin).map(({ row, to, places, of }) => [row, to, places, of])).toEqual([
    ['initramfs', 'userspace', 3, 3],
    ['initramfs', 'kernelspace', 6, 6],
    ['userspace', 'kernelspace', 3, 3],
  ]);
});

test('a comparison: ratio to the reference, and how a boot ended', () => {
  const comparison = compareRuns({
    clock: 'icount',
    reference: 'initramfs',
    payload: { name: 'busybox', digest: 'p', bytes: 2 ** 20 },
    usedPercents: [10],
    measured: ['initramfs', 'kernelspace'].map((id, i) => ({
      ...{ id, flow: id, kernel: 'base', format: 'cpio', family: 'none', imageBytes: 2 ** 20, notes: [] },
      words: [],
      runs: [
        run(
          i === 0
            ? { initTsc: 230e6, usedTsc: 240e6, steps: [[10, 240e6]] }
            : { outcome: { kind: 'panic', message: 'x' } },
        ),
      ],
    })),
    sampling: { stopped: 'count' },
    conditions: {
      ...{ tree: '7.3.4', arch: 'x86_64', qemu: '7.2.22', accelerator: 'tcg', memoryMiB: 2048, cpus: 1 },
      ...{ rounds: 1, host: 'x', hostCpus: 2, kernels: {} },
    },
  });
  const text = mailText(comparisonReport(comparison, { kind: 'comparison', id: 'c' }, found));
  expect(text).toContain('initramfs     200.00 210.00 1.000   1.0      -');
  expect(text).toContain('kernelspace kernel panic: x');
  expect(comparisonCsv(comparison, 'c').split('\r\n')[1]).toMatch(/^c,initramfs,initramfs,cpio,base,/);
});
