// SPDX-License-Identifier: GPL-2.0-only
/** The chosen mails as patches: decoded by git mailinfo, under their authors' names, and judged by git apply: whether each
 *  is a diff, and which paths it has. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ToolError, UserError } from '../../host/errors.ts';
import { scratchFolder } from '../../host/files.ts';
import { git, ownConfigOnly } from '../../host/git.ts';
import { type Address, parseAddress } from '../../mail/address.ts';
import { type DecodedPatch, decodePatch } from '../../mail/decode.ts';
import { parsePeople, sameSender, unmaskAddresses } from '../../mail/sender.ts';
import { type QuiltEntry, quiltOptions } from '../../mail/quilt.ts';
import type { Part } from './families.ts';
import { refusePath } from './refused.ts';

export interface ImportedPatch extends DecodedPatch {
  readonly part: Part;
  readonly quilt?: QuiltEntry;
}

/** @throws UserError for one that is damaged, is not a diff, or reaches out of the tree */
export async function readPatches(
  parts: readonly Part[],
  signal: AbortSignal,
): Promise<{ readonly patches: readonly ImportedPatch[]; readonly notes: readonly string[] }> {
  const patches: ImportedPatch[] = [];
  const notes: string[] = [];
  for (const part of parts) {
    const decoded = await decode(part, signal);
    const patch = withPlainName(withAuthor(part, withSubject(part, decoded), notes));
    for (const name of await pathsOf(part, patch, signal)) refusePath(part.place, name);
    patches.push({ ...patch, part, ...(part.quilt && { quilt: part.quilt }) });
  }
  return { patches, notes };
}

const nameOf = ({ place, subject }: Part): string => `${place}: '${subject}'`;

async function decode(part: Part, signal: AbortSignal): Promise<DecodedPatch> {
  const why = part.damage ?? (part.isHtml ? 'it is HTML only' : undefined);
  if (why !== undefined) throw damaged(part, why);
  try {
    return await decodePatch(part.bytes, signal);
  } catch (error) {
    if (error instanceof UserError) throw damaged(part, error.message);
    if (error instanceof ToolError) throw damaged(part, error.lastLines.join(' '));
    throw error;
  }
}

const damaged = (part: Part, why: string): UserError =>
  new UserError(`${nameOf(part)} cannot be read: ${why}`, {
    hint: 'save the mail again; nothing was applied',
  });

/** git takes [...] and 'Re:' off a subject; a prefix without brackets, or behind a gateway's, is taken off here. */
function withSubject({ info: { text }, subject }: Part, patch: DecodedPatch): DecodedPatch {
  const isHeader = subject.endsWith(patch.subject) && patch.subject.endsWith(text);
  const head = patch.subject.slice(0, patch.subject.length - text.length);
  const isPrefix = /\d\s*(?:\/|of)\s*\d|\[[^\]]*patch/i.test(head);
  return text !== '' && isHeader && isPrefix ? { ...patch, subject: text } : patch;
}

/** A 'From:' that the text begins with is the author's; else who sent the mail is, whatever a list made of its From. */
function withAuthor(part: Part, patch: DecodedPatch, notes: string[]): DecodedPatch {
  const masked = /\S+ (?:at|\(a\)) \S+\.\S+/.test(patch.body);
  const body = masked
    ? patch.body.replace(/^(?:[A-Z][\w-]*-by|Cc|From): .*$/gm, unmaskAddresses)
    : patch.body;
  const own = { ...patch, body };
  const inBody = inBodyFrom(part.text);
  const author = inBody ?? part.sender;
  if (author === undefined) {
    notes.push(`${nameOf(part)} names no author`);
    return own;
  }
  if (inBody || !part.sender?.hidden) {
    const isSame = patch.author?.email.toLowerCase() === author.email.toLowerCase();
    return isSame ? own : { ...own, author: { name: author.name, email: author.email } };
  }
  const signer = signersOf(body).find(one => sameSender(one, author));
  if (!signer)
    notes.push(`${nameOf(part)}: the address of its author, ${author.name}, is hidden by the list`);
  return { ...own, author: signer ?? { name: author.name, email: author.email } };
}

/** An '@' in a name is an address to git mailinfo, which would read the patch file so. */
const withPlainName = (patch: DecodedPatch): DecodedPatch =>
  patch.author?.name.includes('@')
    ? { ...patch, author: { ...patch.author, name: patch.author.name.replaceAll('@', ' at ') } }
    : patch;

/** As git mailinfo finds it: among headers at the top of the text. */
function inBodyFrom(text: string): Address | undefined {
  const head =
    /^(?:[ \t]*\r?\n)*((?:(?:From|Subject|Date): [^\n]*\n(?:[ \t][^\n]*\n)*)+)/.exec(text)?.[1] ?? '';
  const from = /^From: *([^\n]*)/m.exec(head)?.[1];
  return from === undefined ? undefined : parsePeople(from).at(0);
}

const signersOf = (body: string): Address[] =>
  [...body.matchAll(/^Signed-off-by: (.*)$/gim)].flatMap(match => parseAddress(match[1]!) ?? []);

/** What git apply says it would touch. @throws UserError when it is not a diff for git */
async function pathsOf(part: Part, { diff }: DecodedPatch, signal: AbortSignal): Promise<readonly string[]> {
  const scratch = await scratchFolder('paths');
  const file = path.join(scratch, 'diff');
  try {
    await writeFile(file, diff);
    const said = await git(scratch, ['apply', '--numstat', '-z', ...quiltOptions(part.quilt), file], signal, {
      env: ownConfigOnly,
    });
    return said.split('\0').flatMap(line => /^(?:\d+|-)\t(?:\d+|-)\t(.+)$/s.exec(line)?.[1] ?? []);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const why = error.lastLines.map(line => line.replace(/^(?:error|fatal): /, '')).join(' ');
    throw damaged(
      part,
      /No valid patches/.test(why) ? 'it has no diff' : `git: ${why.replaceAll(file, 'its diff')}`,
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
