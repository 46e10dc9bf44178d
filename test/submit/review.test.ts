// SPDX-License-Identifier: GPL-2.0-only
/** Replies as mail programs write them, read into comments and tags; a bad mail is named and the others go on. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { review as reviewCommand } from '../../src/commands/review.ts';
import { productOf } from '../../src/events.ts';
import { splitMbox } from '../../src/mail/split.ts';
import { importSeries } from '../../src/series/import/import.ts';
import { readSeries } from '../../src/series/read.ts';
import type { Exported } from '../../src/submit/export.ts';
import { collectReplies } from '../../src/submit/review/collect.ts';
import { formatReview, parseReview, readReview } from '../../src/submit/review/file.ts';
import { readMailboxes } from '../../src/submit/review/mailbox.ts';
import { patchLines, placeFinder } from '../../src/submit/review/place.ts';
import { parseReply } from '../../src/submit/review/reply.ts';
import { submissionsFolder } from '../../src/submit/submission.ts';
import { openWorkspace } from '../../src/workspace.ts';
import { copySample, discard, run, type Sample } from '../tree/sample.ts';
import { changeFiles, configureGit, exportMine, makeMailSample, newFile, signal } from './sample.ts';
import { conforming } from '../conforms.ts';

let template: Sample & { clone: string };
let exported: Exported;
let sample: Sample;
let restore: () => void;

beforeAll(async () => {
  template = await makeMailSample();
  restore = configureGit(template, '');
  exported = await exportMine(template);
  restore();
});
afterAll(() => discard(template));
beforeEach(() => {
  sample = copySample(template);
  rmSync(path.join(sample.workspace.cache, 'worktrees'), { recursive: true });
  restore = configureGit(sample, '');
});
afterEach(() => {
  restore();
  discard(sample);
});

/** A fixture whose replies answer the mails that were exported. */
function fixture(name: string): string {
  const text = readFileSync(path.join('test/fixtures/mail', name), 'latin1');
  const file = path.join(sample.folder, name);
  const filled = text.replace(
    /POSTED-(\d)@example\.org/g,
    (_, number: string) => exported.submission.mails[Number(number)]!.messageId,
  );
  writeFileSync(file, filled, 'latin1');
  return file;
}
const collectFrom = async (...files: string[]) => {
  const mailbox = await productOf(readMailboxes(files, signal));
  const series = await readSeries(sample.workspace, 'mine');
  return productOf(collectReplies(sample.workspace, series, mailbox, signal));
};
const folder = () => path.join(sample.workspace.root, 'patches', 'mine');
const command = async (options: Record<string, unknown>, ...words: string[]) => {
  const input = reviewCommand.parse(
    { options: { series: 'mine', ...options }, words, rest: [] },
    sample.workspace,
  );
  const product = await productOf(reviewCommand.run(sample.workspace, input, signal));
  conforming(reviewCommand.json(product));
  return product;
};

