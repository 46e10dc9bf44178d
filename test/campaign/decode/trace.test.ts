// SPDX-License-Identifier: GPL-2.0-only
/** Stacks on recorded consoles, and consoles that a hostile guest could print. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { functionRange } from '../../../src/campaign/decode/owner.ts';
import { parseLocations, parseTraces, wordOf } from '../../../src/campaign/decode/trace.ts';

const recorded = (name: string) => readFileSync(`test/fixtures/console/${name}.log`, 'utf8').split('\n');

describe('parseTraces()', () => {
  test('an oops: where it was, then the stack, registers repeated at the end once', () => {
    const [oops, ...others] = parseTraces(recorded('oops-in-readdir'));
    expect(others).toEqual([]);
    expect(oops!.title).toBe('BUG: kernel NULL pointer dereference, address: 0000000000000000');
    expect(oops!.frames[0]).toEqual({
      symbol: 'erofs_readdir',
      offset: 6,
      size: 0x480,
      kind: 'ip',
      sure: true,
    });
    expect(oops!.frames.slice(1).map(({ symbol, sure }) => [symbol, sure])).toEqual([
      ['iterate_dir', false],
      ['ovl_iterate_real', false],
      ['ovl_iterate', false],
      ['wrap_directory_iterator', false],
      ['__x64_sys_getdents64', false],
      ['filldir', false],
      ['do_syscall_64', false],
      ['entry_SYSCALL_64_after_hwframe', false],
    ]);
  });

  test('warnings, each by itself', () => {
    const traces = parseTraces(recorded('warnings'));
    expect(traces.length).toBeGreaterThan(0);
    for (const { title, frames } of traces) {
      expect(title).toMatch(/^(WARNING|BUG|INFO|UBSAN)/);
      expect(frames.length).toBeGreaterThan(0);
    }
  });

  test('nothing that could be taken for more than a frame is one', () => {
    const lines = [
      'BUG: x',
      ' a[$(touch /tmp/x)]+0x1/0x2',
      ' f+0x1/0x2[$(touch /tmp/x)]',
      ' f+0x1/0x2 $(touch /tmp/x)',
      ' "; system("id")+0x1/0x2',
      ' -R+0x1/0x2',
      ' f+0x111111111/0x2',
      ' f+0x1/0x2 [module]',
      ' fine.isra.0+0x1/0x2',
    ];
    expect(parseTraces(lines).flatMap(({ frames }) => frames.map(wordOf))).toEqual(['fine.isra.0+0x1/0x2']);
  });

  test('arm64', () => {
    const lines = [
      'Unable to handle kernel paging request',
      'pc : f+0x10/0x20',
      'lr : g+0x4/0x8',
      ' h+0x8/0x10 (P)',
    ];
    expect(parseTraces(lines)[0]!.frames.map(({ symbol, kind }) => `${symbol} ${kind}`)).toEqual([
      'f ip',
      'h call',
    ]);
  });
});

test('wordOf() is one further on where no call returns to', () => {
  const frame = { symbol: 'f', offset: 0, size: 16, sure: true } as const;
  expect(wordOf({ ...frame, kind: 'ip' })).toBe('f+0x1/0x10');
  expect(wordOf({ ...frame, kind: 'call' })).toBe('f+0x0/0x10');
});

test('parseLocations() reads places from the top of the tree, whatever the compiler called them', () => {
  expect(
    parseLocations('f (/x/worktrees/7.3/mine/build-12ab/../fs/a.c:12 (discriminator 2) ../include/b.h:3)'),
  ).toEqual([
    { file: 'fs/a.c', line: 12 },
    { file: 'include/b.h', line: 3 },
  ]);
  expect(parseLocations('f (fs/erofs/../a.c:7)')).toEqual([{ file: 'fs/a.c', line: 7 }]);
  expect(parseLocations('f (??:0)')).toEqual([]);
  expect(parseLocations('f+0x1/0x2')).toEqual([]);
});

test('functionRange() finds the body, not the declaration', () => {
  const text =
    'int f(int a);\n\nstatic int g(void)\n{\n\treturn f(1);\n}\n\nstatic noinline int\nf(int a)\n{\n}\n\nint\tf2(int a,\n\tint b)\n{\n\tif (a) {\n\t}\n}\n';
  expect(functionRange(text, 'g')).toEqual({ first: 3, last: 6 });
  expect(functionRange(text, 'f')).toEqual({ first: 9, last: 11 });
  expect(functionRange(text, 'f2')).toEqual({ first: 13, last: 18 });
  expect(functionRange(text, 'h')).toBeUndefined();
});
