// SPDX-License-Identifier: GPL-2.0-only
/** Mails written by hand: headers and bodies as programs leave them, and the mboxes that hold them. */
export interface SampleMail {
  readonly subject: string;
  readonly id?: string;
  readonly from?: string;
  /** The mail it answers. */
  readonly to?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** A patch that adds one line to a file of its own. */
export const diffOf = (file: string, line = 'int x;'): string =>
  `---\n ${file} | 1 +\n 1 file changed, 1 insertion(+)\n\ndiff --git a/${file} b/${file}\nnew file mode 100644\nindex 0000000..1111111\n--- /dev/null\n+++ b/${file}\n@@ -0,0 +1 @@\n+${line}\n-- \n2.39.5\n\n`;

export const patchBody = (file: string, text = 'Why.'): string =>
  `${text}\n\nSigned-off-by: A Developer <dev@example.org>\n${diffOf(file)}`;

export const mailText = ({ subject, id, from, to, headers = [], body = 'Text.\n' }: SampleMail): string =>
  [
    `From: ${from ?? 'A Developer <dev@example.org>'}`,
    'To: list@example.org',
    `Subject: ${subject}`,
    'Date: Mon, 30 Nov 2026 09:00:00 +0000',
    ...(id === undefined ? [] : [`Message-ID: <${id}>`]),
    ...(to === undefined ? [] : [`In-Reply-To: <${to}>`, `References: <${to}>`]),
    ...headers,
    '',
    body,
  ].join('\n');

/** As public-inbox writes it. */
export const mboxOf = (
  mails: readonly string[],
  separator = 'From mboxrd@z Thu Jan  1 00:00:00 1970',
): string => mails.map(mail => `${separator}\n${mail.replace(/^(>*From )/gm, '>$1')}\n`).join('');