describe('replies', () => {
  test('become comments with patch, file and line, whatever their encoding', async () => {
    const { review } = await collectFrom(fixture('replies.mbox'));
    const short = review.comments.map(({ number, state, patch, place, from, text }) => [
      number,
      state.kind,
      patch.number,
      place,
      from,
      text.join(' '),
    ]);
    expect(short).toEqual([
      [
        1,
        'open',
        1,
        'init/version.c:1',
        'Jürgen Prüfer <juergen@example.org>',
        'Das überrascht mich: should this not be € "c"? A second sentence makes this line long enough to be wrapped by the encoding.',
      ],
      [
        2,
        'answered',
        3,
        'init/new.c:2',
        '"Flow, F." <flow@example.org>',
        expect.stringMatching(
          /^Two of them are one too many, I think, and this sentence goes on over more than/,
        ),
      ],
      [
        3,
        'answered',
        3,
        'init/new.c:13',
        '"Flow, F." <flow@example.org>',
        'From here on it would be better to use an array.',
      ],
      [4, 'open', 1, 'init/version.c:1', 'Third Person <third@example.org>', 'I would keep "b".'],
      [
        5,
        'open',
        2,
        'init/main.c:3',
        expect.stringContaining('<evil@example.org>'),
        expect.stringContaining('\\x1b]0;title\\x07run $(touch'),
      ],
    ]);
  });

  test('give tags to the patch they are for, those for the cover letter to all; none is made up', async () => {
    const { review, remarks, unmatched } = await collectFrom(fixture('replies.mbox'));
    expect(review.tags.map(({ trailer, patch, other }) => [patch.number, trailer, other])).toEqual([
      [1, 'Acked-by: Top Poster <top@example.org>', false],
      [2, 'Acked-by: Top Poster <top@example.org>', false],
      [3, 'Acked-by: Top Poster <top@example.org>', false],
      [2, 'Reviewed-by: Rev Iewer <rev@example.org>', false],
      [2, 'Tested-by: Rev Iewer <rev@example.org> # QEMU, arm64', false],
      [2, 'Acked-by: Boss Of Rev <boss@example.org>', true],
    ]);
    expect(remarks).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/Reviewed-by:' names nobody$/),
        expect.stringMatching(/Boss Of Rev .* left out until confirmed$/),
      ]),
    );
    expect(unmatched).toEqual(['replies.mbox, mail 8: Buy']);
  });

  test('are read once: a second time adds nothing and loses nothing', async () => {
    await collectFrom(fixture('replies.mbox'));
    await command({ set: ['1=fixed:' + exported.submission.tip.slice(0, 12), '4=disputed'] });
    const before = readFileSync(path.join(folder(), 'review'), 'utf8');
    const { newComments, newTags } = await collectFrom(fixture('replies.mbox'));
    expect([newComments, newTags]).toEqual([[], []]);
    expect(readFileSync(path.join(folder(), 'review'), 'utf8')).toBe(before);
  });

  test('are found by the patches in the mailbox where we have sent none', async () => {
    const mailbox = path.join(sample.folder, 'thread.mbox');
    const all = Buffer.concat([
      readFileSync(exported.files.thread),
      Buffer.from('\n'),
      readFileSync(fixture('replies.mbox')),
    ]);
    writeFileSync(mailbox, all);
    rmSync(submissionsFolder(sample.workspace, 'mine'), { recursive: true });
    const { review } = await collectFrom(mailbox);
    expect(review.comments).toHaveLength(5);
    expect(review.tags.filter(tag => !tag.other).map(tag => tag.givenTo)).not.toContain('');
    rmSync(path.join(folder(), 'review'));
    // 2/3 is missing from the mailbox: no tag is given to it.
    const letters = all.toString('latin1').split(/^(?=From )/m);
    const left = letters.filter(letter => !letter.includes('\nSubject: [PATCH 2/3]'));
    expect(left).toHaveLength(letters.length - 1);
    writeFileSync(mailbox, left.join(''), 'latin1');
    const less = await collectFrom(mailbox);
    expect(less.review.tags.map(tag => tag.patch.number)).toEqual([1, 3]);
  });

  test('from a maildir', async () => {
    const maildir = path.join(sample.folder, 'maildir');
    for (const name of ['cur', 'new', 'tmp']) mkdirSync(path.join(maildir, name), { recursive: true });
    const mails = await splitMbox(readFileSync(fixture('replies.mbox')), signal);
    for (const [index, bytes] of mails.entries())
      writeFileSync(path.join(maildir, index % 2 ? 'cur' : 'new', `${index}.host:2,S`), bytes);
    expect((await collectFrom(maildir)).review.comments).toHaveLength(5);
  });
});

