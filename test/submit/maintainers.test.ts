// SPDX-License-Identifier: GPL-2.0-only
/** What get_maintainer.pl prints, to the last line: names with parentheses, commas and quotes, lists, roles. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMaintainers } from '../../src/submit/maintainers.ts';
import {
  formatRecipients,
  joinRecipients,
  mergeRecipients,
  parseRecipients,
} from '../../src/submit/recipients.ts';

/** As the script's format_email() and escape_name() do. */
function printed(name: string, email: string, role: string): string {
  const quoted = /[^A-Za-z0-9_ -]/.test(name) ? `"${name.replace(/(?<!\\)"/g, '\\"')}"` : name;
  return `${name === '' ? email : `${quoted} <${email}>`} (${role})`;
}

/** Through the recipients file and back. */
const kept = (text: string) => {
  const { found, unread } = parseMaintainers(text, 1);
  const file = formatRecipients(mergeRecipients({ list: [] }, joinRecipients(found), 'abcdef012345', unread));
  return parseRecipients(file, 'recipients');
};

describe('a line', () => {
  test.each([
    ['A <a@x.org> (maintainer:INIT)', 'to', 'A', 'a@x.org'],
    ['"A Maintainer (Company)" <a@x.org> (maintainer:INIT)', 'to', 'A Maintainer (Company)', 'a@x.org'],
    ['"Hung Hing Lun, Mike" <m@x.org> (maintainer:INIT)', 'to', 'Hung Hing Lun, Mike', 'm@x.org'],
    [
      '"H. Peter Anvin" <h@x.org> (maintainer:X86 ARCHITECTURE (32-BIT AND 64-BIT))',
      'to',
      'H. Peter Anvin',
      'h@x.org',
    ],
    ['"A \\"B\\" C" <a@x.org> (reviewer:INIT)', 'to', 'A "B" C', 'a@x.org'],
    ['"Onur Özkan" <o@x.org> (reviewer:RUST (X), Y)', 'to', 'Onur Özkan', 'o@x.org'],
    ['"Theodore Ts\'o" <t@x.org> (maintainer:EXT4 FILE SYSTEM)', 'to', "Theodore Ts'o", 't@x.org'],
    ['x86@x.org (maintainer:X86)', 'to', '', 'x86@x.org'],
    ['l@x.org (open list)', 'cc', '', 'l@x.org'],
    ['l@x.org (open list:FILESYSTEMS (VFS and infrastructure))', 'cc', '', 'l@x.org'],
    ['l@x.org (moderated list:ARM64 PORT (AARCH64 ARCHITECTURE))', 'cc', '', 'l@x.org'],
    ['l@x.org (subscriber list:INIT)', 'cc', '', 'l@x.org'],
    ['A <a@x.org> (maintainer:LIST KUNIT TEST)', 'to', 'A', 'a@x.org'],
    ['A <a@x.org> (commit_signer:1/2=50%,authored:1/2=50%)', 'to', 'A', 'a@x.org'],
    ['A <a@x.org> (in file)', 'to', 'A', 'a@x.org'],
    ['A <a@x.org>', 'to', 'A', 'a@x.org'],
  ])('%s', (line, kind, name, email) => {
    expect(parseMaintainers(`${line}\n`, 1)).toMatchObject({
      found: [{ kind, address: { name, email } }],
      unread: [],
    });
    expect(kept(line).list).toMatchObject([{ kind, address: { name, email } }]);
  });

  test('that names no address stays as it is, in the file, too, until somebody removes it', () => {
    const text =
      'A <a@x.org> (maintainer:INIT)\ngit git://git.example.org/x.git\nMaintained\n"Broken <b@x.org> (reviewer:X)\n';
    const { list, unread } = kept(text);
    expect(list).toHaveLength(1);
    expect(unread).toEqual([
      'git git://git.example.org/x.git',
      'Maintained',
      '"Broken <b@x.org> (reviewer:X)',
    ]);
  });

  test('with any name and any section is a recipient', () => {
    const name = fc
      .string({ unit: fc.constantFrom(...'aZ9 ()[],;:.\'"\\#@<>éÖ漢-_/&+'), minLength: 1, maxLength: 24 })
      .map(text => text.replace(/\\/g, '').replace(/ +/g, ' ').trim())
      .filter(text => text !== '' && !/^"|"$/.test(text));
    const role = fc
      .string({ unit: fc.constantFrom(...'AB ()[],;:."#@<>é-/&+'), maxLength: 40 })
      .map(text => text.trim());
    const part = fc.string({ unit: fc.constantFrom(...'az09.+_-'), minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(
        name,
        part,
        fc.constantFrom('maintainer', 'reviewer', 'open list', 'moderated list'),
        role,
        (who, user, kind, section) => {
          const email = `a${user}z@example.org`;
          const line = printed(kind.endsWith('list') ? '' : who, email, `${kind}:${section}`);
          const { list, unread } = kept(line);
          expect(unread).toBeUndefined();
          expect(list).toMatchObject([{ kind: kind.endsWith('list') ? 'cc' : 'to', address: { email } }]);
          if (!kind.endsWith('list')) expect(list[0]!.address.name).toBe(who);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test('every line that the script printed for files of Linux 7.3 is a recipient', () => {
  const text = readFileSync('test/fixtures/mail/get_maintainer.txt', 'utf8');
  const lines = text.split('\n').filter(Boolean);
  expect(lines.length).toBeGreaterThan(50);
  const { found, unread } = parseMaintainers(text, 1);
  expect(unread).toEqual([]);
  expect(found).toHaveLength(lines.length);
  const emails = new Set(lines.map(line => /[^\s<"]+@[^\s>"]+/.exec(line)![0].toLowerCase()));
  expect(new Set(kept(text).list.map(({ address }) => address.email.toLowerCase()))).toEqual(emails);
});
