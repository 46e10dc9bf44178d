// SPDX-License-Identifier: GPL-2.0-only
/** Manual pages: groff has nothing to complain about, and what it shows is what the catalogue has. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/host/errors.ts';
import { mainPage, meanings, verbPage } from '../../src/commands/manpage.ts';
import { verbs } from '../../src/commands/verbs.ts';

const commands = await Promise.all(verbs.map(verb => verb.load()));

/** As man(1) shows it without a terminal's attributes. @throws Error with groff's warnings */
function shown(page: readonly string[]): string {
  // a warning goes to standard error, which must be empty
  const script =
    'said=$(groff -man -ww -Tascii -P-c -P-b -P-u -rLL=200n 2>&1 >&3) 3>&1; [ -z "$said" ] || { echo "$said" >&2; exit 1; }';
  return execFileSync('sh', ['-c', script], { input: `${page.join('\n')}\n`, encoding: 'utf8' });
}
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ');

describe('of a verb', () => {
  test.each(commands.map(command => [command.id, command] as const))('%s', (id, command) => {
    const text = flat(shown(verbPage(command)));
    expect(text).toContain(`initbench-${id.replace(' ', '-')} - ${flat(command.summary)}`);
    for (const { usage, summary } of command.options) {
      expect(text).toContain(flat(usage.replaceAll(/[<>]/g, '')).split('=')[0]);
      expect(text).toContain(flat(summary));
    }
    for (const example of command.examples) expect(text).toContain(`initbench ${example}`);
  });
});

test('of the whole: every verb, every exit code', () => {
  const text = flat(shown(mainPage(commands)));
  for (const { id, summary } of commands)
    expect(text).toContain(`initbench-${id.replace(' ', '-')}(1) ${flat(summary)}`);
  for (const code of Object.values(exitCodes)) expect(text).toMatch(new RegExp(` ${code} [a-z]`));
});

test('docs/commands.md has the exit codes in the same words', () => {
  const rows = [...readFileSync('docs/commands.md', 'utf8').matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)];
  const told = Object.entries(exitCodes).map(([name, code]) => [
    String(code),
    meanings[name as keyof typeof exitCodes],
  ]);
  expect(rows.map(([, code, meaning]) => [code, meaning])).toEqual(told);
});

test('text has no meaning to troff', () => {
  const [command] = commands;
  const hostile = ".SH \\fBno\\fR \\n(.$ -- 'it";
  const text = flat(shown(verbPage({ ...command!, summary: hostile, examples: ["'x", '.so /etc/passwd'] })));
  expect(text).toContain(hostile);
  expect(text).toContain('initbench .so /etc/passwd');
});