describe('replies as lists, mail programs and robots hand them on', () => {
  const reply = (headers: string, text: string) =>
    `From a@b Wed Nov 25 10:00:00 2026\n${headers}\nSubject: Re: [PATCH 2/3] init: return one\nDate: Wed, 25 Nov 2026 16:00:00 +0000\nIn-Reply-To: <${exported.submission.mails[2]!.messageId}>\nMessage-ID: <one@example.org>\n${text}\n`;
  const from = async (headers: string, text: string) => {
    const file = path.join(sample.folder, 'one.mbox');
    writeFileSync(file, reply(headers, text));
    return collectFrom(file);
  };
  const question = '\n> +\treturn 1;\n\nWhy one?\n\nReviewed-by: Gao Case <gao@example.org>\n';
  const gao = 'Gao Case <gao@example.org>';

  test.each([
    ['plain', `From: ${gao}`, question],
    [
      'a list that rewrites From',
      `From: Gao Case via Case <case@lists.example.org>\nReply-To: ${gao}`,
      question,
    ],
    [
      'with X-Original-From',
      `From: Gao Case via Case <case@lists.example.org>\nX-Original-From: ${gao}`,
      question,
    ],
    [
      'Google groups',
      `From: "'Gao Case' via case" <case@googlegroups.com>\nX-Original-From: ${gao}`,
      question,
    ],
    ['groups.io', 'From: "Gao Case via groups.io" <gao=example.org@groups.io>', question],
    ['pipermail', 'From: gao at example.org (Gao Case)', question.replace('gao@', 'gao at ')],
    ['CR LF', `From: ${gao}`, question.replaceAll('\n', '\r\n')],
    [
      'HTML only, the quote as a block',
      `From: ${gao}\nContent-Type: text/html; charset=UTF-8`,
      '\n<html><body><blockquote>+&nbsp;return 1;</blockquote><p>Why one?</p><p>Reviewed-by: Gao Case &lt;gao@example.org&gt;</p></body></html>',
    ],
    [
      'base64 and a footer as a part',
      `From: ${gao}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="B"`,
      `\n--B\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: base64\n\n${Buffer.from(question).toString('base64')}\n--B\nContent-Type: text/plain\n\n_______________________________________________\ncase mailing list\n--B--`,
    ],
    ["Yahoo's footer", `From: ${gao}`, `${question}\n\n__._,_.___\nPosted by: Gao\n`],
    [
      "groups.io's footer",
      `From: ${gao}`,
      `${question}\n-=-=-=-=-=-=-=-=-=-=-=-\nGroups.io Links: You receive all messages\n`,
    ],
    [
      "Outlook's copy of the mail below it",
      `From: ${gao}`,
      `${question}\nFrom: A Developer <dev@example.org>\nSent: Wednesday, 25 November 2026 10:00\nTo: list\nSubject: x\n\nWhy they are made.\n`,
    ],
  ])('%s', async (_name, headers, text) => {
    const { review, setAside, remarks } = await from(headers, text);
    expect([setAside, remarks]).toEqual([[], []]);
    expect(review.comments).toMatchObject([
      { place: 'init/main.c:3', from: gao, text: ['Why one?'], patch: { number: 2 } },
    ]);
    expect(review.tags).toMatchObject([
      { trailer: `Reviewed-by: ${gao}`, other: false, patch: { number: 2 } },
    ]);
  });

  test('whose address the list hides wholly is the one whom the tag names', async () => {
    const { review, remarks } = await from('From: Gao Case via Case <case@lists.example.org>', question);
    expect(review.tags).toMatchObject([{ trailer: `Reviewed-by: ${gao}`, other: false }]);
    expect(remarks).toEqual([]);
    const other = await from(
      'From: Somebody via Case <case@lists.example.org>',
      question.replace('gao@', 'x@'),
    );
    expect(other.remarks[0]).toMatch(/left out until confirmed/);
  });

  test.each([
    ['by its header', `From: ${gao}\nAuto-Submitted: auto-replied`, ''],
    ['by its subject', `From: ${gao}`, 'Out of office: '],
    ['a report', `From: ${gao}\nContent-Type: multipart/report; boundary="B"`, ''],
  ])('a robot is no reviewer: %s', async (name, headers, subject) => {
    const text =
      name === 'a report'
        ? '\n--B\n\nIt failed.\n--B\nContent-Type: message/delivery-status\n\nAction: failed\n--B--\n'
        : '\nI am away.\n';
    const file = path.join(sample.folder, 'one.mbox');
    writeFileSync(file, reply(headers, text).replace('Subject: Re: ', `Subject: ${subject}`));
    const { review, remarks } = await collectFrom(file);
    expect(review.comments).toEqual([]);
    expect(remarks).toEqual([expect.stringContaining('is an automatic reply; left out')]);
  });

  test('the author who answers through the list is the author', async () => {
    await collectFrom(fixture('replies.mbox'));
    const file = path.join(sample.folder, 'own.mbox');
    const own = reply('From: A Developer via Case <case@lists.example.org>', '\nIt is so.\n');
    writeFileSync(file, own.replace(/In-Reply-To: .*/, 'In-Reply-To: <qp-latin@example.org>'));
    const { newComments, review } = await collectFrom(file);
    expect(newComments).toEqual([]);
    expect(review.comments[0]!.state).toEqual({ kind: 'answered' });
  });

  test('find their series by the ids, whatever the default is', async () => {
    const root = sample.workspace.root;
    cpSync(folder(), path.join(root, 'patches', 'other'), { recursive: true });
    writeFileSync(path.join(root, 'initbench.toml'), 'tree = "k"\nseries = "other"\n');
    const workspace = openWorkspace(sample.workspace.environment, root);
    expect(workspace.settings.series).toBe('other');
    const input = reviewCommand.parse({ options: {}, words: [fixture('replies.mbox')], rest: [] }, workspace);
    const reviewed = await productOf(reviewCommand.run(workspace, input, signal));
    expect(reviewed.series).toBe('mine');
    expect(reviewed.review.comments).toHaveLength(5);
    expect(existsSync(path.join(root, 'patches', 'other', 'review'))).toBe(false);
  });

  test('to a series that was imported are found by the ids of its mails', async () => {
    const file = path.join(sample.folder, 'thread.mbox');
    writeFileSync(file, readFileSync(exported.files.thread));
    await productOf(importSeries(sample.workspace, { place: file, name: 'theirs' }, signal));
    rmSync(submissionsFolder(sample.workspace, 'mine'), { recursive: true });
    const workspace = openWorkspace(sample.workspace.environment, sample.workspace.root);
    const input = reviewCommand.parse({ options: {}, words: [fixture('replies.mbox')], rest: [] }, workspace);
    const reviewed = await productOf(reviewCommand.run(workspace, input, signal));
    expect(reviewed.series).toBe('theirs');
    expect(reviewed.review.comments.map(({ place: at }) => at)).toContain('init/new.c:13');
    expect(reviewed.review.tags.filter(tag => !tag.other)).toHaveLength(5);
  });
});

