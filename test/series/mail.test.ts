// SPDX-License-Identifier: GPL-2.0-only
/** What a patch file says of itself: subjects as git writes them, files counted in the diff. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cleanMessage } from '../../src/series/apply.ts';
import { diffstatOf } from '../../src/series/diffstat.ts';
import { decodeWords, parseMail, stripPrefixes, stripSignature } from '../../src/series/mail.ts';

test('parseMail() unfolds and decodes the subject', () => {
  const mail = parseMail(
    'From 0000 Mon Sep 17 00:00:00 2001\nFrom: a <a@b>\nSubject: [RFC PATCH 01/10] erofs: register the\n file system\nDate: x\n\nBody\n\nSubject: not this\n',
  );
  expect(mail).toEqual({
    subject: '[RFC PATCH 01/10] erofs: register the file system',
    body: 'Body\n\nSubject: not this\n',
  });
  expect(parseMail('Subject: =?UTF-8?q?s=C3=BCb:=20j=C3=A9?=\n =?UTF-8?q?cts?=\n\n').subject).toBe(
    'süb: jécts',
  );
});

test('decodeWords() reads both encodings and leaves what it does not know', () => {
  expect(decodeWords('=?utf-8?B?w7w=?= and =?ISO-8859-1?Q?=FC_x?=')).toBe('ü and ü x');
  expect(decodeWords('=?no-such-charset?q?x?=')).toBe('=?no-such-charset?q?x?=');
});

test.each([
  ['[PATCH v2 3/9] erofs: x', 'erofs: x'],
  ['[RFC] [PATCH] x [y]', 'x [y]'],
  ['Re: [PATCH] x', 'x'],
  ['x', 'x'],
])('stripPrefixes(%s)', (subject, stripped) => {
  expect(stripPrefixes(subject)).toBe(stripped);
});

test('stripSignature() takes away what git adds, and nothing that ends like a context line', () => {
  expect(stripSignature(' \n-- \n2.39.5\n\n')).toBe(' \n');
  expect(stripSignature('text\n-- more\n')).toBe('text\n-- more\n');
});

const patch = `Body
---
 f | 5 +++--

diff --git a/bin b/bin
index bdc955b..8835708 100644
GIT binary patch
literal 2
JcmZQz0ssI600RI3

literal 2
JcmZQz1ONa700IC2

diff --git a/empty b/empty
new file mode 100644
index 0000000..e69de29
diff --git a/f b/f
old mode 100755
new mode 100644
index de98044..1613a35
--- a/f
+++ b/f
@@ -1,3 +1,4 @@
 a
-b
-c
+--- b
++++ c
+d
diff --git a/gone b/gone
deleted file mode 100644
index 286c5f5..0000000
--- a/gone
+++ /dev/null
@@ -1 +0,0 @@
-gone
diff --git a/old.c b/new.c
similarity index 100%
rename from old.c
rename to new.c
diff --git a/nonl b/nonl
new file mode 100644
index 0000000..1a9d148
--- /dev/null
+++ b/nonl
@@ -0,0 +1,2 @@
+nonl
+x
\\ No newline at end of file
-- 
2.39.5
`;

describe('diffstatOf()', () => {
  test('counts lines, not what looks like a header', () => {
    expect(diffstatOf(patch)).toEqual([
      { path: 'bin', added: 0, removed: 0 },
      { path: 'empty', added: 0, removed: 0 },
      { path: 'f', added: 3, removed: 2 },
      { path: 'gone', added: 0, removed: 1 },
      { path: 'new.c', added: 0, removed: 0 },
      { path: 'nonl', added: 2, removed: 0 },
    ]);
  });
  test('a last context line that is empty counts as a line', () => {
    const text = 'diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,2 +1,3 @@\n x\n+y\n \n-- \n2.39.5\n';
    expect(diffstatOf(text)).toEqual([{ path: 'f', added: 1, removed: 0 }]);
  });
  test('a mail without a diff touches nothing', () => {
    expect(diffstatOf('hello\n')).toEqual([]);
  });
});

test('cleanMessage() leaves of any text what git stripspace does', () => {
  const line = fc.array(fc.constantFrom(' ', '\t', '\r', '\v', '\u00a0', 'a', 'é', '#'), { maxLength: 6 });
  const text = fc.array(line, { maxLength: 8 }).map(lines => lines.map(each => each.join('')).join('\n'));
  let compared = 0;
  fc.assert(
    fc.property(text, input => {
      const own = execFileSync('git', ['stripspace'], { input, encoding: 'utf8' });
      // Of nothing git makes nothing; a message is a line at least.
      expect(cleanMessage(input)).toBe(own || '\n');
      compared++;
    }),
    { numRuns: process.env.INITBENCH_TEST_ALL === '1' ? 1000 : 40, seed: 1 },
  );
  expect(compared).toBeGreaterThanOrEqual(40);
  const long = `${' '.repeat(1_000_000)}x`;
  expect(cleanMessage(long)).toBe(`${long}\n`);
});
