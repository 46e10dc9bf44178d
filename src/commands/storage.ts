// SPDX-License-Identifier: GPL-2.0-only
/** `initbench storage`: which flow wins on which storage, from a model with measured figures; checked if asked. */
import { storageStudy, type StorageRequest } from '../campaign/storage.ts';
import { storageDocument, type StorageReport } from '../measure/storage.ts';
import { formatStorage } from '../measure/storagetable.ts';
import type { Workspace } from '../workspace.ts';
import type { Command, Typed } from './command.ts';
import { bytesOf, percentsOf, wholeNumber } from './typed.ts';

export const storage: Command<StorageRequest, StorageReport> = {
  id: 'storage',
  summary: 'predict which flow wins on which storage, from boots through firmware',
  changes: ['trees', 'kernels', 'runs'],
  examples: ['storage --pad 64M --used 1,10,100', 'storage --check 20,40 --rounds 3', 'storage --json'],
  positional: [
    { usage: '[row...]', summary: 'FLOW[:FORMAT][@KERNEL]; default: userspace, kernelspace, on one kernel' },
  ],
  options: [
    { usage: '--payload <payload>', summary: 'the files: busybox, dir:PATH, ...', default: 'busybox' },
    { usage: '--pad <bytes>', summary: 'filler added to the busybox payload', default: '64M' },
    { usage: '--used <percent>', summary: "how much of the payload's bytes is read", default: '1,10,100' },
    { usage: '--rounds <n>', summary: 'boots of each row, and of each check', default: '3' },
    { usage: '--check <MB/s>', summary: 'boot from disks as slow as that, too: 20,40' },
    { usage: '--mem <MiB>', summary: 'guest memory', default: '2048' },
    { usage: '--tree <tree>', summary: 'the kernel tree (default: that of the series)' },
    { usage: '--series <series>', summary: 'the series of the kernels (default: initbench.toml)' },
    { usage: '--config <fragment>', summary: 'one more fragment for every kernel, beside efi', repeat: true },
    { usage: '--timeout <seconds>', summary: 'deadline of each boot' },
  ],
  parse: parseStorage,
  run: storageStudy,
  text: formatStorage,
  json: storageDocument.of,
};

function parseStorage({ options, words }: Typed, { settings }: Workspace): StorageRequest {
  const series = (options.series as string | undefined) ?? settings.series;
  const check = options.check === undefined ? [] : (options.check as string).split(',');
  return {
    rows: words.length > 0 ? words : [`userspace@${series}`, 'kernelspace'],
    tree: (options.tree as string | undefined) ?? settings.seriesTrees[series] ?? settings.tree,
    series,
    fragments: [...settings.fragments, ...((options.config as string[] | undefined) ?? [])],
    payload: options.payload as string,
    padBytes: bytesOf(options.pad, '--pad'),
    used: percentsOf(options.used, '--used'),
    rounds: wholeNumber(options.rounds, '--rounds', 1, 1000),
    check: check.map(rate => 1e6 * wholeNumber(rate, '--check', 1, 100_000)),
    memoryMiB: wholeNumber(options.mem, '--mem', 64, 1 << 20),
    ...(options.timeout !== undefined && {
      timeoutMs: 1000 * wholeNumber(options.timeout, '--timeout', 1, 86400),
    }),
  };
}
