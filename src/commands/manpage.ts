// SPDX-License-Identifier: GPL-2.0-only
/** Manual pages in man(7), from the catalogue of the commands: one of the whole, one of each verb. Pure. */
import { exitCodes } from '../host/errors.ts';
import type { AnyCommand, Option } from './command.ts';
import { commonOptions, helpOption } from './options.ts';

const common = [...commonOptions, helpOption];

/** As docs/commands.md has them. */
export const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  done: 'done',
  failed:
    'finished, and the answer is "failed" (a boot that did not get there, an option that did not survive)',
  usage: 'usage',
  conflict: 'a conflict that needs a human',
  environment: 'a missing tool or an unusable environment',
  build: 'the build failed',
  timeout: 'the boot timed out',
  panic: 'the guest panicked',
  inconclusive: 'inconclusive',
  interrupted: 'interrupted',
};

/** A text with no meaning to troff. */
const escaped = (text: string): string =>
  text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll(/^[.']/gm, '\\&$&');

const bold = (text: string): string => `\\fB${escaped(text)}\\fR`;
const italic = (text: string): string => `\\fI${escaped(text)}\\fR`;

/** '\fB-n\fR, \fB--dry-run\fR', '\fB--pad\fR \fIbytes\fR', '[\fIrow\fR...]' */
const usageText = (usage: string): string =>
  usage
    .split(/(--?[a-z][\w-]*|<[^>]+>|\[[^\]]+\])/)
    .map(part => {
      if (part.startsWith('-')) return bold(part);
      const optional = /^\[(.*?)(\.\.\.)?\]$/.exec(part);
      if (optional) return `[${italic(optional[1]!)}${optional[2] ?? ''}]`;
      const needed = /^<(.*?)(\.\.\.)?>$/.exec(part);
      return needed ? `${italic(needed[1]!)}${needed[2] ?? ''}` : escaped(part);
    })
    .join('');

/** What belongs to a word hangs below it. */
const item = (head: string, text: string): string[] => ['.TP', head, text];

function parameterItem({ usage, summary, default: value, repeat, required }: Option): string[] {
  const more = [
    ...(typeof value === 'string' ? [`default: ${value}`] : []),
    ...(repeat ? ['may be given several times'] : []),
    ...(required ? ['required'] : []),
  ];
  return item(usageText(usage), escaped([summary, ...more].join('; ')));
}

const section = (name: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`.SH ${name}`, ...lines];

const head = (title: string): string[] => [
  '.\\" SPDX-License-Identifier: GPL-2.0-only',
  `.TH ${title.toUpperCase()} 1 "" "initbench" "initbench"`,
];

/** 'initbench-series-verify' */
const pageOf = (id: string): string => ['initbench', ...id.split(' ')].join('-');

/** initbench(1). */
export function mainPage(commands: readonly AnyCommand[]): string[] {
  return [
    ...head('initbench'),
    ...section('NAME', ['initbench \\- patch, build, boot and compare kernels side by side']),
    ...section('SYNOPSIS', [
      `${bold('initbench')} [${bold('--ascii')}] [${bold('--no-mouse')}]`,
      '.br',
      `${bold('initbench')} ${italic('command')} [${italic('options')}]`,
    ]),
    ...section('DESCRIPTION', [
      'A workbench for kernel developers who prototype in\\-kernel initoverlayfs: the boot loader hands over an EROFS',
      'image as the initrd, and the kernel mounts it where it lies, under a transient overlay.',
      '.PP',
      'initbench carries a patch series on a kernel tree, builds the unpatched and the patched kernel, boots the same',
      'files through several flows, and compares what each costs.',
      'Without a command it opens the workbench on the whole screen.',
    ]),
    ...section(
      'COMMANDS',
      commands.flatMap(({ id, summary }) => item(`${bold(pageOf(id))}(1)`, escaped(summary))),
    ),
    ...section('OPTIONS', common.flatMap(parameterItem)),
    ...section(
      'EXIT STATUS',
      Object.entries(exitCodes).flatMap(([name, code]) =>
        item(String(code), escaped(meanings[name as keyof typeof exitCodes])),
      ),
    ),
    ...section('ENVIRONMENT', [
      ...item(bold('INITBENCH_CACHE'), 'Sources, worktrees, kernels, payloads and images; safe to delete.'),
      ...item(bold('INITBENCH_STATE'), 'The git repository, runs, comparisons: your work.'),
    ]),
    ...section('FILES', [
      ...item(italic('initbench.toml'), 'The settings of a checkout.'),
      ...item(italic('$XDG_CONFIG_HOME/initbench/config.toml'), 'Your own settings, for all checkouts.'),
    ]),
    ...section('SEE ALSO', ['.BR git (1),', '.BR git\\-send\\-email (1),', '.BR mkfs.erofs (1)']),
  ];
}

/** initbench-VERB(1). */
export function verbPage({ id, summary, positional, options, examples }: AnyCommand): string[] {
  const name = pageOf(id);
  const words = positional.map(({ usage }) => ` ${usageText(usage)}`).join('');
  return [
    ...head(name),
    ...section('NAME', [`${escaped(name)} \\- ${escaped(summary)}`]),
    ...section('SYNOPSIS', [`${bold(`initbench ${id}`)} [${italic('options')}]${words}`]),
    ...section('ARGUMENTS', positional.flatMap(parameterItem)),
    ...section('OPTIONS', [...options, ...common].flatMap(parameterItem)),
    ...section('EXAMPLES', ['.nf', ...examples.map(example => escaped(`initbench ${example}`)), '.fi']),
    ...section('SEE ALSO', ['.BR initbench (1)']),
  ];
}
