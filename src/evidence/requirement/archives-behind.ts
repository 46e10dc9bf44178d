// SPDX-License-Identifier: GPL-2.0-only
/** R17: "unpack what the boot loader adds onto that tmpfs" (De Meyer, December 2023): archives behind the image give the
 *  root that the same files in archives alone give, to the last attribute. */
import { type Item, type Segment, witnessRoot } from '../verify/files.ts';
import { claim, kernels, requirement, type Shown, type Trial } from '../verify/requirement.ts';
import { endsWell, filesOf, noTrouble, overlayRoot, type Values } from '../verify/shown.ts';

const base: readonly Item[] = [
  ...witnessRoot,
  { path: 'etc/kept', text: 'of the image' },
  { path: 'etc/replaced', text: 'of the image, and quite a bit longer than what replaces it' },
  { path: 'etc/twice', text: 'of the image' },
  { path: 'etc/becomes-dir', text: 'a file' },
  { path: 'etc/becomes-link', text: 'a file' },
  { path: 'etc/link-becomes-file', symlink: 'kept' },
  { path: 'etc/full/inside', text: 'keeps its directory' },
  { path: 'etc/empty', dir: true },
  { path: 'etc/mode', text: 'gets another mode', mode: 0o644 },
  { path: 'usr/lib/big', prose: 300_000 },
];
/** What a boot loader's stub adds, and what somebody might. */
const first: readonly Item[] = [
  { path: '.extra/credentials/secret.cred', text: 'a credential', mode: 0o400, mtime: 1_700_000_001 },
  { path: '.extra/sysext/one.raw', noise: 70_000, mode: 0o444, mtime: 1_700_000_002 },
  { path: 'etc/replaced', text: 'by the archive', mtime: 1_700_000_003 },
  { path: 'etc/twice', text: 'by the first archive' },
  { path: 'etc/becomes-dir', dir: true, mode: 0o750, mtime: 1_700_000_004 },
  { path: 'etc/becomes-dir/below', text: 'where a file was' },
  { path: 'etc/becomes-link', symlink: 'kept' },
  { path: 'etc/link-becomes-file', text: 'where a link was' },
  { path: 'etc/full', text: 'cannot replace a directory that is not empty' },
  { path: 'etc/empty', text: 'can replace one that is' },
  { path: 'etc/mode', text: 'gets another mode', mode: 0o4755, uid: 3, gid: 4 },
  { path: 'hard/a', text: 'one file, two names', mtime: 1_700_000_005 },
  { path: 'hard/b', link: 'hard/a' },
  { path: 'nodes/null', device: 'char', major: 1, minor: 3, mode: 0o666 },
  { path: 'nodes/loop', device: 'block', major: 7, minor: 0, mode: 0o660, gid: 6 },
  { path: 'nodes/pipe', fifo: true, mode: 0o600 },
  { path: 'usr/lib/added', prose: 50_000, mtime: 1_700_000_006 },
];
const second: readonly Item[] = [
  { path: 'etc/twice', text: 'by the second archive, which comes last and wins', mtime: 1_700_000_007 },
  { path: '.extra/global_credentials/g.cred', text: 'another', mode: 0o400 },
];

/** Not /dev: the console's node gets a new time whenever something is printed. */
const tops = ['/.extra', '/etc', '/hard', '/nodes', '/usr', '/mnt'];
const trial = (...initrd: readonly Segment[]): Trial => ({
  kernel: kernels.series,
  initrd,
  checks: ['mounts', 'tree'],
  append: [`INITBENCH_TREE=${tops.join(',')}`],
});
const archive = (files: readonly Item[], format: string): Segment => ({ files, format });

/** Its number is the file system's own affair, and so is how many links a directory has. */
function comparable({ path: _, inode: __, ...values }: Values): string {
  const { links, ...others } = values;
  return JSON.stringify(values.kind === 'dir' ? others : { ...others, links });
}

function differences(shown: Shown, usual: Shown): string[] {
  const [ours, theirs] = [filesOf(shown), filesOf(usual)];
  const names = [...new Set([...ours.keys(), ...theirs.keys()])].sort();
  return names.flatMap(name => {
    const [one, other] = [ours.get(name), theirs.get(name)];
    if (!one || !other) return [`${name} only ${one ? 'with the image' : 'in archives'}`];
    return comparable(one) === comparable(other)
      ? []
      : [`${name}: ${comparable(one)} not ${comparable(other)}`];
  });
}

export default requirement({
  id: 'r17',
  title: 'archives behind it are unpacked on top',
  askedBy: 'De Meyer',
  weight: 'hard',
  quick: true,
  boots: {
    archives: trial(archive(base, 'cpio'), archive(first, 'cpio'), archive(second, 'cpio-zstd')),
    plain: trial(archive(base, 'erofs'), archive(first, 'cpio'), archive(second, 'cpio-zstd')),
    lz4hc: trial(archive(base, 'erofs-lz4hc'), archive(first, 'cpio-gzip'), archive(second, 'cpio')),
    around: trial(archive(first, 'cpio'), 'align', archive(base, 'erofs'), archive(second, 'cpio-lz4')),
    aroundArchives: trial(archive(first, 'cpio'), archive(base, 'cpio'), archive(second, 'cpio-lz4')),
  },
  judge(shown) {
    const { archives, plain, lz4hc, around, aroundArchives } = shown;
    const pairs = [
      ['image, archive, zstd archive', plain, archives],
      ['lz4hc image, gzip archive, archive', lz4hc, archives],
    ] as const;
    const replaced = filesOf(archives).get('/etc/twice')?.bytes;
    return [
      endsWell('archives alone', archives),
      claim(
        'with archives alone the last one wins',
        replaced === String('by the second archive, which comes last and wins'.length),
        `${replaced} bytes`,
      ),
      ...pairs.flatMap(([what, boot, usual]) => {
        const differ = differences(boot, usual);
        return [
          endsWell(what, boot),
          overlayRoot(what, boot),
          claim(
            `${what}: the root is what archives alone give`,
            filesOf(boot).size > 20 && differ.length === 0,
            differ.slice(0, 3).join('; ') || `${filesOf(boot).size} names`,
          ),
        ];
      }),
      endsWell('an image between archives', around),
      endsWell('the same as archives', aroundArchives),
      ...['/etc/twice', '/etc/replaced', '/hard/a', '/.extra/global_credentials/g.cred'].map(path => {
        const [one, other] = [filesOf(around).get(path), filesOf(aroundArchives).get(path)];
        return claim(
          `between archives: ${path} comes from the right one`,
          other?.sha256 !== undefined && one?.sha256 === other.sha256,
          `${one?.bytes ?? 'no'} bytes, ${other?.bytes} in archives`,
        );
      }),
      noTrouble(shown),
    ];
  },
});
