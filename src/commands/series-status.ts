// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series status`: what of a series has changed, and what has been built, booted and checked as it is. */
import { document } from '../document.ts';
import {
  type PatchStatus,
  type SeriesStatus,
  seriesStatus as statusOf,
  seriesStatusSchema,
} from '../campaign/status.ts';
import { formatAhead } from '../series/ahead.ts';
import { formatNewFile } from '../tree/newfiles.ts';
import { command } from './command.ts';

const statusDocument = document(
  'initbench.series-status/1',
  'series status: what changed, and what was built, booted and checked as it is',
  seriesStatusSchema,
);

export const seriesStatus = command({
  id: 'series status',
  summary: 'which patches have changed since the last refresh, build, boot and check',
  examples: ['series status initoverlayfs', 'series status initoverlayfs --json'],
  positional: [{ usage: '<series>', summary: 'the series' }],
  parse: ({ words: [name] }, { settings }) => ({ name, fragments: settings.fragments }),
  run: (workspace, { name, fragments }, signal) => statusOf(workspace, name, fragments, signal),
  text: formatStatus,
  json: statusDocument.of,
});

function formatStatus(status: SeriesStatus): readonly string[] {
  const { series, tree, patches, versions, noCheck } = status;
  const sent = versions.filter(word => /^v\d+$/.test(word));
  return [
    `${series} on ${tree}${sent.length > 0 ? `, sent: ${sent.join(' ')}` : ''}`,
    ...aboutLines(status),
    '',
    ` #  ${'branch'.padEnd(8)} built  ${'booted'.padEnd(11)} ${'check'.padEnd(18)} subject`,
    ...patches.map(patchLine),
    ...(noCheck === undefined ? [] : ['', `check: ${noCheck}`]),
  ];
}

/** The series as a whole: where it is edited, and what patches/ does not have of it. */
export function aboutLines(status: SeriesStatus): readonly string[] {
  const { series, tree, editing, rebase, patchesChanged, ahead } = status;
  return [
    ...(editing ? [`edited in ${editing.place}${editing.tree === tree ? '' : `, on ${editing.tree}`}`] : []),
    ...(ahead ? [`ahead of patches/${series}: ${formatAhead(ahead)}`] : []),
    ...(editing ? uncommittedLines(editing) : []),
    ...(rebase
      ? [`a rebase onto ${rebase.onto} waits: initbench series rebase ${series} --continue, or --abort`]
      : []),
    ...(patchesChanged ? [`patches/${series} was changed by something else than a refresh`] : []),
  ];
}

/** New files are named one by one: git itself does not show one that it ignores. */
function uncommittedLines({
  changed = [],
  created,
}: NonNullable<SeriesStatus['editing']>): readonly string[] {
  const files = (created?.files ?? []).map(formatNewFile);
  const more = (count: number, shown: number) => (count > shown ? `, and ${count - shown} more` : '');
  return [
    ...(changed.length > 0
      ? [`in no commit: ${changed.slice(0, 5).join(', ')}${more(changed.length, 5)}`]
      : []),
    ...files
      .slice(0, 20)
      .map((file, index) => `new, in no commit: ${file}${index === 19 ? more(files.length, 20) : ''}`),
    ...(created && created.ignored > 0 ? [`ignored, as what a build leaves: ${created.ignored} files`] : []),
  ];
}

function patchLine({ number, branch, built, booted, check, subject }: PatchStatus): string {
  return [
    String(number ?? '-').padStart(2),
    ` ${(branch ?? '-').padEnd(8)}`,
    (built ? 'yes' : '-').padEnd(6),
    (booted?.outcome ?? '-').padEnd(11),
    (check ? checkWord(check) : '-').padEnd(18),
    subject,
  ].join(' ');
}

/** 'pass' is of a patch whose every question was answered. */
export function checkWord({ pass, fail, open }: NonNullable<PatchStatus['check']>): string {
  if (pass + fail === 0) return open > 0 ? 'not yet' : '-';
  if (fail === 0 && open === 0) return 'pass';
  const counts = [fail > 0 ? `${fail} fail` : `${pass} pass`, open > 0 ? `${open} open` : undefined];
  return counts.filter(Boolean).join(', ');
}
