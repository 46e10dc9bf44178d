// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTrailer } from '../../src/image/archive/newc.ts';
import { membersOf, newcChunks } from '../../src/image/archive/write.ts';
import { newDraft } from '../../src/image/draft.ts';
import { addOneOfEach, bytesOf, membersIn, payloadOf, temporaryFolder, unpacked } from './fixture.ts';

const archiveOf = (payload: Parameters<typeof newcChunks>[0]) => Buffer.concat([...newcChunks(payload)]);

describe('newc archives', () => {
  const payload = payloadOf(addOneOfEach);
  const archive = archiveOf(payload);

  test('are listed and unpacked by cpio', () => {
    const listed = execFileSync('cpio', ['--list', '--quiet'], { input: archive })
      .toString('latin1')
      .trimEnd()
      .split('\n');
    expect(listed).toEqual(payload.entries.map(entry => entry.path));
    const folder = temporaryFolder();
    const names = ['home', 'home/*', 'link', 'second name', 'zeros', 'nothing', 'empty'];
    const cpio = ['-idm', '--quiet', '--no-absolute-filenames', '--no-preserve-owner', ...names];
    execFileSync('cpio', cpio, { input: archive, cwd: folder });
    expect(readFileSync(path.join(folder, 'second name'), 'utf8')).toBe('Inhalt\n');
    expect(lstatSync(path.join(folder, 'second name')).ino).toBe(
      lstatSync(path.join(folder, 'home/Größe mit Leerzeichen')).ino,
    );
    expect(readlinkSync(path.join(folder, 'link'))).toBe('home/nowhere');
    expect(lstatSync(path.join(folder, 'zeros')).size).toBe(300_000);
    expect(lstatSync(path.join(folder, 'nothing')).size).toBe(0);
  });

  test('put the content of a hard-linked file with its last name', () => {
    const linked = membersOf(payload.entries).filter(({ entry }) => entry.link);
    expect(linked.map(({ entry, nlink, hasData }) => [entry.path, nlink, hasData])).toEqual([
      [bytesOf('home/Größe mit Leerzeichen'), 2, false],
      ['second name', 2, true],
    ]);
    expect(linked[0]!.ino).toBe(linked[1]!.ino);
  });

  test('have times of 0, inode numbers in order, and end aligned behind the trailer', () => {
    const members = membersIn(archive);
    expect(new Set(members.map(({ mtime }) => mtime))).toEqual(new Set([0]));
    expect(members[0]!.ino).toBe(1);
    expect(archive.length % 4).toBe(0);
    expect(archive.subarray(-formatTrailer().length)).toEqual(formatTrailer());
  });

  test('unpack to the payload they were made from', async () => {
    const { draft, segments, dropped } = await unpacked(archive);
    const plain = (entries: typeof payload.entries) =>
      entries.map(({ content, link, ...rest }) => ({ ...rest, mtime: 0 }));
    expect(plain(draft.entries())).toEqual(plain(payload.entries));
    expect(draft.get('second name')!.link).toBe(draft.get(bytesOf('home/Größe mit Leerzeichen'))!.link);
    expect(segments).toEqual([{ offset: 0, compression: 'none', members: payload.entries.length }]);
    expect(dropped).toEqual([]);
  });

  test('give back any names, modes, owners and contents', () => {
    const name = fc
      .string({ unit: fc.integer({ min: 1, max: 255 }).map(byte => String.fromCharCode(byte)), minLength: 1 })
      .filter(text => !/[/]|^\.\.?$/.test(text));
    const number = fc.integer({ min: 0, max: 0x7fffffff });
    const file = fc.record({
      name,
      mode: fc.integer({ min: 0, max: 0o7777 }),
      uid: number,
      data: fc.uint8Array(),
    });
    const folder = temporaryFolder();
    mkdirSync(folder, { recursive: true });
    fc.assert(
      fc.property(fc.uniqueArray(file, { selector: item => item.name, maxLength: 6 }), files => {
        const draft = newDraft(folder);
        for (const { name, mode, uid, data } of files) draft.file(name, Buffer.from(data), { mode, uid });
        const entries = draft.entries();
        const members = membersIn(archiveOf({ entries, folder }));
        expect(members.map(member => [member.name, member.mode & 0o7777, member.uid])).toEqual(
          entries.map(entry => [entry.path, entry.mode & 0o7777, entry.uid]),
        );
        const contents = new Map(files.map(item => [item.name, Buffer.from(item.data)]));
        for (const member of members) expect(member.data).toEqual(contents.get(member.name));
      }),
      { numRuns: 60 },
    );
  });

  test('are refused when a file is too large for them', () => {
    const entry = { ...payload.entries.find(({ kind }) => kind === 'file')!, bytes: 2 ** 32 };
    expect(() => membersOf([entry])).toThrow(/4294967296 bytes/);
  });
});
