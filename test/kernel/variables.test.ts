// SPDX-License-Identifier: GPL-2.0-only
/** Make variables: kbuild's precedence, what is refused, the compilers they choose, the environment make gets. */
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/host/errors.ts';
import { architectureOf, archOf, crossOf, programsArch, wordOf } from '../../src/kernel/architecture.ts';
import {
  makeEnvironment,
  makeVariables,
  programsOf,
  throughCcache,
  variablesFor,
} from '../../src/kernel/variables.ts';

const fixed = {
  KBUILD_BUILD_HOST: 'initbench',
  KBUILD_BUILD_TIMESTAMP: '2026-01-01T00:00:00Z',
  KBUILD_BUILD_USER: 'initbench',
  KBUILD_BUILD_VERSION: '1',
  LOCALVERSION: '-initbench',
  PAHOLE: 'false',
  RUSTC: 'false',
};

describe('makeVariables()', () => {
  test('is reproducible by default, and LOCALVERSION is always set', () => {
    expect(makeVariables({ PATH: '/bin', HOME: '/root' }, [])).toEqual(fixed);
  });

  test('takes from the environment what kbuild takes, and no more', () => {
    const environment = { ARCH: 'arm64', CROSS_COMPILE: 'aarch64-linux-gnu-', KCFLAGS: '-g', LLVM: '' };
    expect(makeVariables({ ...environment, CC: 'clang', W: '1', O: '/tmp/x', V: '1' }, [])).toEqual({
      ...fixed,
      ARCH: 'arm64',
      CROSS_COMPILE: 'aarch64-linux-gnu-',
      KCFLAGS: '-g',
    });
  });

  test('arguments beat the environment, the environment beats what is fixed', () => {
    const environment = { KCFLAGS: '-O1', LOCALVERSION: '-env', KBUILD_BUILD_USER: 'me' };
    expect(makeVariables(environment, ['KCFLAGS=-O2 -g', 'LOCALVERSION=', 'CC=clang-18'])).toEqual({
      ...fixed,
      CC: 'clang-18',
      KBUILD_BUILD_USER: 'me',
      KCFLAGS: '-O2 -g',
      LOCALVERSION: '',
    });
  });

  test('an architecture asked for beats an environment for another one, not what was typed', () => {
    const arm = { ARCH: 'arm64', CROSS_COMPILE: 'aarch64-none-linux-gnu-' };
    const asked = (environment: Record<string, string>, words: string[] = [], arch = 'riscv') =>
      makeVariables(environment, words, arch);
    const riscv = { ...fixed, ARCH: 'riscv', CROSS_COMPILE: 'riscv64-linux-gnu-' };
    expect(asked({})).toEqual(riscv);
    expect(asked(arm)).toEqual(riscv);
    expect(asked(arm, [], 'arm64')).toEqual({ ...fixed, ...arm });
    expect(asked({}, ['CROSS_COMPILE=my-'])).toEqual({ ...riscv, CROSS_COMPILE: 'my-' });
    expect(() => asked({}, ['ARCH=arm64'])).toThrow('--machine riscv and ARCH=arm64 are two architectures');
  });

  test.each(['modules', '-j4', 'CC+=x', '=y'])("refuses '%s': no variable", word => {
    expect(() => makeVariables({}, [word])).toThrow(UserError);
  });

  test.each(['O=/tmp', 'KBUILD_OUTPUT=x', 'KCONFIG_CONFIG=x', 'M=drivers/x'])("refuses '%s'", word => {
    expect(() => makeVariables({}, [word])).toThrow(/initbench chooses it/);
  });
});

describe('programsOf()', () => {
  test.each([
    [{}, 'gcc', 'gcc', 'ld', 'size', false],
    [
      { CROSS_COMPILE: 'aarch64-linux-gnu-' },
      'aarch64-linux-gnu-gcc',
      'gcc',
      'aarch64-linux-gnu-ld',
      'aarch64-linux-gnu-size',
      false,
    ],
    [{ LLVM: '1' }, 'clang', 'clang', 'ld.lld', 'llvm-size', true],
    [{ LLVM: '-18' }, 'clang-18', 'clang-18', 'ld.lld-18', 'llvm-size-18', true],
    [
      { LLVM: '/opt/llvm/bin/' },
      '/opt/llvm/bin/clang',
      '/opt/llvm/bin/clang',
      '/opt/llvm/bin/ld.lld',
      '/opt/llvm/bin/llvm-size',
      true,
    ],
    [{ LLVM: '1', LLVM_IAS: '0' }, 'clang', 'clang', 'ld.lld', 'llvm-size', false],
    [{ CC: 'gcc-13', HOSTCC: 'gcc-12' }, 'gcc-13', 'gcc-12', 'ld', 'size', false],
  ] as const)('%o', (variables, compiler, hostCompiler, linker, size, integratedAssembler) => {
    expect(programsOf(variables)).toEqual({ compiler, hostCompiler, linker, size, integratedAssembler });
  });
});

