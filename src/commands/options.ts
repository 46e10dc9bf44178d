// SPDX-License-Identifier: GPL-2.0-only
/** The catalogue: options that several commands take, and those of every command. A command lists them, and changes the
 *  words, the default or the type where its own really differs: { ...option.pad, default: '64M' }. */
import type { Option } from './command.ts';
import { bytes, decimal, percents, seconds, whole } from './typed.ts';

export const option = {
  // what is booted
  kernel: { usage: '--kernel <kernel>', summary: 'base, or the name of a series' },
  tree: {
    usage: '--tree <tree>',
    summary: 'the kernel tree (default: that of the series, else initbench.toml)',
  },
  series: {
    usage: '--series <series>',
    summary: 'the series of the patched kernel (default: initbench.toml)',
  },
  config: {
    usage: '--config <fragment>',
    summary: 'one more fragment for every kernel: a name in kconfigs/, a path, or CONFIG_X=value',
    repeat: true,
  },
  refresh: {
    usage: '--refresh',
    summary: 'write new commits of a series to patches/ first (setting: refresh)',
  },
  append: { usage: '--append <word>', summary: 'one more word on the kernel command line', repeat: true },
  flow: { usage: '--flow <flow>', summary: 'the way to boot' },
  format: { usage: '--format <format>', summary: "how they are packed (default: the flow's own)" },
  payload: {
    usage: '--payload <payload>',
    summary: 'the files: busybox, dir:PATH, cpio:FILE, debian, ...; an unknown one lists them',
    default: 'busybox',
  },
  pad: {
    usage: '--pad <bytes>',
    summary: 'filler added to the busybox payload: 16M, 256M',
    type: bytes,
    default: '16M',
  },
  used: {
    usage: '--used <percent>',
    summary: "how much of the payload's bytes is read: 10, or 1,10,50,100 in steps",
    type: percents,
    default: '10',
  },

  // on what, and how often
  machine: {
    usage: '--machine <machine>',
    summary: "what guests run on: x86_64 or arm64 (QEMU), um (User-Mode Linux); default: ARCH, or the host's",
  },
  arch: { usage: '--arch <machine>', summary: 'the same by its older name' },
  clock: {
    usage: '--clock <clock>',
    summary:
      "icount (instructions, repeatable) or wall (default: the machine's: icount under QEMU, else wall)",
    choices: ['icount', 'wall'],
  },
  mem: { usage: '--mem <MiB>', summary: 'guest memory', type: whole(32, 1 << 20), default: '2048' },
  cpus: { usage: '--cpus <n>', summary: 'guest CPUs (wall only)', type: whole(1, 512), default: '1' },
  pivot: {
    usage: '--pivot',
    summary: 'one more boot of each row to a root file system: what is left in memory then',
  },
  timeout: {
    usage: '--timeout <seconds>',
    summary: 'deadline of each boot (default: a minute, more for large payloads)',
    type: seconds(1, 86400),
  },
  variants: {
    usage: '--variants <n>',
    summary: 'icount: perturbed layouts of each row, 8 to believe it',
    type: whole(1, 1000),
  },
  rounds: { usage: '--rounds <n>', summary: 'wall: exactly so many boots of each row', type: whole(1, 1000) },
  precision: {
    usage: '--precision <percent>',
    summary: "wall: rounds until intervals are that narrow, of the reference's median",
    type: decimal(0.01, 100),
    default: '5',
  },
  budget: {
    usage: '--budget <seconds>',
    summary: 'wall: or until so much time is spent',
    type: seconds(1, 864_000),
    default: '600',
  },

  // how the command goes about it
  again: { usage: '--again', summary: 'do it again although the result is known' },
  only: { usage: '--only <what>', summary: 'some of it', repeat: true },
  count: { usage: '--count <n>', summary: 'how many', type: whole(1, 1_000_000), default: '20' },
  output: { usage: '-o, --output <folder>', summary: 'where to write it' },
  name: { usage: '--name <series>', summary: 'the name of the new series' },
  dryRun: {
    usage: '-n, --dry-run',
    summary: 'print what would be made and the commands, and do none of it',
  },
} as const satisfies Readonly<Record<string, Option>>;

export const verboseOption: Option = {
  usage: '-v, --verbose',
  summary: 'show the commands that run; twice: their output',
};

/** Of every command, and answered by the front ends. */
export const commonOptions: readonly Option[] = [
  { usage: '--json', summary: 'print the result as one JSON document' },
  { usage: '--jsonl', summary: 'print every event as a line of JSON, the result last' },
  verboseOption,
  { usage: '-q, --quiet', summary: 'show nothing but the result' },
];

/** The parser's own. */
export const helpOption: Option = { usage: '-h, --help', summary: 'print the help of a command' };