describe('tags at the export', () => {
  const mail = (made: Exported, number: number) =>
    readFileSync(path.join(made.files.mails, made.submission.mails[number]!.file), 'utf8');

  test('stand on patches that are as they were; a changed patch loses them until that is confirmed', async () => {
    await collectFrom(fixture('replies.mbox'));
    const clone = path.join(sample.folder, 'clone');
    changeFiles(clone, { 'init/new.c': newFile('z') });
    run(clone, 'git', 'commit', '-q', '-a', '--amend', '--no-edit');
    run(clone, 'git', 'format-patch', '-q', '-3', '-o', folder());
    const made = await exportMine(sample, { force: true, signoff: true });
    expect(mail(made, 2)).toContain(
      'From here on it is one.\n\nAcked-by: Top Poster <top@example.org>\nReviewed-by: Rev Iewer <rev@example.org>\nTested-by: Rev Iewer <rev@example.org> # QEMU, arm64\nSigned-off-by: A Developer <dev@example.org>\n---\n',
    );
    expect(mail(made, 2)).not.toContain('Boss');
    expect(mail(made, 3)).not.toContain('Acked-by');
    const lost = made.submission.preflight.filter(item => item.id === 'trailers');
    expect(lost.map(item => /\[(\d+)\]/.exec(item.text)![1])).toHaveLength(2);

    const tags = (await readReview(folder())).tags;
    await command({ confirm: [String(tags.find(tag => tag.patch.number === 3)!.number)] });
    expect(mail(await exportMine(sample, { force: true }), 3)).toContain(
      '\n\nAcked-by: Top Poster <top@example.org>\n---\n',
    );
  });
});

