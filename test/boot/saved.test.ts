// SPDX-License-Identifier: GPL-2.0-only
/** Saved consoles: recorded ones, and any bytes at all. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConsole } from '../../src/boot/saved.ts';
import { sanitise } from '../../src/events.ts';
import { recorded } from './machine.ts';

const parsed = (name: string) => parseConsole(readFileSync(recorded(name)));

describe('recorded consoles', () => {
  test('a boot that got there: its marks with both clocks, `used` of the last step', () => {
    const { outcome, marks, troubles } = parsed('used-in-steps');
    expect(outcome).toEqual({ kind: 'ready' });
    expect(marks).toEqual([
      { mark: 'init', line: 1, tsc: 306006194, boottime: 373457075 },
      { mark: 'used', line: 9, tsc: 328172672, boottime: 395621140 },
      { mark: 'end', line: 11, tsc: 328465183, boottime: 395913322 },
    ]);
    expect(troubles).toEqual([]);
  });

  test('a verbose one: version, command line, and the stamp before a mark', () => {
    const { version, commandLine, marks } = parsed('verbose');
    expect(version).toMatch(/^Linux version \d/);
    expect(commandLine).toContain('console=ttyS0');
    expect(marks[0]!.stamp).toBeGreaterThan(0);
  });

  test.each([
    ['panic-no-root', 'panic'],
    ['nothing', 'incomplete'],
    ['stops-mid-line', 'incomplete'],
    ['error-no-partition', 'incomplete'],
  ])('%s: %s', (name, kind) => {
    expect(parsed(name).outcome.kind).toBe(kind);
  });

  test('an oops is told with its line', () => {
    expect(parsed('oops-in-readdir').troubles[0]!.message).toMatch(/BUG|Oops/);
  });
});

describe('any bytes at all', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)),
    fc
      .constantFrom(
        ...[
          'initbench: init tsc=1 boottime=2\n',
          'initbench: used percent=10 tsc=',
          '\r\n',
          '\u001b[2J\u001b]0;x\u0007',
        ],
        ...[
          '[    0.1234567] x',
          '[    0.123456] Kernel panic - not syncing: \u009b31m',
          'Linux version 9\u202e\n',
        ],
        ...['initbench: error why=\\033[1m\n', 'WARNING: \u0000\n'],
      )
      .map(text => Buffer.from(text)),
  );

  test('give a result, without a control character in any text', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), pieces => {
        const result = parseConsole(Buffer.concat(pieces));
        const texts: string[] = [];
        JSON.stringify(result, (key, value: unknown) => {
          texts.push(key);
          if (typeof value === 'string') texts.push(value);
          return value;
        });
        expect(texts.filter(text => sanitise(text) !== text)).toEqual([]);
        expect(result.lines).toBeGreaterThanOrEqual(result.marks.length);
      }),
      { numRuns: 500 },
    );
  });

  test('the same in one piece and cut anywhere: only the last line may differ', () => {
    const bytes = readFileSync(recorded('used-in-steps'));
    fc.assert(
      fc.property(fc.nat(bytes.length), at => {
        const whole = parseConsole(bytes);
        const { facts } = parseConsole(bytes.subarray(0, at));
        expect(whole.facts.slice(0, facts.length)).toEqual(facts);
      }),
    );
  });
});
