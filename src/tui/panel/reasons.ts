// SPDX-License-Identifier: GPL-2.0-only
/** Why a key does nothing now, in words; undefined when it does. Pure. */
import { exported, hasSeries, jobShown, selectedFlow, selectedRun } from '../selection.ts';
import type { State } from '../state.ts';
import { newWarnings } from '../warnings.ts';

export const noFlow = (state: State) => (selectedFlow(state) ? undefined : 'no flow is selected');
export const noMarks = (state: State) =>
  state.marked.length === 0 ? 'no flow is marked: mark some with Space' : undefined;
export const notReady = (state: State) => (state.commands ? undefined : 'still loading the commands');
export const all =
  (...reasons: readonly ((state: State) => string | undefined)[]) =>
  (state: State) =>
    reasons.map(reason => reason(state)).find(reason => reason !== undefined);

export const withSeries = all(notReady, state =>
  hasSeries(state) ? undefined : 'there is no series in patches/',
);
export const withExport = all(notReady, state => (exported(state) ? undefined : 'export first: e'));
export const withDryRun = all(withExport, state =>
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

export const withWarnings = (state: State) => {
  const job = jobShown(state);
  return job && newWarnings(state, job).length > 0 ? undefined : 'nothing new was said';
};

export const withRun = all(notReady, state => (selectedRun(state) ? undefined : 'there is no run yet'));
