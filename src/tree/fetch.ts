// SPDX-License-Identifier: GPL-2.0-only
/** One commit of a git clone or URL, fetched without its history. A clone on disk is only read: what is
 *  fetched is a copy, so the clone may be rebased, pruned or deleted later. */
import type { Work } from '../events.ts';
import { exitCodes, ToolError, UserError } from '../host/errors.ts';
import { exists } from '../host/files.ts';
import { git, gitWork } from '../host/git.ts';
import type { TreeSource } from './tree.ts';

export const fetchedRef = 'refs/initbench/fetched';

/** Protocol 2 lets any commit be asked for, a branch's tip or not. */
export function fetchArgv(location: string, revision: string): string[] {
  return [
    ...['-c', 'protocol.version=2'],
    ...['fetch', '--depth=1', '--no-tags', '--no-write-fetch-head', '--force', '--progress'],
    ...['--', location, `${revision}:${fetchedRef}`],
  ];
}

/** Fetches into a scratch repository and returns the commit. @throws UserError when there is no such thing */
export async function* fetchCommit(
  job: string,
  repository: string,
  source: TreeSource & { kind: 'git' },
  signal: AbortSignal,
): Work<string> {
  const { location, revision = 'HEAD' } = source;
  const wanted = (await exists(location)) ? await revisionOf(location, revision, signal) : revision;
  try {
    yield* gitWork(repository, fetchArgv(location, wanted), { job, signal });
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new UserError(`cannot fetch ${revision} of ${location}: ${reason(error)}`, {
      hint: 'name a branch, a tag or a full commit id; try `git ls-remote` on the location',
      exitCode: exitCodes.environment,
    });
  }
  return git(repository, ['rev-parse', '--verify', `${fetchedRef}^{commit}`], signal);
}

/** On disk a revision may be anything git understands: an abbreviated id, v7.3~2. */
async function revisionOf(clone: string, revision: string, signal: AbortSignal): Promise<string> {
  try {
    return await git(clone, ['rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`], signal);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const foreign = error.lastLines.some(line => line.includes('safe.directory'));
    throw new UserError(`cannot read ${revision} of ${clone}: ${reason(error)}`, {
      hint: foreign
        ? `it belongs to another user: git config --global --add safe.directory ${clone}`
        : 'name a git clone, with #REVISION for another commit than HEAD',
    });
  }
}

/** What git itself says last, without its 'fatal:'. */
function reason(error: ToolError): string {
  const line = error.lastLines.find(text => /^(fatal|error): /.test(text)) ?? error.lastLines.at(-1) ?? '';
  return line.replace(/^(fatal|error): /, '') || error.message;
}
