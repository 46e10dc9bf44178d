// SPDX-License-Identifier: GPL-2.0-only
/** `initbench send`: shows what would be sent, and sends exactly that. */
import { document, number, object, text } from '../document.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import type { Work } from '../events.ts';
import type { Conflict } from '../series/series.ts';
import { formatPreflight, type Item } from '../submit/preflight.ts';
import {
  reflectedEnd,
  type Sent,
  sendSeries,
  type SendRequest,
  sentEnd,
  shownEnd,
  stoppedEnd,
} from '../submit/send.ts';
import { pendingVersion } from '../submit/submission.ts';
import type { Workspace } from '../workspace.ts';
import { command } from './command.ts';
import { option } from './options.ts';
import { exportMails } from './export.ts';
import { conflictLines, shortConflictSchema } from './series.ts';

const version = { series: text, version: number } as const;
const sendDocument = document(
  'initbench.send/1',
  'send: what would go, what went, or where it stopped',
  object({ ...version, ...shownEnd.unwrap().shape }),
  object({ ...version, ...reflectedEnd.unwrap().shape }),
  object({ ...version, ...sentEnd.unwrap().shape }),
  object({ ...version, ...stoppedEnd.unwrap().shape }),
  shortConflictSchema,
);

export const send = command({
  id: 'send',
  summary: 'send what was exported, through your git send-email',
  changes: ['series'],
  examples: ['send initoverlayfs --dry-run', 'send initoverlayfs --reflect', 'send initoverlayfs --yes'],
  positional: [{ usage: '<series>', summary: 'the series' }],
  options: [
    { ...option.dryRun, summary: 'write each mail as it would go, and to whom, and what is not ready' },
    { usage: '--reflect', summary: 'send the mails to yourself alone, ready or not' },
    { usage: '--yes', summary: 'send what the dry run showed; after a failure, the rest of it' },
  ],
  parse({ options: { dryRun, reflect, yes }, words: [series] }): SendRequest {
    const chosen = [dryRun && 'dry-run', reflect && 'reflect', yes && 'send'] as const;
    const [mode, ...others] = chosen.filter(name => name !== false);
    if (mode === undefined || others.length > 0) {
      throw new UserError('say what to do: --dry-run, --reflect or --yes', {
        hint: `initbench send ${series} --dry-run sends nothing`,
      });
    }
    return { series, mode };
  },
  run: sendOrShow,
  text: product => (product.kind === 'conflict' ? conflictLines(product) : sentLines(product)),
  json(product) {
    if (product.kind === 'conflict')
      return sendDocument.of({ conflict: product.patch, details: product.details });
    const { submission, ...rest } = product;
    const { series, version } = submission;
    return sendDocument.of({ series, version, ...rest });
  },
  exitCode({ kind }) {
    if (kind === 'conflict') return exitCodes.conflict;
    return kind === 'stopped' ? exitCodes.failed : exitCodes.done;
  },
});

/** What is only shown is exported first where nothing is. */
async function* sendOrShow(
  workspace: Workspace,
  request: SendRequest,
  signal: AbortSignal,
): Work<Sent | Conflict> {
  const { series, mode } = request;
  if (mode !== 'send' && (await pendingVersion(workspace, series)) === undefined) {
    const input = exportMails.parse({ options: {}, words: [series], rest: [] }, workspace);
    const exported = yield* exportMails.run(workspace, input, signal);
    if ('kind' in exported) return exported;
  }
  return yield* sendSeries(workspace, request, signal);
}

/** What `--yes` would refuse. */
const missingLines = (missing: readonly Item[]): readonly string[] =>
  missing.length === 0 ? [] : ['', 'not ready to be sent:', ...formatPreflight(missing)];

function sentLines(product: Sent): readonly string[] {
  const { series, version, mails } = product.submission;
  switch (product.kind) {
    case 'shown':
      return [
        ...product.dryRun.mails.flatMap(mail => [
          `${mail.subject}`,
          `  <${mail.messageId}>`,
          ...mail.envelope.map(address => `  to ${address}`),
        ]),
        ...missingLines(product.missing),
        '',
        product.gone > 0
          ? `${product.gone} of ${mails.length} mails were sent before; these are the rest`
          : `nothing was sent; ${mails.length} mails as they would go are in ${product.folder}`,
        product.missing.length > 0
          ? `next: initbench send ${series} --reflect; then put right what is stale and export it again`
          : `next: initbench send ${series} --reflect, or --yes`,
      ];
    case 'reflected':
      return [
        `${mails.length} mails of ${series} v${version} were sent to ${product.to} alone`,
        ...missingLines(product.missing),
      ];
    case 'sent':
      return [
        `${series} v${version} is sent: ${mails.length} mails${product.resumed > 0 ? `, ${product.resumed} of them before` : ''}`,
        `tag ${product.tag}; the next version is v${version + 1}`,
      ];
    case 'stopped':
      return [
        `${product.sent} of ${mails.length} mails of ${series} v${version} were sent, then it stopped:`,
        ...product.said.map(line => `  | ${line}`),
        `initbench send ${series} --yes sends the rest`,
      ];
  }
}
