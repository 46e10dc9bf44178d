// SPDX-License-Identifier: GPL-2.0-only
/** `initbench fsck`: whether what lies in the cache and the state is whole, and what was put right. */
import { document, flag, list, object } from '../document.ts';
import { exitCodes } from '../host/errors.ts';
import { checkStore } from '../store/check.ts';
import { findingSchema } from '../store/finding.ts';
import { command } from './command.ts';
import { option } from './options.ts';

const checkedSchema = object({ dryRun: flag, findings: list(findingSchema) });

const fsckDocument = document('initbench.fsck/1', 'fsck: what was wrong, and put right', checkedSchema);

export const fsck = command({
  id: 'fsck',
  summary: 'look through cache and state, and put right what a killed process has left',
  changes: ['series', 'trees', 'kernels', 'runs'],
  examples: ['fsck', 'fsck --dry-run', 'fsck --full'],
  options: [
    { ...option.dryRun, summary: 'say what is wrong and change nothing' },
    { usage: '--full', summary: "read the files of payloads and git's objects, too" },
  ],
  parse: ({ options }) => options,
  async *run(workspace, { dryRun, full }, signal) {
    const findings = yield* checkStore({ workspace, repair: !dryRun, full, signal });
    return { findings, dryRun };
  },
  text: ({ findings, dryRun }) =>
    findings.length === 0
      ? ['clean']
      : findings.flatMap(({ path, what, action, hint }) => [
          `${path}: ${what}${action === 'none' ? '' : dryRun ? ` (to be ${action})` : `; ${action}`}`,
          ...(hint ? [`  ${hint}`] : []),
        ]),
  json: ({ findings, dryRun }) => fsckDocument.of({ dryRun, findings }),
  exitCode: ({ findings, dryRun }) =>
    findings.some(({ action }) => dryRun || action === 'none') ? exitCodes.failed : exitCodes.done,
});
