// SPDX-License-Identifier: GPL-2.0-only
/** Who wrote a mail, whatever lists, relays and archives have made of its From. */
import { describe, expect, test } from 'vitest';
import { parsePeople, sameSender, senderOf } from '../../src/mail/sender.ts';

const headers = (text: string) =>
  text
    .trim()
    .split('\n')
    .map(line => {
      const [, key, value] = /^\s*([\w-]+): (.*)$/.exec(line)!;
      return { key: key!.toLowerCase(), value: value! };
    });
const dev = { name: 'A Developer', email: 'dev@example.org', hidden: false };

describe('the sender', () => {
  test.each([
    ['plain', 'From: A Developer <dev@example.org>', dev],
    ['a comment', 'From: dev@example.org (A Developer)', dev],
    [
      'encoded',
      'From: =?UTF-8?q?J=C3=B6rg?= <j@example.org>',
      { name: 'Jörg', email: 'j@example.org', hidden: false },
    ],
    ['no name', 'From: dev@example.org', { name: '', email: 'dev@example.org', hidden: false }],
    ['pipermail', 'From: dev at example.org (A Developer)', dev],
    ['HyperKitty', 'From: A Developer <dev(a)example.org>'.replace('(a)', ' (a) '), dev],
    ['MHonArc', 'From: A Developer <dev () example ! org>', dev],
    [
      'mailman with Reply-To',
      `From: A Developer via Linux-case <linux-case@lists.example.org>
       Reply-To: A Developer <dev@example.org>`,
      dev,
    ],
    [
      'mailman, Reply-To with the list',
      `From: A Developer via Linux-case <linux-case@lists.example.org>
       List-Post: <mailto:linux-case@lists.example.org>
       Reply-To: linux-case@lists.example.org, A Developer <dev@example.org>`,
      dev,
    ],
    [
      'mailman, two in Reply-To',
      `From: A Developer via Linux-case <linux-case@lists.example.org>
       Reply-To: Other <o@example.org>, "Developer, A" <dev@example.org>`,
      { ...dev, name: 'Developer, A' },
    ],
    [
      'X-Original-From',
      `From: A Developer via Linux-case <linux-case@lists.example.org>
       X-Original-From: A Developer <dev@example.org>
       Reply-To: linux-case@lists.example.org`,
      dev,
    ],
    [
      'Google groups',
      `From: "'A Developer' via case" <case@googlegroups.com>
       X-Original-From: A Developer <dev@example.org>
       Reply-To: A Developer <dev@example.org>
       Mailing-list: list case@googlegroups.com; contact case+owners@googlegroups.com`,
      dev,
    ],
    [
      'Google groups, nothing but the name',
      `From: "'A Developer' via case" <case@googlegroups.com>`,
      { name: 'A Developer', email: 'case@googlegroups.com', hidden: true },
    ],
    ['groups.io', 'From: "A Developer via groups.io" <dev=example.org@groups.io>', dev],
    [
      'a relay',
      `From: A Developer via B4 Relay <devnull+dev.example.org@kernel.org>
       X-Original-From: A Developer <dev@example.org>
       Reply-To: dev@example.org`,
      dev,
    ],
    [
      'the list without a name',
      `From: linux-case@lists.example.org
       List-Id: cases <linux-case.lists.example.org>
       Reply-To: A Developer <dev@example.org>`,
      dev,
    ],
    [
      'a list that nothing names but via',
      'From: A Developer via Linux-case <linux-case@lists.example.org>',
      { name: 'A Developer', email: 'linux-case@lists.example.org', hidden: true },
    ],
    [
      'a Reply-To of their own is no other sender',
      `From: A Developer <dev@example.org>
       Reply-To: Other <o@example.org>
       List-Id: cases <linux-case.lists.example.org>`,
      dev,
    ],
    [
      'somebody called Via',
      'From: Jean Via <jv@example.org>',
      { name: 'Jean Via', email: 'jv@example.org', hidden: false },
    ],
    [
      'hidden by an archive',
      'From: A Developer <dev@xxxxxxxxxxx>',
      { ...dev, email: 'dev@xxxxxxxxxxx', hidden: true },
    ],
    ['nobody', 'From: undisclosed', undefined],
    ['no From', 'To: x@example.org', undefined],
  ])('%s', (_name, text, sender) => {
    expect(senderOf(headers(text))).toEqual(sender);
  });
});

test('one person under a hidden address and their own is one', () => {
  const hidden = { name: 'A Developer', email: 'l@example.org', hidden: true };
  expect(sameSender(hidden, dev)).toBe(true);
  expect(sameSender({ ...hidden, name: 'Developer, A' }, dev)).toBe(true);
  expect(sameSender({ ...hidden, name: 'Somebody Else' }, dev)).toBe(false);
  expect(sameSender(hidden, { ...hidden, name: 'Somebody Else' })).toBe(false);
  expect(sameSender({ ...hidden, name: '' }, { ...dev, name: '' })).toBe(false);
  expect(sameSender({ ...dev, name: 'Another Name' }, dev)).toBe(true);
});

test('a name is one line and ends no header', () => {
  expect(parsePeople('=?utf-8?q?A=0D=0ABcc=3A_x=40y?= <a@example.org>')).toEqual([
    { name: 'A Bcc: x@y', email: 'a@example.org' },
  ]);
});
