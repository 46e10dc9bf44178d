// SPDX-License-Identifier: GPL-2.0-only
/** The state machine of init/initramfs.c: what it makes of each byte of an archive, what it skips without a word, and
 *  where it stops. Its states bear the kernel's names, its messages are the kernel's, and so are its oddities; a
 *  differential test (test/vm/archives.test.ts) holds it against kernels. */
import { formatBits } from '../entry.ts';
import { type Bytes, bytesOf } from './bytes.ts';
import { type Members, newMembers } from './members.ts';
import { type HeaderFields, headerBytes, parseFields, trailerName } from './newc.ts';
import { type OpenFile, type Rootfs, sameType } from './rootfs.ts';

type State = 'Start' | 'Collect' | 'GotHeader' | 'SkipIt' | 'GotName' | 'CopyFile' | 'GotSymlink' | 'Reset';

export interface Unpacker {
  /** What the kernel says when it gives up; undefined while all is well. */
  readonly message: string | undefined;
  /** What the message leaves open. */
  readonly detail: string | undefined;
  readonly state: State;
  /** The kernel's this_header: an offset in the initrd, or in what a segment unpacks to. */
  offset: number;
  /** Where the last header stood, in the same terms. */
  readonly header: number;
  /** Of the member that the bytes ended in. */
  readonly name: string;
  /** Headers that were read, and trailers among them. */
  readonly members: number;
  readonly archives: number;
  readonly dropped: Members['dropped'];
  /** As write_buffer(): takes bytes until the machine wants to be asked again, and says how many. */
  write(bytes: Bytes): number;
  /** As flush_buffer(): false when there is nothing more to give. */
  flush(chunk: Buffer): boolean;
  /** A plain archive begins, or goes on with its next member. */
  start(): void;
  /** The first fault counts. */
  fail(message: string, detail?: string): void;
  /** No byte is left. */
  finish(): void;
}

const pathMax = 4096;
const pieceBytes = 1 << 20;
/** More members than any root has; a compressed segment could hold billions. */
const mostMembers = 1 << 22;

const align4 = (offset: number) => Math.ceil(offset / 4) * 4;
/** A name with its padding: header and name together are a multiple of four (N_ALIGN). */
const paddedName = (bytes: number) => align4(headerBytes + bytes) - headerBytes;
const zeroEnded = (bytes: Buffer): string => {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end === -1 ? bytes.length : end);
};

