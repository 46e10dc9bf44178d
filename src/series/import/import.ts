// SPDX-License-Identifier: GPL-2.0-only
/** Somebody's mails to a series of its own in patches/: all of them apply to a tree, or nothing is written. Nothing that
 *  a mail says is run. */
import path from 'node:path';
import { z } from 'zod';
import { list, number, object, text, texts } from '../../document.ts';
import type { Work } from '../../events.ts';
import { UserError } from '../../host/errors.ts';
import { exists } from '../../host/files.ts';
import { git } from '../../host/git.ts';
import { readArchive, setAsideSchema } from '../../mail/archive.ts';
import { formatAddress } from '../../mail/address.ts';
import { readLetters } from '../../mail/letters.ts';
import { sameSender } from '../../mail/sender.ts';
import { folders, seriesFile, type Workspace } from '../../workspace.ts';
import { commitMails } from '../apply.ts';
import { notesOf, withNotes } from '../cover.ts';
import { formatRange, type PatchFile } from '../format.ts';
import { fileName } from '../change.ts';
import { perform, withSeries } from '../operations.ts';
import { formatOrigin, originFile, type OriginMail, originMailSchema, patchIdOf } from '../origin.ts';
import { requireFree } from '../port.ts';
import { isSeriesName } from '../read.ts';
import { attemptSchema, findBase } from './base.ts';
import { chooseSeries } from './choose.ts';
import type { Part } from './families.ts';
import { draftFragment } from './fragment.ts';
import { type ImportedPatch, readPatches } from './patches.ts';
import { refuseEntries } from './refused.ts';
import type { Chosen } from './whole.ts';

export interface ImportRequest {
  readonly place: string;
  /** Default: from the cover letter's change-id or subject. */
  readonly name?: string | undefined;
  /** Default: what base-commit says, otherwise the newest tree that takes all of it. */
  readonly tree?: string | undefined;
  /** A mail of the series, where there are several. */
  readonly messageId?: string | undefined;
  /** Add a Link: trailer with the mail of each patch, as maintainers do. */
  readonly link?: boolean | undefined;
}

export const importedSchema = object({
  kind: z.literal('imported'),
  series: text,
  folder: text,
  tree: text,
  /** Why that tree. */
  reason: text,
  subjects: texts,
  /** The mails it was taken from, the cover letter first. */
  mails: list(originMailSchema),
  /** Options that kconfigs/<series>.config switches on; absent when it was there or there are none. */
  fragment: texts.exactOptional(),
  notes: texts,
  /** Mails that could not be read. */
  setAside: list(setAsideSchema),
});
export type Imported = z.infer<typeof importedSchema>;

/** It applies to no tree there is. */
export const nowhereSchema = object({
  kind: z.literal('nowhere'),
  place: text,
  total: number,
  attempts: list(attemptSchema),
});
export type Nowhere = z.infer<typeof nowhereSchema>;

/** @throws UserError for mails that are no whole series, that reach out of the tree, or when the name is taken */
export async function* importSeries(
  workspace: Workspace,
  request: ImportRequest,
  signal: AbortSignal,
): Work<Imported | Nowhere> {
  const { place } = request;
  const archive = await readArchive(place, signal);
  const { letters, setAside: unread } = await readLetters(archive.messages);
  const setAside = [...archive.setAside, ...unread];
  const chosen = chooseSeries({ place, letters, setAside }, request.messageId);
  const { patches, notes } = await readPatches(chosen.patches, signal);
  const name = request.name ?? nameOf(chosen);
  if (!isSeriesName(name)) {
    throw new UserError(`'${name}' cannot be the name of a series`, {
      hint: 'give one with --name: letters, digits, dots and dashes',
    });
  }
  return yield* withSeries(workspace, name, signal, async function* (): Work<Imported | Nowhere> {
    await requireFree(workspace, name);
    const repository = folders.repository(workspace);
    const linked = request.link ? await withLinks(repository, patches, signal) : patches;
    const found = yield* findBase(workspace, chosen, linked, request.tree, signal);
    if (found.kind === 'nowhere') return { ...found, place, total: patches.length };
    const { tree, commits, reason } = found;
    const tip = commits.at(-1)!;
    await refuseEntries(repository, tree.commit, tip, signal);
    const range = { base: tree.commit, tip };
    const formatted = await formatRange(repository, range, { prefix: styleOf(chosen) }, signal);
    const written = formatted.patches.map((patch, index) => withSendersNotes(patch, patches[index]!));
    yield* requireCommits(repository, tree.commit, commits, written, signal);
    const mails = await originOf(repository, chosen, written, signal);
    const files: Record<string, Uint8Array> = {};
    for (const { name: file, bytes } of written) files[fileName.patch(name, file)] = bytes;
    if (chosen.cover)
      files[fileName.patch(name, '0000-cover-letter.patch')] = coverFile(chosen.cover, patches);
    files[fileName.patch(name, seriesFile)] = Buffer.from(`tree = ${JSON.stringify(tree.name)}\n`);
    if (mails.length > 0) files[fileName.patch(name, originFile)] = Buffer.from(formatOrigin(mails));
    const options = draftFragment(written.map(({ bytes }) => ({ text: bytes.toString('utf8') })));
    const own = path.join(folders.kconfigs(workspace), `${name}.config`);
    const drafted = options.length > 0 && !(await exists(own));
    if (drafted) files[fileName.fragment(name)] = fragmentFile(name, options);
    yield* perform(workspace, name, `import ${path.basename(place)}`, { files }, signal);
    return {
      ...{ kind: 'imported', series: name, tree: tree.name, reason, mails, setAside },
      notes: [...chosen.notes, ...notes],
      folder: path.join(folders.patches(workspace), name),
      subjects: patches.map(({ subject }) => subject),
      ...(drafted ? { fragment: options } : {}),
    };
  });
}