describe('what became of it', () => {
  test('is drafted as the changes of the next version, with links', async () => {
    await collectFrom(fixture('replies.mbox'));
    await command({ set: [`1=fixed:${exported.submission.tip}`, '4=disputed', '5=answered'] });
    const { draft } = await command({ changes: true });
    expect(draft).toMatch(/^Changes in v2:\n- patch 1, init\/version.c:1: "Das überrascht mich/);
    expect(draft).toContain(
      `changed in ${exported.submission.tip.slice(0, 12)}\n  https://lore.kernel.org/r/qp-latin@example.org\n`,
    );
    expect(draft).toMatch(/\nNot changed, see the discussion:\n- patch 1, .*"I would keep/);
    expect(draft).toContain(
      '- collected Acked-by of Top Poster, Reviewed-by of Rev Iewer, Tested-by\n  of Rev Iewer\n',
    );
    expect(draft!.split('\n').filter(line => line.length > 72 && !line.includes('https://'))).toEqual([]);
  });

  test('is refused for a comment, a state or a commit there is not', async () => {
    await collectFrom(fixture('replies.mbox'));
    await expect(command({ set: ['99=answered'] })).rejects.toThrow('mine has no comment 99');
    await expect(command({ set: ['1=fixed:0123456789'] })).rejects.toThrow('there is no commit 0123456789');
    await expect(command({ set: ['1=gone'] })).rejects.toThrow('--set 1=gone: not understood');
    await expect(command({ confirm: ['1'] })).rejects.toThrow('mine has no tag 1');
  });

  test('can be written into the file by hand; a slip is named with its line', async () => {
    await collectFrom(fixture('replies.mbox'));
    const file = path.join(folder(), 'review');
    const text = readFileSync(file, 'utf8');
    expect(formatReview(parseReview(text, file))).toBe(text);
    writeFileSync(file, text.replace('[1] open', '[1] disputed'));
    expect((await command({})).review.comments[0]!.state).toEqual({ kind: 'disputed' });
    writeFileSync(file, text.replace('[1] open', '[1] done'));
    await expect(command({})).rejects.toThrow(/review:4: 'done' is no state/);
  });
});

describe('bad mails', () => {
  test.each([
    ['no-id.eml', /no Message-ID/],
    ['no-from.eml', /From is not an address/],
    ['no-boundary.eml', /MIME parts are damaged/],
    ['deep.eml', /nesting depth/i],
    ['same-id.mbox', /has the Message-ID of same-id.mbox, mail 1, <twice@example.org>, and another text/],
  ])('%s is named, the others are read, the exit code says so', async (name, why) => {
    const reviewed = await command({}, fixture('replies.mbox'), fixture(name));
    expect(reviewed.collected!.setAside).toEqual([
      { place: expect.stringContaining(name), why: expect.stringMatching(why) },
    ]);
    expect(reviewed.review.comments.length).toBeGreaterThanOrEqual(5);
    expect(reviewCommand.exitCode!(reviewed)).toBe(1);
    expect(reviewCommand.text(reviewed, 80).join('\n')).toMatch(/^not read: /m);
  });

  test('one of 50 MB, one that is a link, one that is not there', async () => {
    const large = path.join(sample.folder, 'large.eml');
    writeFileSync(
      large,
      Buffer.concat([
        Buffer.from('From: a@example.org\nMessage-ID: <l@example.org>\n\n'),
        Buffer.alloc(50 * 2 ** 20, 'line of text\n'),
      ]),
    );
    const inbox = path.join(sample.folder, 'inbox');
    mkdirSync(inbox);
    symlinkSync('/etc/passwd', path.join(inbox, 'mail.eml'));
    const { setAside } = await collectFrom(large, inbox);
    expect(setAside.map(({ why }) => why)).toEqual([
      expect.stringContaining('more than the 16 MiB'),
      expect.stringContaining('it is a link'),
    ]);
    await expect(collectFrom(path.join(sample.folder, 'nope'))).rejects.toThrow(/there is no/);
    expect(existsSync(path.join(folder(), 'review'))).toBe(false);
  });

  test('an unknown character set and stray bytes are read as well as they can be', async () => {
    const { review } = await collectFrom(fixture('unknown-charset.eml'));
    expect(review.comments).toMatchObject([
      { place: 'init/main.c:3', text: [expect.stringContaining('What about caf')] },
    ]);
  });

  test('names and tags are one line, nothing is run', async () => {
    const { review } = await collectFrom(fixture('replies.mbox'));
    expect(existsSync('/tmp/initbench-pwned')).toBe(false);
    expect(review.comments.every(({ from }) => !/[\r\n]/.test(from))).toBe(true);
    expect(review.tags.some(({ trailer }) => trailer.includes('\x1b'))).toBe(false);
  });
});

describe('the text of a reply', () => {
  test('without greeting, attribution, farewell, signature', () => {
    const text =
      'Hi A,\n\nOn Tue, 24 Nov, A wrote:\n> a\n\nWhy?\n\n> b\n> c\nBecause.\nSure.\n\nThanks,\nRev\n-- \nsig\n> d\nno\n';
    expect(parseReply(text).remarks.map(remark => [remark.quoted, remark.text])).toEqual([
      [['a'], ['Why?']],
      [
        ['b', 'c'],
        ['Because.', 'Sure.'],
      ],
    ]);
  });

  test('tags count where they are not quoted', () => {
    const { tags, partial } = parseReply(
      '> Reviewed-by: A <a@example.org>\nreviewed-By: B <b@example.org>\nTested-by: nobody\nSigned-off-by: C <c@example.org>\n',
    );
    expect(tags).toEqual(['Reviewed-by: B <b@example.org>']);
    expect(partial).toEqual(['Tested-by: nobody']);
  });
});

describe('the place of a quote', () => {
  const patch =
    'Why.\n---\n a | 2\n\ndiff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -10,3 +10,3 @@ f\n same\n-old\n+new\n same\n@@ -50 +50,2 @@\n same\n+more\n';

  test('counts lines before and after', () => {
    expect(
      patchLines(patch)
        .filter(line => line.line !== undefined)
        .map(({ text, line }) => [text.slice(0, 5), line]),
    ).toEqual([
      ['@@ -1', 10],
      [' same', 10],
      ['-old', 11],
      ['+new', 11],
      [' same', 12],
      ['@@ -5', 50],
      [' same', 50],
      ['+more', 51],
    ]);
  });

  test('goes on from one remark to the next, and stands a stripped or wrapped line', () => {
    const find = placeFinder(patch);
    expect(find(['-old'])).toBe('a:11');
    expect(find(['same'])).toBe('a:12');
    expect(find(['+more'])).toBe('a:51');
    expect(find(['Why.'])).toBe('commit message');
    expect(find(['nothing of it'])).toBe('whole mail');
    expect(find([])).toBe('whole mail');
  });
});
