// SPDX-License-Identifier: GPL-2.0-only
/** Kconfig expressions: reading, y/m/n logic, comparisons, macros that nobody can evaluate here. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Expression,
  evaluate,
  formatExpression,
  parseExpression,
  symbolsOf,
} from '../../src/kconfig/expression.ts';

const config: Readonly<Record<string, string>> = {
  Y: 'y',
  M: 'm',
  N: 'n',
  CPUS: '8',
  ADDR: '0x100',
  NAME: 'gcc',
};
const tristateOf = (text: string) => {
  const expression = parseExpression(text);
  if (!expression) throw new Error(`not read: ${text}`);
  return evaluate(expression, name => config[name]);
};

test.each([
  ['Y', 2],
  ['M', 1],
  ['N', 0],
  ['UNDEFINED', 0],
  ['y', 2],
  ['!Y', 0],
  ['!M', 1],
  ['!N', 2],
  ['Y && M', 1],
  ['N || M', 1],
  ['N && M || Y', 2],
  ['N && (M || Y)', 0],
  ['!(N || M)', 1],
  ['!N && !N', 2],
  ['M = m', 2],
  ['M!=n', 2],
  ['Y = M', 0],
  ['CPUS', 0],
  ['CPUS = 8', 2],
  ['CPUS > 10', 0],
  ['CPUS >= 8 && CPUS < 64', 2],
  ['ADDR > 0xff', 2],
  ['ADDR <= 255', 0],
  ['NAME = "gcc"', 2],
  ["NAME != 'gcc'", 0],
])('%s is %d', (text, value) => {
  expect(tristateOf(text)).toBe(value);
});

test('what a macro decides is unknown, unless the rest decides', () => {
  expect(tristateOf('$(cc-option,-fno-pie)')).toBeUndefined();
  expect(tristateOf('!$(success,test -n "$(shell,echo $(1))")')).toBeUndefined();
  expect(tristateOf('$(cc-option,-x) && N')).toBe(0);
  expect(tristateOf('$(cc-option,-x) || Y')).toBe(2);
  expect(tristateOf('"$(ARCH)" = "x86"')).toBeUndefined();
});

test.each(['', 'A &&', '(A', 'A B', 'A = ', '&& A', 'A & B'])("'%s' is no expression", text => {
  expect(parseExpression(text)).toBeUndefined();
});

test('names its symbols, not its constants', () => {
  expect(symbolsOf(parseExpression('A && (B = y || C > 0x10) && !A && NAME = "x"')!)).toEqual([
    'A',
    'B',
    'C',
    'NAME',
  ]);
});

test('text and back is the same expression', () => {
  const leaf: fc.Arbitrary<Expression> = fc.oneof(
    fc.constantFrom('Y', 'M', 'N', 'CPUS').map(name => ({ kind: 'symbol' as const, name })),
    fc.constantFrom('=', '!=', '<', '>=').map(operator => ({
      kind: 'compare' as const,
      operator,
      left: { kind: 'symbol' as const, name: 'CPUS' },
      right: { kind: 'text' as const, text: '8' },
    })),
  );
  const { expression } = fc.letrec<{ expression: Expression }>(tie => ({
    expression: fc.oneof(
      { maxDepth: 4 },
      leaf,
      tie('expression').map(of => ({ kind: 'not' as const, of })),
      fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        of: fc.array(tie('expression'), { minLength: 2, maxLength: 3 }),
      }),
    ),
  }));
  fc.assert(
    fc.property(expression, whole => {
      const again = parseExpression(formatExpression(whole))!;
      expect(evaluate(again, name => config[name])).toBe(evaluate(whole, name => config[name]));
      expect(formatExpression(again)).toBe(formatExpression(whole));
    }),
  );
});
