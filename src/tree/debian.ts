// SPDX-License-Identifier: GPL-2.0-only
/** Kernel sources as Debian packages them: fetched through a private apt state, kept, unpacked to the tarball
 *  that lies inside. */
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { exitCodes, ToolError, UserError } from '../host/errors.ts';
import { capture, exec } from '../host/exec.ts';
import { readIfThere, withLock } from '../host/files.ts';
import { folders, type Workspace } from '../workspace.ts';
import {
  type AptSource,
  formatAptConf,
  formatDeb822,
  parseDeb822,
  parseDownloadPercent,
  parsePrintedUri,
  parseSourcesList,
  sourcesFor,
} from './apt.ts';
import type { TreeSource } from './tree.ts';

type DebianSource = TreeSource & { kind: 'debian' };

/** A package file in the cache. */
export interface SourcePackage {
  readonly file: string;
  readonly version: string;
}

/** The archive has moved on; another tree may still be had. */
export class NoLongerOffered extends UserError {
  constructor(message: string, hint: string) {
    super(message, { hint, exitCode: exitCodes.environment });
    this.name = 'NoLongerOffered';
  }
}

const elsewhere = 'use a git clone, a git URL or a tarball instead';

/** The package from the cache, or fetched into it; `etc` is where the host's configuration lies.
 *  @throws NoLongerOffered, UserError when the host has no Debian archive or cannot reach it */