test('ccache goes in front of both compilers, once', () => {
  expect(throughCcache({})).toEqual({ CC: 'ccache gcc', HOSTCC: 'ccache gcc' });
  expect(throughCcache({ LLVM: '-18' })).toMatchObject({ CC: 'ccache clang-18', HOSTCC: 'ccache clang-18' });
  expect(throughCcache({ CC: '/usr/bin/ccache gcc-13' })).toMatchObject({ CC: '/usr/bin/ccache gcc-13' });
  expect(throughCcache({ CC: 'sccache gcc' })).toMatchObject({ CC: 'sccache gcc' });
});

test('make does not see variables that would change the kernel unnoticed', () => {
  const environment = {
    PATH: '/bin',
    HOME: '/h',
    MAKEFLAGS: '-e',
    KBUILD_OUTPUT: 'x',
    KCFLAGS: '-g',
    CCACHE_DIR: '/c',
  };
  expect(makeEnvironment(environment, { CCACHE_DIR: '/ours' })).toEqual({
    PATH: '/bin',
    HOME: '/h',
    MAKEFLAGS: undefined,
    KBUILD_OUTPUT: undefined,
    KCFLAGS: undefined,
    CCACHE_DIR: '/ours',
    LC_ALL: 'C',
  });
});

describe('architectures', () => {
  test('ARCH as given, otherwise after the machine', () => {
    expect(archOf({ ARCH: 'arm64' }, 'x86_64')).toBe('arm64');
    expect(['x86_64', 'i686', 'aarch64', 'armv7l', 'riscv64'].map(machine => archOf({}, machine))).toEqual([
      'x86',
      'x86',
      'arm64',
      'arm',
      'riscv',
    ]);
  });

  test("the host's own needs no variable, another one ARCH and a cross compiler", () => {
    expect(variablesFor('x86_64', 'x86_64')).toEqual({});
    expect(variablesFor('i386', 'x86_64')).toEqual({ ARCH: 'i386' });
    expect(variablesFor('arm64', 'x86_64')).toEqual({ ARCH: 'arm64', CROSS_COMPILE: 'aarch64-linux-gnu-' });
    expect(variablesFor('arm64', 'aarch64')).toEqual({});
    expect(crossOf('x86_64', 'aarch64')).toBe('x86_64-linux-gnu-');
    expect(() => variablesFor('arm65', 'x86_64')).toThrow('no kernel image is known for ARCH=arm65');
  });

  test('User-Mode Linux: a kernel of its own kind, with the programs of the host', () => {
    expect(variablesFor('um', 'x86_64')).toEqual({ ARCH: 'um', SUBARCH: 'x86_64' });
    expect(crossOf('um', 'x86_64')).toBe('');
    expect([programsArch('um', 'x86_64'), programsArch('arm64', 'x86_64')]).toEqual(['x86_64', 'arm64']);
    expect(wordOf('um', 'CONFIG_X86_64=y\n')).toBe('um');
    expect(architectureOf('um')).toMatchObject({ srcarch: 'um', target: 'linux', image: 'linux' });
  });

  test.each(['i686', 'aarch64', 'armv7l', 'riscv64'])('User-Mode Linux on %s: a sentence', host => {
    expect(() => variablesFor('um', host)).toThrow(
      `User-Mode Linux runs on x86-64 hosts, and this one is ${host}`,
    );
  });

  test('ARCH=x86 is 32 or 64 bits as the .config says', () => {
    expect(wordOf('x86', 'CONFIG_X86_64=y\n')).toBe('x86_64');
    expect(wordOf('x86', '# CONFIG_64BIT is not set\n')).toBe('i386');
    expect(wordOf('arm64', '')).toBe('arm64');
  });

  test('an unknown one answers with those that are known', () => {
    expect(() => architectureOf('toString')).toThrow('no kernel image is known for ARCH=toString');
    expect(architectureOf('arm64')).toMatchObject({ target: 'Image' });
  });
});
