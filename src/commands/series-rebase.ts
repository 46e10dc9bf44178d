// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series rebase` and `port`: a series on another tree. */
import { document, object, type Printed, text } from '../document.ts';
import type { Work } from '../events.ts';
import { type ExitCode, exitCodes, UserError } from '../host/errors.ts';
import { type PortRequest, portSeries } from '../series/port.ts';
import {
  abortedSchema,
  abortRebase,
  continueRebase,
  rebasedSchema,
  type RebaseEnd,
  rebaseSeries,
  stoppedSchema,
} from '../series/rebase.ts';
import { command } from './command.ts';
import { option } from './options.ts';
import { conflictLines, conflictShape } from './series.ts';

const rebaseDocument = document(
  'initbench.rebase/1',
  'series rebase, series port: where it ended, and at which patch it stopped',
  ...([rebasedSchema, stoppedSchema, abortedSchema] as const),
  object({ ...conflictShape, series: text, tree: text }),
);

type RebaseInput = {
  readonly series: string;
  readonly action:
    | { readonly kind: 'onto'; readonly tree: string }
    | { readonly kind: 'continue' }
    | { readonly kind: 'abort' };
};

export const seriesRebase = command({
  id: 'series rebase',
  summary: 'move a series onto another tree; a conflict waits until it is resolved or dropped',
  changes: ['series', 'trees'],
  examples: [
    'series rebase initoverlayfs --onto 7.4',
    'series rebase initoverlayfs --continue',
    'series rebase initoverlayfs --abort',
  ],
  positional: [{ usage: '<series>', summary: 'the series' }],
  options: [
    { usage: '--onto <rev>', summary: "a tree, or a revision in the clone the series' tree came from" },
    { usage: '--continue', summary: 'go on: the conflict is resolved and added' },
    { usage: '--abort', summary: 'back to before' },
  ],
  parse({ options: { onto, continue: goOn, abort }, words: [series] }): RebaseInput {
    if ([onto !== undefined, goOn, abort].filter(Boolean).length !== 1) {
      throw new UserError('one of --onto REV, --continue and --abort says what to do');
    }
    if (onto !== undefined) return { series, action: { kind: 'onto', tree: onto } };
    return { series, action: { kind: goOn ? 'continue' : 'abort' } };
  },
  run(workspace, { series, action }, signal): Work<RebaseEnd> {
    if (action.kind === 'onto') return rebaseSeries(workspace, series, action.tree, signal);
    return (action.kind === 'continue' ? continueRebase : abortRebase)(workspace, series, signal);
  },
  text: formatEnd,
  json: jsonOf,
  exitCode: codeOf,
});

export const seriesPort = command({
  id: 'series port',
  summary: 'start a backport: a series of its own on another tree, and the range-diff to it',
  changes: ['series', 'trees'],
  examples: ['series port initoverlayfs --to 6.12', 'series port mine --to 6.6 --name mine-lts'],
  positional: [{ usage: '<series>', summary: 'the series that is ported' }],
  options: [
    { usage: '--to <tree>', summary: 'the tree it goes to', required: true },
    { ...option.name, summary: 'the name of the new series (default: SERIES-TREE)' },
  ],
  parse: ({ options: { to, name }, words: [series] }): PortRequest => ({ series, to, name }),
  run: portSeries,
  text: formatEnd,
  json: jsonOf,
  exitCode: codeOf,
});

function codeOf({ kind }: RebaseEnd): ExitCode {
  return kind === 'stopped' || kind === 'conflict' ? exitCodes.conflict : exitCodes.done;
}

function formatEnd(end: RebaseEnd): readonly string[] {
  switch (end.kind) {
    case 'conflict':
      return conflictLines(end);
    case 'aborted':
      return [
        end.removed ? `there is no ${end.series}: the port was given up` : `${end.series} is where it was`,
      ];
    case 'stopped':
      return [
        `${end.series} stops on ${end.tree} at patch ${end.done + 1} of ${end.total}: ${end.subject}`,
        ...end.files.map(file => `  ${file}`),
        `resolve them in ${end.path} and git add them, then`,
        `  initbench series rebase ${end.series} --continue   (or --abort)`,
      ];
    case 'rebased':
      return [
        `${end.series} is on ${end.tree}; initbench series refresh ${end.series} writes it to patches/`,
        '',
        ...end.rangeDiff,
      ];
  }
}

function jsonOf(end: RebaseEnd): Printed {
  if (end.kind !== 'conflict') return rebaseDocument.of(end);
  const { kind, series, tree, patch, files, details } = end;
  return rebaseDocument.of({ kind, series: series.name, tree: tree.name, patch, files, details });
}
