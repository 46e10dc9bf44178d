// SPDX-License-Identifier: GPL-2.0-only
/** Packages of the host's own release as one tar archive, through mmdebstrap, without root where the host allows it. */
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { exitCodes, UserError } from '../../host/errors.ts';
import { capture } from '../../host/exec.ts';
import { readIfThere } from '../../host/files.ts';

/** Where packages come from: all of it is the host's own apt configuration. */
export interface Archive {
  /** Codename: 'bookworm'. */
  readonly release: string;
  /** One-line entries of sources.list(5). */
  readonly sources: readonly string[];
}

const indexFormat = '$(REPO_URI)|$(RELEASE)|$(CODENAME)|$(COMPONENT)|$(SIGNED_BY)';
export const indexTargetsArgv = ['apt-get', 'indextargets', '--format', indexFormat, 'Created-By: Packages'];

/** The archives of a release among what `apt-get indextargets` printed; pure. */
export function parseIndexTargets(printed: string, release: string): string[] {
  const lines = printed.split('\n').flatMap(line => {
    const [uri, suite, codename, component, signedBy] = line.split('|');
    const ours = suite === release || codename?.startsWith(`${release}-`) || codename === release;
    if (!uri || !suite || !ours || component !== 'main' || suite.includes('backports')) return [];
    const signed = signedBy?.startsWith('/') ? `[signed-by=${signedBy}] ` : '';
    return [`deb ${signed}${uri} ${suite} main`];
  });
  return [...new Set(lines)].sort();
}

/** VERSION_CODENAME of os-release(5). */
export function parseCodename(osRelease: string): string | undefined {
  return /^VERSION_CODENAME="?([\w-]+)"?$/m.exec(osRelease)?.[1];
}

/** The archives of the host's own release; pure. */
export function archiveOf(printed: string, codename: string): Archive | undefined {
  // sid names itself what the next release will be called.
  for (const release of [codename, 'sid']) {
    const sources = parseIndexTargets(printed, release);
    if (sources.length > 0) return { release, sources };
  }
  return undefined;
}

/** @throws UserError when the host is not configured for Debian packages */
export async function hostArchive(signal: AbortSignal): Promise<Archive> {
  const codename = parseCodename((await readIfThere('/etc/os-release')) ?? '');
  const archive = codename && archiveOf(await capture(indexTargetsArgv, { signal }), codename);
  if (archive) return archive;
  throw new UserError('the host has no apt sources for its own release', {
    hint: "the payload 'debian' needs a Debian host with its archive configured; use busybox or dir:PATH",
    exitCode: exitCodes.environment,
  });
}

/** `root` for root, `unshare` for an ordinary user with subordinate ids (subuid(5)); undefined without them. */
export function modeFor(uid: number, user: string, subuid: string): 'root' | 'unshare' | undefined {
  if (uid === 0) return 'root';
  const mine = subuid.split('\n').some(line => line.startsWith(`${user}:`) || line.startsWith(`${uid}:`));
  return mine ? 'unshare' : undefined;
}

/** @throws UserError for an ordinary user without subordinate ids */
export async function hostMode(): Promise<'root' | 'unshare'> {
  const { uid, username } = userInfo();
  const subuid = await readFile('/etc/subuid', 'utf8').catch(() => '');
  const mode = modeFor(uid, username, subuid);
  if (mode) return mode;
  throw new UserError(`${username} has no subordinate user ids, which unpacking Debian packages needs`, {
    hint: `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username} (as root, once)`,
    exitCode: exitCodes.environment,
  });
}

/** Unpacks packages and what they depend on, runs no maintainer scripts, makes ld.so.cache. */
export const mmdebstrapArgv = (
  mode: 'root' | 'unshare',
  { release, sources }: Archive,
  packages: readonly string[],
  target: string,
): string[] => [
  ...['mmdebstrap', `--mode=${mode}`, '--variant=extract', '--format=tar'],
  '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
  '--extract-hook=/sbin/ldconfig -r "$1"',
  `--include=${packages.join(',')}`,
  ...[release, target, ...sources],
];
