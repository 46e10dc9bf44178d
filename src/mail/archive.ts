// SPDX-License-Identifier: GPL-2.0-only
/** Where mails lie: an mbox of any kind, a mail, a patch, any of that compressed; a maildir, an MH folder, a folder of
 *  mails or patches, a quilt folder. Each message as its bytes, in the order in which they lie there. Nothing but regular
 *  files of a bounded size is read, and links in a folder are not followed. */
import { lstat, open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { object, text } from '../document.ts';
import { UserError } from '../host/errors.ts';
import { DamagedFile, decompress } from './decompress.ts';
import { parseQuiltSeries, patchAsMail, type QuiltEntry } from './quilt.ts';
import { splitMbox } from './split.ts';

export interface Message {
  /** 'series.mbox, mail 3', '0003-x.patch'. */
  readonly place: string;
  readonly bytes: Buffer;
  /** In a quilt series: how it is applied. */
  readonly quilt?: QuiltEntry;
}

/** What was not read, and why. */
export const setAsideSchema = object({ place: text, why: text });
export type SetAside = z.infer<typeof setAsideSchema>;

export interface Archive {
  readonly messages: readonly Message[];
  readonly setAside: readonly SetAside[];
}

const largestMessage = 16 * 2 ** 20;
const largestTotal = 256 * 2 ** 20;
const most = 20_000;

/** @throws UserError when there is no such place, no message in it, or too much */
export async function readArchive(place: string, signal: AbortSignal): Promise<Archive> {
  const found = await stat(place).catch(() => {
    throw new UserError(`there is no ${place}`, {
      hint: 'name an mbox, a maildir, a folder of patches, or a patch',
    });
  });
  const budget = { left: largestTotal, place };
  const { messages, setAside } = await (found.isDirectory()
    ? readFolder(place, budget, signal)
    : path.basename(place) === 'series'
      ? readQuilt(path.dirname(place), budget, signal)
      : readOne(place, path.basename(place), budget, signal));
  if (messages.length + setAside.length === 0) {
    throw new UserError(`there is no message in ${place}`, {
      hint: 'a folder holds patches, mails or a series file, a maildir cur/ and new/, an mbox lines that begin with "From "',
    });
  }
  if (messages.length > most) {
    throw new UserError(`${place} holds ${messages.length} messages, more than ${most}`, {
      hint: 'save the one thread: b4 am -n, or a mail reader',
    });
  }
  const small = messages.filter(({ bytes }) => bytes.length <= largestMessage);
  const large = messages.filter(({ bytes }) => bytes.length > largestMessage);
  const why = (bytes: Buffer) =>
    `it has ${mebibytes(bytes.length)}, more than the ${mebibytes(largestMessage)} of any mail`;
  return {
    messages: small,
    setAside: [...setAside, ...large.map(({ place: at, bytes }) => ({ place: at, why: why(bytes) }))],
  };
}

/** How much may still be read. */
interface Budget {
  left: number;
  readonly place: string;
}

const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;

const tooLarge = ({ place }: Budget) =>
  new UserError(`${place} has more than ${mebibytes(largestTotal)} of mails`, {
    hint: 'save the one thread by itself: b4 am -n, or a mail reader',
  });

/** The messages of one file. */
async function readOne(file: string, name: string, budget: Budget, signal: AbortSignal): Promise<Archive> {
  const bytes = await readBounded(file, budget, signal);
  const mails = await splitMbox(bytes, signal);
  return {
    messages: mails.map((mail, index) => ({
      place: mails.length === 1 ? name : `${name}, mail ${index + 1}`,
      bytes: mails.length === 1 ? patchAsMail(mail, name) : mail,
    })),
    setAside: [],
  };
}

async function readBounded(file: string, budget: Budget, signal: AbortSignal): Promise<Buffer> {
  const { size } = await stat(file);
  if (size > budget.left) throw tooLarge(budget);
  const bytes = await decompress(await readFile(file), file, budget.left, signal);
  if (bytes === undefined || bytes.length > budget.left) throw tooLarge(budget);
  budget.left -= bytes.length;
  return bytes;
}

/** Where a quilt series lies in what people name: itself, or the source package around it. */
const quiltFolders = ['', 'patches', 'debian/patches'];

async function readFolder(folder: string, budget: Budget, signal: AbortSignal): Promise<Archive> {
  const names = await readdir(folder);
  const isMaildir = names.includes('cur') || names.includes('new');
  if (!isMaildir) {
    for (const inner of quiltFolders) {
      const place = path.join(folder, inner);
      const found = await lstat(path.join(place, 'series')).catch(() => undefined);
      if (found?.isFile()) return readQuilt(place, budget, signal);
    }
  }
  const places = isMaildir ? await maildirNames(folder) : await mailNames(folder, names);
  const messages: Message[] = [];
  const setAside: SetAside[] = [];
  for (const name of places) {
    const file = path.join(folder, name);
    const found = await lstat(file);
    if (found.isSymbolicLink())
      setAside.push({ place: name, why: 'it is a link; name the file it leads to' });
    if (!found.isFile()) continue;
    try {
      messages.push(...(await readOne(file, name, budget, signal)).messages);
    } catch (error) {
      if (!(error instanceof DamagedFile)) throw error;
      setAside.push({ place: name, why: error.message });
    }
  }
  return { messages, setAside };
}

async function maildirNames(folder: string): Promise<readonly string[]> {
  const inside = async (part: string) =>
    (await readdir(path.join(folder, part)).catch(() => [] as string[])).map(name => path.join(part, name));
  const names = [...(await inside('cur')), ...(await inside('new'))];
  return names.filter(isShown).sort((a, b) => byNumber(path.basename(a), path.basename(b)));
}

/** Patches and mails by their names; where there are none, the numbered files of MH and whatever begins as a mail does. */
async function mailNames(folder: string, names: readonly string[]): Promise<readonly string[]> {
  const shown = names.filter(isShown).sort(byNumber);
  const named = shown.filter(name =>
    /\.(?:patch|diff|eml|mbox|mbx|mail|msg)(?:\.(?:gz|xz|zst|bz2))?$/i.test(name),
  );
  if (named.length > 0) return named;
  const found: string[] = [];
  for (const name of shown) {
    const file = path.join(folder, name);
    if ((await lstat(file)).isFile() && (/^\d+$/.test(name) || beginsAsMail(await startOf(file)))) {
      found.push(name);
    }
  }
  return found;
}

const beginsAsMail = (text: string): boolean =>
  /^(?:From |[!-9;-~]+: ?\S[^\n]*\n(?:[ \t][^\n]*\n|[!-9;-~]+: ?[^\n]*\n)*\r?\n)/.test(text);

async function startOf(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8192), 0, 8192, 0);
    return buffer.subarray(0, bytesRead).toString('latin1');
  } finally {
    await handle.close();
  }
}

