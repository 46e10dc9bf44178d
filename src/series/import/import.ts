// SPDX-License-Identifier: GPL-2.0-only
/** Somebody's mails to a series of its own in patches/: all of them apply to a tree, or nothing is written. Nothing that
 *  a mail says is run. */
import path from 'node:path';
import type { Work } from '../../events.ts';
import { UserError } from '../../host/errors.ts';
import { exists } from '../../host/files.ts';
import { folders, seriesFile, type Workspace } from '../../workspace.ts';
import { commitMails } from '../apply.ts';
import { formatRange, type PatchFile } from '../format.ts';
import { fileName, perform, withSeries } from '../operations.ts';
import { isSeriesName, seriesNames } from '../read.ts';
import { readRecord } from '../record.ts';
import { type Attempt, findBase } from './base.ts';
import { draftFragment } from './fragment.ts';
import { readMessages } from './mailbox.ts';
import { orderParts, type Part, type Parts, readParts } from './parts.ts';
import { refuseEntries, refuseNames } from './refused.ts';

export interface ImportRequest {
  readonly place: string;
  /** Default: from the cover letter's change-id or subject. */
  readonly name?: string;
  /** Default: what base-commit says, otherwise the newest tree that takes all of it. */
  readonly tree?: string;
}

export interface Imported {
  readonly kind: 'imported';
  readonly series: string;
  readonly folder: string;
  readonly tree: string;
  /** Why that tree. */
  readonly reason: string;
  readonly subjects: readonly string[];
  /** Options that kconfigs/<series>.config switches on; absent when it was there or there are none. */
  readonly fragment?: readonly string[];
  readonly notes: readonly string[];
}

/** It applies to no tree there is. */
export interface Nowhere {
  readonly kind: 'nowhere';
  readonly place: string;
  readonly total: number;
  readonly attempts: readonly Attempt[];
}

/** @throws UserError for mails that are no whole series, that reach out of the tree, or when the name is taken */
export async function* importSeries(
  workspace: Workspace,
  request: ImportRequest,
  signal: AbortSignal,
): Work<Imported | Nowhere> {
  const { place } = request;
  const parts = orderParts(await readParts(await readMessages(place)), place);
  for (const part of parts.patches) refuseNames(part);
  const name = request.name ?? nameOf(parts);
  if (!isSeriesName(name)) {
    throw new UserError(`'${name}' cannot be the name of a series`, {
      hint: 'give one with --name: letters, digits, dots and dashes',
    });
  }
  return yield* withSeries(workspace, name, signal, async function* (): Work<Imported | Nowhere> {
    await requireFree(workspace, name);
    const found = yield* findBase(workspace, parts, request.tree, signal);
    if (found.kind === 'nowhere') return { ...found, place, total: parts.patches.length };
    const { tree, commits, reason } = found;
    const repository = folders.repository(workspace);
    const tip = commits.at(-1)!;
    await refuseEntries(repository, tree.commit, tip, signal);
    const range = { base: tree.commit, tip };
    const { patches } = await formatRange(repository, range, { prefix: styleOf(parts) }, signal);
    yield* requireCommits(repository, tree.commit, commits, patches, signal);
    const files: Record<string, Uint8Array> = {};
    for (const { name: file, bytes } of patches) files[fileName.patch(name, file)] = bytes;
    if (parts.cover) files[fileName.patch(name, '0000-cover-letter.patch')] = coverFile(parts.cover);
    files[fileName.patch(name, seriesFile)] = Buffer.from(`tree = ${JSON.stringify(tree.name)}\n`);
    const options = draftFragment(parts.patches);
    const own = path.join(folders.kconfigs(workspace), `${name}.config`);
    const drafted = options.length > 0 && !(await exists(own));
    if (drafted) files[fileName.fragment(name)] = fragmentFile(name, options);
    yield* perform(workspace, name, `import ${path.basename(place)}`, { files }, signal);
    return {
      ...{ kind: 'imported', series: name, tree: tree.name, reason, notes: parts.notes },
      folder: path.join(folders.patches(workspace), name),
      subjects: parts.patches.map(({ subject }) => subject),
      ...(drafted ? { fragment: options } : {}),
    };
  });
}

async function requireFree(workspace: Workspace, name: string): Promise<void> {
  const taken =
    (await seriesNames(workspace)).includes(name) ||
    (await readRecord(workspace, name)) !== undefined ||
    (await exists(path.join(folders.patches(workspace), name)));
  if (!taken) return;
  throw new UserError(`there is a series called ${name}`, { hint: 'choose another name with --name' });
}

/** From b4's change-id, '20260102-some-words-0123456789ab', or the subject. */
function nameOf({ cover, patches }: Parts): string {
  const texts = [...(cover ? [cover] : []), ...patches];
  const id = texts.flatMap(({ text }) => /^change-id: \d{8}-(.+)-[0-9a-f]{6,}\s*$/m.exec(text)?.[1] ?? [])[0];
  const words = (id ?? (cover ?? patches[0]!).subject)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '');
  return words
    .slice(0, 40)
    .replace(/-[^-]*$/, match => (words.length > 40 ? '' : match))
    .replace(/-+$/, '');
}

const styleOf = ({ patches }: Parts): string => {
  const words = patches[0]!.prefix.split(/\s+/).filter(word => /^[\w./+-]+$/.test(word));
  return words.some(word => /patch/i.test(word)) ? words.join(' ') : 'PATCH';
};

/** The letter as format-patch would have written it; its text is the sender's to the last line. */
function coverFile(cover: Part): Buffer {
  const oneLine = (text: string) => text.replace(/[\r\n]+/g, ' ');
  return Buffer.from(
    [
      `From ${'0'.repeat(40)} Mon Sep 17 00:00:00 2001`,
      `From: ${oneLine(cover.from)}`,
      `Date: ${oneLine(cover.date)}`,
      `Subject: [${oneLine(cover.prefix)} ${'0'.repeat(String(cover.total).length)}/${cover.total}] ${cover.subject}`,
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=UTF-8',
      'Content-Transfer-Encoding: 8bit',
      '',
      cover.text.replaceAll('\r\n', '\n').trimEnd(),
      '',
    ].join('\n'),
  );
}

const fragmentFile = (name: string, options: readonly string[]): Buffer =>
  Buffer.from(
    [
      `# Drafted by initbench when ${name} was imported: the options it adds. Yours to edit.`,
      ...options.map(option => `CONFIG_${option}=y`),
      '',
    ].join('\n'),
  );

/** The files that are written make the commits that the mails made. */
async function* requireCommits(
  repository: string,
  base: string,
  commits: readonly string[],
  patches: readonly PatchFile[],
  signal: AbortSignal,
): Work<void> {
  const bytes = patches.map(patch => patch.bytes);
  const made = yield* commitMails('import', repository, base, bytes, signal);
  const wrong = commits.findIndex((commit, index) => commit !== made.commits[index]);
  if (wrong < 0) return;
  throw new UserError(`patch ${wrong + 1} cannot be written down as it is`, {
    hint: "its message has a line that ends one ('---', 'diff -'), or is in an encoding that git mailinfo does not know",
  });
}
