// SPDX-License-Identifier: GPL-2.0-only
/** Where each verb is, so that one is loaded and not all of them before it starts. Help, completion and manual pages are
 *  made from the heads, which `npm run build` writes. */
import type { AnyCommand } from './command.ts';
import { readHeads } from './heads.ts';

interface Verb {
  readonly id: string;
  load(): Promise<AnyCommand>;
}

/** In the order the help shows them. */
export const verbs: readonly Verb[] = [
  { id: 'start', load: async () => (await import('./start.ts')).start },
  { id: 'compare', load: async () => (await import('./compare.ts')).compare },
  { id: 'sweep', load: async () => (await import('./sweep.ts')).sweep },
  { id: 'storage', load: async () => (await import('./storage.ts')).storage },
  { id: 'boot', load: async () => (await import('./boot.ts')).boot },
  { id: 'build', load: async () => (await import('./build.ts')).build },
  { id: 'flow list', load: async () => (await import('./flow.ts')).flowList },
  { id: 'kernel list', load: async () => (await import('./kernel.ts')).kernelList },
  { id: 'tree add', load: async () => (await import('./tree.ts')).treeAdd },
  { id: 'tree list', load: async () => (await import('./tree.ts')).treeList },
  { id: 'tree remove', load: async () => (await import('./tree.ts')).treeRemove },
  { id: 'series list', load: async () => (await import('./series.ts')).seriesList },
  { id: 'series show', load: async () => (await import('./series.ts')).seriesShow },
  { id: 'series apply', load: async () => (await import('./series.ts')).seriesApply },
  { id: 'series import', load: async () => (await import('./series-import.ts')).seriesImport },
  { id: 'series edit', load: async () => (await import('./series-edit.ts')).seriesEdit },
  { id: 'series track', load: async () => (await import('./series-track.ts')).seriesTrack },
  { id: 'series refresh', load: async () => (await import('./series-refresh.ts')).seriesRefresh },
  { id: 'series status', load: async () => (await import('./series-status.ts')).seriesStatus },
  { id: 'series diff', load: async () => (await import('./series-diff.ts')).seriesDiff },
  { id: 'series rebase', load: async () => (await import('./series-rebase.ts')).seriesRebase },
  { id: 'series port', load: async () => (await import('./series-rebase.ts')).seriesPort },
  { id: 'series copy', load: async () => (await import('./series-copy.ts')).seriesCopy },
  { id: 'series remove', load: async () => (await import('./series-copy.ts')).seriesRemove },
  { id: 'series undo', load: async () => (await import('./series-undo.ts')).seriesUndo },
  { id: 'series redo', load: async () => (await import('./series-undo.ts')).seriesRedo },
  { id: 'series check', load: async () => (await import('./check.ts')).seriesCheck },
  { id: 'series verify', load: async () => (await import('./verify.ts')).seriesVerify },
  { id: 'series coverage', load: async () => (await import('./coverage.ts')).seriesCoverage },
  { id: 'series fuzz', load: async () => (await import('./fuzz.ts')).seriesFuzz },
  { id: 'profile', load: async () => (await import('./profile.ts')).profile },
  { id: 'kunit', load: async () => (await import('./kunit.ts')).kunit },
  { id: 'bisect', load: async () => (await import('./bisect.ts')).bisect },
  { id: 'bisect step', load: async () => (await import('./bisect.ts')).bisectStep },
  { id: 'decode', load: async () => (await import('./decode.ts')).decode },
  { id: 'export', load: async () => (await import('./export.ts')).exportMails },
  { id: 'send', load: async () => (await import('./send.ts')).send },
  { id: 'review', load: async () => (await import('./review.ts')).review },
  { id: 'runs', load: async () => (await import('./runs.ts')).runs },
  { id: 'show', load: async () => (await import('./show.ts')).show },
  { id: 'diff', load: async () => (await import('./diff.ts')).diff },
  { id: 'report', load: async () => (await import('./report.ts')).report },
  { id: 'parse', load: async () => (await import('./parse.ts')).parse },
  { id: 'replay-bundle', load: async () => (await import('./replay.ts')).replayBundle },
  { id: 'config', load: async () => (await import('./config.ts')).config },
  { id: 'schema', load: about(loadAll, async () => (await import('./schema.ts')).schemaCommand) },
  {
    id: 'completion',
    load: about(allHeads, async () => (await import('./completion.ts')).completionCommand),
  },
  { id: 'man', load: about(allHeads, async () => (await import('./man.ts')).manCommand) },
  { id: 'doctor', load: async () => (await import('./doctor.ts')).doctor },
  { id: 'fsck', load: async () => (await import('./fsck.ts')).fsck },
  { id: 'clean', load: async () => (await import('./clean.ts')).clean },
];

type Load = () => Promise<readonly AnyCommand[]>;

/** A verb that is about all of them. Made once. */
function about(load: Load, make: () => Promise<(load: Load) => AnyCommand>): Verb['load'] {
  let made: Promise<AnyCommand> | undefined;
  return () => (made ??= make().then(command => command(load)));
}

function loadAll(): Promise<readonly AnyCommand[]> {
  return Promise.all(verbs.map(verb => verb.load()));
}

async function allHeads(): Promise<readonly AnyCommand[]> {
  return readHeads() ?? loadAll();
}

/** The commands for these arguments: whole where they may be meant, else their heads. */
export async function commandsFor(
  argv: readonly string[],
  heads: readonly AnyCommand[] | undefined = readHeads(),
): Promise<readonly AnyCommand[]> {
  const meant = argv.find(word => !word.startsWith('-') && word !== 'help');
  return Promise.all(
    verbs.map(async verb => {
      const head = verb.id.split(' ')[0] === meant ? undefined : heads?.find(({ id }) => id === verb.id);
      return head ?? verb.load();
    }),
  );
}
