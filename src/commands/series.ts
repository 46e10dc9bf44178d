// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series list | show | apply`: the patches in patches/ and how they fit a tree. */
import { z } from 'zod';
import { document, flag, list, object, text, texts } from '../document.ts';
import { digestSchema, type Work } from '../events.ts';
import { exitCodes } from '../host/errors.ts';
import { shortDigest } from '../host/files.ts';
import { applySeries } from '../series/apply.ts';
import { listSeries, readSeries } from '../series/read.ts';
import { listUnwritten } from '../series/record.ts';
import { type Applied, type Conflict, type Patch, type Series, seriesSchema } from '../series/series.ts';
import { treeSchema, worktreeSchema } from '../tree/tree.ts';
import { prepareTree } from '../tree/trees.ts';
import { command } from './command.ts';
import { option } from './options.ts';

const { name, folder, tree, digest, cover, patches } = seriesSchema.unwrap().shape;
const printedSeriesSchema = object({
  ...{ name, folder, tree, digest, patches },
  cover: cover.unwrap().nullable(),
  unwritten: flag,
});
const listDocument = document(
  'initbench.series-list/1',
  'series list',
  object({ series: list(printedSeriesSchema) }),
);
const seriesDocument = document(
  'initbench.series/1',
  'series show: its patches and what each changes',
  printedSeriesSchema,
);

/** What is printed of a conflict, whatever the verb. */
export const conflictShape = {
  kind: z.literal('conflict'),
  patch: text,
  files: texts,
  details: text,
} as const;
/** Of the verbs about mails. */
export const shortConflictSchema = object({ conflict: text, details: text });
const appliedShape = { series: text, digest: digestSchema, tree: treeSchema } as const;
const appliedDocument = document(
  'initbench.applied/1',
  'series apply: the worktree and the commit of each patch, or the conflict',
  object({
    ...{ kind: z.literal('applied'), ...appliedShape, worktree: worktreeSchema },
    patches: list(object({ file: text, commit: text })),
  }),
  object({ ...appliedShape, ...conflictShape }),
);

export const seriesList = command({
  id: 'series list',
  summary: 'list the patch series in patches/, and those that are edited and not there yet',
  examples: ['series list'],
  parse: () => null,
  async *run(workspace): Work<readonly Series[]> {
    const list = [...(await listSeries(workspace)), ...(await listUnwritten(workspace))];
    return list.sort((a, b) => (a.name < b.name ? -1 : 1));
  },
  text: list =>
    list.length === 0
      ? ['there is no series in patches/']
      : list.map(series => `${series.name}  ${headline(series)}`),
  json: list => listDocument.of({ series: list.map(printedSeries) }),
});

export const seriesShow = command({
  id: 'series show',
  summary: 'show the patches of a series and what each changes',
  examples: ['series show initoverlayfs'],
  positional: [{ usage: '<series>', summary: 'the series' }],
  parse: ({ words: [name] }) => ({ name }),
  async *run(workspace, { name }): Work<Series> {
    return await readSeries(workspace, name);
  },
  text(series) {
    const files = series.patches.flatMap(patch => patch.files.map(file => file.path));
    const width = Math.max(...files.map(file => file.length), 0);
    return [
      `${series.name}  ${headline(series)}`,
      `digest ${shortDigest(series.digest)}`,
      ...series.patches.flatMap((patch, index) => ['', ...patchLines(patch, index + 1, width)]),
    ];
  },
  json: series => seriesDocument.of(printedSeries(series)),
});

export const seriesApply = command({
  id: 'series apply',
  summary: 'apply a series to a tree in its own worktree, all of it or nothing',
  changes: ['series', 'trees'],
  examples: ['series apply initoverlayfs', 'series apply initoverlayfs --tree 6.12'],
  positional: [{ usage: '<series>', summary: 'the series' }],
  options: [option.tree],
  parse: ({ options: { tree }, words: [name] }) => ({ name, tree }),
  async *run(workspace, { name, tree }, signal): Work<Applied | Conflict> {
    const series = await readSeries(workspace, name);
    const base = yield* prepareTree(workspace, tree ?? series.tree, signal);
    return yield* applySeries(workspace, base, series, signal);
  },
  text: result => (result.kind === 'applied' ? appliedLines(result) : conflictLines(result)),
  json: result => appliedDocument.of(printedResult(result)),
  exitCode: result => (result.kind === 'applied' ? exitCodes.done : exitCodes.conflict),
});

function headline({ name, cover, patches, tree, unwritten }: Series): string {
  if (unwritten) return `is edited, for ${tree}, and not in patches/ yet: initbench series refresh ${name}`;
  const count = patches.length === 1 ? '1 patch' : `${patches.length} patches`;
  return `${cover?.subject ?? patches[0]!.subject} (${count}, for ${tree})`;
}

function patchLines({ subject, files }: Patch, number: number, width: number): readonly string[] {
  return [
    `${String(number).padStart(2)}  ${subject}`,
    ...files.map(file => `      ${file.path.padEnd(width)}  +${file.added} -${file.removed}`),
  ];
}

function appliedLines({ series, tree, worktree, commits }: Applied): readonly string[] {
  return [
    `${series.name} is applied to ${tree.name} (Linux ${tree.version})`,
    ...series.patches.map((patch, index) => `  ${commits[index]!.slice(0, 12)} ${patch.subject}`),
    `worktree ${worktree.path}`,
    ...(tree.note ? [`${tree.name} ${tree.note}`] : []),
  ];
}

/** A conflict as both front ends word it: the patch, the files, what git said. */
export function conflictLines({ series, tree, patch, files, details }: Conflict): readonly string[] {
  return [
    `${series.name} does not apply to ${tree.name} (Linux ${tree.version}): ${patch}`,
    ...files.map(file => `  ${file}`),
    ...details.split('\n').map(line => `git: ${line}`),
    'nothing was changed',
  ];
}

function printedSeries({ name, folder, cover, patches, tree, digest, unwritten }: Series) {
  return { name, folder, tree, digest, cover: cover ?? null, patches, unwritten: unwritten === true };
}

function printedResult(result: Applied | Conflict) {
  const about = {
    series: result.series.name,
    digest: result.series.digest,
    tree: result.tree,
  };
  if (result.kind === 'conflict') {
    return { kind: result.kind, ...about, patch: result.patch, files: result.files, details: result.details };
  }
  const patches = result.series.patches.map((patch, index) => ({
    file: patch.file,
    commit: result.commits[index]!,
  }));
  return { kind: result.kind, ...about, worktree: result.worktree, patches };
}
