// SPDX-License-Identifier: GPL-2.0-only
/** patches/<series>/origin: the mails that an imported series was taken from, so that replies to them are found. */
import path from 'node:path';
import type { z } from 'zod';
import { number, object, text } from '../document.ts';
import { UserError } from '../host/errors.ts';
import { readIfThere } from '../host/files.ts';
import { git } from '../host/git.ts';

export const originFile = 'origin';

export const originMailSchema = object({
  version: number,
  /** 0: the cover letter. */
  number: number,
  /** Without brackets. */
  messageId: text,
  /** Which change it is, as it was imported; absent for the cover letter. */
  patchId: text.exactOptional(),
  subject: text,
});
export type OriginMail = z.infer<typeof originMailSchema>;

const head = `# The mails that this series was imported from: 'initbench review' finds replies by them.
# VERSION NUMBER MESSAGE-ID PATCH-ID SUBJECT
`;

export const formatOrigin = (mails: readonly OriginMail[]): string =>
  head +
  mails
    .map(
      each => `v${each.version} ${each.number} <${each.messageId}> ${each.patchId ?? '-'} ${each.subject}\n`,
    )
    .join('');

/** @throws UserError with the line that cannot be read */
export function parseOrigin(text: string, file: string): readonly OriginMail[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return [];
    const match = /^v(\d+) (\d+) <([^<>\s]+)> (-|[0-9a-f]{40,64}) (.*)$/.exec(line);
    if (!match) {
      throw new UserError(`${file}:${index + 1}: '${line}' is not a mail`, {
        hint: 'write: vVERSION NUMBER <MESSAGE-ID> PATCH-ID SUBJECT, or remove the line',
      });
    }
    const [, version, number, messageId, patchId, subject] = match;
    return {
      ...{ version: Number(version), number: Number(number), messageId: messageId!, subject: subject! },
      ...(patchId === '-' ? {} : { patchId: patchId! }),
    };
  });
}

export async function readOrigin(folder: string): Promise<readonly OriginMail[]> {
  const file = path.join(folder, originFile);
  return parseOrigin((await readIfThere(file)) ?? '', file);
}

/** Where the archive of the lists has a mail. */
export const loreLink = (messageId: string): string => `https://lore.kernel.org/r/${encodeURI(messageId)}`;

/** Which change a patch is, wherever its lines stand. */
export async function patchIdOf(repository: string, bytes: Buffer, signal: AbortSignal): Promise<string> {
  const said = await git(repository, ['patch-id', '--stable'], signal, { input: bytes });
  return said.split(' ')[0]!;
}
