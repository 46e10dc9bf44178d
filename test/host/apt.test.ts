// SPDX-License-Identifier: GPL-2.0-only
/** The host's archive as it is configured, in both formats, and the private configuration made from it. */
import { expect, test } from 'vitest';
import {
  formatAptConf,
  formatDeb822,
  parseDeb822,
  parseDownloadPercent,
  parsePrintedUri,
  parseSourcesList,
  sourcesFor,
} from '../../src/host/apt.ts';

const deb822 = `# comment
Types: deb deb-src
# Suites: not these
URIs: http://archive.test/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://archive.test/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF==
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: http://off.test/
Suites: bookworm
Components: main

Types: deb-src
URIs: http://src.test/
Suites: bookworm
Components: main
`;

test('parseDeb822() keeps active binary sources, whole keys included', () => {
  const sources = parseDeb822(deb822);
  expect(sources).toHaveLength(2);
  expect(sources[0]).toEqual({
    uris: ['http://archive.test/debian'],
    suites: ['bookworm', 'bookworm-updates'],
    components: ['main', 'contrib'],
    signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg',
  });
  expect(sources[1]!.signedBy).toContain('-----END PGP PUBLIC KEY BLOCK-----');
});

test('parseSourcesList() reads one-line entries', () => {
  const text = `# deb http://off.test/ x main
deb [arch=amd64 signed-by=/k.gpg] http://archive.test/debian bookworm main contrib # why
deb-src http://archive.test/debian bookworm main
deb http://archive.test/debian-security bookworm-security main
`;
  expect(parseSourcesList(text)).toEqual([
    {
      uris: ['http://archive.test/debian'],
      suites: ['bookworm'],
      components: ['main', 'contrib'],
      signedBy: '/k.gpg',
    },
    { uris: ['http://archive.test/debian-security'], suites: ['bookworm-security'], components: ['main'] },
  ]);
});

test("the host's own suite comes with its security and updates, and with nothing but main", () => {
  const found = sourcesFor('bookworm', 'bookworm', parseDeb822(deb822));
  expect(found.map(({ suites, components }) => ({ suites, components }))).toEqual([
    { suites: ['bookworm', 'bookworm-updates'], components: ['main'] },
    { suites: ['bookworm-security'], components: ['main'] },
  ]);
});

test("another suite is asked of the host's own archive, with its keyring", () => {
  const found = sourcesFor('trixie-backports', 'bookworm', parseDeb822(deb822));
  expect(formatDeb822(found)).toBe(`Types: deb
URIs: http://archive.test/debian
Suites: trixie-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`);
  expect(parseDeb822(formatDeb822(found))).toEqual(found);
});

test.each([
  // A host of sid: os-release says forky, the sources sid.
  ['deb http://archive.test/debian sid main', 'forky', 'http://archive.test/debian'],
  ['deb http://archive.test/debian/ unstable main', 'forky', 'http://archive.test/debian/'],
  ['deb http://archive.test/debian stable main', 'trixie', 'http://archive.test/debian'],
  ['deb http://archive.test/deb stable main', 'trixie', undefined],
  [
    'deb http://other.test/debian sid main\ndeb http://archive.test/debian trixie main',
    'trixie',
    'http://archive.test/debian',
  ],
])('%s, on a host of %s: another suite is asked of %s', (list, codename, uri) => {
  const found = sourcesFor('trixie-backports', codename, parseSourcesList(list));
  expect(found).toEqual(
    uri === undefined ? [] : [{ uris: [uri], suites: ['trixie-backports'], components: ['main'] }],
  );
});

test('a key written out survives', () => {
  const found = sourcesFor('bookworm-security', 'bookworm', parseDeb822(deb822));
  expect(parseDeb822(formatDeb822(found))).toEqual(found);
});

test('a host without a Debian archive has no source', () => {
  expect(sourcesFor('trixie', 'noble', parseDeb822(deb822))).toEqual([]);
});

test('formatAptConf() keeps state, cache and sources apart and runs no hook', () => {
  expect(formatAptConf('/s')).toMatchInlineSnapshot(`
    "Dir::Etc::sourcelist "/s/private.sources";
    Dir::Etc::sourceparts "-";
    Dir::State::Lists "/s/lists";
    Dir::State::status "/dev/null";
    Dir::Cache "/s/cache";
    APT::Sandbox::User "root";
    APT::Status-Fd "1";
    APT::Update::Error-Mode "any";
    Acquire::Languages "none";
    #clear APT::Update::Pre-Invoke;
    #clear APT::Update::Post-Invoke;
    #clear APT::Update::Post-Invoke-Success;
    "
  `);
});

test('what apt-get prints of a download', () => {
  expect(parseDownloadPercent('dlstatus:1:45.2000:Retrieving file 1 of 1')).toBe(45.2);
  expect(parseDownloadPercent('Get:1 http://archive.test x')).toBeUndefined();
  expect(parsePrintedUri("'http://a.test/l_7%7e1_all.deb' l_7~1_all.deb 166780612 SHA256:70\n")).toEqual({
    file: 'l_7~1_all.deb',
    bytes: 166780612,
  });
});
