// SPDX-License-Identifier: GPL-2.0-only
/** A check as plain text, from 80 columns on: one row for each patch, below it the findings with file:line. ASCII only. */
import { type Finding, numberOf, type Question } from './check.ts';
import type { Cell } from './cells.ts';
import type { Checked } from './series.ts';

export function formatCheck(checked: Checked, width: number): readonly string[] {
  const { series, tree } = checked;
  return [
    `${series.name} on ${tree.name} (Linux ${tree.version}), ${checked.patches.length} patches`,
    '',
    ...tableOf(checked, width),
    '',
    ...section('findings', findingsOf(checked), width),
    ...section('waived', waivedOf(checked), width),
    ...section('not asked', reasonsOf(checked), width),
    ...checked.unused.map(
      waiver => `note: checkpatch.waivers:${waiver.line}: nothing needs it: ${waiver.type} ${waiver.where}`,
    ),
    ...summaryOf(checked),
  ];
}

const shown: Readonly<Record<Cell['verdict'], string>> = { pass: 'ok', fail: 'FAIL', 'n/a': '-', open: '.' };

/** Long names are cut: six letters tell the flows apart. */
const headOf = (question: Question): string =>
  ({ applies: 'apply', checkpatch: 'style' })[question] ?? question.slice(0, 6);

function tableOf({ questions, patches }: Checked, width: number): readonly string[] {
  const columns = questions.map(question => {
    const cells = patches.map(({ cells }) => shown[cells[question]!.verdict]);
    const wide = Math.max(headOf(question).length, ...cells.map(text => text.length));
    return [headOf(question), ...cells].map(text => text.padEnd(wide));
  });
  const numbers = ['patch', ...patches.map(numberOf)];
  const subjects = ['', ...patches.map(({ subject }) => subject)];
  return numbers.map((number, row) => {
    const cells = [number.padEnd(5), ...columns.map(column => column[row]!)].join(' ');
    const room = width - cells.length - 1;
    const subject = subjects[row]!;
    const cut = subject.length > room ? `${subject.slice(0, Math.max(room - 1, 0))}~` : subject;
    return (room < 8 ? cells : `${cells} ${cut}`).trimEnd();
  });
}

const section = (head: string, entries: readonly string[], width: number): readonly string[] =>
  entries.length === 0 ? [] : [`${head}:`, ...entries.flatMap(entry => wrapped(entry, width)), ''];

/** An entry on as many lines as it takes; a word is never cut, so that file:line can be copied. */
function wrapped(entry: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = ' ';
  for (const word of entry.split(' ')) {
    if (line.trim() !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '      ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

const place = ({ file, line }: Pick<Finding, 'file' | 'line'>): string =>
  file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}: `;

/** The same finding in several patches is said once, with their numbers. */
function findingsOf({ questions, patches }: Checked): readonly string[] {
  const said = new Map<string, string[]>();
  for (const question of questions) {
    for (const row of patches) {
      for (const finding of row.cells[question]!.findings) {
        const type = finding.type === question ? question : `${question}: ${finding.type}`;
        const text = `${place(finding)}${finding.level}: ${type}: ${finding.text}`;
        said.set(text, [...(said.get(text) ?? []), numberOf(row)]);
      }
    }
  }
  return [...said].map(([text, numbers]) => `${ranges([...new Set(numbers)])} ${text}`);
}

function waivedOf({ patches }: Checked): readonly string[] {
  return patches.flatMap(row =>
    (row.cells.checkpatch?.waived ?? []).map(
      finding => `${numberOf(row)} ${place(finding)}${finding.type}: ${finding.reason}`,
    ),
  );
}

/** Why cells are n/a, each reason once. */
function reasonsOf({ questions, patches }: Checked): readonly string[] {
  const reasons = new Map<string, { questions: Set<Question>; numbers: string[] }>();
  for (const row of patches) {
    for (const question of questions) {
      const { verdict, reason } = row.cells[question]!;
      if (verdict !== 'n/a' || reason === undefined) continue;
      const entry = reasons.get(reason) ?? { questions: new Set<Question>(), numbers: [] };
      entry.questions.add(question);
      if (entry.numbers.at(-1) !== numberOf(row)) entry.numbers.push(numberOf(row));
      reasons.set(reason, entry);
    }
  }
  return [...reasons].map(
    ([reason, entry]) => `${ranges(entry.numbers)} ${[...entry.questions].join(', ')}: ${reason}`,
  );
}

/** ['0001', '0002', '0003', '0007'] to '0001-0003,0007' */
export function ranges(numbers: readonly string[]): string {
  const runs: string[][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run && Number(number) === Number(run.at(-1)) + 1) run.push(number);
    else runs.push([number]);
  }
  return runs.map(run => (run.length > 1 ? `${run[0]}-${run.at(-1)}` : run[0]!)).join(',');
}

function summaryOf({ patches, ran, known }: Checked): readonly string[] {
  const cells = patches.flatMap(row => Object.values(row.cells));
  const count = (verdict: Cell['verdict']) => cells.filter(cell => cell.verdict === verdict).length;
  const counts = [
    `${count('pass')} ok`,
    `${count('fail')} failed`,
    `${count('n/a')} cannot be asked (-)`,
    ...(count('open') > 0 ? [`${count('open')} not asked (.)`] : []),
  ];
  return [`${counts.join(', ')}; ${ran} things run, ${known} known before`];
}
