// SPDX-License-Identifier: GPL-2.0-only
/** R9: "no arbitrary address, no next mount that consumes a global" (Gao, June 2026): the image goes to its own mount
 *  and to no other, whoever mounts an EROFS and however it is named. No program can mount before the root is there:
 *  the kernel starts none until then. */
import { type Item, type Segment, witnessRoot } from '../verify/files.ts';
import { claim, kernels, requirement, type SeriesText } from '../verify/requirement.ts';
import { endsWell, factOf, factsOf, filesOf, noTrouble, overlayRoot } from '../verify/shown.ts';

const mountPoints: readonly Item[] = ['disk', 'file', 'none', 'copy'].map(name => ({
  path: `mnt/${name}`,
  dir: true,
}));
const first: Segment = {
  files: [...witnessRoot, ...mountPoints, { path: 'data/first', prose: 1 << 19 }],
  format: 'erofs-lz4hc',
};
const second: Segment = { files: [{ path: 'data/second', prose: 1 << 18 }], format: 'erofs' };

/** At column 0, no function and not constant: state that outlives a call. */
const fileScope =
  /^(static )?(?!const|inline|int\b.*\(|typedef|extern|struct \w+ \{)[a-z][\w *]*\b\w+(\[\w*\])?( = [^(]*)?;$/;

function globals({ added }: SeriesText): string[] {
  return Object.entries(added)
    .filter(([file]) => /^fs\/erofs\/.*\.[ch]$/.test(file))
    .flatMap(([, lines]) =>
      lines.filter(line => fileScope.test(line) && !/\bconst\b|__ro_after_init/.test(line)),
    );
}

export default requirement({
  id: 'r09',
  title: 'the image is an explicit object',
  askedBy: 'Gao',
  weight: 'hard',
  boots: {
    mounts: {
      kernel: kernels.series,
      initrd: [first],
      disks: [second],
      checks: ['mounts', 'blocks', 'mount-disk', 'mount-file', 'mount-names', 'mount-race', 'content'],
      append: ['INITBENCH_PATHS=/data/first,/mnt/disk/data/second,/mnt/file/data/second'],
    },
    two: {
      kernel: kernels.series,
      initrd: [first, 'align', second],
      checks: ['mounts', 'content'],
      append: ['INITBENCH_PATHS=/data/first,/data/second'],
    },
    archive: {
      kernel: kernels.series,
      initrd: [{ files: [{ path: 'data/first', prose: 1 << 19 }, ...witnessRoot], format: 'cpio' }],
      checks: ['content'],
      append: ['INITBENCH_PATHS=/data/first'],
    },
  },
  judge({ mounts, two, archive }, text) {
    const files = filesOf(mounts);
    const expected = filesOf(archive).get('/data/first')?.sha256;
    const mounted = new Map(factsOf(mounts, 'image-mount').map(values => [values.path, values.errno]));
    const [fromDisk, fromFile] = ['disk', 'file'].map(name => files.get(`/mnt/${name}/data/second`));
    const names = factsOf(mounts, 'source-mount');
    const wrong = names.filter(({ errno }) => errno === '0').map(({ path }) => path);
    const race = factOf(mounts, 'race');
    const state = globals(text);
    const stacked = ['/data/first', '/data/second'].map(path => filesOf(two).get(path)?.sha256);
    const own = stacked[0] === expected && stacked[1] !== undefined && stacked[1] === fromDisk?.sha256;
    return [
      endsWell('the image', mounts),
      overlayRoot('the image', mounts),
      claim(
        'another image from a disk has its own content',
        mounted.get('/mnt/disk') === '0' && fromDisk?.bytes === String(1 << 18),
        `errno ${mounted.get('/mnt/disk')}, ${fromDisk?.bytes ?? 'no'} bytes`,
      ),
      claim(
        'another image from a file has the same',
        mounted.get('/mnt/file') === '0' && fromFile?.sha256 === fromDisk?.sha256,
        `errno ${mounted.get('/mnt/file')}`,
      ),
      claim(
        'no name gives the image of the root to another mount',
        names.length > 0 && wrong.length === 0,
        wrong.join(' ') || `${names.length} names are refused`,
      ),
      claim(
        'mounts at once, while the root is read, disturb nobody',
        race.failed === '0' && Number(race.rounds) >= 100,
        `${race.failed} of ${race.rounds} failed`,
      ),
      claim(
        'the root still has what the image has',
        expected !== undefined && files.get('/data/first')?.sha256 === expected,
        files.get('/data/first')?.sha256?.slice(0, 12) ?? 'not there',
      ),
      endsWell('two images in one initrd', two),
      claim('two images in one initrd have their own content each', own, own ? 'both do' : 'one has not'),
      claim('fs/erofs gets no variable that waits for a mount', state.length === 0, state[0] ?? 'none'),
      noTrouble({ mounts, two }),
    ];
  },
});
