// SPDX-License-Identifier: GPL-2.0-only
/** What the help shows of each verb, and where the rest is: one verb is loaded, not all of them, before it starts. */
import type { AnyCommand } from './command.ts';

interface Verb {
  readonly id: string;
  readonly summary: string;
  /** Its positional words, as the help shows them. */
  readonly words?: string;
  load(): Promise<AnyCommand>;
}

/** In the order the help shows them. */
export const verbs: readonly Verb[] = [
  {
    id: 'start',
    summary: 'prepare the default tree, build both kernels, boot the three flows and compare them',
    load: async () => (await import('./start.ts')).start,
  },
  {
    id: 'compare',
    summary: 'boot the same files through several flows and compare them',
    words: '[row...]',
    load: async () => (await import('./compare.ts')).compare,
  },
  {
    id: 'sweep',
    summary: 'boot rows over sizes, memories and CPUs; goes on where it was stopped',
    words: '[row...]',
    load: async () => (await import('./sweep.ts')).sweep,
  },
  {
    id: 'storage',
    summary: 'predict which flow wins on which storage, from boots through firmware',
    words: '[row...]',
    load: async () => (await import('./storage.ts')).storage,
  },
  {
    id: 'boot',
    summary: 'boot one kernel through one flow and watch its console',
    words: '<flow>',
    load: async () => (await import('./boot.ts')).boot,
  },
  {
    id: 'build',
    summary: 'build the unpatched kernel, or one that carries a series',
    words: '[kernel]',
    load: async () => (await import('./build.ts')).build,
  },
  {
    id: 'flow list',
    summary: 'list the boot flows, the payloads and the formats',
    load: async () => (await import('./flow.ts')).flowList,
  },
  {
    id: 'kernel list',
    summary: 'list the kernels that are built, with their sizes, and the fragments there are',
    load: async () => (await import('./kernel.ts')).kernelList,
  },
  {
    id: 'tree add',
    summary: 'add a kernel source tree from a clone, a URL, a tarball or a Debian package',
    words: '<name> <source>',
    load: async () => (await import('./tree.ts')).treeAdd,
  },
  {
    id: 'tree list',
    summary: 'list the trees, and those that initbench.toml knows how to get',
    load: async () => (await import('./tree.ts')).treeList,
  },
  {
    id: 'tree remove',
    summary: 'remove a tree, its worktrees and what was built in them',
    words: '<tree>',
    load: async () => (await import('./tree.ts')).treeRemove,
  },
  {
    id: 'series list',
    summary: 'list the patch series in patches/, and those that are edited and not there yet',
    load: async () => (await import('./series.ts')).seriesList,
  },
  {
    id: 'series show',
    summary: 'show the patches of a series and what each changes',
    words: '<series>',
    load: async () => (await import('./series.ts')).seriesShow,
  },
  {
    id: 'series apply',
    summary: 'apply a series to a tree in its own worktree, all of it or nothing',
    words: '<series>',
    load: async () => (await import('./series.ts')).seriesApply,
  },
  {
    id: 'series import',
    summary:
      'take a series from an mbox (.gz, .xz), a maildir, a .mbx of b4, a folder of patches or of quilt',
    words: '<file>',
    load: async () => (await import('./series-import.ts')).seriesImport,
  },
  {
    id: 'series edit',
    summary: 'print the worktree in which a series is edited, made when first asked for',
    words: '<series>',
    load: async () => (await import('./series-edit.ts')).seriesEdit,
  },
  {
    id: 'series track',
    summary: 'follow a branch in a clone of yours, which is only read',
    words: '<path> <branch>',
    load: async () => (await import('./series-track.ts')).seriesTrack,
  },
  {
    id: 'series refresh',
    summary: 'write the commits of a series to patches/; what has not changed stays to the byte',
    words: '<series>',
    load: async () => (await import('./series-refresh.ts')).seriesRefresh,
  },
  {
    id: 'series status',
    summary: 'which patches have changed since the last refresh, build, boot and check',
    words: '<series>',
    load: async () => (await import('./series-status.ts')).seriesStatus,
  },
  {
    id: 'series diff',
    summary: 'compare two versions of a series: git range-diff, and interdiff',
    words: '<series> [v1] [v2]',
    load: async () => (await import('./series-diff.ts')).seriesDiff,
  },
  {
    id: 'series rebase',
    summary: 'move a series onto another tree; a conflict waits until it is resolved or dropped',
    words: '<series>',
    load: async () => (await import('./series-rebase.ts')).seriesRebase,
  },
  {
    id: 'series port',
    summary: 'start a backport: a series of its own on another tree, and the range-diff to it',
    words: '<series>',
    load: async () => (await import('./series-rebase.ts')).seriesPort,
  },
  {
    id: 'series copy',
    summary: 'make a series of another name with the same patches and fragments',
    words: '<series> <name>',
    load: async () => (await import('./series-copy.ts')).seriesCopy,
  },
  {
    id: 'series remove',
    summary: 'remove a series: patches, fragments, branch, worktrees and what was built in them',
    words: '<series>',
    load: async () => (await import('./series-copy.ts')).seriesRemove,
  },
  {
    id: 'series undo',
    summary: 'take back the last operation that moved a branch or wrote patches',
    words: '<series>',
    load: async () => (await import('./series-undo.ts')).seriesUndo,
  },
  {
    id: 'series redo',
    summary: 'do again what was undone',
    words: '<series>',
    load: async () => (await import('./series-undo.ts')).seriesRedo,
  },
  {
    id: 'series check',
    summary: 'build, boot and look at each patch of a series by itself',
    words: '<series>',
    load: async () => (await import('./check.ts')).seriesCheck,
  },
  {
    id: 'series verify',
    summary: 'boot what shows each requirement of upstream, and print the matrix',
    words: '<series>',
    load: async () => (await import('./verify.ts')).seriesVerify,
  },
  {
    id: 'series fuzz',
    summary: 'boot damaged images on a kernel with the series; every boot must come to a defined end',
    words: '<series>',
    load: async () => (await import('./fuzz.ts')).seriesFuzz,
  },
  {
    id: 'profile',
    summary: 'boot rows on User-Mode Linux under perf: hottest functions, and a flame graph of each row',
    words: '[row...]',
    load: async () => (await import('./profile.ts')).profile,
  },
  {
    id: 'kunit',
    summary: "run the KUnit suites of a series on User-Mode Linux, by the tree's own kunit.py",
    words: '[series]',
    load: async () => (await import('./kunit.ts')).kunit,
  },
  {
    id: 'bisect',
    summary: 'find the commit, or the patch of a series, that made a boot fail or a figure grow',
    load: async () => (await import('./bisect.ts')).bisect,
  },
  {
    id: 'bisect step',
    summary: 'judge the commit that a clone has checked out: a step of git bisect run',
    load: async () => (await import('./bisect.ts')).bisectStep,
  },
  {
    id: 'decode',
    summary: 'decode oopses, BUGs and WARNINGs of a run: file and line, and the patch that wrote it',
    words: '[run]',
    load: async () => (await import('./decode.ts')).decode,
  },
  {
    id: 'export',
    summary: "write the mails of a series' next version, with recipients and a list of what is not ready",
    words: '<series>',
    load: async () => (await import('./export.ts')).exportMails,
  },
  {
    id: 'send',
    summary: 'send what was exported, through your git send-email',
    words: '<series>',
    load: async () => (await import('./send.ts')).send,
  },
  {
    id: 'review',
    summary: 'read replies into a list of comments and tags, and say what became of them',
    words: '[file...]',
    load: async () => (await import('./review.ts')).review,
  },
  {
    id: 'runs',
    summary: 'the boots on record, newest first, and which of them are stale',
    load: async () => (await import('./runs.ts')).runs,
  },
  {
    id: 'show',
    summary: 'one run on record: figures, what it was made of, whether it is stale',
    words: '<run>',
    load: async () => (await import('./show.ts')).show,
  },
  {
    id: 'diff',
    summary: 'two runs on record: timelines aligned by event, and what differs in their making',
    words: '<before> <after>',
    load: async () => (await import('./diff.ts')).diff,
  },
  {
    id: 'report',
    summary: 'write a comparison, a sweep or runs as HTML, plain text for mail, CSV and SVG',
    words: '[record...]',
    load: async () => (await import('./report.ts')).report,
  },
  {
    id: 'parse',
    summary: 'marks, facts, panics and warnings of a saved console log',
    words: '<file>',
    load: async () => (await import('./parse.ts')).parse,
  },
  {
    id: 'replay-bundle',
    summary: 'a boot as a folder: kernel, images, a script that repeats it with QEMU alone',
    words: '<run>',
    load: async () => (await import('./replay.ts')).replayBundle,
  },
  {
    id: 'config',
    summary: 'show each setting and the file it is from: the nearest one wins',
    load: async () => (await import('./config.ts')).config,
  },
  {
    id: 'schema',
    summary: 'print the JSON Schema of what --json prints, or of a record; without a name, list them',
    words: '[name]',
    load: aboutAll(async () => (await import('./schema.ts')).schemaCommand),
  },
  {
    id: 'completion',
    summary: 'print the script that has bash, zsh or fish complete the command line',
    words: '[shell]',
    load: aboutAll(async () => (await import('./completion.ts')).completionCommand),
  },
  {
    id: 'man',
    summary: 'print a manual page: initbench man | man -l -',
    words: '[verb...]',
    load: aboutAll(async () => (await import('./man.ts')).manCommand),
  },
  {
    id: 'doctor',
    summary: 'list the tools, their versions and what is lost without them',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    id: 'fsck',
    summary: 'look through cache and state, and put right what a killed process has left',
    load: async () => (await import('./fsck.ts')).fsck,
  },
  {
    id: 'clean',
    summary: 'remove from the cache what was not used for longest, and no run or series needs',
    load: async () => (await import('./clean.ts')).clean,
  },
];

/** A verb that is about all of them: the names of formats, words to complete, pages. Made once. */
function aboutAll(make: () => Promise<(load: () => Promise<AnyCommand[]>) => AnyCommand>): Verb['load'] {
  let made: Promise<AnyCommand> | undefined;
  const loadAll = () => Promise.all(verbs.map(verb => verb.load()));
  return () => (made ??= make().then(command => command(loadAll)));
}

/** The commands for these arguments: whole where they may be meant, else as much as the help needs. */
export async function commandsFor(argv: readonly string[]): Promise<readonly AnyCommand[]> {
  const meant = argv.find(word => !word.startsWith('-') && word !== 'help');
  return Promise.all(
    verbs.map(verb => (verb.id.split(' ')[0] === meant ? verb.load() : Promise.resolve(nameOf(verb)))),
  );
}

function nameOf({ id, summary, words }: Verb): AnyCommand {
  const notLoaded = (): never => {
    throw new Error(`${id} was not loaded`);
  };
  return {
    ...{ id, summary, examples: [], options: [] },
    positional: words === undefined ? [] : words.split(' ').map(usage => ({ usage, summary: '' })),
    parse: () => null,
    run: notLoaded,
    text: () => [],
    json: notLoaded,
  };
}
