// SPDX-License-Identifier: GPL-2.0-only
/** Fragments as data: reading, writing, merging, and holding them against a final .config. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/host/errors.ts';
import {
  compareWithFinal,
  configDigest,
  enabledOptions,
  formatFragment,
  mergeFragments,
  parseDotConfig,
  parseFragment,
} from '../../src/kconfig/fragment.ts';

const dotConfig = `#
# Automatically generated file; DO NOT EDIT.
# Linux/x86 7.3.4 Kernel Configuration
#
CONFIG_CC_VERSION_TEXT="gcc (Debian 12.2.0-14+deb12u1) 12.2.0"
CONFIG_64BIT=y
# CONFIG_MODULES is not set

#
# General setup
#
CONFIG_NR_CPUS=8
CONFIG_CRC32=m
`;

describe('parseFragment()', () => {
  test('reads each option with its line', () => {
    const text =
      '# a comment\n\nCONFIG_A=y # why\n# CONFIG_B is not set\nCONFIG_C="x y"  \nCONFIG_D=0x10\nCONFIG_E=n\n';
    expect(parseFragment(text, 'f').options).toEqual([
      { name: 'CONFIG_A', value: 'y', line: 3 },
      { name: 'CONFIG_B', value: 'n', line: 4 },
      { name: 'CONFIG_C', value: '"x y"', line: 5 },
      { name: 'CONFIG_D', value: '0x10', line: 6 },
      { name: 'CONFIG_E', value: 'n', line: 7 },
    ]);
  });

  test('refuses a line that is not an option and says where it is', () => {
    const read = () => parseFragment('CONFIG_A=y\nCONFIG_B y\n', 'f', '/x/f.config');
    expect(read).toThrow(UserError);
    expect(read).toThrow("/x/f.config:2: 'CONFIG_B y' is no line of a kconfig fragment");
  });

  test.each([
    '#CONFIG_PRINTK is not set',
    '#  CONFIG_PRINTK is not set',
    '# CONFIG_PRINTK is not set ',
    '# CONFIG_PRINTK is not set (saves 7 KB)',
    ' # CONFIG_PRINTK is not set',
  ])("'%s' requests nothing, and is remarked", line => {
    const { options, remarks } = parseFragment(`CONFIG_A=y\n${line}\n`, 'f');
    expect(options.map(({ name }) => name)).toEqual(['CONFIG_A']);
    expect(remarks).toEqual([expect.stringMatching(/^f:2: .* is a comment to Kconfig/)]);
  });

  test.each(['# CONFIG_FUTEX=n', '#CONFIG_FUTEX=y', '# what CONFIG_FUTEX is for', '#'])(
    "'%s' is a comment without a remark",
    line => {
      expect(parseFragment(line, 'f')).toMatchObject({ options: [], remarks: [] });
    },
  );

  test('lines of DOS are lines', () => {
    const { options } = parseFragment('CONFIG_A=y\r\n# CONFIG_B is not set\r\nCONFIG_C=5\r', 'f');
    expect(options.map(({ value }) => value)).toEqual(['y', 'n', '5']);
  });

  test.each([
    ' CONFIG_A=y',
    '\tCONFIG_A=y',
    '\ufeffCONFIG_A=y',
    'CONFIG_A =y',
    'CONFIG_A',
    'A=y',
    'CONFIG_A-B=y',
  ])('Kconfig does not read %j, and it is refused', line => {
    expect(() => parseFragment(line, 'f')).toThrow(/^f:1: .* is no line of a kconfig fragment$/);
  });

  test('reads back what formatFragment() wrote', () => {
    const value = fc.oneof(
      fc.constantFrom('y', 'm', 'n'),
      fc.integer().map(String),
      fc.integer({ min: 0 }).map(n => `0x${n.toString(16)}`),
      fc.stringMatching(/^[\w ./#=-]*$/).map(text => `"${text}"`),
    );
    const option = fc.record({ name: fc.stringMatching(/^CONFIG_[A-Z0-9_]+$/), value });
    fc.assert(
      fc.property(fc.array(option), options => {
        const again = parseFragment(formatFragment(options), 'f').options;
        expect(again.map(({ name, value }) => ({ name, value }))).toEqual(options);
      }),
    );
  });
});

describe('mergeFragments()', () => {
  const fragments = [
    parseFragment('CONFIG_A=y\nCONFIG_B=y\nCONFIG_C=1\n', 'base'),
    parseFragment('CONFIG_A=m\nCONFIG_B=y\n', 'debug'),
    parseFragment('# CONFIG_A is not set\n', 'item'),
  ];

  test('the last one wins, and what differed is listed once, from first to last', () => {
    const { requested, redefined } = mergeFragments(fragments);
    expect(requested.get('CONFIG_A')).toEqual({ value: 'n', fragment: 'item' });
    expect(requested.get('CONFIG_B')).toEqual({ value: 'y', fragment: 'debug' });
    expect(redefined).toEqual([
      {
        option: 'CONFIG_A',
        first: { value: 'y', fragment: 'base' },
        last: { value: 'n', fragment: 'item' },
      },
    ]);
  });
});

describe('compareWithFinal()', () => {
  test('lists both values of what did not survive; an absent option is off', () => {
    const asked = parseFragment(
      'CONFIG_64BIT=y\nCONFIG_NR_CPUS=64\nCONFIG_MODULES=y\n# CONFIG_ABSENT is not set\nCONFIG_CRC32=y\n',
      'base',
    );
    expect(compareWithFinal([asked], dotConfig).lost).toEqual([
      { option: 'CONFIG_NR_CPUS', fragment: 'base', requested: '64', actual: '8' },
      { option: 'CONFIG_MODULES', fragment: 'base', requested: 'y', actual: 'n' },
      { option: 'CONFIG_CRC32', fragment: 'base', requested: 'y', actual: 'm' },
    ]);
  });

  test('only the last request counts', () => {
    const fragments = [parseFragment('CONFIG_MODULES=y', 'a'), parseFragment('CONFIG_MODULES=n', 'b')];
    expect(compareWithFinal(fragments, dotConfig).lost).toEqual([]);
  });

  test('a comment behind a value is no reason to be lost, a value that Kconfig refuses is', () => {
    const asked = parseFragment('CONFIG_64BIT=y # why\nCONFIG_NR_CPUS=8 # cores\n', 'f');
    expect(compareWithFinal([asked], dotConfig).lost).toEqual([
      { option: 'CONFIG_NR_CPUS', fragment: 'f', requested: '8 # cores', actual: '8' },
    ]);
  });

  test('of several lines in one fragment the last that the type takes counts', () => {
    const lines = parseFragment(
      'CONFIG_NR_CPUS=8\nCONFIG_NR_CPUS=lots\nCONFIG_64BIT=y\nCONFIG_64BIT=m\n',
      'f',
    );
    expect(compareWithFinal([lines], dotConfig, () => 'bool').lost).toMatchObject([
      { option: 'CONFIG_NR_CPUS' },
    ]);
    expect(compareWithFinal([lines], dotConfig).lost).toMatchObject([
      { option: 'CONFIG_64BIT', requested: 'm' },
    ]);
  });

  test('a later fragment takes the place of an earlier one even with what Kconfig refuses', () => {
    const fragments = [parseFragment('CONFIG_NR_CPUS=8\n', 'a'), parseFragment('CONFIG_NR_CPUS=8 #\n', 'b')];
    expect(compareWithFinal(fragments, dotConfig).lost).toMatchObject([{ fragment: 'b', requested: '8 #' }]);
  });
});

describe('.config', () => {
  test('options by name', () => {
    expect([...parseDotConfig(dotConfig)]).toEqual([
      ['CONFIG_CC_VERSION_TEXT', '"gcc (Debian 12.2.0-14+deb12u1) 12.2.0"'],
      ['CONFIG_64BIT', 'y'],
      ['CONFIG_MODULES', 'n'],
      ['CONFIG_NR_CPUS', '8'],
      ['CONFIG_CRC32', 'm'],
    ]);
    expect(enabledOptions(dotConfig)).toBe(2);
  });

  test('the digest leaves out the header and nothing else', () => {
    expect(configDigest(dotConfig.replace('7.3.4', '7.3.5'))).toBe(configDigest(dotConfig));
    expect(configDigest(dotConfig.replace('=8', '=9'))).not.toBe(configDigest(dotConfig));
    expect(configDigest(dotConfig.replace('12.2.0"', '12.3.0"'))).not.toBe(configDigest(dotConfig));
  });
});
