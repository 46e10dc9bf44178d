// SPDX-License-Identifier: GPL-2.0-only
/** The catalogue of options: one meaning of a name, values as their types say, one sentence for a wrong one. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { command, longOf, type Option } from '../../src/commands/command.ts';
import { commands } from '../../src/commands/index.ts';
import { commonOptions, helpOption, option } from '../../src/commands/options.ts';
import { bytes, whole } from '../../src/commands/typed.ts';
import { UserError } from '../../src/host/errors.ts';
import { openWorkspace } from '../../src/workspace.ts';

const workspace = openWorkspace();
const every = commands.flatMap(({ id, options }) => options.map(one => ({ id, long: longOf(one), one })));
const takesValue = ({ usage }: Option) => usage.includes('<');

describe('values', () => {
  const parsed = command({
    id: 'trial',
    summary: '',
    examples: [],
    positional: [
      { usage: '<flow>', summary: '' },
      { usage: '[v1]', summary: '' },
      { usage: '[file...]', summary: '' },
    ],
    options: [
      option.payload,
      { ...option.pad, default: '64M' },
      option.timeout,
      option.config,
      option.dryRun,
      { usage: '--disk-rate <MB/s>', summary: '', type: whole(1, 9, 1e6) },
      { usage: '--disk [number]', summary: '', type: whole(1, 9) },
      { usage: '--via <path>', summary: '', choices: ['uefi', 'bios'] },
      { usage: '--sizes <bytes>', summary: '', type: bytes, repeat: true },
      { usage: '--to <tree>', summary: '', required: true },
    ],
    parse({ options, words: [flow, v1, ...files], rest }) {
      // the compiler has inferred these
      const values: {
        readonly payload: string;
        readonly pad: number;
        readonly timeout: number | undefined;
        readonly config: readonly string[];
        readonly dryRun: boolean;
        readonly diskRate: number | undefined;
        readonly disk: number | true | undefined;
        readonly via: 'uefi' | 'bios' | undefined;
        readonly sizes: readonly number[];
        readonly to: string;
      } = options;
      const words: readonly [string, string | undefined, readonly string[]] = [flow, v1, files];
      return { values, words, rest };
    },
    async *run() {},
    text: () => [],
    json: () => {
      throw new Error('not asked for');
    },
  });
  const parse = (options: Readonly<Record<string, unknown>>, ...words: readonly string[]) =>
    parsed.parse({ options, words, rest: ['X=1'] }, workspace);

  test('what is not given is the default, nothing, or false', () => {
    expect(parse({ to: '7.3' }, 'floor')).toEqual({
      values: {
        ...{ payload: 'busybox', pad: 64 * 2 ** 20, timeout: undefined, config: [], dryRun: false },
        ...{ diskRate: undefined, disk: undefined, via: undefined, sizes: [], to: '7.3' },
      },
      words: ['floor', undefined, []],
      rest: ['X=1'],
    });
  });

  test('what is given is read', () => {
    const options = {
      ...{ payload: 'debian', pad: '0', timeout: '3', config: ['fuzz', 'kasan'], dryRun: true },
      ...{ diskRate: '2', disk: true, via: 'bios', sizes: ['1k', '2M'], to: 'next' },
    };
    expect(parse(options, 'floor', 'v1', 'a', 'b')).toEqual({
      values: {
        ...{ payload: 'debian', pad: 0, timeout: 3000, config: ['fuzz', 'kasan'], dryRun: true },
        ...{ diskRate: 2e6, disk: true, via: 'bios', sizes: [1024, 2 ** 21], to: 'next' },
      },
      words: ['floor', 'v1', ['a', 'b']],
      rest: ['X=1'],
    });
    expect(parse({ to: 'next', disk: '7' }, 'floor').values.disk).toBe(7);
  });

  test.each([
    [{ disk: '10' }, '--disk 10: not a whole number from 1 to 9'],
    [{ diskRate: 'x' }, '--disk-rate x: not a whole number from 1 to 9'],
    [{ sizes: ['1k', 'big'] }, '--sizes big: not a size'],
    [{ via: 'pxe' }, '--via pxe: choose uefi or bios'],
  ])('%j is refused', (options, sentence) => {
    expect(() => parse({ to: 'next', ...options }, 'floor')).toThrow(sentence);
  });
});

/** A size of a cache is no deadline. */
const twoThings = new Set(['--budget']);

test('a name means the same in every command', () => {
  const usages = new Map<string, Set<string>>();
  for (const { long, one } of every) usages.set(long, (usages.get(long) ?? new Set<string>()).add(one.usage));
  const several = [...usages].filter(([, found]) => found.size > 1).map(([long]) => long);
  expect(several).toEqual([...twoThings]);
});

test('the catalogue has nothing that no command takes', () => {
  const taken = new Set(every.map(({ one }) => one.usage));
  const unused = Object.values(option).filter(({ usage }) => !taken.has(usage));
  expect(unused).toEqual([]);
});

describe('a value that none can be', () => {
  const hostile = '\u0001 no value';
  const typed = every.filter(({ one }) => (one.type ?? one.choices) !== undefined && takesValue(one));
  /** Words of a user's own. */
  const free = new Set(['--flows', '--format', '--only']);

  test.each(typed.filter(({ long }) => !free.has(long)).map(({ id, long, one }) => [id, long, one] as const))(
    '%s %s',
    (id, long, one) => {
      const found = commands.find(each => each.id === id)!;
      const name = long.slice(2).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
      const words = found.positional.map(() => 'word');
      const given = { options: { [name]: one.repeat ? [hostile] : hostile }, words, rest: [] };
      expect(() => void found.parse(given, workspace)).toThrow(UserError);
      expect(() => void found.parse(given, workspace)).toThrow(
        long === '--case' ? hostile : `${long} ${hostile}`,
      );
    },
  );
});

describe('documents', () => {
  const text = readFileSync('docs/commands.md', 'utf8');

  test('docs/commands.md has every verb', () => {
    const lines = text.split('\n').filter(line => line.startsWith('    initbench '));
    const missing = commands.filter(({ id }) => {
      const [first, second = ''] = id.split(' ');
      const listed = lines.some(line => line.split(/[\s|]+/).includes(first!) && line.includes(second));
      return !listed && !text.includes(`initbench ${id} `);
    });
    expect(missing.map(({ id }) => id)).toEqual([]);
  });

  test.each(['README.md', 'docs/commands.md', 'docs/measuring.md', 'docs/series.md', 'docs/evidence.md'])(
    '%s names no option that there is none',
    file => {
      const known = new Set([
        ...every.map(({ long }) => long),
        ...[...commonOptions, helpOption].map(longOf),
        // the workbench's, setup.sh's, and those of git and checkpatch
        ...['--ascii', '--no-mouse', '--test', '--all', '--global', '--strict'],
      ]);
      const named = readFileSync(file, 'utf8').match(/(?<![\w-])--[a-z][\w-]*/g) ?? [];
      expect(named.length).toBeGreaterThan(0);
      expect(named.filter(word => !known.has(word))).toEqual([]);
    },
  );
});
