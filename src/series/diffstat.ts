// SPDX-License-Identifier: GPL-2.0-only
/** Which files a patch touches, with added and removed lines, counted in the diff itself. */
import { parsePatch, type StructuredPatch } from 'diff';
import { stripSignature } from './mail.ts';

export interface FileChange {
  /** Where it is after the patch; where it was, when it is removed. */
  readonly path: string;
  readonly added: number;
  readonly removed: number;
}

/** The changes of a patch file's body (or of a bare diff), in its order. */
export function diffstatOf(body: string): FileChange[] {
  const start = /^diff --git /m.exec(body)?.index;
  if (start === undefined) return [];
  return parsePatch(stripSignature(body.slice(start))).map(file => ({
    path: pathOf(file),
    ...countLines(file),
  }));
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
