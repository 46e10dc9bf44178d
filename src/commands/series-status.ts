// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series status`: what of a series has changed, and what has been built, booted and checked as it is. */
import { type PatchStatus, type SeriesStatus, seriesStatus as statusOf } from '../campaign/status.ts';
import type { Command } from './command.ts';

export const seriesStatus: Command<{ name: string; fragments: readonly string[] }, SeriesStatus> = {
  id: 'series status',
  summary: 'which patches have changed since the last refresh, build, boot and check',
  examples: ['series status initoverlayfs', 'series status initoverlayfs --json'],
  positional: [{ usage: '<series>', summary: 'the series' }],
  options: [],
  parse: ({ words }, { settings }) => ({ name: words[0]!, fragments: settings.fragments }),
  run: (workspace, { name, fragments }, signal) => statusOf(workspace, name, fragments, signal),
  text: formatStatus,
  json: status => ({ schema: 'initbench.series-status/1', ...status }),
};

function formatStatus(status: SeriesStatus): readonly string[] {
  const { series, tree, patches, versions, editing, rebase, patchesChanged, noCheck } = status;
  const sent = versions.filter(word => /^v\d+$/.test(word));
  return [
    `${series} on ${tree}${sent.length > 0 ? `, sent: ${sent.join(' ')}` : ''}`,
    ...(editing ? [`edited in ${editing.place}${editing.tree === tree ? '' : `, on ${editing.tree}`}`] : []),
    ...(editing?.changed && editing.changed.length > 0
      ? [
          `in no commit: ${editing.changed.slice(0, 5).join(', ')}${editing.changed.length > 5 ? ', ...' : ''}`,
        ]
      : []),
    ...(rebase
      ? [`a rebase onto ${rebase.onto} waits: initbench series rebase ${series} --continue, or --abort`]
      : []),
    ...(patchesChanged ? [`patches/${series} was changed by something else than a refresh`] : []),
    '',
    ` #  ${'branch'.padEnd(8)} built  ${'booted'.padEnd(11)} ${'check'.padEnd(18)} subject`,
    ...patches.map(patchLine),
    ...(noCheck === undefined ? [] : ['', `check: ${noCheck}`]),
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

function checkWord({ pass, fail, open }: NonNullable<PatchStatus['check']>): string {
  if (open > 0 && pass + fail === 0) return 'not yet';
  return [fail > 0 ? `${fail} fail` : 'pass', ...(open > 0 ? [`${open} open`] : [])].join(', ');
}
