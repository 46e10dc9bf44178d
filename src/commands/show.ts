// SPDX-License-Identifier: GPL-2.0-only
/** `initbench show`: one run on record, folded from its events. */
import type { BootRun } from '../boot/boot.ts';
import { openRun } from '../boot/store.ts';
import { type Stale, staleness } from '../campaign/stale.ts';
import type { Work } from '../events.ts';
import { runFigures } from '../measure/figures.ts';
import type { Workspace } from '../workspace.ts';
import { field, formatRun, runDocument } from './boot.ts';
import { command } from './command.ts';
import { ago } from './runs.ts';
import { shellQuote } from './words.ts';

interface Shown {
  readonly run: BootRun;
  readonly stale: readonly Stale[];
  readonly now: Date;
}

export const show = command({
  id: 'show',
  summary: 'one run on record: figures, what it was made of, whether it is stale',
  examples: ['show @', 'show @1', 'show 4f2a', 'show kernelspace@initoverlayfs --json'],
  positional: [
    {
      usage: '<run>',
      summary: '@ (the latest), @1 (the one before), an id or its beginning, a row for its latest',
    },
  ],
  parse: ({ words: [word] }) => word,
  run: showRun,
  text: formatShown,
  json: ({ run, stale }) => runDocument.of({ ...run, figures: runFigures(run), stale }),
});

async function* showRun(workspace: Workspace, name: string, signal: AbortSignal): Work<Shown> {
  const run = await openRun(workspace, name);
  return { run, stale: await staleness(workspace, signal)(run), now: new Date() };
}

function formatShown({ run, stale, now }: Shown): string[] {
  const { host } = run;
  return [
    field('run', `${run.id}, ${run.started} (${ago(new Date(run.started), now)})`),
    ...formatRun(run),
    field('config', run.kernel.configDigest),
    ...run.images.map(({ role, digest }) => field('image', `${digest} (${role})`)),
    field('host', `${host.cpu}, ${host.cpus} CPUs, Linux ${host.kernel}, load ${host.loadBefore}`),
    ...stale.map(({ reason }) => field('stale', reason)),
    '',
    shellQuote(run.argv),
  ];
}
