// SPDX-License-Identifier: GPL-2.0-only
/** R15: "a writable root: overlayfs, EROFS below, tmpfs above" (De Meyer, December 2023; every draft but one). */
import { type Item, type Segment, witnessRoot } from '../verify/files.ts';
import { claim, kernels, requirement, type Shown } from '../verify/requirement.ts';
import { endsWell, factOf, factsOf, noTrouble, overlayRoot, type Values } from '../verify/shown.ts';

/** What vm/check/writes.c works on. */
const writable: readonly Item[] = [
  ...['plain', 'gone', 'old', 'append', 'mode', 'linked'].map(name => ({
    path: `data/${name}`,
    text: `${name} of the image`,
  })),
  { path: 'data/mapped', bytes: Buffer.alloc(8192, 'a') },
  { path: 'data/cut', bytes: Buffer.alloc(8192, 'c') },
  { path: 'data/tree/one', text: '1' },
  { path: 'data/tree/two', text: '2' },
  { path: 'data/dir/below', text: 'below' },
];
const files = [...witnessRoot, ...writable];
const checks = ['mounts', 'initrd', 'writes', 'initrd'];
const append = ['retain_initrd'];
const image = (format: string): Segment => ({ files, format });

/** By the name of the operation: what it leaves behind. */
const expected: Readonly<Record<string, Values>> = {
  create: { errno: '0', content: 'new' },
  mkdir: { errno: '0' },
  rename: { errno: '0', content: 'old of the image' },
  'rename-source': { errno: '2' },
  'rename-dir': { errno: '0' },
  unlink: { errno: '0' },
  unlinked: { errno: '2' },
  rmdir: { errno: '0' },
  'mkdir-again': { errno: '0' },
  hidden: { errno: '2' },
  'create-again': { errno: '0', content: 'back' },
  link: { errno: '0' },
  links: { links: '2' },
  symlink: { errno: '0' },
  'through-symlink': { content: 'plain of the image' },
  mkfifo: { errno: '0' },
  mknod: { errno: '0' },
  chmod: { errno: '0', content: 'mode of the image' },
  mode: { mode: String(0o600), uid: '7', gid: '8' },
  append: { errno: '0', content: 'append of the image+more' },
  truncate: { errno: '0' },
  truncated: { content: 'ccccc' },
  overwrite: { errno: '0', content: 'over' },
  'map-shared': { errno: '0', content: `aM${'a'.repeat(62)}` },
};

const names = 'append cut dir fifo gone linked linked2 mapped mode moved new null plain pointer tree';

function wrong(shown: Shown): string[] {
  const ops = new Map(factsOf(shown, 'op').map(values => [values.name!, values]));
  const bad = Object.entries(expected).flatMap(([name, values]) =>
    Object.entries(values)
      .filter(([key, value]) => ops.get(name)?.[key] !== value)
      .map(([key, value]) => `${name}: ${key} ${ops.get(name)?.[key] ?? 'missing'}, not ${value}`),
  );
  // A tmpfs renames any directory, an overlay may refuse one of its lower layer: mv(1) then copies it.
  const listed = (ops.get('list')?.names ?? '').split(',').sort().join(' ').replace('dir2', 'dir');
  return listed === names ? bad : [...bad, `the folder lists ${listed}`];
}

export default requirement({
  id: 'r15',
  title: 'a writable root over a read-only image',
  askedBy: 'De Meyer',
  weight: 'hard',
  quick: true,
  boots: {
    plain: { kernel: kernels.series, initrd: [image('erofs')], checks, append },
    lz4hc: { kernel: kernels.series, initrd: [image('erofs-lz4hc')], checks, append },
    /** The same programme on what everybody has today: the expectations can be met. */
    archive: { kernel: kernels.series, initrd: [image('cpio')], checks: ['mounts', 'writes'] },
  },
  judge(shown) {
    const { plain, lz4hc, archive } = shown;
    const layouts = { plain, lz4hc };
    const each = Object.entries(layouts).flatMap(([name, boot]) => {
      const bad = wrong(boot);
      const [before, after] = factsOf(boot, 'initrd');
      const { super: options = '' } = factOf(boot, 'root');
      return [
        endsWell(name, boot),
        overlayRoot(name, boot),
        claim(`${name}: an upper layer takes the writes`, options.includes('upperdir='), options),
        claim(`${name}: every operation does what it does on a tmpfs`, bad.length === 0, bad[0] ?? 'all do'),
        claim(
          `${name}: the image in memory is unchanged by it`,
          before?.sha256 === boot.initrd!.sha256 && after?.sha256 === boot.initrd!.sha256,
          `${after?.sha256?.slice(0, 12) ?? 'not readable'}, file ${boot.initrd!.sha256.slice(0, 12)}`,
        ),
      ];
    });
    const usual = wrong(archive);
    return [
      ...each,
      claim('an archive passes the same programme', usual.length === 0, usual[0] ?? 'it does'),
      noTrouble(shown),
    ];
  },
});
