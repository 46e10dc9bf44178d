// SPDX-License-Identifier: GPL-2.0-only
/** Make variables of a build: what kbuild takes from the environment and from the command line
 *  (Documentation/kbuild/kbuild.rst), what makes a build reproducible, and the compiler they choose. Pure. */
import { machine } from 'node:os';
import { exitCodes, UserError } from '../host/errors.ts';
import { archOf, architectureOf, crossOf } from './architecture.ts';

export type Variables = Readonly<Record<string, string>>;

/** Same kernel whoever builds it, wherever, whenever; a user's own value beats each. LOCALVERSION is always set:
 *  without it scripts/setlocalversion appends a `+` to trees that are not at a tag, and base and patched differ. */
const reproducible: Variables = {
  KBUILD_BUILD_HOST: 'initbench',
  KBUILD_BUILD_TIMESTAMP: '2026-01-01T00:00:00Z',
  KBUILD_BUILD_USER: 'initbench',
  KBUILD_BUILD_VERSION: '1',
  LOCALVERSION: '-initbench',
  // Kconfig writes their versions into every .config, and so into the kernel, whether they are used or not: a kernel
  // would depend on what else is installed. Give RUSTC=rustc or PAHOLE=pahole to a build that uses them.
  PAHOLE: 'false',
  RUSTC: 'false',
};

/** Those that kbuild reads from the environment and that change the kernel. Variables the Makefile assigns itself
 *  (CC, LD, HOSTCC, W, ...) count on the command line only, as with make. */
const fromEnvironment = [
  ...Object.keys(reproducible),
  'ARCH',
  'CROSS_COMPILE',
  'HOSTCFLAGS',
  'HOSTCXXFLAGS',
  'HOSTLDFLAGS',
  'HOSTLDLIBS',
  'KAFLAGS',
  'KCFLAGS',
  'KCPPFLAGS',
  'KRUSTFLAGS',
  'LLVM',
  'LLVM_IAS',
  'SOURCE_DATE_EPOCH',
  'USERCFLAGS',
  'USERLDFLAGS',
];

/** These say where to build or what; both are initbench's to choose. */
const refused =
  /^(O|M|MO|KBUILD_OUTPUT|KBUILD_EXTMOD|KBUILD_EXTMOD_OUTPUT|KCONFIG_\w+|MAKEFLAGS|MFLAGS|INSTALL_\w+|KBUILD_ABS_SRCTREE|KERNELRELEASE)$/;

/** The make variables of a build, sorted: fixed ones, over them the environment, over that NAME=value words. An
 *  architecture asked for by name brings its own, and beats an environment that is set up for another one.
 *  @throws UserError for a word that is not a variable, one that initbench has to choose itself, or another architecture */
export function makeVariables(
  environment: Readonly<Record<string, string | undefined>>,
  words: readonly string[],
  arch?: string,
): Variables {
  const chosen = arch === undefined ? {} : variablesFor(arch);
  const other = arch !== undefined && Boolean(environment.ARCH) && environment.ARCH !== arch;
  const variables: Record<string, string> = { ...reproducible, ...chosen };
  for (const name of fromEnvironment) {
    const value = other && /^(ARCH|CROSS_COMPILE)$/.test(name) ? undefined : environment[name];
    if (value !== undefined && value !== '') variables[name] = value;
  }
  for (const word of words) {
    const match = /^([A-Za-z_][\w.-]*)=(.*)$/s.exec(word);
    if (!match) {
      throw new UserError(`'${word}' is not a make variable`, {
        hint: 'after -- only NAME=value is taken, such as KCFLAGS=-g; targets are chosen by the architecture',
      });
    }
    const [, name, value] = match as unknown as [string, string, string];
    if (refused.test(name)) {
      throw new UserError(`${name} cannot be given: initbench chooses it`, {
        hint: 'options go into --config CONFIG_X=y; build directories lie in the cache (INITBENCH_CACHE)',
      });
    }
    variables[name] = value;
  }
  if (arch !== undefined && architectureOf(archOf(variables)).srcarch !== architectureOf(arch).srcarch) {
    throw new UserError(`--machine ${arch} and ARCH=${variables.ARCH} are two architectures`, {
      hint: 'leave one of them out',
    });
  }
  // User-Mode Linux asks for the host's by another name, and takes a 32-bit kernel for granted without
  if (variables.ARCH === 'um') Object.assign(variables, { ...variablesFor('um'), ...variables });
  return Object.fromEntries(Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The make variables that choose an architecture: none for the host's own, so that asking for it by name and not
 *  asking give the same kernel. @throws UserError as architectureOf() */
export function variablesFor(arch: string, hostMachine: string = machine()): Variables {
  if (arch === 'um') return userModeVariables(hostMachine);
  const cross = crossOf(arch, hostMachine);
  if (cross) return { ARCH: arch, CROSS_COMPILE: cross };
  return arch === 'i386' ? { ARCH: arch } : {};
}

/** The sources have it for x86 hosts alone, and the 32-bit ones share little with what is measured here.
 *  @throws UserError on another host */
function userModeVariables(hostMachine: string): Variables {
  if (hostMachine === 'x86_64') return { ARCH: 'um', SUBARCH: 'x86_64' };
  throw new UserError(`User-Mode Linux runs on x86-64 hosts, and this one is ${hostMachine}`, {
    hint: 'take a machine that QEMU makes: leave out --machine um',
    exitCode: exitCodes.environment,
  });
}

/** Programs that kbuild will call, as it derives them from LLVM, CROSS_COMPILE, CC, LD and HOSTCC. */
export interface Programs {
  readonly compiler: string;
  readonly hostCompiler: string;
  readonly linker: string;
  readonly size: string;
  /** Whether the compiler assembles by itself. */
  readonly integratedAssembler: boolean;
}

export function programsOf(variables: Variables): Programs {
  const { LLVM = '', CROSS_COMPILE = '' } = variables;
  const llvm = (name: string) =>
    LLVM.endsWith('/') ? `${LLVM}${name}` : LLVM.startsWith('-') ? `${name}${LLVM}` : name;
  const compiler = variables.CC ?? (LLVM ? llvm('clang') : `${CROSS_COMPILE}gcc`);
  return {
    compiler,
    hostCompiler: variables.HOSTCC ?? (LLVM ? llvm('clang') : 'gcc'),
    linker: variables.LD ?? (LLVM ? llvm('ld.lld') : `${CROSS_COMPILE}ld`),
    size: LLVM ? llvm('llvm-size') : `${CROSS_COMPILE}size`,
    integratedAssembler: /clang/.test(compiler) && variables.LLVM_IAS !== '0',
  };
}

/** The same build through ccache. A compiler that already goes through one stays as it is. */
export function throughCcache(variables: Variables): Variables {
  const { compiler, hostCompiler } = programsOf(variables);
  const wrap = (command: string) => (/\bs?ccache\b/.test(command) ? command : `ccache ${command}`);
  return { ...variables, CC: wrap(compiler), HOSTCC: wrap(hostCompiler) };
}

/** The environment make gets: ours less everything that could change the kernel behind the digest's back.
 *  Messages are in English so that warnings are found. An undefined value removes a variable. */
export function makeEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  added: Readonly<Record<string, string>>,
): Readonly<Record<string, string | undefined>> {
  const kept = /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|LD_LIBRARY_PATH|XDG_\w+|INITBENCH_\w+)$/;
  const ours: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(environment)) ours[name] = kept.test(name) ? value : undefined;
  return { ...ours, LC_ALL: 'C', ...added };
}
