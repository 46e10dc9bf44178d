// SPDX-License-Identifier: GPL-2.0-only
/** One series as transports, lists and mail programs hand it on: imported, it makes the commits that it was made of. The
 *  commits are the judge, and git am where it takes the same mail. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { git } from '../../src/host/git.ts';
import { commitSeries } from '../../src/series/apply.ts';
import { importSeries, type Imported, type ImportRequest } from '../../src/series/import/import.ts';
import { readSeries } from '../../src/series/read.ts';
import { folders } from '../../src/workspace.ts';
import { discard, run } from '../tree/sample.ts';
import { type Bench, filesIn, makeBench, patchFolder, reopened, signal } from './bench.ts';

let bench: Bench;
/** Subject, author, message and tree of each commit. */
let truth: string;
let mails: string[];
let cover: string;

// Git's ISO 8601 for UTC ends in Z or in +00:00, by its version.
const tags = ['--date=raw', '--format=%s|%an <%ae>|%ad|%T|%b'];
const place = (name: string) => path.join(bench.folder, name);

/** What patches are hard to carry: renames, modes, bytes, odd names, lines that look like headers, no last newline. */
function commitOdd(clone: string): void {
  const put = (name: string, text: string | Buffer) => {
    mkdirSync(path.dirname(path.join(clone, name)), { recursive: true });
    writeFileSync(path.join(clone, name), text);
  };
  const commit = (message: string, author = 'Jörg Prüfer <joerg@example.org>') => {
    run(clone, 'git', 'add', '-A', '-f');
    run(clone, 'git', 'commit', '-q', '-m', message, '--author', author);
  };
  put('init/case.lua', '-- /etc/case.conf is read first\nlocal a = 1\nlocal b = 2\n++ ../x\n');
  put('init/with blank "and" quote.c', 'int q;\n\nint r;\n');
  put('init/dos.c', 'int d;\r\nint e;\r\n');
  put('init/bytes', Buffer.from(Array.from({ length: 600 }, (_, index) => (index * 7) % 256)));
  put('init/latin1.c', Buffer.from('/* gr\xfc\xdfe */\n', 'latin1'));
  commit(
    'init: ödd files\n\nA line with é.\n\nFrom here on it is text.\n\nSigned-off-by: Jörg Prüfer <joerg@example.org>',
  );
  put('init/case.lua', 'local a = 1\nlocal b = 2\n++ ../y\n+ + +\n');
  put('init/dos.c', 'int d;\r\nint f;\r\n');
  put('init/end.c', 'no newline at the end');
  renameSync(path.join(clone, 'init/bytes'), path.join(clone, 'init/moved'));
  chmodSync(path.join(clone, 'scripts/run.sh'), 0o644);
  commit('init: change them\n\nSigned-off-by: Jörg Prüfer <joerg@example.org>');
  rmSync(path.join(clone, 'init/with blank "and" quote.c'));
  put('init/end.c', 'no newline at the end, still');
  put('init/empty-too.c', '');
  commit(
    'init: remove some of it, with a subject that is longer than a line of a mail may be: it is folded',
    'A Developer <dev@example.org>',
  );
}

beforeAll(async () => {
  bench = await makeBench();
  run(bench.clone, 'git', 'checkout', '-q', '-b', 'odd', bench.tree.commit);
  commitOdd(bench.clone);
  const options = [
    '--cover-letter',
    '--thread=shallow',
    '-v2',
    '--from=A Developer <dev@example.org>',
    '-o',
    place('out'),
  ];
  run(bench.clone, 'git', 'format-patch', '-q', ...options, bench.tree.commit);
  truth = run(bench.clone, 'git', 'log', '--reverse', ...tags, `${bench.tree.commit}..odd`);
  const [first, ...rest] = Object.values(filesIn(place('out')));
  // A file in another encoding is no UTF-8: bytes, as latin1, from here on.
  mails = rest.map((_, index) =>
    execFileSync('cat', [path.join(place('out'), Object.keys(filesIn(place('out')))[index + 1]!)], {
      encoding: 'latin1',
    }),
  );
  cover = Buffer.from(
    first!.replace('*** SUBJECT HERE ***', 'init: odd').replace('*** BLURB HERE ***', 'Their words.'),
  ).toString('latin1');
}, 60_000);
afterAll(() => discard(bench));

