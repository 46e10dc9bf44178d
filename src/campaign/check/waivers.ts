// SPDX-License-Identifier: GPL-2.0-only
/** patches/<series>/checkpatch.waivers: findings of checkpatch that a person has looked at and lets stand, each with
 *  its reason. One a line: TYPE, where (a file of the tree, `message` for a commit message, `*` for anywhere), reason. */
import path from 'node:path';
import type { z } from 'zod';
import { number, object, text } from '../../document.ts';
import { UserError } from '../../host/errors.ts';
import { readIfThere } from '../../host/files.ts';
import type { Series } from '../../series/series.ts';
import type { Finding } from './check.ts';

export const waiverSchema = object({ type: text, where: text, reason: text, line: number });
export type Waiver = z.infer<typeof waiverSchema>;

/** @throws UserError for a line without a reason */
export function parseWaivers(text: string, file: string): readonly Waiver[] {
  return text.split('\n').flatMap((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return [];
    const match = /^([A-Z][A-Z0-9_]+)\s+(\S+)\s+(\S.*)$/.exec(line);
    if (!match) {
      throw new UserError(`${file}:${index + 1}: '${line}' is not a waiver`, {
        hint: "write TYPE FILE REASON, as in: LONG_LINE fs/erofs/zdata.c a table; FILE may be 'message' or '*'",
      });
    }
    const [, type, where, reason] = match as unknown as string[];
    return [{ type: type!, where: where!, reason: reason!, line: index + 1 }];
  });
}

/** A finding in a commit message names the patch, which is no file of the tree. */
const placeOf = ({ file }: Finding): string =>
  file === undefined || file.endsWith('.patch') ? 'message' : file;

export const isWaived = (finding: Finding, { type, where }: Waiver): boolean =>
  finding.type === type && (where === '*' || where === placeOf(finding));

/** Waivers that cover none of the findings: what they were for is gone. */
export const unusedWaivers = (waivers: readonly Waiver[], findings: readonly Finding[]): readonly Waiver[] =>
  waivers.filter(waiver => !findings.some(finding => isWaived(finding, waiver)));

export const waiversFile = ({ folder }: Pick<Series, 'folder'>): string =>
  path.join(folder, 'checkpatch.waivers');

/** @throws UserError as parseWaivers() */
export async function readWaivers(series: Pick<Series, 'folder'>): Promise<readonly Waiver[]> {
  const file = waiversFile(series);
  return parseWaivers((await readIfThere(file)) ?? '', file);
}
