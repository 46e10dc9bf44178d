// SPDX-License-Identifier: GPL-2.0-only
/** KUnit's results on a console, in KTAP (Documentation/dev-tools/ktap.rst), whatever else the kernel prints between
 *  them. Pure; there is no console it refuses, and every text that comes out is sanitised. */
import { z } from 'zod';
import { messagesOf } from '../../boot/prefix.ts';
import { list, number, object, text, texts } from '../../document.ts';
import { millisecondsSchema, sanitise } from '../../events.ts';

const testResultSchema = z.enum(['passed', 'failed', 'skipped']);
export type TestResult = z.infer<typeof testResultSchema>;

const kunitTestSchema = object({
  name: text,
  result: testResultSchema,
  /** Why it was skipped. */
  reason: text.exactOptional(),
  /** What was printed during a test that failed: the expectation, its file and line. */
  messages: texts,
});
export type KunitTest = z.infer<typeof kunitTestSchema>;

export const kunitSuiteSchema = object({
  name: text,
  result: testResultSchema,
  tests: list(kunitTestSchema),
  /** How many tests it announced; absent where it announced none. */
  planned: number.exactOptional(),
  /** The kernel's line with its result never came. */
  unfinished: z.literal(true).exactOptional(),
  /** From its first line to its last by printk's stamps, where the lines have them. */
  ms: millisecondsSchema.exactOptional(),
});
export type KunitSuite = z.infer<typeof kunitSuiteSchema>;

export interface KtapReader {
  line(raw: string): void;
  /** Suites in the order of the console. */
  suites(): readonly KunitSuite[];
  /** Whether a line with KTAP's version came. */
  begun(): boolean;
  /** How many suites were announced. */
  planned(): number | undefined;
}

const resultLine = /^( *)(ok|not ok) \d+(?: -)?(?: (.*))?$/;
const subtestLine = /^( *)# Subtest: (.+)$/;
const planLine = /^( *)1\.\.(\d+)$/;
const versionLine = /^ *K?TAP version \d+$/;
/** Behind it stand a directive, or words for people. */
const remark = /^(.*?)(?:^| )# (?:(SKIP|TODO|XFAIL|TIMEOUT|ERROR)\b ?)?(.*)$/;
/** A suite's line is at the margin, a test's one step in, that of a parameter deeper. */
const indentOfTests = 4;
const mostMessages = 20;

interface Open {
  name?: string;
  planned?: number;
  began?: number;
  tests: KunitTest[];
}

export function ktapReader(): KtapReader {
  const done: KunitSuite[] = [];
  let open: Open = { tests: [] };
  let messages: string[] = [];
  let begun = false;
  let announced: number | undefined;

  const result = (indent: number, ok: boolean, text: string, seconds: number | undefined) => {
    const { name, result, reason } = resultOf(ok, text);
    if (indent > indentOfTests) {
      if (result === 'failed') messages.push(`parameter ${name} failed`);
    } else if (indent === indentOfTests) {
      const shown = result === 'failed' ? messages.slice(0, mostMessages) : [];
      open.tests.push({ name, result, ...(reason && { reason }), messages: shown });
      messages = [];
    } else if (indent === 0) {
      done.push(closed({ ...open, name }, result, seconds));
      open = { tests: [] };
      messages = [];
    }
  };

  const message = (text: string, seconds: number | undefined) => {
    const ended = resultLine.exec(text);
    if (ended) {
      result(ended[1]!.length, ended[2] === 'ok', ended[3] ?? '', seconds);
      return;
    }
    if (versionLine.test(text)) {
      begun = true;
      return;
    }
    const plan = planLine.exec(text);
    if (plan?.[1] === '') announced = Number(plan[2]);
    else if (plan?.[1]!.length === indentOfTests) open.planned ??= Number(plan[2]);
    const subtest = subtestLine.exec(text);
    if (subtest && subtest[1]!.length <= indentOfTests) {
      // one that never came to its end stands before
      if (open.name !== undefined) done.push(unfinished(open));
      open = { name: sanitise(subtest[2]!), tests: [], ...(seconds !== undefined && { began: seconds }) };
      messages = [];
    } else if (!plan && !subtest && text.trim() !== '' && messages.length < mostMessages) {
      messages.push(sanitise(text.trim()));
    }
  };

  return {
    line(raw) {
      for (const { text, seconds } of messagesOf(raw)) message(text.trimEnd(), seconds);
    },
    suites: () => (open.name === undefined ? done : [...done, unfinished(open)]),
    begun: () => begun,
    planned: () => announced,
  };
}

/** The suites on a console that is there whole. */
export function kunitSuites(lines: readonly string[]): readonly KunitSuite[] {
  const reader = ktapReader();
  for (const line of lines) reader.line(line);
  return reader.suites();
}

function resultOf(ok: boolean, text: string): { name: string; result: TestResult; reason?: string } {
  const [, before = text, word, rest = ''] = remark.exec(text) ?? [];
  const name = sanitise(before.trim());
  if (word === 'SKIP' || word === 'TODO' || word === 'XFAIL') {
    return { name, result: 'skipped', reason: sanitise(rest.trim()) };
  }
  return { name, result: ok && word === undefined ? 'passed' : 'failed' };
}

/** A suite whose tests did not all come to a result has not passed, whatever its line says. */
function closed(open: Open & { name: string }, result: TestResult, seconds: number | undefined): KunitSuite {
  const { name, planned, began, tests } = open;
  const short = planned !== undefined && tests.length < planned;
  return {
    name,
    result: short && result === 'passed' ? 'failed' : result,
    tests,
    ...(planned !== undefined && { planned }),
    ...(began !== undefined && seconds !== undefined && { ms: Math.round((seconds - began) * 1e6) / 1e3 }),
  };
}

function unfinished({ name = '', planned, tests }: Open): KunitSuite {
  return {
    name,
    result: 'failed',
    tests,
    ...(planned !== undefined && { planned }),
    unfinished: true,
  };
}
