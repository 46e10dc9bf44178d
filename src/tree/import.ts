// SPDX-License-Identifier: GPL-2.0-only
/** A tarball as a git tree: its entries go from the tar stream straight into `git fast-import` (format:
 *  git-fast-import(1)), with no file on disk in between. */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import type { Work } from '../events.ts';
import { Interrupted, ToolError, UserError } from '../host/errors.ts';
import { openPipe, type Pipe } from '../host/exec.ts';
import { git, gitArgv, gitEnvironment } from '../host/git.ts';
import { pacer } from './step.ts';
import { type TarEntry, tarEntries } from './tar.ts';

/** Author, committer and date of every commit that initbench makes from an archive: the same archive is the
 *  same commit on every machine. */
export const archiveIdentity = {
  GIT_AUTHOR_NAME: 'initbench',
  GIT_AUTHOR_EMAIL: 'initbench@localhost',
  GIT_AUTHOR_DATE: '946684800 +0000',
  GIT_COMMITTER_NAME: 'initbench',
  GIT_COMMITTER_EMAIL: 'initbench@localhost',
  GIT_COMMITTER_DATE: '946684800 +0000',
} as const;

const importRef = 'refs/initbench/import';
const batchBytes = 2 ** 20;

/** The program that unpacks a file which begins with these bytes; undefined for a plain tar. */
export function decompressArgv(magic: Buffer): string[] | undefined {
  const starts = (hex: string) => magic.toString('hex').startsWith(hex);
  if (starts('fd377a585a00')) return ['xz', '-dc', '-T0'];
  if (starts('1f8b')) return ['gzip', '-dc'];
  if (starts('28b52ffd')) return ['zstd', '-dcq', '--long=31'];
  if (starts('425a68')) return ['bzip2', '-dc'];
  return undefined;
}

/** Puts a tarball's files into `repository` and returns the git tree id of its top folder.
 *  @throws UserError when it is not a tarball or is damaged */
export async function* importTarball(
  job: string,
  repository: string,
  tarball: string,
  signal: AbortSignal,
): Work<string> {
  const total = (await stat(tarball)).size;
  const pace = pacer();
  const { argv, stream, read, unpacker } = await openTarball(tarball, signal);
  const importArgv = gitArgv(repository, ['fast-import', '--quiet', '--force', '--depth=0', '--done']);
  if (argv) yield { job, type: 'command', argv: [...argv, tarball], cwd: process.cwd() };
  yield { job, type: 'command', argv: importArgv, cwd: process.cwd() };
  const importer = openPipe(importArgv, { env: gitEnvironment(), signal });
  importer.stdout.resume();
  try {
    const batch = batches(importer);
    await batch.put(Buffer.from(`feature done\ncommit ${importRef}\ncommitter <> 0 +0000\ndata 0\n`));
    let files = 0;
    for await (const entry of tarEntries(stream)) {
      const command = importCommand(entry);
      if (!command) continue;
      for (const part of command) await batch.put(part);
      files++;
      if (pace()) yield { job, type: 'progress', done: read(), total, label: `import, ${files} files` };
    }
    if (files === 0) throw new UserError('there is no file in it');
    await unpacker?.ended;
    await batch.put(Buffer.from('done\n'));
    await batch.flush();
    importer.stdin.end();
    await importer.ended;
    yield { job, type: 'progress', done: total, total, label: `import, ${files} files` };
  } catch (error) {
    throw await whatWentWrong(error, tarball, unpacker, signal);
  } finally {
    await Promise.all([importer.stop(), unpacker?.stop()]);
  }
  return topFolder(repository, signal);
}

/** The archive as a stream of tar, and how many of the file's own bytes have been read. */
async function openTarball(tarball: string, signal: AbortSignal) {
  const handle = await open(tarball);
  const magic = Buffer.alloc(6);
  await handle.read(magic, 0, 6, 0).finally(() => handle.close());
  const argv = decompressArgv(magic);
  const file = createReadStream(tarball, { highWaterMark: 2 ** 18 });
  let done = 0;
  const read = () => done;
  file.on('data', chunk => {
    done += chunk.length;
  });
  file.pause();
  if (!argv) return { argv, stream: file as AsyncIterable<Buffer>, read, unpacker: undefined };
  const unpacker = openPipe(argv, { signal });
  // When the unpacker fails, its own end says why.
  pipeline(file, unpacker.stdin, () => {});
  return { argv, stream: unpacker.stdout as AsyncIterable<Buffer>, read, unpacker };
}

