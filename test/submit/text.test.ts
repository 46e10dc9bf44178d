// SPDX-License-Identifier: GPL-2.0-only
/** The texts a posting is made of: addresses, headers, cover letters, notes, recipients, patches, settings. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeWords, parseMail } from '../../src/series/mail.ts';
import { encodeAddress, encodeWords, formatAddress, parseAddress } from '../../src/mail/address.ts';
import {
  type Generated,
  parseCover,
  renderCover,
  toldVersions,
  uneditedCover,
} from '../../src/submit/cover.ts';
import { formatHeader, formatLetter } from '../../src/submit/letter.ts';
import {
  maintainerArgv,
  parseMaintainers,
  parseSettings,
  parseTrailerPeople,
} from '../../src/submit/maintainers.ts';
import { parseNotes } from '../../src/submit/notes.ts';
import { addTrailer, parsePatchFile } from '../../src/submit/patchfile.ts';
import {
  formatRecipients,
  joinRecipients,
  mergeRecipients,
  parseRecipients,
  type Recipient,
} from '../../src/submit/recipients.ts';
import { parseConfig, settingsOf } from '../../src/submit/settings.ts';

describe('addresses', () => {
  test('are read as people write them and written as headers want them', () => {
    expect(parseAddress('"Anvin, H. \\"P\\"" <h@example.org>')).toEqual({
      name: 'Anvin, H. "P"',
      email: 'h@example.org',
    });
    expect(parseAddress(' plain@example.org ')).toEqual({ name: '', email: 'plain@example.org' });
    expect(formatAddress({ name: 'H. Peter', email: 'h@example.org' })).toBe('"H. Peter" <h@example.org>');
    expect(encodeAddress({ name: 'Jörg', email: 'j@example.org' })).toBe(
      '=?UTF-8?q?J=C3=B6rg?= <j@example.org>',
    );
  });

  test.each([
    ['two', 'a@example.org, b@example.org'],
    ['none', 'nobody'],
    ['a line end', 'A\nBcc: x@example.org <a@example.org>'],
    ['a blank in it', 'A <a b@example.org>'],
    ['an option', '-oQ/tmp <->'],
  ])('%s is not an address', (_, text) => expect(parseAddress(text)).toBeUndefined());

  test('come back whatever the name is', () => {
    const name = fc
      .string({ unit: 'grapheme', maxLength: 60 })
      .filter(text => !/[\x00-\x1f\x7f-\x9f\u2028\u2029<>"]/.test(text) && text.trim() === text);
    fc.assert(
      fc.property(name, text => {
        const address = { name: text, email: 'a@example.org' };
        expect(parseAddress(formatAddress(address))).toEqual(address);
        expect(decodeWords(encodeWords(text))).toBe(text);
        expect(encodeWords(text)).toMatch(/^[\x00-\x7f]*$/);
        expect(
          encodeWords(text)
            .split(' ')
            .every(word => !word.startsWith('=?') || word.length <= 75),
        ).toBe(true);
      }),
    );
  });
});

describe('headers', () => {
  test('are folded, and read back as they were', () => {
    const value = Array.from({ length: 30 }, (_, i) => `word${i}`).join(' ');
    const text = formatLetter({
      headers: [
        ['Subject', 'short'],
        ['X-Long', value],
      ],
      body: Buffer.from('body\n'),
    }).toString();
    expect(text.split('\n').every(line => line.length <= 78)).toBe(true);
    expect(parseMail(text.replace('X-Long', 'Subject').replace('Subject: short\n', '')).subject).toBe(value);
  });

  test.each(['a\nBcc: x@example.org', 'a\rb', 'ü', 'a\u0000'])('%j cannot be one', value => {
    expect(() => formatHeader('Subject', value)).toThrow('cannot be written');
  });
});

const nothing: Generated = {
  shortlog: '',
  diffstat: '',
  range_diff: '',
  report: '',
  requirements: '',
  base_commit: '',
};

describe('a cover letter', () => {
  const generated = {
    ...nothing,
    shortlog: 'LOG',
    diffstat: 'STAT',
    range_diff: 'RANGE',
    report: 'TABLE',
    base_commit: 'BASE',
  };

  test('keeps the text of a person; what git and b4 add at the end is taken away', () => {
    const own = 'Why.\n\nfoo (2): is not a shortlog\n\n file | is not a diffstat\n\nA Person (1):\n  words';
    const tail =
      '\n\nA Person (2):\n  init: one\n  init: two\n\n init/a.c | 2 +-\n init/b.c | 3 +++\n 2 files changed, 4 insertions(+), 1 deletion(-)\n create mode 100644 init/b.c\n\n---\nbase-commit: 0123\nchange-id: 20261125-x-0123456789ab\n';
    expect(parseCover(`${own}\n\nEnd.${tail}`)).toEqual({
      own: `${own}\n\nEnd.`,
      changeId: '20261125-x-0123456789ab',
    });
    expect(parseCover('Text.\n')).toEqual({ own: 'Text.' });
  });

  test('has what is generated where it says, else at the end in the order of git', () => {
    expect(renderCover('A\n\n${report}\n\nB ${report}', generated)).toBe(
      'A\n\nTABLE\n\nB ${report}\n\nLOG\n\nSTAT\n\nRANGE\n\nBASE\n',
    );
    expect(renderCover('${diffstat}\nA', generated)).toBe('STAT\nA\n\nLOG\n\nRANGE\n\nBASE\n');
    expect(renderCover('A\n\n${report}\n\nB', nothing)).toBe('A\n\nB\n');
    expect(() => renderCover('${nope}', generated)).toThrow('not a placeholder');
  });

  test('that is not written yet, and the versions it tells of', () => {
    expect(uneditedCover('*** SUBJECT HERE ***', 'x')).toBe('*** SUBJECT HERE ***');
    expect(uneditedCover('s', '- EDITME: what changed')).toBe('EDITME');
    expect(uneditedCover('s', 'text')).toBeUndefined();
    expect(toldVersions('Changes in v3:\n- a\n\nChanges since v1:\n- b')).toEqual([3, 2]);
  });
});

describe('recipients', () => {
  const someone = (name: string, more: Partial<Recipient> = {}): Recipient => ({
    ...{
      kind: 'to',
      address: { name, email: `${name.toLowerCase()}@example.org` },
      patches: [1],
      reason: 'maintainer:X',
    },
    ...more,
  });

  test('come back from their file', () => {
    const list = [
      someone('A'),
      someone('B', { kind: 'cc', patches: [1, 2, 3, 7], reason: 'open list' }),
      someone('C', { kind: '-', patches: 'all', reason: '' }),
      someone('D', { address: { name: 'Doe, "D" #1', email: 'd@example.org' } }),
    ];
    expect(parseRecipients(formatRecipients({ digest: '0123456789ab', list }), 'f')).toEqual({
      digest: '0123456789ab',
      list,
    });
  });

  test('are one for each person, and what a person decided wins', () => {
    const found = joinRecipients([
      someone('A'),
      someone('A', { kind: 'cc', patches: [3], reason: 'Reported-by' }),
      someone('B'),
    ]);
    expect(found[0]).toEqual(someone('A', { patches: [1, 3], reason: 'maintainer:X; Reported-by' }));
    const before = {
      list: [
        someone('B', { kind: '-' }),
        someone('Gone'),
        someone('Added', { reason: '' }),
        someone('Out', { kind: '-' }),
      ],
    };
    expect(mergeRecipients(before, found, 'x').list.map(one => `${one.kind} ${one.address.name}`)).toEqual([
      'to A',
      '- B',
      'to Added',
      '- Out',
    ]);
  });

  test.each([
    ['whom', 'whom 1 a@example.org'],
    ['no patches', 'to a@example.org'],
    ['two addresses', 'to 1 a@example.org, b@example.org'],
    ['somebody twice', 'to 1 a@example.org\ncc 2 A@example.org'],
  ])('the file names the line with %s', (_, text) => {
    expect(() => parseRecipients(text, 'patches/x/recipients')).toThrow(/^patches\/x\/recipients:[12]: /);
  });
});

describe('what the tree says', () => {
  test('people to To, lists to Cc, with the reason', () => {
    const said =
      'A <a@example.org> (maintainer:INIT (X and Y))\nlist@example.org (moderated list:INIT)\nB <b@example.org> (reviewer:INIT)\n';
    const { found, unread } = parseMaintainers(said, 2);
    expect(unread).toEqual([]);
    expect(found.map(one => [one.kind, one.address.email, one.reason, one.patches])).toEqual([
      ['to', 'a@example.org', 'maintainer:INIT (X and Y)', [2]],
      ['cc', 'list@example.org', 'moderated list:INIT', [2]],
      ['to', 'b@example.org', 'reviewer:INIT', [2]],
    ]);
    expect(
      parseTrailerPeople(
        'Text\n\nCc: stable@example.org # 6.1\nReported-by: R <r@example.org>\nAssisted-by: LLM\nFixes: 1 ("x")',
        1,
      ).map(one => one.address.email),
    ).toEqual(['stable@example.org', 'r@example.org']);
  });

  test('plain options of its configuration are taken, nothing else', () => {
    const words = parseSettings('--git # history\n  --git-since=1-year-ago -r\n', 'f');
    expect(words).toEqual(['--git', '--git-since=1-year-ago', '-r']);
    expect(maintainerArgv('p', words)).not.toContain('--nogit');
    expect(maintainerArgv('p', [])).toContain('--nogit-fallback');
    for (const bad of ['--x=$(id)', '--git-since=a;b', '`id`', '--mpath=../../x', '/etc/passwd', '"a'])
      expect(() => parseSettings(`--ok\n${bad}`, 'f')).toThrow(/^f:2: /);
  });
});

describe('patch files', () => {
  const patch = (message: string) =>
    parsePatchFile(
      Buffer.from(
        `From 0 Mon Sep 17 00:00:00 2001\nFrom: =?UTF-8?q?J=C3=B6rg?= <j@example.org>\nDate: D\nSubject: [PATCH RFC 1/2] init: long\n subject\n\n${message}`,
      ),
    )!;
  const diff =
    ' init/a.c | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\ndiff --git a/init/a.c b/init/a.c\n--- a/init/a.c\n+++ b/init/a.c\n@@ -1 +1 @@\n-a\n+b\n';

  test('are taken apart at their seams', () => {
    expect(patch(`Why.\n\nSigned-off-by: X <x@example.org>\n---\nv2: note\n\n${diff}-- \n2.39\n\n`)).toEqual({
      ...{
        subject: 'init: long subject',
        author: { name: 'Jörg', email: 'j@example.org' },
        date: 'D',
        notes: 'v2: note',
        diff,
      },
      message: 'Why.\n\nSigned-off-by: X <x@example.org>',
    });
    expect(patch(`From: Other <o@example.org>\n\n---\n${diff}`)).toMatchObject({
      author: { email: 'o@example.org' },
      message: '',
      notes: '',
    });
    expect(parsePatchFile(Buffer.from('Subject: x\n\nno diff\n'))).toBeUndefined();
  });

  test('get a trailer below the others, once', () => {
    const line = 'Signed-off-by: Jörg <j@example.org>';
    const coded = Buffer.from(line).toString('latin1');
    expect(addTrailer('Why: because.', line)).toBe(`Why: because.\n${coded}`);
    expect(addTrailer('Why it is.\n\nText.', line)).toBe(`Why it is.\n\nText.\n\n${coded}`);
    expect(addTrailer('Why.\n\nAcked-by: A <a@example.org>', line)).toBe(
      `Why.\n\nAcked-by: A <a@example.org>\n${coded}`,
    );
    expect(addTrailer(`Why.\n\n${coded}`, line)).toBe(`Why.\n\n${coded}`);
  });
});

test('notes belong to subjects', () => {
  const notes = parseNotes('above\n[init: a]\n# not this\nfirst\n\nsecond\n\n[init: b]\n', 'f');
  expect([...notes]).toEqual([
    ['init: a', 'first\n\nsecond'],
    ['init: b', ''],
  ]);
  expect(() => parseNotes('[a]\n[a]\n', 'f')).toThrow("f:2: 'a' has two notes");
});

test('settings of an identity go before the general ones', () => {
  const config = parseConfig(
    'user.name\nA\0user.email\na@example.org\0sendemail.identity\nwork\0sendemail.to\nx@example.org\0sendemail.work.to\n"Y, Z" <y@example.org>, w@example.org\0sendemail.work.from\nB <b@example.org>\0format.thread\ndeep\0',
  );
  const settings = settingsOf(config);
  expect(settings.sender).toEqual({ name: 'B', email: 'b@example.org' });
  expect(settings.recipients.map(one => one.address.email)).toEqual(['y@example.org', 'w@example.org']);
  expect(settings).toMatchObject({ prefix: 'PATCH', thread: 'deep', refused: [] });
});
