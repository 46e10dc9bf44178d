// SPDX-License-Identifier: GPL-2.0-only
/** Mails in an mbox: what stands in one comes out again, whatever its lines begin with. */
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { expect, test } from 'vitest';
import { formatLetter, formatMbox } from '../../src/submit/letter.ts';
import { splitMbox } from '../../src/mail/split.ts';

const { signal } = new AbortController();
const letter = (body: string) =>
  formatLetter({
    headers: [
      ['Subject', 'x'],
      ['Content-Type', 'text/plain; charset=UTF-8'],
      ['Content-Transfer-Encoding', '8bit'],
    ],
    body: Buffer.from(body),
  });
const separators = (mbox: Buffer) => mbox.toString('latin1').match(/^From /gm) ?? [];

test('a line that begins with From is none in the mbox, and one when it is read', async () => {
  const body = 'a\n\nFrom me to you = 1\n \n+\tx \t\nFrom é\n-- \n2.39\n';
  const mbox = formatMbox([letter(body), letter('plain é\n')]);
  expect(separators(mbox)).toHaveLength(2);
  const mails = await splitMbox(mbox, signal);
  expect((await PostalMime.parse(mails[0]!)).text!.trimEnd()).toBe(body.trimEnd());
  expect(mails[1]!.toString()).toContain('8bit\n\nplain é\n');
});

test('any text comes back, in lines of at most 76 characters', { timeout: 60_000 }, async () => {
  const line = fc.string({
    unit: fc.constantFrom('F', 'r', 'o', 'm', ' ', '=', 'é', '\t', '+', 'x'),
    maxLength: 200,
    size: 'max',
  });
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 8 }), async lines => {
      const body = `From here\n${lines.join('\n')}\nend\n`;
      const mbox = formatMbox([letter(body)]);
      const coded = mbox.toString('latin1').split('\n\n').slice(1).join('\n\n');
      expect(coded.split('\n').every(each => each.length <= 76)).toBe(true);
      expect((await PostalMime.parse((await splitMbox(mbox, signal))[0]!)).text!.trimEnd()).toBe(
        body.trimEnd(),
      );
    }),
    { numRuns: 30 },
  );
});
