// SPDX-License-Identifier: GPL-2.0-only
/** `initbench storage`: which flow wins on which storage, from a model with measured figures; checked if asked. */
import { storageStudy, type StorageRequest } from '../campaign/storage.ts';
import { storageDocument } from '../measure/storage.ts';
import { formatStorage } from '../measure/storagetable.ts';
import { command } from './command.ts';
import { memOfRows, sourcesOf } from './machine.ts';
import { option } from './options.ts';
import { whole } from './typed.ts';

/** Bytes a second. */
const rates = (text: string, option: string): number[] =>
  text.split(',').map(rate => whole(1, 100_000, 1e6)(rate, option));

export const storage = command({
  id: 'storage',
  summary: 'predict which flow wins on which storage, from boots through firmware',
  changes: ['trees', 'kernels', 'runs'],
  examples: ['storage --pad 64M --used 1,10,100', 'storage --check 20,40 --rounds 3', 'storage --json'],
  positional: [
    { usage: '[row...]', summary: 'FLOW[:FORMAT][@KERNEL]; default: userspace, kernelspace, on one kernel' },
  ],
  options: [
    option.payload,
    { ...option.pad, default: '64M' },
    { ...option.used, default: '1,10,100' },
    { ...option.rounds, summary: 'boots of each row, and of each check', default: '3' },
    { usage: '--check <MB/s>', summary: 'boot from disks as slow as that, too: 20,40', type: rates },
    memOfRows,
    option.tree,
    option.series,
    { ...option.config, summary: 'one more fragment for every kernel, beside efi' },
    option.timeout,
  ],
  parse({ options, words }, workspace): StorageRequest {
    const sources = sourcesOf(options, workspace);
    const { payload, pad, used, rounds, check = [], mem, timeout } = options;
    return {
      ...sources,
      rows: words.length > 0 ? words : [`userspace@${sources.series}`, 'kernelspace'],
      ...{ payload, padBytes: pad, used, rounds, check, memoryMiB: mem, timeoutMs: timeout },
    };
  },
  run: storageStudy,
  text: formatStorage,
  json: storageDocument.of,
});
