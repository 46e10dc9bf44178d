// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { addTar, makeInitrd } from '../../src/image/debian/initrd.ts';
import {
  mmdebstrapArgv,
  modeFor,
  archiveOf,
  parseCodename,
  parseIndexTargets,
} from '../../src/image/debian/packages.ts';
import { newDraft } from '../../src/image/draft.ts';
import { findExecutable } from '../../src/image/init.ts';
import { parseTar } from '../../src/image/tar.ts';
import { temporaryFolder } from './fixture.ts';

const long = `${'long-name-'.repeat(15)}/${'and-longer-'.repeat(12)}`;

function archive(...options: string[]): Buffer {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, path.dirname(long)), { recursive: true });
  writeFileSync(path.join(folder, long), 'content\n', { mode: 0o640 });
  linkSync(path.join(folder, long), path.join(folder, 'zlink'));
  symlinkSync(`/${long}`, path.join(folder, 'symlink'));
  execFileSync('mkfifo', [path.join(folder, 'fifo')]);
  const owner = ['--owner=:123456', '--group=:7', '--mtime=@1000000000', '--sort=name'];
  return execFileSync('tar', ['-c', ...options, ...owner, '.'], { cwd: folder });
}

describe('parseTar()', () => {
  test.each([['gnu'], ['posix'], ['pax']])('reads what tar --format=%s writes', format => {
    const members = [...parseTar(archive(`--format=${format}`), 'x')];
    const byPath = new Map(members.map(member => [member.path, member]));
    expect(byPath.get(long)).toMatchObject({ kind: 'file', mode: 0o640, uid: 123456, gid: 7, mtime: 1e9 });
    expect(byPath.get(long)!.data.toString()).toBe('content\n');
    expect(byPath.get('zlink')).toMatchObject({ kind: 'link', target: long });
    expect(byPath.get('symlink')).toMatchObject({ kind: 'symlink', target: `/${long}` });
    expect(byPath.get('fifo')!.kind).toBe('fifo');
    expect(byPath.get('')!.kind).toBe('dir');
  });

  test('names the offset of damage', () => {
    const good = archive('--format=gnu');
    const bad = Buffer.from(good);
    bad[3]! ^= 1;
    expect(() => [...parseTar(bad, 'x.tar')]).toThrow(/x\.tar: a header with a wrong checksum at offset 0/);
    expect(() => [...parseTar(good.subarray(0, 1400), 'x.tar')]).toThrow(
      /past the end at offset|no end of the archive at offset/,
    );
  });
});

describe('the payload debian', () => {
  test('takes the sources of the release from apt', () => {
    const printed = [
      'http://mirror/debian/|bookworm|bookworm|main|$(SIGNED_BY)',
      'http://mirror/debian/|bookworm|bookworm|contrib|$(SIGNED_BY)',
      'http://mirror/debian/|bookworm-updates|bookworm-updates|main|/usr/share/keyrings/x.gpg',
      'http://mirror/debian/|bookworm-backports|bookworm-backports|main|$(SIGNED_BY)',
      'http://elsewhere/|nodistro|nodistro|main|$(SIGNED_BY)',
    ].join('\n');
    expect(parseIndexTargets(printed, 'bookworm')).toEqual([
      'deb [signed-by=/usr/share/keyrings/x.gpg] http://mirror/debian/ bookworm-updates main',
      'deb http://mirror/debian/ bookworm main',
    ]);
    expect(parseIndexTargets('', 'bookworm')).toEqual([]);
    expect(parseCodename('ID=debian\nVERSION_CODENAME=trixie\n')).toBe('trixie');
  });

  test('takes those of sid where the release is not out yet', () => {
    const printed = 'http://mirror/debian/|sid|sid|main|$(SIGNED_BY)';
    expect(archiveOf(printed, 'forky')).toEqual({
      release: 'sid',
      sources: ['deb http://mirror/debian/ sid main'],
    });
    const both = `${printed}\nhttp://mirror/debian/|testing|forky|main|$(SIGNED_BY)`;
    expect(archiveOf(both, 'forky')).toEqual({
      release: 'forky',
      sources: ['deb http://mirror/debian/ testing main'],
    });
    expect(archiveOf('http://mirror/debian/|trixie|trixie|main|$(SIGNED_BY)', 'forky')).toBeUndefined();
  });

  test('is unpacked as root, or with subordinate ids', () => {
    expect(modeFor(0, 'root', '')).toBe('root');
    expect(modeFor(1000, 'ada', 'ada:100000:65536\n')).toBe('unshare');
    expect(modeFor(1000, 'ada', '1000:100000:65536\n')).toBe('unshare');
    expect(modeFor(1000, 'ada', 'bob:100000:65536\n')).toBeUndefined();
    expect(
      mmdebstrapArgv('unshare', { release: 'bookworm', sources: ['deb x'] }, ['udev', 'bash'], 'T'),
    ).toEqual([
      ...['mmdebstrap', '--mode=unshare', '--variant=extract', '--format=tar'],
      ...['--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr', '--extract-hook=/sbin/ldconfig -r "$1"'],
      ...['--include=udev,bash', 'bookworm', 'T', 'deb x'],
    ]);
  });

  test('becomes an initrd: systemd as /init, a target of its own, no documentation', () => {
    const folder = temporaryFolder();
    const tree = path.join(folder, 'tree');
    for (const at of [
      'usr/lib/systemd/system',
      'usr/share/doc/x',
      'usr/share/base-passwd',
      'etc',
      'dev',
      'proc',
    ]) {
      mkdirSync(path.join(tree, at), { recursive: true });
    }
    writeFileSync(path.join(tree, 'usr/lib/systemd/systemd'), 'ELF', { mode: 0o755 });
    writeFileSync(path.join(tree, 'usr/lib/os-release'), 'ID=debian\n');
    writeFileSync(path.join(tree, 'usr/share/base-passwd/passwd.master'), 'root:x:0:0::/root:/bin/sh\n');
    writeFileSync(path.join(tree, 'usr/share/doc/x/copyright'), '');
    const draft = newDraft(path.join(folder, 'draft'));
    addTar(draft, execFileSync('tar', ['-c', '.'], { cwd: tree }), 'x');
    makeInitrd(draft, Buffer.from('MARK'));
    expect(findExecutable(draft, 'init')).toBeUndefined();
    expect(findExecutable(draft, 'usr/lib/initbench/mark')).toBeUndefined();
    const units = 'usr/lib/systemd/system';
    const markers = {
      'initrd.target': 'initbench-initrd',
      'initrd-switch-root.target': 'initbench-switch-root',
    };
    for (const [target, unit] of Object.entries(markers)) {
      expect(draft.get(`${units}/${target}.wants/${unit}.service`)!.target).toBe(`../${unit}.service`);
      const text = readFileSync(
        path.join(draft.folder, draft.get(`${units}/${unit}.service`)!.content!),
        'utf8',
      );
      expect(text).toContain(`Requires=${target}\nAfter=${target}\n`);
      expect(text).toContain('ExecStart=/usr/lib/initbench/mark ');
    }
    const paths = draft.entries().map(entry => entry.path);
    expect(paths).toEqual(
      expect.arrayContaining(['etc/initrd-release', 'etc/machine-id', 'etc/passwd', 'dev/console']),
    );
    expect(paths.filter(at => at.startsWith('usr/share/doc'))).toEqual([]);
    expect(new Set(draft.entries().map(({ mtime }) => mtime))).toEqual(new Set([0]));
  });
});