export async function* fetchDebianSource(
  job: string,
  workspace: Workspace,
  source: DebianSource,
  signal: AbortSignal,
  etc = '/etc',
): Work<SourcePackage> {
  const release = await hostRelease(etc);
  const suite = source.suite ?? release.codename;
  if (!suite) {
    throw new UserError(`'${release.name}' names no Debian suite`, {
      hint: `name one: debian:SUITE/${source.package}`,
    });
  }
  const shelf = path.join(folders.sources(workspace), 'debian', suite);
  await mkdir(shelf, { recursive: true });
  return yield* withLock(path.join(shelf, source.package), signal, async function* (): Work<SourcePackage> {
    const kept = await keptPackage(shelf, source);
    if (kept) {
      const message = `${source.package} ${kept.version} was fetched before; remove ${kept.file} to fetch it anew`;
      yield { job, type: 'notice', level: 'info', message };
      return kept;
    }
    if (release.id !== 'debian') {
      throw new UserError(`debian: sources need a Debian host; this is ${release.name}`, { hint: elsewhere });
    }
    const archives = sourcesFor(suite, release.codename, await hostSources(etc));
    if (archives.length === 0) {
      throw new UserError(`the apt sources of this host name no Debian archive for ${release.codename}`, {
        hint: `correct /etc/apt/sources.list.d, or ${elsewhere}`,
        exitCode: exitCodes.environment,
      });
    }
    const scratch = await mkdtemp(path.join(workspace.cache, '.apt-'));
    try {
      const fetched = yield* download(job, scratch, archives, source, suite, signal);
      const file = path.join(shelf, path.basename(fetched));
      await rename(fetched, file);
      // apt sets the archive's time; the newest kept one is the one fetched last.
      await utimes(file, new Date(), new Date());
      return { file, version: versionOf(file) };
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
}

async function* download(
  job: string,
  scratch: string,
  archives: readonly AptSource[],
  source: DebianSource,
  suite: string,
  signal: AbortSignal,
): Work<string> {
  const conf = path.join(scratch, 'apt.conf');
  const target = path.join(scratch, 'download');
  await Promise.all(
    ['download', 'lists/partial', 'cache/archives/partial'].map(folder =>
      mkdir(path.join(scratch, folder), { recursive: true }),
    ),
  );
  await writeFile(conf, formatAptConf(scratch));
  await writeFile(path.join(scratch, 'private.sources'), formatDeb822(archives));
  const options = { cwd: target, env: { LC_ALL: 'C', APT_CONFIG: undefined }, signal };
  try {
    yield* exec(['apt-get', '-c', conf, 'update'], { ...options, job });
  } catch (error) {
    if (error instanceof ToolError) throw updateError(error, suite, archives);
    throw error;
  }
  const wanted = source.version ? `${source.package}=${source.version}` : source.package;
  const argv = ['apt-get', '-c', conf, 'download', wanted];
  let file: ReturnType<typeof parsePrintedUri>;
  try {
    file = parsePrintedUri(await capture([...argv, '--print-uris'], options));
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw await notOffered(conf, source, suite, error, signal);
  }
  if (!file) throw new Error(`apt-get names no file for ${wanted}`);
  for await (const event of exec(argv, { ...options, job })) {
    const percent = event.type === 'output' ? parseDownloadPercent(event.line) : undefined;
    if (percent === undefined) yield event;
    else yield progress(job, (percent / 100) * file.bytes, file.bytes);
  }
  yield progress(job, file.bytes, file.bytes);
  return path.join(target, file.file);
}

const progress = (job: string, done: number, total: number) =>
  ({ job, type: 'progress', done: Math.round(done), total, label: 'download, bytes' }) as const;

function updateError(error: ToolError, suite: string, archives: readonly AptSource[]): UserError {
  const where = archives.flatMap(archive => archive.uris).join(', ');
  const said = error.lastLines.filter(line => line.startsWith('E:'));
  if (said.some(line => /does(n't| not) have a Release file|no longer has a Release file/.test(line))) {
    return new NoLongerOffered(`${where} has no suite '${suite}'`, `name another suite, or ${elsewhere}`);
  }
  return new UserError(`cannot read ${where}: ${said.at(-1)?.replace(/^E: /, '') ?? error.message}`, {
    hint: `see that \`apt-get update\` works on this host, or ${elsewhere}`,
    exitCode: exitCodes.environment,
  });
}

/** Names what is there instead: other versions of the package, or the other kernel sources of the suite. */
async function notOffered(
  conf: string,
  source: DebianSource,
  suite: string,
  error: ToolError,
  signal: AbortSignal,
): Promise<UserError> {
  const ask = (...words: string[]) =>
    capture(['apt-cache', '-c', conf, ...words], { env: { LC_ALL: 'C', APT_CONFIG: undefined }, signal });
  const versions = (await ask('madison', source.package))
    .split('\n')
    .map(line => line.split('|')[1]?.trim())
    .filter(Boolean);
  if (source.version && versions.length > 0) {
    const list = [...new Set(versions)].join(', ');
    return new NoLongerOffered(
      `${suite} has no ${source.package} ${source.version}`,
      `there is: ${list}; without =VERSION you get the newest`,
    );
  }
  const names = (await ask('pkgnames', 'linux-source-')).split('\n').filter(Boolean).sort();
  if (names.length === 0 && versions.length > 0) throw error;
  return new NoLongerOffered(
    `${suite} has no package called '${source.package}'`,
    names.length > 0 ? `there is: ${names.join(', ')}` : `it has no kernel source at all; ${elsewhere}`,
  );
}

/** The newest kept file of a package, of the wanted version when one is named. */
async function keptPackage(shelf: string, source: DebianSource): Promise<SourcePackage | undefined> {
  const files = (await readdir(shelf))
    .filter(name => name.startsWith(`${source.package}_`) && name.endsWith('.deb'))
    .map(name => path.join(shelf, name))
    .filter(file => !source.version || versionOf(file) === source.version);
  const times = await Promise.all(files.map(async file => ({ file, time: (await stat(file)).mtimeMs })));
  const newest = times.sort((a, b) => b.time - a.time)[0];
  return newest && { file: newest.file, version: versionOf(newest.file) };
}

/** 'linux-source-7.3_7.3.4-1~bpo13+1_all.deb' to its version; an epoch's colon is written %3a. */
const versionOf = (file: string) => decodeURIComponent(path.basename(file).split('_')[1] ?? '');

/** Unpacks the package into `scratch` and returns the tarball inside. @throws UserError when it has none */
export async function* unpackDebianSource(
  job: string,
  deb: string,
  scratch: string,
  signal: AbortSignal,
): Work<string> {
  yield* exec(['dpkg-deb', '-x', deb, scratch], { job, signal });
  const folder = path.join(scratch, 'usr', 'src');
  const found = (await readdir(folder).catch(() => [])).find(name =>
    /^linux-source-[^/]*\.tar(\.\w+)?$/.test(name),
  );
  if (found) return path.join(folder, found);
  throw new UserError(`${path.basename(deb)} holds no kernel source`, {
    hint: 'name a package that does, such as linux-source-6.12; linux-source only depends on one',
  });
}

async function hostRelease(etc: string): Promise<{ id: string; name: string; codename: string }> {
  const text = (await readIfThere(path.join(etc, 'os-release'))) ?? '';
  const value = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return { id: value('ID'), name: value('PRETTY_NAME') || 'unknown', codename: value('VERSION_CODENAME') };
}

async function hostSources(etc: string): Promise<AptSource[]> {
  const parts = path.join(etc, 'apt', 'sources.list.d');
  const names = (await readdir(parts).catch(() => [])).sort();
  const files = [
    path.join(etc, 'apt', 'sources.list'),
    ...names.filter(name => /\.(list|sources)$/.test(name)).map(name => path.join(parts, name)),
  ];
  const read = await Promise.all(files.map(async file => ({ file, text: (await readIfThere(file)) ?? '' })));
  return read.flatMap(({ file, text }) =>
    file.endsWith('.sources') ? parseDeb822(text) : parseSourcesList(text),
  );
}