interface Parts {
  readonly separator: string;
  readonly head: string;
  readonly body: string;
}
function partsOf(mail: string): Parts {
  const end = mail.indexOf('\n\n');
  const [separator, ...head] = mail.slice(0, end).split('\n');
  return { separator: separator!, head: head.join('\n'), body: mail.slice(end + 2) };
}
const join = ({ separator, head, body }: Parts) => `${separator}\n${head}\n\n${body}`;
const coded = (mail: string, encoding: string, encode: (body: string) => string): string => {
  const { head, ...rest } = partsOf(mail);
  const own = head.replace(/^(?:MIME-Version|Content-[\w-]+): .*\n?/gm, '').trimEnd();
  const mime = `MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: ${encoding}`;
  return join({ ...rest, head: `${own}\n${mime}`, body: encode(rest.body) });
};
const base64 = (text: string) =>
  Buffer.from(text, 'latin1').toString('base64').replace(/.{76}/g, '$&\n') + '\n\n';
const quoted = (text: string) =>
  text
    .replace(
      /[^\t\n\x20-\x3c\x3e-\x7e]|[ \t](?=\n)/g,
      byte => `=${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .replace(/(?:=[0-9A-F]{2}|[^=\n]){60}(?=[^\n])/g, '$&=\n');
const multipart = (mail: string, type: string, ...others: readonly string[]): string => {
  const { separator, head, body } = partsOf(mail);
  const own = head.replace(/^(?:MIME-Version|Content-[\w-]+): .*\n?/gm, '').trimEnd();
  const text = `Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n${body}`;
  const parts = [text, ...others].map(part => `--BOUND\n${part}\n`).join('');
  return join({
    separator,
    head: `${own}\nMIME-Version: 1.0\nContent-Type: ${type}; boundary="BOUND"`,
    body: `${parts}--BOUND--\n`,
  });
};
const html = (body: string) =>
  `Content-Type: text/html; charset=UTF-8\n\n<html><pre>\n${body.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</pre></html>`;
const via = (mail: string, headers: string) =>
  mail.replace(/^From: .*$/m, `From: A Developer via Linux-case <linux-case@lists.example.org>\n${headers}`);
const footer =
  '\n_______________________________________________\nlinux-case mailing list\nlinux-case@lists.example.org\n';

/** Each kind: what becomes of a mail, and whether git am takes it as it is. */
const kinds: readonly (readonly [name: string, change: (mail: string) => string, gitAm: boolean])[] = [
  ['as format-patch wrote it', mail => mail, true],
  ['quoted-printable', mail => coded(mail, 'quoted-printable', quoted), true],
  ['base64', mail => coded(mail, 'base64', base64), true],
  [
    'quoted-printable with CR LF',
    mail =>
      coded(mail, 'quoted-printable', body =>
        quoted(body.replaceAll('\n', '\r\n')).replaceAll('=0D\n', '=0D=0A=\n'),
      ),
    false,
  ],
  ['base64 with CR LF', mail => coded(mail, 'base64', body => base64(body.replaceAll('\n', '\r\n'))), false],
  [
    'base64, lines of the mail in CR LF',
    mail => coded(mail, 'base64', base64).replaceAll('\n', '\r\n'),
    true,
  ],
  ['CR LF everywhere', mail => mail.replaceAll('\n', '\r\n'), false],
  [
    'CR LF in the body',
    mail => (({ body, ...rest }) => join({ ...rest, body: body.replaceAll('\n', '\r\n') }))(partsOf(mail)),
    false,
  ],
  ["a list's footer behind it", mail => mail + footer, true],
  ["a list's footer, without the signature", mail => mail.replace(/-- \n.*\n\n$/s, footer), true],
  [
    "a list's footer as a part",
    mail => multipart(mail, 'multipart/mixed', `Content-Type: text/plain; charset="us-ascii"\n${footer}`),
    true,
  ],
  [
    'signed with PGP',
    mail =>
      multipart(
        mail,
        'multipart/signed; micalg=pgp-sha256; protocol="application/pgp-signature"',
        'Content-Type: application/pgp-signature; name="signature.asc"\n\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n',
      ),
    true,
  ],
  [
    'signed with S/MIME',
    mail =>
      multipart(
        mail,
        'multipart/signed; micalg=sha-256; protocol="application/pkcs7-signature"',
        'Content-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=smime.p7s\n\nMIAGCSqGSIb3DQEHAqCA',
      ),
    true,
  ],
  [
    'from a list that rewrites From, with Reply-To',
    mail => via(mail, 'Reply-To: A Developer <dev@example.org>'),
    false,
  ],
  [
    'from a list that rewrites From, with X-Original-From',
    mail =>
      via(mail, 'X-Original-From: A Developer <dev@example.org>\nReply-To: linux-case@lists.example.org'),
    false,
  ],
  [
    'as a file attached to it',
    mail => {
      const { separator, head } = partsOf(mail);
      const own = head.replace(/^(?:MIME-Version|Content-[\w-]+): .*\n?/gm, '').trimEnd();
      const file = `Content-Type: text/x-patch; name="a.patch"\nContent-Disposition: attachment; filename="a.patch"\nContent-Transfer-Encoding: base64\n\n${base64(mail)}`;
      return join({
        separator,
        head: `${own}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="BOUND"`,
        body: `--BOUND\nContent-Type: text/plain\n\nSee there.\n--BOUND\n${file}\n--BOUND--\n`,
      });
    },
    false,
  ],
  [
    'forwarded as an attachment',
    mail => {
      const { separator, head, body } = partsOf(mail);
      const forwarded = `${separator}\nFrom: F <f@example.org>\nSubject: Fwd: patches\nMessage-ID: <fwd-${body.length}@x>\nDate: Mon, 30 Nov 2026 09:00:00 +0000\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="OUTER"`;
      return `${forwarded}\n\n--OUTER\nContent-Type: text/plain\n\nThese.\n--OUTER\nContent-Type: message/rfc822\n\n${head}\n\n${body}\n--OUTER--\n`;
    },
    false,
  ],
];

let count = 0;
const take = async (where: string, more: Partial<ImportRequest> = {}) => {
  const name = `s${++count}`;
  const product = await productOf(importSeries(bench.workspace, { place: where, name, ...more }, signal));
  if (product.kind !== 'imported') throw new Error(product.attempts[0]!.details);
  return product;
};
async function commitsOf({ series }: Imported): Promise<string> {
  const workspace = reopened(bench);
  const commits = await productOf(
    commitSeries(workspace, bench.tree, await readSeries(workspace, series), signal),
  );
  if ('kind' in commits) throw new Error(commits.details);
  const range = `${bench.tree.commit}..${commits.at(-1)}`;
  return (await git(folders.repository(workspace), ['log', '--reverse', ...tags, range], signal)).trim();
}

describe('the commits are what they were', () => {
  test.each(kinds)('%s', async (name, change, gitAm) => {
    const file = place(`${name.replace(/\W+/g, '-')}.mbox`);
    const changed = mails.map(mail => {
      const text = change(mail);
      expect(name === 'as format-patch wrote it' ? mail : text).not.toBe(
        name === 'as format-patch wrote it' ? '' : mail,
      );
      return text;
    });
    writeFileSync(file, [cover, ...changed].join('\n'), 'latin1');
    const imported = await take(file);
    expect(await commitsOf(imported)).toBe(truth);
    expect(imported.setAside).toEqual([]);
    expect(imported.mails).toHaveLength(4);
    run(bench.clone, 'git', 'checkout', '-q', '-B', 'judge', bench.tree.commit);
    const patches = place('am.mbox');
    writeFileSync(patches, changed.join('\n'), 'latin1');
    const applies = (() => {
      try {
        run(bench.clone, 'git', 'am', '-q', '--keep-cr', patches);
        return run(bench.clone, 'git', 'log', '--reverse', ...tags, `${bench.tree.commit}..judge`) === truth;
      } catch {
        run(bench.clone, 'git', 'am', '--abort');
        return false;
      }
    })();
    // Where git am has it right, so have we; that it has it wrong is why there is a kind.
    expect(applies).toBe(gitAm);
  });

  test('attached by git format-patch itself, and inline', async () => {
    for (const how of ['--attach', '--inline']) {
      const out = place(`git${how}`);
      run(
        bench.clone,
        'git',
        'format-patch',
        '-q',
        how,
        '--from=A Developer <dev@example.org>',
        '-o',
        out,
        `${bench.tree.commit}..odd`,
      );
      expect(await commitsOf(await take(out))).toBe(truth);
    }
  });

  test('with the same text in HTML beside it', async () => {
    // Without the file in another encoding, which no HTML can hold.
    run(bench.clone, 'git', 'checkout', '-q', '-B', 'plain', bench.tree.commit);
    writeFileSync(path.join(bench.clone, 'init/version.c'), 'const char *version = "<&>";\n');
    run(bench.clone, 'git', 'commit', '-q', '-a', '-m', 'init: other vérsion');
    const text = run(bench.clone, 'git', 'format-patch', '-1', '--stdout');
    const mail = multipart(
      Buffer.from(`${text}\n\n`).toString('latin1'),
      'multipart/alternative',
      html(text.split('\n\n').slice(1).join('\n\n')),
    );
    writeFileSync(place('both.mbox'), mail, 'latin1');
    const own = run(bench.clone, 'git', 'log', '-1', ...tags);
    expect(await commitsOf(await take(place('both.mbox')))).toBe(own);
    const only = mail.replace(/--BOUND\nContent-Type: text\/plain.*?(?=--BOUND\n)/s, '');
    writeFileSync(place('only.mbox'), only, 'latin1');
    await expect(take(place('only.mbox'))).rejects.toThrow(
      "only.mbox: '[PATCH] init: other vérsion' cannot be read: it is HTML only",
    );
  });

  test('from an archive that hides addresses', async () => {
    const [author, message] = [
      'dev at example.org (A Developer)',
      'Signed-off-by: A Developer <dev at example.org>',
    ];
    run(bench.clone, 'git', 'checkout', '-q', '-B', 'plain', bench.tree.commit);
    writeFileSync(path.join(bench.clone, 'init/version.c'), 'const char *version = "p";\n');
    run(bench.clone, 'git', 'commit', '-q', '-a', '-s', '-m', 'init: piper');
    const text = run(bench.clone, 'git', 'format-patch', '-1', '--stdout');
    const hidden = text
      .replace(/^From \S+/, 'From dev at example.org ')
      .replace('Mon Sep 17 00:00:00 2001', 'Mon Nov 30 09:00:00 2026')
      .replace(/^From: .*$/m, `From: ${author}`)
      .replace(/^Signed-off-by: .*$/m, message);
    writeFileSync(place('piper.mbox'), `${hidden}\n`);
    expect(await commitsOf(await take(place('piper.mbox')))).toBe(
      run(bench.clone, 'git', 'log', '-1', ...tags),
    );
  });
});

describe('what cannot be read', () => {
  test.each([
    [
      'a line that was wrapped',
      (mail: string) => mail.replace('local b = 2\n', 'local b =\n 2\n'),
      'cannot be read: git: corrupt patch',
    ],
    [
      'a hunk that was cut off',
      (mail: string) => mail.slice(0, mail.indexOf('@@ -') + 30),
      'cannot be read: git: corrupt patch',
    ],
  ])('%s is named with its subject', async (_name, change, message) => {
    writeFileSync(place('bad.mbox'), [cover, mails[0], change(mails[1]!), mails[2]].join('\n'), 'latin1');
    const taking = take(place('bad.mbox'));
    await expect(taking).rejects.toThrow(message);
    await expect(taking).rejects.toThrow("bad.mbox, mail 3: '[PATCH v2 2/3] init: change them'");
  });

  test('a mail beside the series is named, the series is taken, and the exit code says so', async () => {
    const deep = Array.from(
      { length: 40 },
      (_, n) => `Content-Type: multipart/mixed; boundary="b${n}"\n\n--b${n}\n`,
    ).join('');
    const bad = `From a@b Mon Nov 30 09:00:00 2026\nFrom: B <b@example.org>\nSubject: Re: x\nMessage-ID: <deep@x>\n${deep}`;
    writeFileSync(place('beside.mbox'), [cover, bad, ...mails].join('\n'), 'latin1');
    const imported = await take(place('beside.mbox'));
    expect(await commitsOf(imported)).toBe(truth);
    expect(imported.setAside).toEqual([
      { place: 'beside.mbox, mail 2', why: expect.stringMatching(/nesting depth/i) },
    ]);
    const { seriesImport } = await import('../../src/commands/series-import.ts');
    expect(seriesImport.exitCode!(imported)).toBe(1);
    expect(seriesImport.text(imported, 80).join('\n')).toContain('not read: beside.mbox, mail 2: ');
  });
});

test('a quilt series in its order, with the headers of a distribution', async () => {
  const top = place('debian/patches');
  mkdirSync(path.join(top, 'bugfix'), { recursive: true });
  const put = (name: string, text: string) => writeFileSync(path.join(top, name), text);
  put(
    'z.patch',
    `Description: init: say z\n It is better.\n .\n Much.\nAuthor: Jörg <joerg@example.org>\nBug: https://bugs.example.org/1\nLast-Update: 2026-11-30\n---\nThis patch header follows DEP-3\nIndex: linux/init/version.c\n===================================================================\n--- linux.orig/init/version.c\n+++ linux/init/version.c\n@@ -1 +1 @@\n-const char *version = "a";\n+const char *version = "z";\n`,
  );
  put(
    'bugfix/a.patch',
    '--- init/version.c\t2026-01-01\n+++ init/version.c\t2026-01-02\n@@ -1 +1 @@\n-const char *version = "z";\n+const char *version = "y";\n',
  );
  put(
    'm.patch',
    'From: M <m@example.org>\nSubject: [PATCH 7/9] init: back\n\n--- a/init/version.c\n+++ b/init/version.c\n@@ -1 +1 @@\n-const char *version = "z";\n+const char *version = "y";\n',
  );
  put('series', 'z.patch\nbugfix/a.patch -p0\nm.patch -R # wrong there\n');
  const imported = await take(place('debian/patches'));
  const log = await commitsOf(imported);
  expect(log.replace(/\|[0-9a-f]{40}\|/g, '|')).toBe(
    [
      'init: say z|Jörg <joerg@example.org>|1795996800 +0000|It is better.\n\nMuch.\n\nBug: https://bugs.example.org/1\n',
      'a|initbench <initbench@localhost>|946684800 +0000|',
      'init: back|M <m@example.org>|946684800 +0000|',
    ].join('\n'),
  );
  expect(imported.notes).toEqual(["bugfix/a.patch: '[PATCH] a' names no author"]);
});

test('--link adds the mail of each patch; what a sender wrote below --- stays', async () => {
  const noted = mails.map((mail, index) =>
    index === 1 ? mail.replace('\n---\n', '\n---\nv2: all of it\n\n') : mail,
  );
  writeFileSync(place('noted.mbox'), [cover, ...noted].join('\n'), 'latin1');
  const plain = await take(place('noted.mbox'));
  expect(await commitsOf(plain)).toBe(truth);
  const file = filesIn(patchFolder(bench.workspace, plain.series))['0002-init-change-them.patch']!;
  expect(file).toContain('\n---\nv2: all of it\n\n init/');
  const linked = await take(place('noted.mbox'), { link: true });
  const id = linked.mails[2]!.messageId;
  expect(await commitsOf(linked)).toContain(
    `Signed-off-by: Jörg Prüfer <joerg@example.org>\nLink: https://patch.msgid.link/${id}`,
  );
});