/** The mails by their ids; a patch file has none. */
async function originOf(
  repository: string,
  { cover, patches, version: [version] }: Chosen,
  written: readonly PatchFile[],
  signal: AbortSignal,
): Promise<readonly OriginMail[]> {
  const mails: OriginMail[] = [];
  const add = (part: Part, number: number, more: Pick<OriginMail, 'patchId'>) => {
    if (part.messageId === '') return;
    mails.push({ version, number, messageId: part.messageId, subject: part.info.text, ...more });
  };
  if (cover) add(cover, 0, {});
  for (const [index, part] of patches.entries()) {
    add(part, index + 1, { patchId: await patchIdOf(repository, written[index]!.bytes, signal) });
  }
  return mails;
}

async function withLinks(
  repository: string,
  patches: readonly ImportedPatch[],
  signal: AbortSignal,
): Promise<readonly ImportedPatch[]> {
  const linked: ImportedPatch[] = [];
  for (const patch of patches) {
    const { messageId } = patch.part;
    const trailer = ['--trailer', `Link: https://patch.msgid.link/${messageId}`];
    const args = ['interpret-trailers', '--if-exists=addIfDifferent', ...trailer];
    const input = `${patch.subject}\n\n${patch.body}`;
    const text = messageId === '' ? input : await git(repository, args, signal, { input });
    linked.push({ ...patch, body: text.slice(text.indexOf('\n') + 1) });
  }
  return linked;
}

/** What the sender wrote below the `---`, which no commit has. */
function withSendersNotes(patch: PatchFile, { diff }: ImportedPatch): PatchFile {
  const notes = notesOf(diff.toString('utf8').replaceAll('\r\n', '\n'));
  const isText = !notes.includes('\ufffd') && !/^(?:---|diff -|Index: )/m.test(notes);
  return isText
    ? {
        ...patch,
        bytes: Buffer.from(
          withNotes(patch.bytes.toString('latin1'), Buffer.from(notes).toString('latin1')),
          'latin1',
        ),
      }
    : patch;
}

/** From b4's change-id, '20260102-some-words-0123456789ab', or the subject. */
function nameOf({ cover, patches }: Chosen): string {
  const texts = [...(cover ? [cover] : []), ...patches];
  const id = texts.flatMap(({ text }) => /^change-id: \d{8}-(.+)-[0-9a-f]{6,}\s*$/m.exec(text)?.[1] ?? [])[0];
  const { info, subject } = cover ?? patches[0]!;
  const words = (id ?? (info.text || subject))
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '');
  return words
    .slice(0, 40)
    .replace(/-[^-]*$/, match => (words.length > 40 ? '' : match))
    .replace(/-+$/, '');
}

/** 'PATCH RFC v2': words that stand in any subject. */
const styleOf = ({ patches }: Chosen): string => {
  const words = patches[0]!.info.words.filter(word => /^[\w./+-]+$/.test(word));
  return (words.some(word => /patch/i.test(word)) ? words : ['PATCH', ...words]).join(' ');
};

/** The letter as format-patch would have written it; its text is the sender's to the last line. */
function coverFile(cover: Part, patches: readonly ImportedPatch[]): Buffer {
  const { info, sender, total } = cover;
  const author = sender && patches.flatMap(patch => patch.author ?? []).find(one => sameSender(one, sender));
  const from = sender?.hidden ? (author ?? sender) : sender;
  const date =
    cover.date === '' ? [] : [`Date: ${new Date(cover.date).toUTCString().replace('GMT', '+0000')}`];
  const number = total === undefined ? '' : ` ${'0'.repeat(String(total).length)}/${total}`;
  const prefix = info.words.some(word => /patch/i.test(word)) ? info.words : ['PATCH', ...info.words];
  return Buffer.from(
    [
      `From ${'0'.repeat(40)} Mon Sep 17 00:00:00 2001`,
      ...(from ? [`From: ${formatAddress(from)}`] : []),
      ...date,
      `Subject: [${prefix.join(' ')}${number}] ${info.text}`,
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
