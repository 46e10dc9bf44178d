// SPDX-License-Identifier: GPL-2.0-only
/** `initbench clean`: the cache brought into its budget. */
import { document } from '../document.ts';
import { UserError } from '../host/errors.ts';
import { cleanedSchema, cleanStore } from '../store/clean.ts';
import { command } from './command.ts';
import { option } from './options.ts';
import { bytes } from './typed.ts';

const cleanDocument = document('initbench.clean/1', 'clean: what was removed from the cache', cleanedSchema);

export const clean = command({
  id: 'clean',
  summary: 'remove from the cache what was not used for longest, and no run or series needs',
  changes: ['trees', 'kernels', 'runs'],
  examples: ['clean --dry-run', 'clean --budget 8G', 'clean --older-than 30d --runs'],
  options: [
    { usage: '--budget <bytes>', summary: 'what the cache may hold', type: bytes, default: '20G' },
    {
      usage: '--older-than <age>',
      summary: 'remove what was not used for 30d, 12h, whatever the budget',
      type: age,
    },
    { usage: '--runs', summary: 'remove runs older than that, too' },
    { ...option.dryRun, summary: 'say what would go and remove nothing' },
  ],
  parse({ options: { budget, olderThan, runs, dryRun } }) {
    if (runs && olderThan === undefined) {
      throw new UserError('--runs needs --older-than', {
        hint: 'runs are your work: say how old they must be',
      });
    }
    return { budgetBytes: budget, olderThanMs: olderThan, runs, dryRun };
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
});

const size = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const ageUnits: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000 };

/** '30d', '12h', '90m' in milliseconds. @throws UserError */
function age(text: string, option: string): number {
  const [, count, unit = ''] = /^(\d{1,6})(d|h|m)$/.exec(text) ?? [];
  if (!count) throw new UserError(`${option} ${text} is no age`, { hint: 'write 30d, 12h or 90m' });
  return Number(count) * ageUnits[unit]!;
}
