// SPDX-License-Identifier: GPL-2.0-only
/** KUnit's results on a console, in KTAP (Documentation/dev-tools/ktap.rst), and the suites a series adds; pure. */

export interface Suite {
  readonly result: Result;
  readonly cases: readonly { readonly name: string; readonly result: Result }[];
}
type Result = 'ok' | 'not ok' | 'skipped';

const caseLine = /^ {4}(ok|not ok) \d+ (\S+)(.*)$/;
const suiteLine = /^(ok|not ok) \d+ (\S+)(.*)$/;

const resultOf = (word: string, rest: string): Result =>
  / # SKIP/.test(rest) ? 'skipped' : word === 'ok' ? 'ok' : 'not ok';

/** Suites by name. Cases stand before the line of their suite; those of parameters, deeper, are summed up by it. */
export function kunitResults(lines: readonly string[]): Map<string, Suite> {
  const suites = new Map<string, Suite>();
  let cases: { name: string; result: Result }[] = [];
  for (const line of lines) {
    const one = caseLine.exec(line);
    if (one) cases.push({ name: one[2]!, result: resultOf(one[1]!, one[3]!) });
    const whole = suiteLine.exec(line);
    if (!whole) continue;
    suites.set(whole[2]!, { result: resultOf(whole[1]!, whole[3]!), cases });
    cases = [];
  }
  return suites;
}

/** Names in the `struct kunit_suite` of added lines. */
export function kunitSuites(added: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.values(added).flatMap(lines =>
    lines.flatMap((line, index) => {
      if (!/struct kunit_suite (?:__\w+ )?\w+ = \{/.test(line)) return [];
      const named = lines.slice(index, index + 4).find(next => /^\s*\.name = "/.test(next));
      return named ? [/"([^"]+)"/.exec(named)![1]!] : [];
    }),
  );
}