/** An unpacker's failure shows first as a tar that ends early; that a program was stopped, as a broken stream. */
async function whatWentWrong(
  error: unknown,
  tarball: string,
  unpacker: Pipe | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  if (signal.aborted) return new Interrupted();
  if (unpacker && error instanceof UserError) {
    // Whatever the tar holds after this point is of no interest; let the unpacker come to its own end.
    unpacker.stdout.destroy();
    const failure: unknown = await unpacker.ended.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (failure instanceof ToolError && failure.signal === null && failure.lastLines.join('') !== '') {
      return new UserError(`${tarball} is damaged: ${failure.lastLines.at(-1)}`, { hint: 'fetch it again' });
    }
    if (failure instanceof UserError) return failure;
  }
  if (error instanceof UserError) {
    return new UserError(`${tarball}: ${error.message}`, {
      ...(error.hint ? { hint: error.hint } : {}),
      exitCode: error.exitCode,
    });
  }
  return error;
}

/** Gathers small pieces: a pipe takes a megabyte as readily as a line. */
function batches(importer: Pipe) {
  let parts: Buffer[] = [];
  let bytes = 0;
  const flush = async () => {
    if (bytes > 0) await importer.write(Buffer.concat(parts, bytes));
    parts = [];
    bytes = 0;
  };
  return {
    flush,
    async put(part: Buffer) {
      parts.push(part);
      bytes += part.length;
      if (bytes >= batchBytes) await flush();
    },
  };
}

/** What fast-import is told for an entry; undefined for what git does not keep (folders, a .git inside).
 *  @throws UserError for what is in no source tree: devices, paths that lead elsewhere */
export function importCommand(entry: TarEntry): readonly Buffer[] | undefined {
  if (entry.kind === 'directory') return undefined;
  const parts = entry.name.split('/').filter(part => part !== '' && part !== '.');
  if (parts.includes('.git')) return undefined;
  if (entry.kind === 'other' || parts.length === 0 || parts.includes('..')) {
    const what = Buffer.from(entry.name, 'latin1').toString('utf8');
    throw new UserError(`it holds '${what}', which is in no source tree`);
  }
  const name = quotePath(parts.join('/'));
  if (entry.kind === 'hardlink') {
    const target = entry.link.split('/').filter(part => part !== '' && part !== '.');
    return [Buffer.from(`C ${quotePath(target.join('/'))} ${name}\n`, 'latin1')];
  }
  const mode = entry.kind === 'symlink' ? '120000' : entry.mode & 0o100 ? '100755' : '100644';
  const data = entry.kind === 'symlink' ? Buffer.from(entry.link, 'latin1') : entry.data;
  return [Buffer.from(`M ${mode} inline ${name}\ndata ${data.length}\n`, 'latin1'), data, Buffer.from('\n')];
}

/** A path in C-style quotes. */
function quotePath(name: string): string {
  return `"${name.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

/** Release tarballs hold one folder (linux-7.3.4/), others the files themselves. */
async function topFolder(repository: string, signal: AbortSignal): Promise<string> {
  const entries = (await git(repository, ['ls-tree', '-z', `${importRef}^{tree}`], signal)).split('\0');
  const only = /^040000 tree ([0-9a-f]+)\t/.exec(entries[0]!);
  if (only && entries.filter(Boolean).length === 1) return only[1]!;
  return git(repository, ['rev-parse', `${importRef}^{tree}`], signal);
}

/** One commit without parent, the same on every machine. */
export function commitArchive(
  repository: string,
  treeId: string,
  message: string,
  signal: AbortSignal,
): Promise<string> {
  return git(repository, ['commit-tree', treeId], signal, { env: archiveIdentity, input: message });
}
