// SPDX-License-Identifier: GPL-2.0-only
/** The SOURCE of `tree add`: from what was typed to where a tree comes from, and back. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../host/errors.ts';
import type { TreeSource } from './tree.ts';

const hint =
  'a source is a git clone on disk (PATH or PATH#REVISION), a git URL, a tarball, or debian:[SUITE/]PACKAGE[=VERSION]';

/** Reads a source; paths are relative to `base`. @throws UserError */
export async function readSource(text: string, base: string): Promise<TreeSource> {
  const debian = parseDebianSource(text);
  if (debian) return debian;
  const whole = await onDisk(path.resolve(base, text));
  if (whole) return whole;
  const [location, revision] = splitRevision(text);
  if (location.startsWith('-')) throw new UserError(`'${text}' is not a source`, { hint });
  if (isUrl(location)) {
    if (/\.(tar(\.\w+)?|t[gxz]z|tzst)$/.test(location))
      throw new UserError(`${location} is a tarball on a server`, { hint: 'fetch it, then name the file' });
    return { kind: 'git', location, ...revision };
  }
  const found = await onDisk(path.resolve(base, location));
  if (!found) throw new UserError(`there is no ${path.resolve(base, location)}`, { hint });
  if (found.kind === 'tarball')
    throw new UserError(`${location} is a tarball; it has no revisions`, { hint });
  return { ...found, ...revision };
}

/** 'debian:trixie-backports/linux-source-7.3=7.3.4-1~bpo13+1'; undefined when it is no Debian source.
 *  @throws UserError when it begins like one and goes on wrong */
export function parseDebianSource(text: string): TreeSource | undefined {
  if (!text.startsWith('debian:')) return undefined;
  const match = /^debian:(?:([a-z][a-z0-9.-]*)\/)?([a-z0-9][a-z0-9+.-]+)(?:=([0-9][A-Za-z0-9.+~:-]*))?$/.exec(
    text,
  );
  if (!match) throw new UserError(`'${text}' is not a source`, { hint });
  const [, suite, name, version] = match;
  return { kind: 'debian', ...(suite ? { suite } : {}), package: name!, ...(version ? { version } : {}) };
}

/** A source as it could be typed again. */
export function formatSource(source: TreeSource): string {
  switch (source.kind) {
    case 'git':
      return source.location + (source.revision ? `#${source.revision}` : '');
    case 'tarball':
      return source.path;
    case 'debian': {
      const suite = source.suite ? `${source.suite}/` : '';
      return `debian:${suite}${source.package}${source.version ? `=${source.version}` : ''}`;
    }
  }
}

async function onDisk(file: string): Promise<TreeSource | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) return { kind: 'git', location: file };
  return found?.isFile() ? { kind: 'tarball', path: file } : undefined;
}

function splitRevision(text: string): [location: string, revision: { revision?: string }] {
  const hash = text.lastIndexOf('#');
  if (hash <= 0) return [text, {}];
  const revision = text.slice(hash + 1);
  if (revision === '' || revision.startsWith('-')) throw new UserError(`'${text}' is not a source`, { hint });
  return [text.slice(0, hash), { revision }];
}

/** 'https://host/path', or scp's 'user@host:path', where a colon comes before the first slash. */
const isUrl = (text: string) => /^[a-z][a-z0-9+.-]*:\/\//.test(text) || /^[^/:]+@[^/:]+:/.test(text);