export function newUnpacker(rootfs: Rootfs): Unpacker {
  const made = newMembers(rootfs);
  let state: State = 'Start';
  // what the archive built into the kernel leaves behind
  let nextState: State = 'Reset';
  let message: string | undefined;
  let detail: string | undefined;
  let offset = 0;
  let header = 0;
  let nextHeader = 0;
  let members = 0;
  let archives = 0;

  let source: Bytes = bytesOf(Buffer.alloc(0));
  let at = 0;
  let left = 0;
  let collected: Buffer = Buffer.alloc(0);
  let filled = 0;

  let fields: HeaderFields;
  let checked = false;
  let sum = 0;
  let bodyLeft = 0;
  let name = '';
  let file: OpenFile | undefined;

  function fail(text: string, more?: string): void {
    if (message !== undefined) return;
    message = text;
    detail = more;
  }

  function eat(count: number): void {
    at += count;
    offset += count;
    left -= count;
  }

  function readInto(count: number, next: State): void {
    if (left < count) return collect(count, next);
    collected = source.read(at, at + count);
    eat(count);
    state = next;
  }

  function collect(count: number, next: State): void {
    collected = Buffer.alloc(count);
    filled = 0;
    nextState = next;
    state = 'Collect';
  }

  function gotHeader(): boolean {
    header = offset - headerBytes;
    const magic = collected.toString('latin1', 0, 6);
    if (magic !== '070701' && magic !== '070702') {
      const old = magic === '070707';
      fail(old ? 'incorrect cpio method used: use -H newc option' : 'no cpio magic');
      return true;
    }
    checked = magic === '070702';
    const parsed = parseFields(collected);
    if (!parsed) {
      fail('damaged header');
      return true;
    }
    if (++members > mostMembers) {
      fail('too many members', `more than ${mostMembers}, which is initbench's own limit`);
      return true;
    }
    fields = parsed;
    const { namesize, filesize, mode } = fields;
    const nameBytes = paddedName(namesize);
    nextHeader = align4(offset + nameBytes + filesize);
    name = `member ${members}`;
    state = 'SkipIt';
    if (namesize === 0 || namesize > pathMax) {
      made.drop(name, 'name size');
    } else if (sameType(mode, formatBits.symlink)) {
      if (filesize > pathMax) made.drop(name, 'target size');
      else collect(nameBytes + filesize, 'GotSymlink');
    } else if (sameType(mode, formatBits.file) || filesize === 0) {
      readInto(nameBytes, 'GotName');
    } else {
      made.drop(name, 'data');
    }
    return false;
  }

  function takeName(): boolean {
    name = zeroEnded(collected);
    if (collected[fields.namesize - 1] === 0) return true;
    fail('malformed archive', 'a name without its final NUL');
    return false;
  }

  function gotName(): boolean {
    state = 'SkipIt';
    nextState = 'Reset';
    if (!takeName()) return true;
    if (name === trailerName) {
      archives++;
      made.endArchive();
      return false;
    }
    file = made.make(name, fields);
    if (file) {
      sum = 0;
      bodyLeft = fields.filesize;
      state = 'CopyFile';
    }
    return false;
  }

  function copyFile(): boolean {
    const count = Math.min(left, bodyLeft);
    for (let done = 0; done < count; done += pieceBytes) {
      const piece = source.read(at + done, at + Math.min(count, done + pieceBytes));
      file!.write(piece);
      if (checked) for (const byte of piece) sum = (sum + byte) >>> 0;
    }
    eat(count);
    bodyLeft -= count;
    if (bodyLeft > 0) return true;
    file!.close(fields.mtime);
    if (checked && sum !== fields.check) {
      fail('bad data checksum', `/${name}: its bytes add up to ${sum}, its header says ${fields.check}`);
    }
    state = 'SkipIt';
    return false;
  }

  function gotSymlink(): boolean {
    if (!takeName()) return true;
    made.makeSymlink(name, zeroEnded(collected.subarray(paddedName(fields.namesize))), fields);
    state = 'SkipIt';
    nextState = 'Reset';
    return false;
  }

  function reset(): boolean {
    for (let step = 64; left > 0; step = Math.min(2 * step, pieceBytes)) {
      const piece = source.read(at, at + Math.min(left, step));
      const other = piece.findIndex(byte => byte !== 0);
      eat(other === -1 ? piece.length : other);
      if (other !== -1) break;
    }
    if (left > 0 && offset % 4 !== 0) fail('broken padding');
    return true;
  }

  /** Each returns whether the machine has to be asked again. */
  const actions: Readonly<Record<State, () => boolean>> = {
    Start() {
      name = '';
      readInto(headerBytes, 'GotHeader');
      return false;
    },
    Collect() {
      const count = Math.min(left, collected.length - filled);
      source.read(at, at + count).copy(collected, filled);
      eat(count);
      filled += count;
      if (filled < collected.length) return true;
      state = nextState;
      return false;
    },
    GotHeader: gotHeader,
    SkipIt() {
      if (offset + left < nextHeader) {
        eat(left);
        return true;
      }
      eat(nextHeader - offset);
      state = nextState;
      return false;
    },
    GotName: gotName,
    CopyFile: copyFile,
    GotSymlink: gotSymlink,
    Reset: reset,
  };

  function write(bytes: Bytes): number {
    source = bytes;
    at = 0;
    left = bytes.length;
    while (!actions[state]());
    return bytes.length - left;
  }

  function flush(chunk: Buffer): boolean {
    for (let rest = chunk; message === undefined;) {
      const written = write(bytesOf(rest));
      if (written >= rest.length) return true;
      rest = rest.subarray(written);
      if (rest[0] === 0x30) state = 'Start';
      else if (rest[0] === 0) state = 'Reset';
      else fail('junk within compressed archive');
    }
    return false;
  }

  return {
    get message() {
      return message;
    },
    get detail() {
      return detail;
    },
    get state() {
      return state;
    },
    get offset() {
      return offset;
    },
    set offset(value) {
      offset = value;
    },
    get header() {
      return header;
    },
    get name() {
      return name;
    },
    get members() {
      return members;
    },
    get archives() {
      return archives;
    },
    dropped: made.dropped,
    write,
    flush,
    fail,
    start() {
      state = 'Start';
    },
    finish: () => made.finish(),
  };
}
