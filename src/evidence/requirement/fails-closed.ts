// SPDX-License-Identifier: GPL-2.0-only
/** R38: nothing is booted but what the initrd is as a whole: a bad image is not answered by an /init that was in front of
 *  it, nor junk or an archive cut short behind it by an /init without what they were to bring. What the format of the
 *  buffer allows is not bad: an archive without a trailer, a last member without padding. */
import { erofsMagicOffset } from '../../image/erofs/superblock.ts';
import { type Segment, witnessRoot } from '../verify/files.ts';
import { type Claim, claim, kernels, requirement, type Shown, type Trial } from '../verify/requirement.ts';
import { endsWell, factsOf, filesOf, noTrouble, overlayRoot } from '../verify/shown.ts';

const image: Segment = { files: witnessRoot, format: 'erofs-lz4hc' };
const older: Segment = { files: witnessRoot, format: 'cpio' };

/** Nine bytes, so that padding would follow. */
const late: Segment = {
  files: [
    { path: 'late/one', text: 'the first' },
    { path: 'late/two', text: 'the other' },
  ],
  format: 'cpio',
};
const header = 110;
const withoutTrailer = (bytes: Buffer, padded: boolean): Buffer => {
  const trailer = bytes.lastIndexOf('TRAILER!!!') - header;
  return bytes.subarray(0, padded ? trailer : trailer - 3);
};
const changed = (from: Segment, how: string, change: (bytes: Buffer) => Buffer): Segment => ({
  from,
  how,
  change,
});
const bare = changed(late, 'without a trailer', bytes => withoutTrailer(bytes, true));
const barest = changed(late, 'without trailer and padding', bytes => withoutTrailer(bytes, false));
const short = changed(late, 'cut short in a file', bytes => withoutTrailer(bytes, true).subarray(0, -8));
const junk: Segment = { raw: Buffer.from('this is no archive '.repeat(40)), what: 'junk' };
const damaged = changed(image, 'wrong checksum', bytes => {
  const copy = Buffer.from(bytes);
  copy[erofsMagicOffset + 4]! ^= 0xff;
  return copy;
});
const cut = changed(image, 'cut short', bytes => bytes.subarray(0, bytes.length - 4096));

const trial = (...initrd: readonly Segment[]): Trial => ({
  kernel: kernels.series,
  initrd,
  checks: ['mounts', 'content'],
  append: ['INITBENCH_PATHS=/late/one,/late/two'],
});

function allowed(what: string, shown: Shown): Claim[] {
  const digests = ['/late/one', '/late/two'].map(path => filesOf(shown).get(path)?.bytes);
  return [
    endsWell(what, shown),
    overlayRoot(what, shown),
    claim(
      `${what}: its files are there`,
      digests.every(bytes => bytes === '9'),
      digests.join(' and '),
    ),
  ];
}

function ends(what: string, shown: Shown, says: RegExp): Claim[] {
  const { outcome } = shown;
  const seen = outcome.kind === 'panic' ? outcome.message : outcome.kind;
  return [
    claim(`${what}: the boot ends, and one line says why`, outcome.kind === 'panic' && says.test(seen), seen),
    claim(`${what}: no /init was started`, factsOf(shown, 'init').length === 0, factsOf(shown, 'root')),
  ];
}

const badImage = /erofs image at offset 0x[0-9a-f]+ /;

export default requirement({
  id: 'r38',
  title: 'fails closed, and only where it must',
  askedBy: 'existing behaviour',
  weight: 'soft',
  boots: {
    bare: trial(image, bare),
    barest: trial(image, barest),
    short: trial(image, late, short),
    junk: trial(image, late, junk),
    damaged: trial(older, 'align', damaged),
    cut: trial(older, 'align', cut),
  },
  judge(shown) {
    return [
      ...allowed('an archive without a trailer', shown.bare),
      ...allowed('a last member without padding', shown.barest),
      ...ends('an archive cut short', shown.short, /unpacking failed: .*cut off/),
      ...ends('junk', shown.junk, /unpacking failed: /),
      ...ends('a damaged image behind an /init', shown.damaged, badImage),
      ...ends('an image cut short behind an /init', shown.cut, badImage),
      noTrouble(shown),
    ];
  },
});
