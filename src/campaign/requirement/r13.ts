// SPDX-License-Identifier: GPL-2.0-only
/** R13: alignment: "pad it" (Gao) or "any offset" (Ruiz): aligned images in place, others copied once with a line in the
 *  log that says so. Behind an uncompressed archive the format of the buffer asks for a multiple of four, of images as
 *  of archives. */
import { type Item, witnessRoot } from '../verify/files.ts';
import type { Segment } from '../verify/initrd.ts';
import { type Claim, claim, kernels, requirement, type Shown, type Trial } from '../verify/requirement.ts';
import { endsWell, filesOf, linesWith, noTrouble, overlayRoot } from '../verify/shown.ts';

const files: readonly Item[] = [
  ...witnessRoot,
  { path: 'data/prose', prose: 1 << 19 },
  { path: 'data/noise', noise: 1 << 19 },
];
const image: Segment = { files, format: 'erofs-lz4hc' };
const before: Segment = { files: [{ path: 'before', text: 'from the archive before' }], format: 'cpio' };

const trial = (...initrd: readonly Segment[]): Trial => ({
  kernel: kernels.series,
  initrd,
  checks: ['mounts', 'content'],
  append: ['INITBENCH_PATHS=/before,/data/prose,/data/noise'],
});
/** So far behind a page. */
const behind = (bytes: number): Trial => trial(before, 'align', { zeros: bytes }, image);

const inPlace = /root is an overlay.*in place/i;
const copied = /cop(y|ied)/i;

function claimsOf(what: string, shown: Shown, plain: Shown, says: RegExp): Claim[] {
  const [ours, theirs] = [filesOf(shown), filesOf(plain)];
  const same = ['/data/prose', '/data/noise'].every(
    path => theirs.get(path)?.sha256 !== undefined && ours.get(path)?.sha256 === theirs.get(path)?.sha256,
  );
  const lines = linesWith(shown, /^initramfs\b.*(image|copy|copied|in place)/i);
  return [
    endsWell(what, shown),
    overlayRoot(what, shown),
    claim(`${what}: the content is right`, same, same ? 'same digests as an archive' : 'it differs'),
    claim(
      `${what}: one line tells the way it takes`,
      lines.length === 1 && says.test(lines[0]!),
      lines.join(' | ') || 'no line',
    ),
  ];
}

export default requirement({
  id: 'r13',
  title: 'alignment: in place, or one copy and a line',
  askedBy: 'Gao, Ruiz',
  weight: 'hard',
  boots: {
    aligned: behind(0),
    four: behind(4),
    sector: behind(512),
    odd: behind(4095),
    zeros: trial({ zeros: 4095 }, image),
    oddArchive: trial(before, 'align', { zeros: 4095 }, { files, format: 'cpio' }),
    archive: trial({ files, format: 'cpio' }),
  },
  judge(shown) {
    const { aligned, four, sector, odd, zeros, oddArchive, archive } = shown;
    const refusals = [odd, oddArchive].map(boot =>
      linesWith(boot, /^Initramfs unpacking failed/).join(' | '),
    );
    return [
      endsWell('the archive', archive),
      ...claimsOf('at a page', aligned, archive, inPlace),
      ...claimsOf('4 bytes behind a page', four, archive, copied),
      ...claimsOf('512 bytes behind a page', sector, archive, copied),
      ...claimsOf('4095 zeros and the image', zeros, archive, copied),
      claim(
        'behind an archive and no multiple of four: refused with one line, as an archive is',
        odd.outcome.kind === oddArchive.outcome.kind && refusals[0] !== '' && refusals[0] === refusals[1],
        refusals[0] || odd.outcome.kind,
      ),
      noTrouble(shown),
    ];
  },
});
