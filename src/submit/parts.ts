// SPDX-License-Identifier: GPL-2.0-only
/** What the mails of a version are put together from: patches, recipients, what git generates, notes. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { capture } from '../host/exec.ts';
import { readIfThere, shortDigest, writeWhole } from '../host/files.ts';
import { gitEnvironment } from '../host/git.ts';
import type { Series } from '../series/series.ts';
import type { Tree, Worktree } from '../tree/tree.ts';
import { folders, type Workspace } from '../workspace.ts';
import type { PostedPatch } from './assemble.ts';
import { formatShortlog, type Generated } from './cover.ts';
import { diffstatOfRange, formatBase, type Range, rangeDiff } from './generated.ts';
import type { Header } from './letter.ts';
import { findMaintainers, parseTrailerPeople } from './maintainers.ts';
import { checkNote, parseNotes } from './notes.ts';
import { parsePatchFile, type PatchFile } from './patchfile.ts';
import {
  formatRecipients,
  joinRecipients,
  mergeRecipients,
  parseRecipients,
  type Recipients,
} from './recipients.ts';
import type { MailSettings } from './settings.ts';
import { readSubmission } from './submission.ts';

export async function readPatches(series: Series): Promise<readonly { bytes: Buffer; patch: PatchFile }[]> {
  return Promise.all(
    series.patches.map(async ({ path: file }) => {
      const bytes = await readFile(file);
      const patch = parsePatchFile(bytes);
      if (patch) return { bytes, patch };
      throw new UserError(`${file} has no author or no diff`, {
        hint: 'write it again with git format-patch',
      });
    }),
  );
}

/** The recipients file: read, and written anew when the patches are others than it was made for. */
export async function* settleRecipients(
  base: Worktree,
  series: Series,
  patches: readonly PatchFile[],
  settings: MailSettings,
  again: boolean,
  signal: AbortSignal,
): Work<Recipients> {
  const file = path.join(series.folder, 'recipients');
  const text = await readIfThere(file);
  const before = parseRecipients(text ?? '', file);
  const digest = shortDigest(series.digest);
  if (before.digest === digest && !again) return before;
  const named = await findMaintainers(base, series.patches, signal);
  const people = patches.flatMap((patch, index) =>
    parseTrailerPeople(Buffer.from(patch.message, 'latin1').toString('utf8'), index + 1),
  );
  const found = joinRecipients([...named.found, ...people, ...settings.recipients]);
  const merged = mergeRecipients(before, found, digest, named.unread);
  await writeWhole(file, formatRecipients(merged));
  return merged;
}

export async function generate(
  workspace: Workspace,
  { series, tree }: { readonly series: Series; readonly tree: Tree },
  patches: readonly PatchFile[],
  figures: { readonly report?: string; readonly requirements?: string },
  made: { readonly before: number | undefined; readonly range: Range; readonly changeId: string },
  signal: AbortSignal,
): Promise<Generated> {
  const repository = folders.repository(workspace);
  const last =
    made.before === undefined ? undefined : await readSubmission(workspace, series.name, made.before);
  const compared = last
    ? `Range-diff against v${last.version}:\n${await rangeDiff(repository, { base: last.tree.commit, tip: last.tip }, made.range, signal)}`
    : '';
  return {
    shortlog: formatShortlog(
      patches.map(({ author, subject }) => ({ author: author.name || author.email, subject })),
    ),
    diffstat: await diffstatOfRange(repository, made.range.base, made.range.tip, signal),
    range_diff: compared,
    report: figures.report ?? '',
    requirements: figures.requirements ?? '',
    base_commit: formatBase(tree, made.changeId),
  };
}

export async function withNotes(
  series: Series,
  commits: readonly string[],
  patches: readonly PatchFile[],
  trailers: readonly (readonly string[])[],
): Promise<readonly PostedPatch[]> {
  const file = path.join(series.folder, 'notes');
  const notes = parseNotes((await readIfThere(file)) ?? '', file);
  const unknown = [...notes.keys()].find(subject => !patches.some(patch => patch.subject === subject));
  if (unknown !== undefined) {
    throw new UserError(`${file}: no patch is called '${unknown}'`, {
      hint: 'a note begins with [SUBJECT OF THE PATCH]',
    });
  }
  return patches.map((patch, index) => {
    const text = notes.get(patch.subject) ?? '';
    checkNote(text, file);
    return {
      file: series.patches[index]!.file.replace(/^v\d+-/, ''),
      commit: commits[index]!,
      patch,
      notes: text,
      trailers: trailers[index]!,
    };
  });
}

export function readHeader(line: string): Header {
  const match = /^([A-Za-z][A-Za-z0-9-]*):\s*(.*)$/.exec(line.trim());
  if (match) return [match[1]!, match[2]!];
  throw new UserError(`format.headers: '${line}' is not a header`, { hint: "write 'Name: value'" });
}

export async function gitVersion(signal: AbortSignal): Promise<string> {
  const said = await capture(['git', 'version'], { env: gitEnvironment(), signal });
  return said.replace(/^git version /, '').split(' ')[0]!;
}

export async function ownVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
