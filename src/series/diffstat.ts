// SPDX-License-Identifier: GPL-2.0-only
/** Which files a patch touches, with added and removed lines, counted in the diff itself; and the added lines. */
import { parsePatch, type StructuredPatch } from 'diff';
import { UserError } from '../host/errors.ts';
import { stripSignature } from './mail.ts';

export interface FileChange {
  /** Where it is after the patch; where it was, when it is removed. */
  readonly path: string;
  readonly added: number;
  readonly removed: number;
}

/** The changes of a patch file's body (or of a bare diff), in its order. @throws UserError when it is damaged */
export function diffstatOf(body: string): FileChange[] {
  return filesOf(body).map(file => ({ path: pathOf(file), ...countLines(file) }));
}

/** The lines that a patch adds, without their '+', by file. */
export function addedLinesOf(body: string): { readonly path: string; readonly lines: readonly string[] }[] {
  return filesOf(body).map(file => ({
    path: pathOf(file),
    lines: file.hunks
      .flatMap(hunk => hunk.lines)
      .filter(line => line.startsWith('+'))
      .map(line => line.slice(1)),
  }));
}

function filesOf(body: string): StructuredPatch[] {
  const start = /^diff --git /m.exec(body)?.index;
  if (start === undefined) return [];
  try {
    return parsePatch(stripSignature(body.slice(start)));
  } catch (error) {
    throw new UserError(`the diff cannot be read: ${(error as Error).message}`, {
      hint: 'write it again with git format-patch',
    });
  }
}

function pathOf({ oldFileName, newFileName }: StructuredPatch): string {
  const name = newFileName === undefined || newFileName === '/dev/null' ? oldFileName : newFileName;
  return (name ?? '').replace(/^[ab]\//, '');
}

function countLines({ hunks }: StructuredPatch): { added: number; removed: number } {
  const lines = hunks.flatMap(hunk => hunk.lines);
  return {
    added: lines.filter(line => line.startsWith('+')).length,
    removed: lines.filter(line => line.startsWith('-')).length,
  };
}
