// SPDX-License-Identifier: GPL-2.0-only
/** Debian's packages through a stand-in apt: fetched once, kept, and what is said when they are gone. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { NoLongerOffered } from '../../src/host/debian.ts';
import type { UserError } from '../../src/host/errors.ts';
import { exitCodes } from '../../src/host/errors.ts';
import { fetchDebianSource, unpackDebianSource } from '../../src/tree/debian.ts';
import { parseDebianSource } from '../../src/tree/source.ts';
import type { TreeSource } from '../../src/tree/tree.ts';
import { collect, discard, makeSample, run, type Sample } from './sample.ts';
import { putBack } from '../variables.ts';

const { signal } = new AbortController();
const saved = { ...process.env };
const hasDpkg = existsSync('/usr/bin/dpkg-deb');
let sample: Sample;
let archive: string;
let etc: string;

beforeEach(() => {
  sample = makeSample();
  archive = path.join(sample.folder, 'archive');
  etc = path.join(sample.folder, 'etc');
  mkdirSync(path.join(etc, 'apt', 'sources.list.d'), { recursive: true });
  writeFileSync(
    path.join(etc, 'os-release'),
    'ID=debian\nPRETTY_NAME="Debian 12"\nVERSION_CODENAME=bookworm\n',
  );
  writeFileSync(
    path.join(etc, 'apt', 'sources.list'),
    'deb [signed-by=/k.gpg] http://archive.test bookworm main\n',
  );
  offer('bookworm', 'linux-source-6.12', '6.12.117-1~deb12u1');
  offer('trixie-backports', 'linux-source-7.3', '7.3.4-1~bpo13+1');
  process.env.PATH = `${path.resolve('test/bin/apt')}:${saved.PATH}`;
  process.env.APT_ARCHIVE = archive;
});
afterEach(() => {
  putBack(saved);
  discard(sample);
});

function offer(suite: string, name: string, version: string, content = 'deb'): string {
  const file = path.join(archive, suite, `${name}_${version}_all.deb`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

const fetch = (text: string) =>
  collect(
    fetchDebianSource(
      't',
      sample.workspace,
      parseDebianSource(text) as TreeSource & { kind: 'debian' },
      signal,
      etc,
    ),
  );
const failure = (text: string) =>
  fetch(text).then(
    () => undefined,
    (reason: unknown) => reason as UserError,
  );
const calls = () => readFileSync(path.join(archive, 'calls'), 'utf8').trim().split('\n');

describe('fetchDebianSource()', () => {
  test('fetches from the suite that is named, with bytes as progress, and leaves nothing but the package', async () => {
    const { events, product } = await fetch('debian:trixie-backports/linux-source-7.3');
    expect(product.version).toBe('7.3.4-1~bpo13+1');
    expect(readFileSync(product.file, 'utf8')).toBe('deb');
    expect(events.filter(event => event.type === 'progress').map(event => event.done)).toEqual([2, 3]);
    expect(readFileSync(path.join(archive, 'private.sources'), 'utf8')).toContain('Suites: trixie-backports');
    expect(readdirSync(sample.workspace.cache)).toEqual(['sources']);
  });

  test("without a suite: the host's own; the second time without network", async () => {
    const first = await fetch('debian:linux-source-6.12');
    rmSync(archive, { recursive: true });
    const second = await fetch('debian:linux-source-6.12');
    expect(second.product).toEqual({ ...first.product, kept: true });
    expect(second.events).toMatchObject([
      { type: 'notice', message: expect.stringContaining('was fetched before') },
    ]);
  });

  test('a version that is named is not served by another one that is kept', async () => {
    await fetch('debian:linux-source-6.12');
    offer('bookworm', 'linux-source-6.12', '6.12.118-1');
    const { product } = await fetch('debian:linux-source-6.12=6.12.118-1');
    expect(product.version).toBe('6.12.118-1');
    expect(calls()).toHaveLength(6);
  });

  test('a package that is gone: what the suite has instead', async () => {
    const error = await failure('debian:trixie-backports/linux-source-7.1');
    expect(error).toBeInstanceOf(NoLongerOffered);
    expect(error!.message).toBe("trixie-backports has no package called 'linux-source-7.1'");
    expect(error!.hint).toBe('there is: linux-source-7.3');
  });

  test('a version that is gone: the versions there are', async () => {
    const error = await failure('debian:linux-source-6.12=6.12.1-1');
    expect(error).toBeInstanceOf(NoLongerOffered);
    expect(error!.hint).toContain('there is: 6.12.117-1~deb12u1');
  });

  test('a suite that is not there', async () => {
    const error = await failure('debian:nosuch/linux-source-7.3');
    expect(error).toBeInstanceOf(NoLongerOffered);
    expect(error!.message).toContain("has no suite 'nosuch'");
  });

  test('no network: what apt said', async () => {
    process.env.APT_OFFLINE = '1';
    const error = await failure('debian:linux-source-6.12');
    expect(error).not.toBeInstanceOf(NoLongerOffered);
    expect(error!.message).toContain('Could not resolve');
    expect(error!.exitCode).toBe(exitCodes.environment);
    expect(readdirSync(sample.workspace.cache)).toEqual(['sources']);
  });

  test('on another distribution: what else to use', async () => {
    writeFileSync(
      path.join(etc, 'os-release'),
      'ID=ubuntu\nPRETTY_NAME="Ubuntu 24.04"\nVERSION_CODENAME=noble\n',
    );
    const error = await failure('debian:trixie/linux-source-6.12');
    expect(error!.message).toContain('this is Ubuntu 24.04');
    expect(error!.hint).toContain('tarball');
    renameSync(path.join(etc, 'apt', 'sources.list'), path.join(etc, 'apt', 'none'));
    writeFileSync(path.join(etc, 'os-release'), 'ID=debian\nVERSION_CODENAME=bookworm\n');
    expect((await failure('debian:linux-source-6.12'))!.message).toContain('no Debian archive for bookworm');
  });
});

describe.skipIf(!hasDpkg)('unpackDebianSource()', () => {
  const pack = (files: Record<string, string>): string => {
    const root = path.join(sample.folder, 'root');
    mkdirSync(path.join(root, 'DEBIAN'), { recursive: true });
    const control =
      'Package: p\nVersion: 1\nArchitecture: all\nMaintainer: n <n@localhost>\nDescription: d\n';
    writeFileSync(path.join(root, 'DEBIAN', 'control'), control);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      writeFileSync(path.join(root, name), text);
    }
    execFileSync('dpkg-deb', ['--root-owner-group', '-b', root, path.join(sample.folder, 'p.deb')], {
      stdio: 'ignore',
    });
    return path.join(sample.folder, 'p.deb');
  };

  test('finds the tarball in the package', async () => {
    const deb = pack({ 'usr/src/linux-source-7.3.tar.xz': 'x' });
    const found = await productOf(unpackDebianSource('t', deb, path.join(sample.folder, 'out'), signal));
    expect(found).toBe(path.join(sample.folder, 'out/usr/src/linux-source-7.3.tar.xz'));
  });

  test('a package without one is named', async () => {
    const deb = pack({ 'usr/share/doc/p/copyright': 'x' });
    const work = productOf(unpackDebianSource('t', deb, path.join(sample.folder, 'out'), signal));
    await expect(work).rejects.toThrow('p.deb holds no kernel source');
    expect(run(sample.folder, 'ls')).not.toContain('usr');
  });
});
