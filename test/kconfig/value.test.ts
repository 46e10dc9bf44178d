// SPDX-License-Identifier: GPL-2.0-only
/** What Kconfig takes from the text behind `=`; test/vm/kconfig.test.ts holds the same against the tree's own program. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTaken, type OptionType, readValue, refusal } from '../../src/kconfig/value.ts';

describe('readValue()', () => {
  test.each([
    ['y', 'y'],
    ['y # keep the log', 'y'],
    ['y# why', 'y'],
    ['yes', 'y'],
    ['module', 'm'],
    ['no\t', 'n'],
    ['15', '15'],
    ['-1', '-1'],
    ['007', '007'],
    ['0x1F', '0x1F'],
    ['face', 'face'],
    ['""', '""'],
    ['"x" # name', '"x"'],
    ['"a \\"b\\" c"', '"a \\"b\\" c"'],
    ['"a # b"', '"a # b"'],
    ['"C:\\\\x\\y"', '"C:\\\\xy"'],
    ['"tab\\t"', '"tabt"'],
  ])('%s is %s', (text, value) => {
    expect(readValue(text)).toBe(value);
  });

  test.each([
    ['', /no value/],
    [' y', /right behind =/],
    ['Y', /write y/],
    ['15 # 32 KiB', /nothing may follow a number/],
    ['64 ', /nothing may follow a number/],
    ['0x10\t', /nothing may follow a number/],
    ['"open', /no closing quote/],
    ['"open\\"', /no closing quote/],
    ['bare', /not y, m, n/],
    ["'y'", /not y, m, n/],
    ['1.5', /not y, m, n/],
    ['0x', /not y, m, n/],
  ])('%j is taken by no option', (text, why) => {
    expect(readValue(text)).toBeUndefined();
    expect(refusal(text)).toMatch(why);
  });

  test('what it returns it reads back as it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map(text => `"${text}"`),
        ),
        text => {
          const value = readValue(text);
          if (value !== undefined) expect(readValue(value)).toBe(value);
        },
      ),
      { numRuns: 500 },
    );
  });
});

const types: readonly OptionType[] = ['bool', 'tristate', 'string', 'int', 'hex'];
test.each<[string, readonly OptionType[]]>([
  ['y', ['bool', 'tristate']],
  ['m', ['tristate']],
  ['n # why', ['bool', 'tristate']],
  ['"y"', ['string']],
  ['64', ['int', 'hex']],
  ['007', ['hex']],
  ['-5', ['int']],
  ['0x40', ['hex']],
  ['40 ', []],
])('%s is for %j', (text, taking) => {
  expect(types.filter(type => isTaken(text, type))).toEqual(taking);
});
