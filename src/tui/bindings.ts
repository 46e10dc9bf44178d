// SPDX-License-Identifier: GPL-2.0-only
/** The table of keys: where, which, what it does, and why not. Footer, help, README and the keys themselves follow it. */
import { isRunning } from './jobs.ts';
import {
  exported,
  hasSeries,
  jobShown,
  paneShown,
  selectedFlow,
  selectedKernel,
  selectedPatch,
  selectedRun,
  shownView,
} from './selection.ts';
import type { State } from './state.ts';
import { newWarnings } from './warnings.ts';

/** Where a key means something; the more special place wins. */
export const places = [
  'series',
  'kernels',
  'flows',
  'runs',
  'submission',
  'boot',
  'text',
  'work',
  'panel',
  'view',
  'any',
] as const;
export type Place = (typeof places)[number];

export const placeWords: Readonly<Record<Place, string>> = {
  series: 'Series (panel 1)',
  kernels: 'Kernels (panel 2)',
  flows: 'Flows (panel 3)',
  runs: 'Runs (panel 4)',
  submission: 'Submission (panel 5)',
  boot: 'boot view',
  text: 'text, log, diff, table',
  work: 'build view',
  panel: 'any panel',
  view: 'any view',
  any: 'everywhere',
};

export interface Binding {
  readonly action: string;
  readonly place: Place;
  readonly keys: readonly string[];
  readonly words: string;
  /** Short, for the footer; absent: not shown there. */
  readonly hint?: string;
  /** Why it cannot be done now. */
  readonly blocked?: (state: State) => string | undefined;
}

const noFlow = (state: State) => (selectedFlow(state) ? undefined : 'no flow is selected');
const noMarks = (state: State) =>
  state.marked.length === 0 ? 'no flow is marked: mark some with Space' : undefined;
const notReady = (state: State) => (state.commands ? undefined : 'still loading the commands');
const all =
  (...reasons: readonly ((state: State) => string | undefined)[]) =>
  (state: State) =>
    reasons.map(reason => reason(state)).find(reason => reason !== undefined);

const withSeries = all(notReady, state => (hasSeries(state) ? undefined : 'there is no series in patches/'));
const withExport = all(notReady, state => (exported(state) ? undefined : 'export first: e'));
const withDryRun = all(withExport, state =>
  state.jobs.some(
    ({ command, argv, state: end, code }) =>
      command?.id === 'send' &&
      argv.includes('--dry-run') &&
      argv.includes(state.settings.series) &&
      end === 'done' &&
      code === 0,
  )
    ? undefined
    : 'look at the dry run first: s',
);

const withWarnings = (state: State) => {
  const job = jobShown(state);
  return job && newWarnings(state, job).length > 0 ? undefined : 'nothing new was said';
};

const withRun = all(notReady, state => (selectedRun(state) ? undefined : 'there is no run yet'));

