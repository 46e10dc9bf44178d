// SPDX-License-Identifier: GPL-2.0-only
/** R13: alignment: "pad it" (Gao) or "any offset" (Ruiz): an aligned image in place, another one with at most one copy
 *  that the log tells of, never a failure. The format of the buffer asks for a multiple of four, of images as of
 *  archives. */
import { type Item, type Segment, witnessRoot } from '../verify/files.ts';
import { type Claim, claim, kernels, requirement, type Shown, type Trial } from '../verify/requirement.ts';
import { endsWell, filesOf, isReady, linesWith, memoryAt, noTrouble, overlayRoot } from '../verify/shown.ts';

const files: readonly Item[] = [
  ...witnessRoot,
  { path: 'data/prose', prose: 1 << 19 },
  { path: 'data/noise', noise: 4 << 20 },
];
const image: Segment = { files, format: 'erofs-lz4hc' };
const before: Segment = { files: [{ path: 'before', text: 'from the archive before' }], format: 'cpio' };

const trial = (...initrd: readonly Segment[]): Trial => ({
  kernel: kernels.series,
  initrd,
  checks: ['mounts', 'memory', 'content'],
  append: ['INITBENCH_PATHS=/before,/data/prose,/data/noise'],
});
/** So far behind a page. */
const behind = (bytes: number): Trial => trial(before, 'align', { zeros: bytes }, image);

const slackKiB = 1024;

/** `aligned` is where no copy is made. */
function claimsOf(what: string, shown: Shown, plain: Shown, aligned: Shown): Claim[] {
  const [ours, theirs] = [filesOf(shown), filesOf(plain)];
  const same = ['/data/prose', '/data/noise'].every(
    path => theirs.get(path)?.sha256 !== undefined && ours.get(path)?.sha256 === theirs.get(path)?.sha256,
  );
  const lines = linesWith(shown, /^initramfs\b.*\bimage\b/i);
  const copy = memoryAt(aligned, 'now').free - memoryAt(shown, 'now').free;
  const image = aligned.initrd!.bytes / 1024;
  return [
    endsWell(what, shown),
    overlayRoot(what, shown),
    claim(`${what}: the content is right`, same, same ? 'same digests as an archive' : 'it differs'),
    claim(`${what}: one line tells of the image`, lines.length === 1, lines.join(' | ') || 'no line'),
    claim(
      `${what}: at most one copy, and none that is not told`,
      copy < slackKiB || (copy < image + slackKiB && /cop(y|ied)/i.test(lines[0] ?? '')),
      `${copy} KiB more than at a page, the image has ${Math.round(image)}`,
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
    oddArchive: trial(before, 'align', { zeros: 4095 }, { files, format: 'cpio' }),
    archive: trial({ files, format: 'cpio' }),
  },
  judge(shown) {
    const { aligned, four, sector, odd, oddArchive, archive } = shown;
    const refusals = [odd, oddArchive].map(boot => linesWith(boot, /^Initramfs unpacking failed/));
    const refused = claim(
      '4095 bytes behind a page: refused with one line, as an archive is',
      odd.outcome.kind === oddArchive.outcome.kind && refusals.every(lines => lines.length === 1),
      `${refusals[0]!.join(' | ')}, ${odd.outcome.kind}`,
    );
    return [
      endsWell('the archive', archive),
      ...claimsOf('at a page', aligned, archive, aligned),
      ...claimsOf('4 bytes behind a page', four, archive, aligned),
      ...claimsOf('512 bytes behind a page', sector, archive, aligned),
      ...(isReady(odd) ? claimsOf('4095 bytes behind a page', odd, archive, aligned) : [refused]),
      noTrouble(shown),
    ];
  },
});
