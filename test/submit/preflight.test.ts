// SPDX-License-Identifier: GPL-2.0-only
/** What blocks a posting, and what is only said. */
import { expect, test } from 'vitest';
import { blocking, type Facts, formatPreflight, preflightOf } from '../../src/submit/preflight.ts';

const git = { kind: 'git', location: '/src/linux' } as const;
const debian = { kind: 'debian', package: 'linux-source-7.3' } as const;
const address = { name: 'M', email: 'm@example.org' };
const good: Facts = {
  ...{ series: 'mine', version: 1, patches: 3, authorless: 0, signoff: true, openComments: 0 },
  ...{ cover: { subject: 'three changes', own: 'Why.' }, staleTrailers: [], findings: [], waived: 0 },
  recipients: [{ kind: 'to', address, patches: 'all', reason: '' }],
  unreadRecipients: [],
  base: { name: 'k', version: '7.3.4', source: git },
  check: { fresh: true, text: 'checked' },
  boots: { fresh: true, text: 'booted' },
};
const blocked = (facts: Partial<Facts>) => blocking(preflightOf({ ...good, ...facts })).map(item => item.id);
const { cover: _, ...coverless } = good;

test('a series that is ready is ready', () => {
  expect(blocked({})).toEqual([]);
  expect(blocking(preflightOf({ ...coverless, patches: 1 }))).toEqual([]);
});

test.each<[string, Partial<Facts>]>([
  ['cover', { cover: { subject: '*** SUBJECT HERE ***', own: 'x' } }],
  ['changes', { version: 2 }],
  ['author', { authorless: 1 }],
  ['checks', { check: { fresh: false, text: 'stale' } }],
  ['boots', { boots: { fresh: false, text: 'stale' } }],
  ['checkpatch', { findings: [{ level: 'check', type: 'LONG_LINE', text: 'long' }] }],
  ['recipients', { recipients: [] }],
  ['recipients', { recipients: [{ kind: '-', address, patches: 'all', reason: '' }] }],
  ['comments', { openComments: 1 }],
  ['base', { base: { name: 'k', version: '7.3.4', source: debian } }],
])('%s blocks', (id, facts) => expect(blocked(facts)).toEqual([id]));

test('each finding has a line of its own, with the place an editor goes to', () => {
  const findings = [
    { level: 'warning', type: 'LONG_LINE', file: 'fs/erofs/super.c', line: 12, text: 'line length' },
    { level: 'error', type: 'TYPO', file: '0001-x.patch', text: 'a word' },
  ] as const;
  const lines = formatPreflight(preflightOf({ ...good, findings, waived: 1 }));
  const at = lines.findIndex(line => /^STALE checkpatch +2 findings but for 1 waived findings$/.test(line));
  expect(lines.slice(at + 1, at + 3).map(line => line.trim())).toEqual([
    'fs/erofs/super.c:12: LONG_LINE: line length',
    '0001-x.patch: TYPO: a word',
  ]);
});

test('a base nobody can fetch is enough where the cover letter names it', () => {
  const base = { name: 'k', version: '7.3.4', source: debian };
  expect(blocked({ base, cover: { subject: 's', own: 'Applies to linux-source-7.3 (7.3.4).' } })).toEqual([]);
});

test('no signature, waived findings, many patches and tags that were lost are said', () => {
  const items = preflightOf({
    ...good,
    signoff: false,
    waived: 2,
    patches: 16,
    staleTrailers: ['[4] Acked-by: A on x'],
  });
  expect(items.filter(item => item.state === 'note').map(item => item.id)).toEqual([
    'author',
    'trailers',
    'size',
  ]);
  expect(formatPreflight(items).join('\n')).toMatch(
    /ok {4}checkpatch +clean on every mail, without looking for signatures but for 2 waived findings/,
  );
});

test('what is not ready stands with what to do about it', () => {
  expect(formatPreflight(preflightOf({ ...good, version: 2 })).join('\n')).toMatch(
    /STALE changes +does not tell the changes in v2\n +add a section 'Changes in v2:' to patches\/mine\/0000-cover-letter.patch; .* --changes drafts it/,
  );
});
