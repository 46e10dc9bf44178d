// SPDX-License-Identifier: GPL-2.0-only
/** Archives of mails as programs and servers leave them, read as `git mailsplit` reads them and no worse. */
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readArchive } from '../../src/mail/archive.ts';
import { readLetters } from '../../src/mail/letters.ts';
import { splitMbox } from '../../src/mail/split.ts';
import { mailText, mboxOf, patchBody } from './sample.ts';

vi.setConfig({ testTimeout: 60_000 });

const { signal } = new AbortController();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'initbench-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const place = (name: string) => path.join(folder, name);
function put(name: string, content: string | Buffer): string {
  mkdirSync(path.dirname(place(name)), { recursive: true });
  writeFileSync(place(name), content);
  return place(name);
}
const subjectsIn = async (where: string) => {
  const { messages } = await readArchive(where, signal);
  return (await readLetters(messages)).letters.map(({ subject }) => subject);
};
const mails = ['one', 'two', 'three'].map(subject =>
  mailText({ subject, id: `${subject}@x`, body: `Text of ${subject}.\n` }),
);
const subjects = ['one', 'two', 'three'];

describe('an mbox', () => {
  test.each([
    ['of git format-patch', 'From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001'],
    ['of git am, b4', 'From git@z Thu Jan  1 00:00:00 1970'],
    ['of public-inbox', 'From mboxrd@z Thu Jan  1 00:00:00 1970'],
    ['of mutt', 'From dev@example.org Mon Nov 30 09:00:00 2026'],
    ['of pipermail', 'From dev at example.org  Mon Nov 30 09:00:00 2026'],
    ['of Thunderbird', 'From - Mon Nov 30 09:00:00 2026'],
    ['of a mail server', 'From MAILER-DAEMON Mon Nov 30 09:00:00 2026'],
    ['of a takeout', 'From 1784500000000000000@xxx Mon Nov 30 09:00:00 +0000 2026'],
    ['with the name of a zone', 'From dev@example.org Mon Nov 30 09:00:00 CET 2026'],
    ['with a zone behind the year', 'From dev@example.org Mon Nov 30 09:00:00 2026 +0100'],
    ['without seconds', 'From dev@example.org Mon Nov  2 09:00 2026'],
    ['without an address', 'From ??? Mon Nov 30 09:00:00 2026'],
  ])('%s', async (_name, separator) => {
    expect(await subjectsIn(put('a.mbox', mboxOf(mails, separator)))).toEqual(subjects);
    const crlf = mboxOf(mails, separator).replaceAll('\n', '\r\n');
    expect(await subjectsIn(put('b.mbox', crlf))).toEqual(subjects);
    const tight = mails.map(mail => `${separator}\n${mail.trimEnd()}\n`).join('');
    expect(await subjectsIn(put('c.mbox', `\n\n${tight}`))).toEqual(subjects);
    expect(await subjectsIn(put('d.mbox', `\ufeff${tight}`))).toEqual(subjects);
  });

  test.each([
    ['gz', 'gzip'],
    ['xz', 'xz'],
    ['zst', 'zstd'],
    ['bz2', 'bzip2'],
  ])('in .%s', async (end, tool) => {
    const file = put('a.mbox', mboxOf(mails));
    const bytes = (() => {
      try {
        return execFileSync(tool, ['-c', file], { stdio: ['ignore', 'pipe', 'ignore'] });
      } catch (error) {
        // bzip2 is nobody's requirement.
        if (tool === 'bzip2' && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    })();
    if (!bytes) return;
    expect(await subjectsIn(put(`t.mbox.${end}`, bytes))).toEqual(subjects);
    // Members one behind the other, as archives that grow have them.
    expect(await subjectsIn(put(`t2.mbox.${end}`, Buffer.concat([bytes, bytes])))).toEqual([
      ...subjects,
      ...subjects,
    ]);
    await expect(readArchive(put(`cut.mbox.${end}`, bytes.subarray(0, -9)), signal)).rejects.toThrow(
      'does not decompress',
    );
  });

  test('a line of text that looks like a separator begins no mail', async () => {
    const body = 'He said:\n\nFrom dev@example.org Mon Nov 30 09:00:00 2026\nthat it is text: so it is.\n';
    const mbox = `From a@b Mon Nov 30 09:00:00 2026\n${mailText({ subject: 'one', body })}\n${mboxOf([mails[1]!])}`;
    expect(await subjectsIn(put('a.mbox', mbox))).toEqual(['one', 'two']);
  });

  test('a patch attached to a mail stays in it, with its own first line', async () => {
    const patch = `From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n${mailText({ subject: '[PATCH] inner', body: patchBody('a') })}`;
    const body = `--B\nContent-Type: text/plain\n\nSee there.\n--B\nContent-Type: text/x-patch; name="a.patch"\nContent-Disposition: attachment; filename="a.patch"\n\n${patch}\n--B--\n`;
    const mail = mailText({
      subject: 'outer',
      id: 'o@x',
      headers: ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary="B"'],
      body,
    });
    const mbox = `From a@b Mon Nov 30 09:00:00 2026\n${mail}\n${mboxOf([mails[1]!])}`;
    expect(await subjectsIn(put('a.mbox', mbox))).toEqual(['outer', '[PATCH] inner', 'two']);
  });

  test('>From was From, but in what format-patch writes', async () => {
    const body = 'From here on.\n>From there.\n';
    const bodyOf = async (text: string) => {
      const { letters } = await readLetters((await readArchive(put('a.mbox', text), signal)).messages);
      return letters[0]!.text.trim();
    };
    expect(await bodyOf(mboxOf([mailText({ subject: 'x', body })]))).toBe(body.trim());
    const own = `From ${'0'.repeat(40)} Mon Sep 17 00:00:00 2001\n${mailText({ subject: 'x', body })}`;
    expect(await bodyOf(own)).toBe(body.trim());
    expect(await bodyOf(mailText({ subject: 'x', body }))).toBe(body.trim());
  });

  test('any bodies come back, and git mailsplit has the same mails', async () => {
    const line = fc.oneof(
      fc.string({
        unit: fc.constantFrom('F', 'r', 'o', 'm', ' ', ':', '>', 'é', '0', '\t', '-'),
        maxLength: 40,
      }),
      fc.constantFrom(
        'From x',
        'From: x',
        '>From x',
        'From a@b Mon Nov 30 09:00:00 2026',
        '-- ',
        '---',
        '@@ -1 +1 @@',
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(line, { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
        async bodies => {
          const sent = bodies.map((lines, index) =>
            mailText({ subject: `s${index}`, body: `${lines.join('\n')}\n` }),
          );
          const file = put('p.mbox', mboxOf(sent));
          const pieces = await splitMbox(readFileSync(file), signal);
          expect(
            pieces.map(piece =>
              piece
                .toString('latin1')
                .replace(/^From [^\n]*\n/, '')
                .trimEnd(),
            ),
          ).toEqual(sent.map(mail => Buffer.from(mail).toString('latin1').trimEnd()));
          const out = place('out');
          rmSync(out, { recursive: true, force: true });
          mkdirSync(out);
          execFileSync('git', ['mailsplit', '--mboxrd', '--keep-cr', `-o${out}`, file], { stdio: 'ignore' });
          expect(pieces.map(piece => piece.toString('latin1'))).toEqual(
            readdirSync(out)
              .sort()
              .map(name => readFileSync(path.join(out, name), 'latin1')),
          );
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('a folder', () => {
  test('a maildir, in the order of delivery', async () => {
    put('m/cur/1700000002.M1P9.host:2,S', mails[1]!);
    put('m/new/1700000010.M1P9.host', mails[2]!);
    put('m/cur/1700000001.M1P9.host:2,', mails[0]!);
    put('m/tmp/1700000000.M1P9.host', 'half of a mail');
    put('m/cur/.hidden', 'x');
    expect(await subjectsIn(place('m'))).toEqual(subjects);
  });

  test('an MH folder, by number', async () => {
    for (const [index, number] of [9, 10, 100].entries()) put(`mh/${number}`, mails[index]!);
    put('mh/.mh_sequences', 'cur: 9\n');
    expect(await subjectsIn(place('mh'))).toEqual(subjects);
  });

  test('patches, and what lies beside them is not a mail', async () => {
    const files = ['9-a.patch', '10-b.patch', '11-c.diff'];
    for (const [index, name] of files.entries()) put(`p/${name}`, mails[index]!);
    put('p/README', 'Read this: it says much.\n\nMore.\n');
    expect(await subjectsIn(place('p'))).toEqual(subjects);
  });

  test('mails without a known name, by what they begin with', async () => {
    put('f/a', mails[0]!);
    put('f/b', mboxOf(mails.slice(1)));
    put('f/notes', 'not a mail\n');
    expect(await subjectsIn(place('f'))).toEqual(subjects);
  });

  test('a link in it is not followed, a damaged file is named, and the others are read', async () => {
    put('l/a.patch', mails[0]!);
    put('l/c.patch', mails[2]!);
    symlinkSync('/etc/passwd', place('l/b.patch'));
    put('l/d.mbox.gz', Buffer.from('1f8b0800000000000003ffff', 'hex'));
    const { messages, setAside } = await readArchive(place('l'), signal);
    expect(messages.map(message => message.place)).toEqual(['a.patch', 'c.patch']);
    expect(setAside).toEqual([
      { place: 'b.patch', why: expect.stringContaining('it is a link') },
      { place: 'd.mbox.gz', why: expect.stringContaining('does not decompress') },
    ]);
  });

  test('a link that is named is followed', async () => {
    put('a.mbox', mboxOf(mails));
    symlinkSync('a.mbox', place('named'));
    expect(await subjectsIn(place('named'))).toEqual(subjects);
  });
});

describe('a quilt folder', () => {
  const patch = (name: string) =>
    `From: A <a@example.org>\nSubject: ${name}\n\nWhy.\n---\n${patchBody(name)}`;

  test('goes by its series file, wherever the package has it', async () => {
    for (const top of ['q', 'q2/patches', 'q3/debian/patches']) {
      put(`${top}/z.patch`, patch('one'));
      put(`${top}/sub/a.patch`, patch('two'));
      put(`${top}/m.patch`, patch('three'));
      put(`${top}/unused.patch`, patch('four'));
      put(`${top}/series`, '# order\n\nz.patch\nsub/a.patch -p0 # why\n  m.patch -p2 -R\n#unused.patch\n');
    }
    for (const name of ['q', 'q2', 'q3', 'q/series']) expect(await subjectsIn(place(name))).toEqual(subjects);
    const { messages } = await readArchive(place('q'), signal);
    expect(messages.map(({ quilt }) => [quilt!.strip, quilt!.reverse])).toEqual([
      [1, false],
      [0, false],
      [2, true],
    ]);
  });

  test.each([
    ['a patch that is not there', 'gone.patch\n', 'has no gone.patch'],
    ['a path out of it', '../out.patch\n', 'is not a file in'],
    ['a link out of it', 'link.patch\n', 'is not a file in'],
    ['an option nobody knows', 'z.patch --fuzz=3\n', "'z.patch --fuzz=3' is not understood"],
  ])('%s is refused', async (_name, series, message) => {
    put('out.patch', patch('out'));
    put('q/z.patch', patch('one'));
    symlinkSync('../out.patch', place('q/link.patch'));
    put('q/series', series);
    await expect(readArchive(place('q'), signal)).rejects.toThrow(message);
  });
});

describe('what is too much, or nothing', () => {
  test('a mail of 17 MiB is set aside, the others are read', async () => {
    const large = mailText({ subject: 'large', body: `${'x'.repeat(70)}\n`.repeat(260_000) });
    const { messages, setAside } = await readArchive(
      put('a.mbox', mboxOf([mails[0]!, large, mails[2]!])),
      signal,
    );
    expect(messages.map(message => message.place)).toEqual(['a.mbox, mail 1', 'a.mbox, mail 3']);
    expect(setAside).toEqual([
      { place: 'a.mbox, mail 2', why: expect.stringContaining('more than the 16 MiB') },
    ]);
  });

  test('what decompresses to 300 MiB ends at the limit', async () => {
    const zeros = execFileSync('sh', ['-c', 'head -c 300M /dev/zero | gzip -1'], { maxBuffer: 2 ** 24 });
    await expect(readArchive(put('z.mbox.gz', zeros), signal)).rejects.toThrow('more than 256 MiB');
  });

  test.each([
    ['nothing there', 'nope', 'there is no'],
    ['an empty file', 'empty', 'there is no message'],
    ['an empty folder', 'none', 'there is no message'],
  ])('%s', async (_name, name, message) => {
    put('empty', '\n');
    mkdirSync(place('none'));
    await expect(readArchive(place(name), signal)).rejects.toThrow(message);
  });
});
