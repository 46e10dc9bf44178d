// SPDX-License-Identifier: GPL-2.0-only
/** Where mails lie: an mbox (RFC 4155, b4's .mbx too), a maildir, a folder of patches, a single patch; each message as
 *  its bytes. Nothing but regular files of a bounded size is read. */
import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../host/errors.ts';

export interface Message {
  /** 'series.mbox, message 3', '0003-x.patch'. */
  readonly place: string;
  readonly bytes: Buffer;
}

const largestMessage = 16 * 2 ** 20;
const largestTotal = 128 * 2 ** 20;
const most = 1000;

/** All messages, in the order they lie there. @throws UserError when there is none, or too much */
export async function readMessages(place: string): Promise<readonly Message[]> {
  const found = await lstat(place).catch(() => {
    throw new UserError(`there is no ${place}`, {
      hint: 'name an mbox, a maildir, a folder of patches, or a patch',
    });
  });
  const messages = found.isDirectory() ? await readFolder(place) : splitMbox(await bounded(place), place);
  if (messages.length === 0) {
    throw new UserError(`there is no message in ${place}`, {
      hint: 'a folder holds *.patch or *.eml files, a maildir cur/ and new/, an mbox lines that begin with "From "',
    });
  }
  if (messages.length > most) {
    throw new UserError(`${place} holds ${messages.length} messages, more than ${most}`, {
      hint: 'save the one thread: b4 am -n, or a mail reader',
    });
  }
  for (const { place: at, bytes } of messages) {
    if (bytes.length > largestMessage) throw tooLarge(at, bytes.length, largestMessage);
  }
  return messages;
}

const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;

const tooLarge = (place: string, bytes: number, limit: number) =>
  new UserError(`${place} has ${mebibytes(bytes)}, more than the ${mebibytes(limit)} of any patch`, {
    hint: 'take it out, and what belongs to it, if it is no patch; else apply it by hand: git am, series track',
  });

async function readFolder(folder: string): Promise<readonly Message[]> {
  const names = await readdir(folder);
  const maildir = names.includes('cur') || names.includes('new');
  const places = maildir
    ? (
        await Promise.all(
          ['cur', 'new'].map(async part =>
            (await readdir(path.join(folder, part)).catch(() => [] as string[])).map(name =>
              path.join(part, name),
            ),
          ),
        )
      ).flat()
    : names.filter(name => /\.(patch|eml|mbox|mbx|diff)$/.test(name));
  const messages: Message[] = [];
  let total = 0;
  for (const name of places.filter(each => !path.basename(each).startsWith('.')).sort()) {
    const bytes = await bounded(path.join(folder, name));
    total += bytes.length;
    if (total > largestTotal) throw tooLarge(folder, total, largestTotal);
    messages.push(...(maildir ? [{ place: name, bytes }] : splitMbox(bytes, name)));
  }
  return messages;
}

async function bounded(file: string): Promise<Buffer> {
  const found = await lstat(file);
  if (!found.isFile()) {
    throw new UserError(`${file} is ${found.isSymbolicLink() ? 'a symbolic link' : 'no regular file'}`, {
      hint: 'name the file itself; links are not followed',
    });
  }
  if (found.size > largestTotal) throw tooLarge(file, found.size, largestTotal);
  return readFile(file);
}

/** 'From git@z Thu Jan  1 00:00:00 1970', or format-patch's 'From 0123... Mon Sep 17 00:00:00 2001'. */
const separator = /^From \S+ +[A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2} (?:[+-]\d{4} )?\d{4}\b/;

/** The messages of an mbox, their separator lines left out; a file without one is a single message. */
export function splitMbox(bytes: Buffer, place: string): Message[] {
  const starts: number[] = [];
  for (let at = 0; at >= 0 && at < bytes.length;) {
    const end = bytes.indexOf(10, at);
    const stop = end < 0 ? bytes.length : end;
    // No empty line before it is asked for, as git asks for none: patches that were put behind each other have none.
    if (bytes[at] === 0x46 && separator.test(bytes.subarray(at, stop).toString('latin1'))) {
      starts.push(at);
    }
    at = end < 0 ? -1 : end + 1;
  }
  if (starts.length === 0) return bytes.toString('latin1').trim() === '' ? [] : [{ place, bytes }];
  const name = path.basename(place);
  return starts.map((start, index) => {
    const body = bytes.subarray(bytes.indexOf(10, start) + 1, starts[index + 1] ?? bytes.length);
    return { place: starts.length === 1 ? name : `${name}, message ${index + 1}`, bytes: body };
  });
}
