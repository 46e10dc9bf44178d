// SPDX-License-Identifier: GPL-2.0-only
/** Recorded build logs: steps, warnings by step, first errors. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { carryWarnings, parseBuildLine, parseBuildLog } from '../../src/kernel/log.ts';
import { recorded } from './sample.ts';

const read = (name: string) => readFileSync(recorded(name), 'utf8');

describe('parseBuildLine()', () => {
  test.each([
    ['  CC      init/main.o', 'CC', 'init/main.o'],
    ['  CC [M]  fs/erofs/super.o', 'CC', 'fs/erofs/super.o'],
    ['  RUSTC L rust/core.o', 'RUSTC', 'rust/core.o'],
    ['  HOSTCC  scripts/basic/fixdep', 'HOSTCC', 'scripts/basic/fixdep'],
    ['  LD      .tmp_vmlinux1', 'LD', '.tmp_vmlinux1'],
    ['  AR      built-in.a', 'AR', 'built-in.a'],
    ['  CALL    ../scripts/checksyscalls.sh ', 'CALL', '../scripts/checksyscalls.sh'],
    ['  CC      /x/build-0a1b2c3d/tools/objtool/elf.o', 'CC', 'tools/objtool/elf.o'],
  ])('%s', (line, step, target) => {
    expect(parseBuildLine(line)).toEqual({ step, target });
  });

  test.each([
    '',
    'make[1]: Entering directory',
    '   84 |         return sbi->x;',
    '      |            ^~~',
    'Kernel: arch/x86/boot/bzImage is ready  (#1)',
    '  cc      init/main.o',
  ])("'%s' is no step", line => {
    expect(parseBuildLine(line)).toBeUndefined();
  });
});

describe('a build with warnings', () => {
  const log = parseBuildLog(read('warnings.log'));

  test('each step counts once', () => {
    const lines = read('warnings.log')
      .split('\n')
      .filter(line => /^ {2}[A-Z]/.test(line));
    expect(log.steps.length).toBe(new Set(lines).size);
    expect(log.steps).toContain('CC fs/erofs/super.o');
    expect(log.errors).toEqual([]);
  });

  test('warnings belong to the step that gave them, with the lines that show the place', () => {
    expect(log.warnings.get('CC fs/erofs/super.o')).toMatchInlineSnapshot(`
      [
        "fs/erofs/super.c:84:13: warning: suggest parentheses around assignment used as truth value [-Wparentheses]
         84 |         if (value = 3)
            |             ^~~~~",
        "fs/erofs/super.c:82:13: warning: unused variable 'unused' [-Wunused-variable]
         82 |         int unused;
            |             ^~~~~~",
        "fs/erofs/super.c:80:12: warning: 'erofs_left_over' defined but not used [-Wunused-function]
         80 | static int erofs_left_over(int value)
            |            ^~~~~~~~~~~~~~~",
        "fs/erofs/internal.h:536:12: warning: 'erofs_header_leftover' defined but not used [-Wunused-function]
        536 | static int erofs_header_leftover(void)
            |            ^~~~~~~~~~~~~~~~~~~~~",
      ]
    `);
    expect(log.warnings.get('CC fs/erofs/zutil.o')).toMatchInlineSnapshot(`
      [
        "fs/erofs/internal.h:536:12: warning: 'erofs_header_leftover' defined but not used [-Wunused-function]
        536 | static int erofs_header_leftover(void)
            |            ^~~~~~~~~~~~~~~~~~~~~",
      ]
    `);
    expect(log.warnings.has('AR fs/erofs/built-in.a')).toBe(false);
  });
});

test('a build that fails: the errors first to last, as seen from the top of the tree', () => {
  expect(parseBuildLog(read('error.log')).errors).toMatchInlineSnapshot(`
    [
      "fs/erofs/super.c:84:19: error: 'struct erofs_sb_info' has no member named 'no_such_member'",
      "fs/erofs/super.c:84:38: error: implicit declaration of function 'no_such_function' [-Werror=implicit-function-declaration]",
    ]
  `);
});

test.each([
  [
    "ld: fs/erofs/super.o: in function `erofs_init':\nsuper.c:(.text+0x12): undefined reference to `lost'\n",
    /undefined reference/,
  ],
  ['ERROR: modpost: "lost" [fs/erofs/erofs.ko] undefined!\n', /modpost/],
  ['/bin/sh: 1: lz4: not found\nmake[3]: *** [x: y] Error 127\n', /lz4: not found/],
  ["make[2]: *** No rule to make target 'x.o', needed by 'y'.  Stop.\n", /No rule to make target/],
  ["a.S: Assembler messages:\na.S:3: Error: no such instruction: `lost x'\n", /a\.S:3: Error/],
  ['FATAL: modpost: lost.o: no .modinfo section\n', /lost\.o/],
  ['  CC      a.o\nmake[3]: *** [scripts/Makefile.build:1: a.o] Error 1\n', /Makefile\.build:1: a\.o/],
])('%j has an error to show', (text, error) => {
  expect(parseBuildLog(text).errors.join('\n')).toMatch(error);
});

describe('what modpost refuses is shown with its symbols', () => {
  const errorsOf = (...lines: string[]) =>
    parseBuildLog(
      ['  MODPOST Module.symvers', ...lines, 'make[2]: *** [x: Module.symvers] Error 1'].join('\n'),
    ).errors;
  const mismatch = (from: string) =>
    `WARNING: modpost: vmlinux: section mismatch in reference: ${from}+0x5 (section: .text) -> lost (section: .init.text)`;
  const detected = 'ERROR: modpost: Section mismatches detected.';
  test.each<[string, string[], string[]]>([
    [
      'undefined symbols',
      ['ERROR: modpost: "lost" [fs/a.ko] undefined!', 'ERROR: modpost: "gone" [fs/a.ko] undefined!'],
      ['ERROR: modpost: "lost" [fs/a.ko] undefined!', 'ERROR: modpost: "gone" [fs/a.ko] undefined!'],
    ],
    [
      'section mismatches, which are warnings with an error behind them',
      [mismatch('a'), mismatch('b'), detected, 'Set CONFIG_SECTION_MISMATCH_WARN_ONLY=y to allow them.'],
      [mismatch('a'), mismatch('b'), detected],
    ],
    [
      'a warning before an error that names its symbol is no part of it',
      [mismatch('a'), "ERROR: modpost: fs/a: 'lost' exported twice. Previous export was in fs/b"],
      ["ERROR: modpost: fs/a: 'lost' exported twice. Previous export was in fs/b"],
    ],
  ])('%s', (_title, lines, expected) => {
    expect(errorsOf(...lines)).toEqual(expected);
  });

  test('a mismatch that is allowed is a warning', () => {
    const log = parseBuildLog(`  MODPOST x\n${mismatch('a')}\n`);
    expect(log.errors).toEqual([]);
    expect([...log.warnings.values()]).toEqual([[mismatch('a')]]);
  });
});

test('a line of the source that a compiler shows is no error of its own', () => {
  const text =
    '  CC      a.o\na.c:3:1: warning: x\n    3 |  pr_err("Error: %d", n);\n      |  ^~~ error: no\n';
  expect(parseBuildLog(text).errors).toEqual([]);
});

test('an objtool or linker warning is a warning too', () => {
  const text =
    '  LD      vmlinux.o\nvmlinux.o: warning: objtool: foo+0x1: unreachable instruction\n  AR      x\n';
  expect([...parseBuildLog(text).warnings]).toEqual([
    ['LD vmlinux.o', ['vmlinux.o: warning: objtool: foo+0x1: unreachable instruction']],
  ]);
});

test('a step that runs again replaces what it said, others keep theirs', () => {
  const before = { 'CC a.o': ['a.c:1: warning: x'], 'CC b.o': ['b.c:1: warning: x'], '': ['old'] };
  const log = parseBuildLog('  CC      a.o\n  CC      c.o\nc.c:1:1: warning: y\n');
  expect(carryWarnings(before, log)).toEqual({
    'CC b.o': ['b.c:1: warning: x'],
    'CC c.o': ['c.c:1:1: warning: y'],
  });
});
