// SPDX-License-Identifier: GPL-2.0-only
/** A workspace in a temporary folder, and payloads made of a few lines. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import type { Work, WorkEvent } from '../../src/events.ts';
import { digestOf } from '../../src/host/files.ts';
import type { Compression } from '../../src/image/archive/compression.ts';
import {
  headerBytes,
  type HeaderFields,
  paddingAfter,
  parseFields,
  trailerName,
} from '../../src/image/archive/newc.ts';
import { copyRoot } from '../../src/image/archive/payload.ts';
import { unpackInitramfs } from '../../src/image/archive/unpack.ts';
import { type Draft, newDraft } from '../../src/image/draft.ts';
import type { Payload } from '../../src/image/image.ts';
import { openWorkspace, type Workspace } from '../../src/workspace.ts';

export const never = new AbortController().signal;

const temporary: string[] = [];
// Not in temporaryFolder(): a hook that a running test declares is never called.
afterAll(() => {
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
});

/** Removed when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'initbench-test-'));
  temporary.push(folder);
  return folder;
}

export function temporaryWorkspace(): Workspace {
  const folder = temporaryFolder();
  const places = { INITBENCH_CACHE: path.join(folder, 'cache'), INITBENCH_STATE: path.join(folder, 'state') };
  return openWorkspace({ ...process.env, ...places });
}

/** A name as payloads have it: its bytes, one per character. */
export const bytesOf = (text: string): string => Buffer.from(text).toString('latin1');

export interface NewcMember extends HeaderFields {
  readonly name: string;
  readonly data: Buffer;
}

/** The members of a sound archive, its trailer left out. */
export function membersIn(bytes: Buffer, start = 0): NewcMember[] {
  const members: NewcMember[] = [];
  for (let at = start; ;) {
    const header = parseFields(bytes.subarray(at, at + headerBytes))!;
    const name = bytes.toString('latin1', at + headerBytes, at + headerBytes + header.namesize - 1);
    const data = at + headerBytes + header.namesize + paddingAfter(headerBytes + header.namesize);
    if (name === trailerName) return members;
    members.push({ ...header, name, data: bytes.subarray(data, data + header.filesize) });
    at = data + header.filesize + paddingAfter(header.filesize);
  }
}

/** What a file of these bytes unpacks to, and the draft it was put into. */
export async function unpacked(bytes: Buffer, known?: readonly Compression[]) {
  const folder = temporaryFolder();
  const file = path.join(folder, 'x.img');
  writeFileSync(file, bytes);
  const result = await unpackInitramfs(file, { folder, signal: never, ...(known && { known }) });
  const draft = newDraft(path.join(folder, 'payload'));
  return { ...result, left: copyRoot(result.rootfs, draft), draft };
}

/** A payload that `fill` describes, without a collector. */
export function payloadOf(fill: (draft: Draft) => void): Payload {
  const folder = temporaryFolder();
  const draft = newDraft(folder);
  fill(draft);
  const entries = draft.entries();
  const bytes = entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.bytes : 0), 0);
  return { id: 'test', name: 'test', digest: digestOf(entries), folder, entries, bytes, init: {} };
}

/** Runs work to its end: product and events. */
export async function finished<Product>(
  work: Work<Product>,
): Promise<{ product: Product; events: WorkEvent[] }> {
  const events: WorkEvent[] = [];
  for (;;) {
    const result = await work.next();
    if (result.done) return { product: result.value, events };
    events.push(result.value);
  }
}

/** Everything a format has to carry. */
export function addOneOfEach(draft: Draft): void {
  draft.directory('dev');
  draft.node('dev/console', 'char', 5, 1, { mode: 0o600 });
  draft.node('dev/vda', 'block', 254, 70000, { mode: 0o660, gid: 6 });
  draft.node('dev/pipe', 'fifo', 0, 0, { mode: 0o644 });
  draft.directory('home', { mode: 0o2750, uid: 1000, gid: 100 });
  draft.directory('empty', { mode: 0o500 });
  const file = draft.file(bytesOf('home/Größe mit Leerzeichen'), Buffer.from('Inhalt\n'), {
    mode: 0o4711,
    uid: 1000,
    gid: 100,
  });
  draft.link('second name', file);
  draft.file('no \xff\xfe UTF-8', Buffer.from('latin1'), { mode: 0o444 });
  draft.symlink('link', 'home/nowhere', { uid: 7 });
  draft.file('secret', Buffer.from('x'), { mode: 0 });
  draft.file('nothing', Buffer.alloc(0));
  draft.file('big id', Buffer.alloc(5000, 'abc'), { uid: 70000, gid: 80000, mtime: 1234567890 });
  draft.file('zeros', Buffer.alloc(300_000));
  for (let index = 0; index < 150; index++) draft.symlink(`many-${'n'.repeat(20)}-${index}`, String(index));
}
