// SPDX-License-Identifier: GPL-2.0-only
/** The files that hostile images are made of: few, small, and of every kind that an inode can be. The same bytes on
 *  every machine. There is no /init among them: the one that is run comes from an archive behind the image, since
 *  damaged code would prove nothing. */
import type { Draft } from '../../image/draft.ts';
import { fillerBytes } from '../../image/filler.ts';
import { randomFrom } from '../../image/random.ts';

/** Goes into the digest of the images: raise it when the files change. */
export const treeVersion = 1;
/** All of it lies below this; what else the guest's root has comes from the kernel and the archives. */
export const treeFolder = 'tree';

const seed = 0x68757a7a;

/** Sizes around what the format cares about: empty, inline, a block, a tail, several pclusters of either size. */
const sizes = [0, 1, 2, 31, 100, 900, 2048, 4000, 4095, 4096, 4097, 6000, 8192, 12288, 20000, 65536, 70000];
const large = [131072, 200000];

const contents = {
  /** Compresses like a program. */
  program: (bytes: number, stream: number) =>
    fillerBytes({ path: '', bytes, random: false, stream: 1000 + stream }),
  /** Does not compress. */
  noise: (bytes: number, stream: number) =>
    fillerBytes({ path: '', bytes, random: true, stream: 2000 + stream }),
  /** Compresses to next to nothing: one extent is very long. */
  zeros: (bytes: number) => Buffer.alloc(bytes),
  /** Repeats with a period that no block has. */
  words: (bytes: number, stream: number) =>
    Buffer.from(`${stream} the quick brown fox jumps over the lazy dog\n`.repeat(1 + bytes / 40)).subarray(
      0,
      bytes,
    ),
} as const;

export function fillTree(draft: Draft): void {
  const at = (...parts: string[]) => [treeFolder, ...parts].join('/');
  draft.directory(treeFolder);
  for (const [kind, make] of Object.entries(contents)) {
    draft.directory(at(kind));
    const chosen = kind === 'program' || kind === 'zeros' ? [...sizes, ...large] : sizes;
    for (const [index, bytes] of chosen.entries()) {
      draft.file(at(kind, `${bytes}`), make(bytes, index), owners[index % owners.length]);
    }
  }
  addLinks(draft, at);
  addNodes(draft, at);
  addManyNames(draft, at);
  addDepth(draft, at);
}

/** The large ids need an inode of 64 bytes. */
const owners = [{}, { uid: 100_000, gid: 70_000 }, { mode: 0o4755 }, { uid: 1000, gid: 100, mode: 0o600 }];

type At = (...parts: string[]) => string;

function addLinks(draft: Draft, at: At): void {
  draft.directory(at('links'), { mode: 0o1777 });
  const targets = {
    relative: '../program/4097',
    absolute: `/${treeFolder}/words/900`,
    dangling: 'nowhere',
    loop: 'loop',
    up: '../../../..',
    long: `./${'../links/'.repeat(200)}relative`,
    longest: `${'x'.repeat(63)}/`.repeat(63).slice(0, 4000),
  };
  for (const [name, target] of Object.entries(targets)) draft.symlink(at('links', name), target);
}

function addNodes(draft: Draft, at: At): void {
  draft.directory(at('nodes'));
  draft.node(at('nodes', 'null'), 'char', 1, 3, { mode: 0o666 });
  draft.node(at('nodes', 'disk'), 'block', 254, 70000, { mode: 0o660, gid: 6 });
  draft.node(at('nodes', 'pipe'), 'fifo', 0, 0);
}

/** A directory of several blocks. Most names are links to few files: it is the names that matter. */
function addManyNames(draft: Draft, at: At): void {
  const random = randomFrom(seed);
  draft.directory(at('many'));
  const files = [0, 1, 2].map(index =>
    draft.file(at('many', `file-${index}`), contents.words(50 * index, index)),
  );
  for (let index = 0; index < 160; index++) {
    const name = `${index.toString(36)}-${'name'.repeat(1 + (random() % 12))}${random().toString(16)}`;
    if (index % 8 === 0) draft.directory(at('many', name), { mode: 0o700 });
    else draft.link(at('many', name), files[index % files.length]!);
  }
  draft.file(at('many', 'n'.repeat(254)), contents.words(200, 9));
}

function addDepth(draft: Draft, at: At): void {
  const parts = ['deep'];
  draft.directory(at(...parts));
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    parts.push(name);
    draft.directory(at(...parts), { mode: 0o2755, gid: 100 });
    draft.file(at(...parts, 'file'), contents.program(5000, 40 + parts.length));
  }
}