export const bindings: readonly Binding[] = [
  // Series
  {
    action: 'open',
    place: 'series',
    keys: ['enter'],
    words: 'read the patch or the cover letter',
    hint: 'read',
  },
  {
    action: 'edit-series',
    place: 'series',
    keys: ['e'],
    words: 'edit its commits: a shell in their worktree, made when first asked for',
    hint: 'edit',
    blocked: withSeries,
  },
  {
    action: 'refresh-series',
    place: 'series',
    keys: ['R'],
    words: 'refresh: the commits, written to patches/',
    hint: 'refresh',
    blocked: withSeries,
  },
  {
    action: 'build',
    place: 'series',
    keys: ['b'],
    words: 'build the kernel with this series',
    hint: 'build',
    blocked: withSeries,
  },
  {
    action: 'check',
    place: 'series',
    keys: ['C'],
    words: 'check each patch: builds, messages, checkpatch, boots',
    hint: 'check',
    blocked: withSeries,
  },
  {
    action: 'verify',
    place: 'series',
    keys: ['V'],
    words: 'verify what upstream asked for, by boots',
    hint: 'verify',
    blocked: withSeries,
  },
  {
    action: 'apply',
    place: 'series',
    keys: ['a'],
    words: 'apply the series to its tree',
    blocked: withSeries,
  },
  {
    action: 'diff-series',
    place: 'series',
    keys: ['d'],
    words: 'range-diff against the version before',
    hint: 'diff',
    blocked: withSeries,
  },
  {
    action: 'interdiff',
    place: 'series',
    keys: ['D'],
    words: 'that, and the diff between the files both end in',
    blocked: withSeries,
  },
  { action: 'undo', place: 'series', keys: ['z'], words: 'undo, after a question', blocked: withSeries },
  { action: 'redo', place: 'series', keys: ['Z'], words: 'redo, after a question', blocked: withSeries },
  {
    action: 'edit-file',
    place: 'series',
    keys: ['E'],
    words: 'open the patch file in $EDITOR',
    blocked: state => (selectedPatch(state) ? undefined : 'no patch is selected'),
  },
  {
    action: 'choose-series',
    place: 'series',
    keys: ['space'],
    words: 'use this series for boots and comparisons',
    hint: 'use',
    blocked: state => (hasSeries(state) ? undefined : 'there is no series in patches/'),
  },
  // Kernels
  {
    action: 'build',
    place: 'kernels',
    keys: ['b', 'enter'],
    words: 'build the selected kernel (nothing to do when it is built)',
    hint: 'build',
    blocked: all(notReady, state => (selectedKernel(state) ? undefined : 'no kernel is selected')),
  },
  {
    action: 'toggle-fragment',
    place: 'kernels',
    keys: ['space'],
    words: 'add the fragment to every build and boot, or take it away; the order is the order of marking',
    hint: 'fragment',
    blocked: state =>
      selectedKernel(state)?.kind === 'fragment' ? undefined : 'fragments are at the end of this panel',
  },
  {
    action: 'edit-file',
    place: 'kernels',
    keys: ['E'],
    words: 'open the fragment in $EDITOR',
    blocked: state =>
      selectedKernel(state)?.kind === 'fragment' ? undefined : 'fragments are at the end of this panel',
  },
  {
    action: 'add-tree',
    place: 'kernels',
    keys: ['a'],
    words: 'add a tree',
    hint: 'add tree',
    blocked: notReady,
  },
  {
    action: 'remove-tree',
    place: 'kernels',
    keys: ['D'],
    words: 'remove the tree, after a question',
    blocked: all(notReady, state =>
      selectedKernel(state)?.kind === 'tree' ? undefined : 'no tree is selected',
    ),
  },
  // Flows
  {
    action: 'mark',
    place: 'flows',
    keys: ['space'],
    words: 'mark the flow, or take the mark away',
    hint: 'mark',
    blocked: noFlow,
  },
  {
    action: 'boot',
    place: 'flows',
    keys: ['b'],
    words: 'boot the marked flows side by side',
    hint: 'boot',
    blocked: all(notReady, noMarks),
  },
  {
    action: 'boot-typed',
    place: 'flows',
    keys: ['I'],
    words: 'boot this flow alone, to type into its console (then i)',
    blocked: all(notReady, noFlow),
  },
  {
    action: 'compare',
    place: 'flows',
    keys: ['c'],
    words: 'compare the marked flows: one at a time, with their floors, as a table',
    hint: 'compare',
    blocked: all(notReady, noMarks),
  },
  {
    action: 'open',
    place: 'flows',
    keys: ['enter'],
    words: 'boot this flow alone; on a setting: change it',
    blocked: notReady,
  },
  {
    action: 'sweep',
    place: 'flows',
    keys: ['S'],
    words: 'sweep over sizes: a command line to be changed; its plan first',
    hint: 'sweep',
    blocked: all(notReady, noMarks),
  },
  {
    action: 'set-format',
    place: 'flows',
    keys: ['f'],
    words: 'format of the flow',
    hint: 'format',
    blocked: noFlow,
  },
  { action: 'set-payload', place: 'flows', keys: ['p'], words: 'payload', hint: 'payload' },
  { action: 'set-pad', place: 'flows', keys: ['P'], words: 'filler added to the payload' },
  { action: 'set-used', place: 'flows', keys: ['u'], words: 'how much of the payload is read' },
  { action: 'set-clock', place: 'flows', keys: ['t'], words: 'clock: icount or wall', hint: 'clock' },
  { action: 'set-memory', place: 'flows', keys: ['m'], words: 'guest memory', hint: 'memory' },
  // Runs
  {
    action: 'open',
    place: 'runs',
    keys: ['enter', 'l'],
    words: 'read the console log of the run',
    hint: 'log',
    blocked: withRun,
  },
  {
    action: 'open-folder',
    place: 'runs',
    keys: ['o'],
    words: "a shell in the run's folder",
    hint: 'folder',
    blocked: withRun,
  },
  {
    action: 'mark-run',
    place: 'runs',
    keys: ['space'],
    words: 'mark the run, to be held against another',
    hint: 'mark',
    blocked: withRun,
  },
  {
    action: 'diff-runs',
    place: 'runs',
    keys: ['d'],
    words: 'the two that are marked; else this run against the one of the same row before it',
    hint: 'diff',
    blocked: withRun,
  },
  {
    action: 'show',
    place: 'runs',
    keys: ['s'],
    words: 'its timeline, figures and facts',
    hint: 'show',
    blocked: withRun,
  },
  // Submission
  {
    action: 'export',
    place: 'submission',
    keys: ['e'],
    words: 'export: the mails of the next version, and what is not ready',
    hint: 'export',
    blocked: withSeries,
  },
  {
    action: 'open',
    place: 'submission',
    keys: ['enter'],
    words: 'read the mail; of a check: all findings, to be followed to their lines',
    hint: 'read',
  },
  {
    action: 'dry-run',
    place: 'submission',
    keys: ['s'],
    words: 'dry run of the sending: each mail as it would go, and to whom',
    hint: 'dry run',
    blocked: withExport,
  },
  {
    action: 'reflect',
    place: 'submission',
    keys: ['M'],
    words: 'send the mails to yourself alone',
    blocked: withDryRun,
  },
  {
    action: 'send',
    place: 'submission',
    keys: ['C-y'],
    words: 'send, after a question',
    hint: 'send',
    blocked: withDryRun,
  },
  {
    action: 'comments',
    place: 'submission',
    keys: ['c'],
    words: 'comments and tags, and what became of each',
    hint: 'comments',
    blocked: withSeries,
  },
  {
    action: 'replies',
    place: 'submission',
    keys: ['i'],
    words: 'read replies from a mailbox',
    blocked: notReady,
  },
  // boot view
  { action: 'next-pane', place: 'boot', keys: ['l', 'right', 'tab'], words: 'next console', hint: 'console' },
  { action: 'previous-pane', place: 'boot', keys: ['h', 'left', 'S-tab'], words: 'previous console' },
  { action: 'open', place: 'boot', keys: ['enter'], words: 'read its whole log', hint: 'log' },
  {
    action: 'hold',
    place: 'boot',
    keys: ['space', 'F'],
    words: 'freeze the console, or follow it',
    hint: 'freeze',
  },
  { action: 'alone', place: 'boot', keys: ['f'], words: 'this console alone, or all', hint: 'alone' },
  {
    action: 'compare-text',
    place: 'boot',
    keys: ['c'],
    words: 'the table of the comparison',
    hint: 'table',
    blocked: state => {
      const job = jobShown(state);
      if (!job || job.product === undefined) return 'there is a table when all boots have ended';
      return undefined;
    },
  },
  { action: 'open-folder', place: 'boot', keys: ['o'], words: "a shell in the run's folder" },
  { action: 'again', place: 'boot', keys: ['R'], words: 'do the same again', blocked: notReady },
  {
    action: 'type',
    place: 'boot',
    keys: ['i'],
    words: 'type into its console, if it was booted for that; Ctrl-] takes the keys back',
    hint: 'type',
    blocked: state => {
      const view = shownView(state);
      const boot = view?.kind === 'boot' ? paneShown(state, view)?.boot : undefined;
      if (boot?.outcome) return 'it has ended';
      return boot?.socket === undefined ? 'I in panel 3 boots a flow to type into' : undefined;
    },
  },
  // text views
  { action: 'search', place: 'text', keys: ['/'], words: 'search', hint: 'search' },
  { action: 'search-next', place: 'text', keys: ['n'], words: 'next match' },
  { action: 'search-previous', place: 'text', keys: ['N'], words: 'previous match' },
  { action: 'pan-left', place: 'text', keys: ['h', 'left'], words: 'to the left' },
  { action: 'pan-right', place: 'text', keys: ['l', 'right'], words: 'to the right' },
  {
    action: 'edit-file',
    place: 'text',
    keys: ['e'],
    words: 'open the file in $EDITOR at this line',
    hint: 'edit',
  },
  { action: 'page-file', place: 'text', keys: ['o'], words: 'open the file in $PAGER' },
  {
    action: 'open',
    place: 'text',
    keys: ['enter'],
    words: 'follow the line: a row to its log',
    hint: 'follow',
  },
  // build view
  {
    action: 'next-warning',
    place: 'work',
    keys: ['n'],
    words: 'next warning',
    hint: 'warning',
    blocked: withWarnings,
  },
  {
    action: 'edit-file',
    place: 'work',
    keys: ['e', 'enter'],
    words: 'the line of the warning in $EDITOR',
    hint: 'go to line',
    blocked: withWarnings,
  },
  // panels
  { action: 'next-panel', place: 'panel', keys: ['l', 'right', 'tab'], words: 'next panel' },
  { action: 'previous-panel', place: 'panel', keys: ['h', 'left', 'S-tab'], words: 'previous panel' },
  { action: 'refresh', place: 'panel', keys: ['r'], words: 'read what is shown again' },
  { action: 'preview-down', place: 'panel', keys: ['C-d', 'J'], words: 'scroll what is shown at the right' },
  { action: 'preview-up', place: 'panel', keys: ['C-u', 'K'], words: 'scroll it back' },
  // any view
  { action: 'next-view', place: 'view', keys: [']'], words: 'next open view' },
  { action: 'previous-view', place: 'view', keys: ['['], words: 'previous open view' },
  { action: 'half-down', place: 'view', keys: ['C-d'], words: 'half a page down' },
  { action: 'half-up', place: 'view', keys: ['C-u'], words: 'half a page up' },
  {
    action: 'back',
    place: 'view',
    keys: ['escape', 'q', 'backspace'],
    words: 'close the view',
    hint: 'close',
  },
  // everywhere
  { action: 'down', place: 'any', keys: ['j', 'down'], words: 'down' },
  { action: 'up', place: 'any', keys: ['k', 'up'], words: 'up' },
  { action: 'page-down', place: 'any', keys: ['pagedown', 'C-f'], words: 'a page down' },
  { action: 'page-up', place: 'any', keys: ['pageup', 'C-b'], words: 'a page up' },
  { action: 'first', place: 'any', keys: ['g', 'home'], words: 'to the beginning' },
  { action: 'last', place: 'any', keys: ['G', 'end'], words: 'to the end' },
  { action: 'panel-1', place: 'any', keys: ['1'], words: 'panel Series' },
  { action: 'panel-2', place: 'any', keys: ['2'], words: 'panel Kernels' },
  { action: 'panel-3', place: 'any', keys: ['3'], words: 'panel Flows' },
  { action: 'panel-4', place: 'any', keys: ['4'], words: 'panel Runs' },
  { action: 'panel-5', place: 'any', keys: ['5'], words: 'panel Submission' },
  {
    action: 'main',
    place: 'any',
    keys: ['0'],
    words: 'the view that is open',
    blocked: state => (state.views.length > 0 ? undefined : 'no view is open'),
  },
  {
    action: 'zoom',
    place: 'any',
    keys: ['+', '_'],
    words: 'the view alone on the screen, or beside the panels',
  },
  {
    action: 'stop',
    place: 'any',
    keys: ['x'],
    words: 'stop the job shown, or the last one that runs, after a question',
    blocked: state => (state.jobs.some(isRunning) ? undefined : 'nothing is running'),
  },
  { action: 'jobs', place: 'any', keys: ['w'], words: 'jobs: what runs, what ended, and how' },
  {
    action: 'command',
    place: 'any',
    keys: [':'],
    words: 'command line: any verb of initbench',
    hint: 'command',
    blocked: notReady,
  },
  { action: 'log', place: 'any', keys: ['@'], words: 'command log, to be pasted' },
  { action: 'help', place: 'any', keys: ['?', 'f1'], words: 'the keys of this view', hint: 'keys' },
  { action: 'copy', place: 'any', keys: ['y'], words: 'copy the selected line, or the last command' },
  { action: 'redraw', place: 'any', keys: ['C-l'], words: 'draw the screen again' },
  { action: 'suspend', place: 'any', keys: ['C-z'], words: 'suspend' },
  { action: 'leave', place: 'panel', keys: ['q'], words: 'quit, after a question' },
  { action: 'quit', place: 'any', keys: ['Q', 'C-c'], words: 'quit; asks when jobs run' },
];
