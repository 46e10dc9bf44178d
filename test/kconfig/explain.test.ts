// SPDX-License-Identifier: GPL-2.0-only
/** Why options are lost: read from Kconfig files of a small tree, against small .configs. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Entries, parseStatements, readEntries } from '../../src/kconfig/entries.ts';
import { explainLost, nearNames } from '../../src/kconfig/explain.ts';
import { compareWithFinal, parseDotConfig, parseFragment } from '../../src/kconfig/fragment.ts';

const files: Readonly<Record<string, string>> = {
  Kconfig: `mainmenu "Linux/$(ARCH)"
cc-option = $(success,$(CC) -Werror $(1) -c -x c /dev/null -o /dev/null)
if-success = $(shell,{ $(1); } && echo "$(2)")

source "arch/$(SRCARCH)/Kconfig"
source "fs/Kconfig"
source "not/there/Kconfig"
`,
  'arch/x86/Kconfig': `config X86
	def_bool y
	select HAVE_OBJTOOL if 64BIT
	select HAVE_NOTHING if BROKEN

config 64BIT
	bool "64-bit kernel"

config HAVE_OBJTOOL
	bool

config HAVE_NOTHING
	bool "never selected"

config BROKEN
	bool

config EXPERT
	bool "Expert options"
	help
	  These depend on nothing:

	  config FAKE
	  depends on NOTHING

config MODULES
	bool "Modules"
	modules

config NR_CPUS
	int "CPUs" if EXPERT
	range 2 64
	default "8"

config CMDLINE
	string "Command line"

choice
	prompt "Compression"
	default KERNEL_GZIP

config KERNEL_GZIP
	bool "Gzip"

config KERNEL_LZ4
	bool "LZ4"

endchoice
`,
  'arch/arm64/Kconfig': `config ARM64
	def_bool y
`,
  'fs/Kconfig': `menu "File systems"
	depends on BLOCK

config BLOCK
	bool "Block layer" # the comment says if BROKEN

if MISC_FILESYSTEMS

config EROFS_FS
	tristate "EROFS"
	depends on BLOCK && \\
		(CRYPTO || !ZLIB)

config EROFS_FS_ZIP
	bool "EROFS compression"
	depends on EROFS_FS
	depends on LZ4_TOOL if EXPERT

config EROFS_FS_SAN
	bool "sanitized"
	depends on $(cc-option,-fsanitize=kernel-address)

endif # MISC_FILESYSTEMS

menu "Hidden ones"
	visible if EXPERT

config SECRET
	bool "Secret"

endmenu

config MISC_FILESYSTEMS
	bool "Miscellaneous"

comment "needs a comment"
	depends on BROKEN

config CRYPTO
	tristate "Crypto"

config ZLIB
	bool "zlib"

endmenu
`,
};

let tree: string;
let entries: Entries;
beforeAll(async () => {
  tree = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(tree, file)), { recursive: true });
    await writeFile(path.join(tree, file), text);
  }
  entries = await readEntries(tree, 'x86');
});
afterAll(() => rm(tree, { recursive: true, force: true }));

/** 'requested -> actual: because' of each lost option. */
function explained(fragment: string, dotConfig: string): string[] {
  return compareWithFinal([parseFragment(fragment, 'f')], dotConfig)
    .lost.map(lost => explainLost(lost, entries, parseDotConfig(dotConfig)))
    .map(({ requested, actual, because }) => `${requested} -> ${actual}: ${because}`);
}

