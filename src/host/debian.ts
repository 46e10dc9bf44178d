// SPDX-License-Identifier: GPL-2.0-only
/** Package files of a Debian archive: fetched through a private apt state that touches nothing of the host's, kept,
 *  and what to say when they cannot be had. */
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
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
import { exitCodes, ToolError, UserError } from './errors.ts';
import { capture, exec } from './exec.ts';
import { readIfThere, scratchIn, withLock } from './files.ts';

/** Which package, and how to speak of it. */
export interface WantedPackage {
  readonly package: string;
  /** Default: the suite of the host's release. */
  readonly suite?: string;
  /** Default: the newest. */
  readonly version?: string;
  /** As Debian calls it. Default: the host's, or `all`. */
  readonly architecture?: string;
  /** Packages that could do instead begin with this. */
  readonly kin: string;
  /** What one of them is: 'kernel source'. */
  readonly what: string;
  /** How to do without the archive. */
  readonly elsewhere: string;
  /** How the user names the suite: 'debian:SUITE/linux-source-6.12'. */
  readonly asked: string;
}

/** A package file on the shelf. */
export interface PackageFile {
  readonly file: string;
  readonly version: string;
  /** It lay there already. */
  readonly kept: boolean;
}

/** Where fetched packages are kept, SUITE/FILE below it; and where scratch folders may be made. */
export interface Shelf {
  readonly top: string;
  readonly scratch: string;
}

/** The archive has moved on; another package may still be had. */
export class NoLongerOffered extends UserError {
  constructor(message: string, hint: string) {
    super(message, { hint, exitCode: exitCodes.environment });
    this.name = 'NoLongerOffered';
  }
}

/** The package from the shelf, or fetched into it; `etc` is where the host's configuration lies.
 *  @throws NoLongerOffered, UserError when the host has no Debian archive or cannot reach it */
export async function* fetchPackage(
  job: string,
  { top, scratch: parent }: Shelf,
  wanted: WantedPackage,
  signal: AbortSignal,
  etc = '/etc',
): Work<PackageFile> {
  const release = await hostRelease(etc);
  const suite = wanted.suite ?? release.codename;
  if (!suite) throw new UserError(`'${release.name}' names no Debian suite`, { hint: wanted.asked });
  const shelf = path.join(top, suite);
  await mkdir(shelf, { recursive: true });
  return yield* withLock(path.join(shelf, wanted.package), signal, async function* (): Work<PackageFile> {
    const kept = await keptPackage(shelf, wanted);
    if (kept) return kept;
    if (release.id !== 'debian') {
      throw new UserError(`${wanted.package} comes from a Debian host's archive; this is ${release.name}`, {
        hint: wanted.elsewhere,
      });
    }
    const archives = sourcesFor(suite, release.codename, await hostSources(etc));
    if (archives.length === 0) {
      throw new UserError(`the apt sources of this host name no Debian archive for ${release.codename}`, {
        hint: `correct /etc/apt/sources.list.d, or ${wanted.elsewhere}`,
        exitCode: exitCodes.environment,
      });
    }
    const scratch = await scratchIn(parent, 'apt');
    try {
      const fetched = yield* download(job, scratch, archives, wanted, suite, signal);
      const file = path.join(shelf, path.basename(fetched));
      await rename(fetched, file);
      // apt sets the archive's time; the newest kept one is the one fetched last.
      await utimes(file, new Date(), new Date());
      return { file, version: versionOf(file), kept: false };
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
}

async function* download(
  job: string,
  scratch: string,
  archives: readonly AptSource[],
  wanted: WantedPackage,
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
  await writeFile(conf, formatAptConf(scratch, wanted.architecture));
  await writeFile(path.join(scratch, 'private.sources'), formatDeb822(archives));
  const options = { cwd: target, env: { LC_ALL: 'C', APT_CONFIG: undefined }, signal };
  try {
    yield* exec(['apt-get', '-c', conf, 'update'], { ...options, job });
  } catch (error) {
    if (error instanceof ToolError) throw updateError(error, suite, archives, wanted.elsewhere);
    throw error;
  }
  const spec = wanted.version ? `${wanted.package}=${wanted.version}` : wanted.package;
  const argv = ['apt-get', '-c', conf, 'download', spec];
  let file: ReturnType<typeof parsePrintedUri>;
  try {
    file = parsePrintedUri(await capture([...argv, '--print-uris'], options));
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw await notOffered(conf, wanted, suite, error, signal);
  }
  if (!file) throw new Error(`apt-get names no file for ${spec}`);
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

function updateError(
  error: ToolError,
  suite: string,
  archives: readonly AptSource[],
  elsewhere: string,
): UserError {
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

/** Names what is there instead: other versions of the package, or its kin in the suite. */
async function notOffered(
  conf: string,
  wanted: WantedPackage,
  suite: string,
  error: ToolError,
  signal: AbortSignal,
): Promise<UserError> {
  const ask = (...words: string[]) =>
    capture(['apt-cache', '-c', conf, ...words], { env: { LC_ALL: 'C', APT_CONFIG: undefined }, signal });
  const versions = (await ask('madison', wanted.package))
    .split('\n')
    .map(line => line.split('|')[1]?.trim())
    .filter(Boolean);
  if (wanted.version && versions.length > 0) {
    const list = [...new Set(versions)].join(', ');
    return new NoLongerOffered(
      `${suite} has no ${wanted.package} ${wanted.version}`,
      `there is: ${list}; without =VERSION you get the newest`,
    );
  }
  const names = (await ask('pkgnames', wanted.kin)).split('\n').filter(Boolean).sort();
  if (names.length === 0 && versions.length > 0) throw error;
  return new NoLongerOffered(
    `${suite} has no package called '${wanted.package}'`,
    names.length > 0
      ? `there is: ${names.join(', ')}`
      : `it has no ${wanted.what} at all; ${wanted.elsewhere}`,
  );
}

/** The newest kept file of a package, of the wanted version when one is named. */
async function keptPackage(shelf: string, wanted: WantedPackage): Promise<PackageFile | undefined> {
  const end = wanted.architecture === undefined ? '.deb' : `_${wanted.architecture}.deb`;
  const files = (await readdir(shelf))
    .filter(name => name.startsWith(`${wanted.package}_`) && name.endsWith(end))
    .map(name => path.join(shelf, name))
    .filter(file => !wanted.version || versionOf(file) === wanted.version);
  const times = await Promise.all(files.map(async file => ({ file, time: (await stat(file)).mtimeMs })));
  const newest = times.sort((a, b) => b.time - a.time)[0];
  return newest && { file: newest.file, version: versionOf(newest.file), kept: true };
}

/** 'linux-source-7.3_7.3.4-1~bpo13+1_all.deb' to its version; an epoch's colon is written %3a. */
const versionOf = (file: string) => decodeURIComponent(path.basename(file).split('_')[1] ?? '');

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
