// SPDX-License-Identifier: GPL-2.0-only
/** `initbench send`: shows what would be sent, and sends exactly that. */
import { exitCodes, UserError } from '../host/errors.ts';
import { type Sent, sendSeries, type SendRequest } from '../submit/send.ts';
import type { Command } from './command.ts';

export const send: Command<SendRequest, Sent> = {
  id: 'send',
  summary: 'send what was exported, through your git send-email',
  changes: ['series'],
  examples: ['send initoverlayfs --dry-run', 'send initoverlayfs --reflect', 'send initoverlayfs --yes'],
  positional: [{ usage: '<series>', summary: 'the series' }],
  options: [
    { usage: '-n, --dry-run', summary: 'write each mail as it would go, and to whom' },
    { usage: '--reflect', summary: 'send the mails to yourself alone' },
    { usage: '--yes', summary: 'send what the dry run showed; after a failure, the rest of it' },
  ],
  parse({ options, words }) {
    const chosen = (['dryRun', 'reflect', 'yes'] as const).filter(name => options[name] === true);
    if (chosen.length !== 1) {
      throw new UserError('say what to do: --dry-run, --reflect or --yes', {
        hint: `initbench send ${words[0]!} --dry-run sends nothing`,
      });
    }
    const modes = { dryRun: 'dry-run', reflect: 'reflect', yes: 'send' } as const;
    return { series: words[0]!, mode: modes[chosen[0]!] };
  },
  run: sendSeries,
  text: sentLines,
  json: ({ submission, ...product }) => ({
    ...{ schema: 'initbench.send/1', series: submission.series, version: submission.version },
    ...product,
  }),
  exitCode: product => (product.kind === 'stopped' ? exitCodes.failed : exitCodes.done),
};

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
        '',
        `nothing was sent; ${mails.length} mails as they would go are in ${product.folder}`,
        `next: initbench send ${series} --reflect, or --yes`,
      ];
    case 'reflected':
      return [`${mails.length} mails of ${series} v${version} were sent to ${product.to} alone`];
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
