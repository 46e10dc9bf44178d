// SPDX-License-Identifier: GPL-2.0-only
/** `initbench clean`: the cache brought into its budget. */
import { document } from '../document.ts';
import { UserError } from '../host/errors.ts';
import { type Cleaned, cleanedSchema, type CleanRequest, cleanStore } from '../store/clean.ts';
import type { Command, Typed } from './command.ts';
import { bytesOf } from './typed.ts';

const cleanDocument = document('initbench.clean/1', 'clean: what was removed from the cache', cleanedSchema);

export const clean: Command<CleanRequest, Cleaned> = {
  id: 'clean',
  summary: 'remove from the cache what was not used for longest, and no run or series needs',
  changes: ['trees', 'kernels', 'runs'],
  examples: ['clean --dry-run', 'clean --budget 8G', 'clean --older-than 30d --runs'],
  positional: [],
  options: [
    { usage: '--budget <bytes>', summary: 'what the cache may hold', default: '20G' },
    { usage: '--older-than <age>', summary: 'remove what was not used for 30d, 12h, whatever the budget' },
    { usage: '--runs', summary: 'remove runs older than that, too' },
    { usage: '-n, --dry-run', summary: 'say what would go and remove nothing' },
  ],
  parse({ options }: Typed) {
    const age = options.olderThan === undefined ? undefined : ageOf(options.olderThan as string);
    if (options.runs === true && age === undefined) {
      throw new UserError('--runs needs --older-than', {
        hint: 'runs are your work: say how old they must be',
      });
    }
    return {
      budgetBytes: bytesOf(options.budget, '--budget'),
      ...(age !== undefined && { olderThanMs: age }),
      runs: options.runs === true,
      dryRun: options.dryRun === true,
    };
  },
  run: cleanStore,
  text({ removed, cacheBytes, neededBytes, dryRun }) {
    const sum = removed.reduce((total, { bytes }) => total + bytes, 0);
    return [
      ...removed.map(
        ({ path, bytes, lastUsed }) => `${size(bytes).padStart(10)}  ${lastUsed.slice(0, 10)}  ${path}`,
      ),
      `${removed.length} ${dryRun ? 'would go' : 'removed'}, ${size(sum)}; the cache ${dryRun ? 'would hold' : 'holds'} ${size(cacheBytes)}, runs and series need ${size(neededBytes)} of it`,
    ];
  },
  json: cleanDocument.of,
};

const size = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** '30d', '12h', '90m' in milliseconds. @throws UserError */
function ageOf(text: string): number {
  const match = /^(\d{1,6})(d|h|m)$/.exec(text);
  if (!match) throw new UserError(`--older-than ${text} is no age`, { hint: 'write 30d, 12h or 90m' });
  return Number(match[1]) * { d: 86_400_000, h: 3_600_000, m: 60_000 }[match[2] as 'd' | 'h' | 'm'];
}