const isShown = (name: string): boolean => !path.basename(name).startsWith('.');

/** '9' before '10', and else as git and ls put them. */
function byNumber(a: string, b: string): number {
  const [left, right] = [a, b].map(name => name.split(/(\d+)/));
  for (let at = 0; at < Math.min(left!.length, right!.length); at++) {
    const [x, y] = [left![at]!, right![at]!];
    if (x === y) continue;
    const difference = at % 2 === 1 ? Number(x) - Number(y) : 0;
    return difference || (x < y ? -1 : 1);
  }
  return left!.length - right!.length;
}

/** Patches in the order of their `series` file. */
async function readQuilt(folder: string, budget: Budget, signal: AbortSignal): Promise<Archive> {
  const text = (await readBounded(path.join(folder, 'series'), budget, signal)).toString('utf8');
  const { entries, unread } = parseQuiltSeries(text);
  if (unread.length > 0) {
    throw new UserError(`${path.join(folder, 'series')}: '${unread[0]}' is not understood`, {
      hint: 'a line is the name of a patch, and -pN or -R if it needs that',
    });
  }
  const root = await realpath(folder);
  const messages: Message[] = [];
  for (const entry of entries) {
    const file = path.join(folder, entry.file);
    const real = await realpath(file).catch(() => undefined);
    if (real === undefined)
      throw new UserError(`${folder} has no ${entry.file}, which its series names`, {
        hint: 'a series is imported whole or not at all',
      });
    if (!real.startsWith(`${root}/`) || !(await stat(real)).isFile()) {
      throw new UserError(`${entry.file} is not a file in ${folder}`, {
        hint: 'nothing outside of the folder is read',
      });
    }
    const bytes = await readBounded(real, budget, signal);
    messages.push({ place: entry.file, bytes: patchAsMail(bytes, entry.file), quilt: entry });
  }
  return { messages, setAside: [] };
}