describe('explainLost()', () => {
  test('names the part of a dependency that does not hold', () => {
    expect(explained('CONFIG_EROFS_FS_ZIP=y', 'CONFIG_BLOCK=y\nCONFIG_MISC_FILESYSTEMS=y\n')).toEqual([
      'y -> n: depends on EROFS_FS: EROFS_FS is not set',
    ]);
    expect(
      explained('CONFIG_EROFS_FS=y', 'CONFIG_BLOCK=y\nCONFIG_MISC_FILESYSTEMS=y\nCONFIG_ZLIB=y\n'),
    ).toEqual([
      'y -> n: depends on BLOCK && (CRYPTO || !ZLIB): CRYPTO || !ZLIB does not hold (CRYPTO is not set, ZLIB is y)',
    ]);
  });

  test('counts the ifs and menus around the option', () => {
    expect(explained('CONFIG_EROFS_FS=y', 'CONFIG_ZLIB=n\n')).toEqual([
      'y -> n: depends on BLOCK: BLOCK is not set; depends on MISC_FILESYSTEMS: MISC_FILESYSTEMS is not set; ' +
        'depends on BLOCK && (CRYPTO || !ZLIB): BLOCK is not set',
    ]);
    expect(explained('CONFIG_SECRET=y', 'CONFIG_BLOCK=y\n')).toEqual([
      'y -> n: can be chosen only if EXPERT: EXPERT is not set',
    ]);
  });

  test('a tristate that depends on a module can be a module only', () => {
    const dotConfig =
      'CONFIG_BLOCK=y\nCONFIG_MISC_FILESYSTEMS=y\nCONFIG_ZLIB=y\nCONFIG_CRYPTO=m\nCONFIG_EROFS_FS=m\n';
    expect(explained('CONFIG_EROFS_FS=y', dotConfig)).toEqual([
      'y -> m: depends on BLOCK && (CRYPTO || !ZLIB): CRYPTO || !ZLIB does not hold (CRYPTO is m, ZLIB is y)',
    ]);
  });

  test('a conditional dependency counts only where its condition holds', () => {
    const dotConfig = 'CONFIG_BLOCK=y\nCONFIG_MISC_FILESYSTEMS=y\nCONFIG_EROFS_FS=y\n';
    expect(explained('CONFIG_EROFS_FS_ZIP=y', `${dotConfig}CONFIG_EXPERT=y\n`)).toEqual([
      'y -> n: depends on LZ4_TOOL if EXPERT: !EXPERT || LZ4_TOOL does not hold (EXPERT is y, LZ4_TOOL does not exist here)',
    ]);
    expect(explained('CONFIG_EROFS_FS_ZIP=y', dotConfig)).toEqual(['y -> n: undefined']);
  });

  test('does not guess what a compiler test would say', () => {
    expect(explained('CONFIG_EROFS_FS_SAN=y', 'CONFIG_BLOCK=y\nCONFIG_MISC_FILESYSTEMS=y\n')).toEqual([
      'y -> n: undefined',
    ]);
  });

  test('names who selects an option that stays on', () => {
    const dotConfig = 'CONFIG_X86=y\nCONFIG_64BIT=y\nCONFIG_HAVE_OBJTOOL=y\nCONFIG_HAVE_NOTHING=y\n';
    expect(explained('# CONFIG_HAVE_OBJTOOL is not set', dotConfig)).toEqual(['n -> y: selected by X86']);
    expect(explained('# CONFIG_HAVE_NOTHING is not set', dotConfig)).toEqual(['n -> y: undefined']);
  });

  test('an option without a prompt, one of a choice, a number, a module', () => {
    expect(explained('CONFIG_HAVE_OBJTOOL=y', '')).toEqual([
      'y -> n: has no prompt: only defaults and other options (select) set it',
    ]);
    expect(explained('CONFIG_KERNEL_GZIP=y', 'CONFIG_KERNEL_LZ4=y\n')).toEqual([
      'y -> n: one of a choice: KERNEL_LZ4 is set',
    ]);
    expect(explained('CONFIG_NR_CPUS=16', 'CONFIG_NR_CPUS=8\n')).toEqual([
      '16 -> 8: can be chosen only if EXPERT: EXPERT is not set',
    ]);
    expect(explained('CONFIG_NR_CPUS=100', 'CONFIG_NR_CPUS=8\nCONFIG_EXPERT=y\n')).toEqual([
      '100 -> 8: it is an int: see its range',
    ]);
    expect(explained('CONFIG_NR_CPUS=8 # cores', 'CONFIG_NR_CPUS=8\n')).toEqual([
      '8 # cores -> 8: Kconfig does not take that value: nothing may follow a number, not even a blank',
    ]);
    expect(explained('# CONFIG_NR_CPUS is not set', 'CONFIG_NR_CPUS=8\n')).toEqual(['n -> 8: it is an int']);
    expect(explained('CONFIG_CMDLINE=quiet', 'CONFIG_CMDLINE=""\n')).toEqual([
      'quiet -> "": it is a string: the value goes in "quotes"',
    ]);
    const on = 'CONFIG_BLOCK=y\nCONFIG_MISC_FILESYSTEMS=y\nCONFIG_EROFS_FS=y\n';
    expect(explained('CONFIG_64BIT=m\nCONFIG_EROFS_FS=m\n', `${on}CONFIG_64BIT=y\n`)).toEqual([
      'm -> y: it is a bool: it cannot be a module',
      'm -> y: modules need MODULES: MODULES is not set',
    ]);
  });

  test('says so when Kconfig has no such option, and what is spelled like it', () => {
    expect(explained('CONFIG_EROFS_SF=y\nCONFIG_FAKE=y\nCONFIG_ARM64=y\n', '')).toEqual([
      'y -> undefined: Kconfig has no EROFS_SF; there is EROFS_FS',
      'y -> undefined: Kconfig has no FAKE',
      'y -> undefined: Kconfig has no ARM64',
    ]);
  });
});

test('statements: continuation lines joined, comments and help texts left out', () => {
  const text =
    'config A\n\tbool "a # b" # c\n\thelp\n\t  if B\n\n\t  text\n\tdepends on X || \\\n\t\tY\n  endif\n';
  expect(parseStatements(text)).toEqual([
    { line: 1, word: 'config', rest: 'A' },
    { line: 2, word: 'bool', rest: '"a # b"' },
    { line: 7, word: 'depends', rest: 'on X || Y' },
    { line: 9, word: 'endif', rest: '' },
  ]);
});

test('near names: at most two edits away, nearest first', () => {
  const known = ['NETFILTER', 'NETFILTERS', 'NET', 'NETDEV', 'FILTER'];
  expect(nearNames('NETFILTERR', known)).toEqual(['NETFILTER', 'NETFILTERS']);
  expect(nearNames('NETDV', known)).toEqual(['NETDEV', 'NET']);
  expect(nearNames('INITOVERLAYFS', known)).toEqual([]);
});
