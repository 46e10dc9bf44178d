// SPDX-License-Identifier: GPL-2.0-only
/** R20: "a bad image falls back, never a silent half-root": one clear line, then what the documentation says. */
import { erofsMagicOffset } from '../../image/erofs/superblock.ts';
import { type Item, type Segment, witnessRoot } from '../verify/files.ts';
import { type Claim, claim, kernels, requirement, type Shown, type Trial } from '../verify/requirement.ts';
import {
  endsClosed,
  endsWell,
  factOf,
  failsClosed,
  filesOf,
  linesWith,
  memoryAt,
  noTrouble,
} from '../verify/shown.ts';

/** Fields of the super block, from its start. */
const field = { checksum: 4, compat: 8, incompat: 80 } as const;
const blockBytes = 4096;

const whole: Segment = { files: witnessRoot, format: 'erofs-lz4hc' };
const fallback: Segment = { files: witnessRoot, format: 'cpio' };

const bent = (how: string, bend: (bytes: Buffer) => void): Segment => ({
  from: whole,
  how,
  change(bytes) {
    const copy = Buffer.from(bytes);
    bend(copy);
    return copy;
  },
});

const truncated: Segment = {
  from: whole,
  how: 'cut short',
  change: bytes => bytes.subarray(0, bytes.length - blockBytes),
};
const checksum = bent('wrong checksum', bytes => {
  bytes[erofsMagicOffset + field.checksum]! ^= 0xff;
});
/** Without its checksum, so that nothing but the unknown feature is wrong. */
const feature = bent('unknown feature', bytes => {
  bytes[erofsMagicOffset + field.compat]! &= ~1;
  bytes[erofsMagicOffset + field.incompat + 3]! |= 0x40;
});

const data: readonly Item[] = [
  { path: 'data/small', text: 'a file beside it' },
  { path: 'data/big', prose: 1 << 20 },
];
/** The last cluster, which is the end of the big file. */
const cluster: Segment = {
  from: { files: data, format: 'erofs-lz4hc' },
  how: 'a corrupt cluster',
  change: bytes =>
    Buffer.concat([bytes.subarray(0, bytes.length - blockBytes), Buffer.alloc(blockBytes, 0xff)]),
};
const withoutInit: Segment = { files: [{ path: 'data/small', text: 'no init here' }], format: 'erofs' };
/** A header that begins like one and is none. */
const junk: Segment = { raw: Buffer.from('070701zzzz this is not an archive '.repeat(40)), what: 'junk' };

const late: Segment = {
  files: [
    { path: 'late/one', text: 'whole' },
    { path: 'late/two', noise: 4096 },
  ],
  format: 'cpio',
};
/** The second file is cut. */
const cutLate: Segment = {
  from: late,
  how: 'an archive cut short',
  change: bytes => bytes.subarray(0, 2048),
};

const alone = (bad: Segment): Trial => ({
  kernel: kernels.series,
  initrd: [bad],
  checks: ['mounts'],
});
const behind = (bad: Segment): Trial => ({
  kernel: kernels.series,
  initrd: [fallback, 'align', bad],
  checks: ['mounts', 'memory'],
});

/** What the kernel says of an initrd, good news and the two usual lines left out. */
const complaints = (shown: Shown) =>
  linesWith(shown, /^(initramfs|erofs|Initramfs)\b/i).filter(
    line =>
      !/root is an overlay|Trying to unpack rootfs|Freeing|^erofs: .*mounted with root inode/i.test(line),
  );
const misleading = /invalid magic at start of compressed archive|looks like an initrd|initrd\.image|ram0/;

function notLegacy(what: string, shown: Shown): Claim {
  const wrong = linesWith(shown, misleading);
  return claim(`${what}: the legacy path is not tried`, wrong.length === 0, wrong[0] ?? 'not tried');
}

function oneLine(what: string, shown: Shown): Claim[] {
  const lines = complaints(shown);
  return [
    claim(`${what}: one line says what is wrong`, lines.length === 1, lines.join(' | ') || 'no line'),
    notLegacy(what, shown),
  ];
}

/** For a series whose guide says that the boot ends there. */
const ends = (what: string, shown: Shown): Claim[] => [
  ...endsClosed(what, shown, complaints(shown)),
  notLegacy(what, shown),
];

function reportedOnce(what: string, shown: Shown): Claim[] {
  const lines = linesWith(shown, /^(initramfs|Initramfs)\b/i).filter(line =>
    /fail|invalid|broken|error/i.test(line),
  );
  return [claim(`${what} is reported once`, lines.length === 1, lines.join(' | ') || 'no line')];
}

const panics = (what: string, shown: Shown): Claim =>
  claim(
    `${what}, and nothing else to boot: the usual panic`,
    shown.outcome.kind === 'panic' && /Unable to mount root|No working init/.test(shown.outcome.message),
    shown.outcome.kind === 'panic' ? shown.outcome.message : shown.outcome.kind,
  );

export default requirement({
  id: 'r20',
  title: 'a bad image: one message, no half root',
  askedBy: 'users of initrd',
  weight: 'soft',
  quick: true,
  boots: {
    truncated: alone(truncated),
    checksum: alone(checksum),
    feature: alone(feature),
    truncatedBehind: behind(truncated),
    checksumBehind: behind(checksum),
    featureBehind: behind(feature),
    archive: { kernel: kernels.series, initrd: [fallback], checks: ['mounts', 'memory'] },
    cluster: {
      kernel: kernels.series,
      initrd: [cluster, fallback],
      checks: ['mounts', 'content'],
      append: ['INITBENCH_PATHS=/data/small,/data/big'],
    },
    withoutInit: alone(withoutInit),
    cutBehind: {
      kernel: kernels.series,
      initrd: [whole, cutLate],
      checks: ['mounts', 'content'],
      append: ['INITBENCH_PATHS=/late/one,/late/two'],
    },
    junkBehind: { kernel: kernels.series, initrd: [whole, junk], checks: ['mounts'] },
  },
  judge(shown, text) {
    const closed = failsClosed(text);
    const { archive, cluster: torn, withoutInit: empty, cutBehind, junkBehind } = shown;
    const free = (boot: Shown) => memoryAt(boot, 'now').total;
    const pairs = [
      ['a cut image', shown.truncated, shown.truncatedBehind],
      ['a wrong checksum', shown.checksum, shown.checksumBehind],
      ['an unknown feature', shown.feature, shown.featureBehind],
    ] as const;
    const fallsBack = pairs.flatMap(([what, single, behindArchive]) => [
      ...oneLine(what, single),
      panics(what, single),
      endsWell(`${what} behind an archive with an /init`, behindArchive),
      claim(
        `${what}: the archive is the root`,
        !['overlay', undefined].includes(factOf(behindArchive, 'root').fstype),
        factOf(behindArchive, 'root').fstype ?? 'no root reported',
      ),
      claim(
        `${what}: its memory is free again`,
        Math.abs(free(behindArchive) - free(archive)) <= 1024,
        `MemTotal ${free(behindArchive)} KiB, ${free(archive)} without it`,
      ),
    ]);
    const bad = closed
      ? pairs.flatMap(([what, single, behindArchive]) => [
          ...ends(what, single),
          ...ends(`${what} behind an archive with an /init`, behindArchive),
        ])
      : fallsBack;
    const [small, big] = ['/data/small', '/data/big'].map(name => filesOf(torn).get(name));
    const parts = ['/late/one', '/late/two'].map(name => filesOf(cutBehind).get(name));
    return [
      endsWell('an archive alone', archive),
      ...bad,
      endsWell('an image with a corrupt cluster', torn),
      claim('what is not corrupt can be read', small?.errno === '0', small?.errno ?? 'not there'),
      claim(
        'what is corrupt gives an error, no wrong bytes',
        Number(big?.errno ?? 0) > 0,
        big ?? 'not there',
      ),
      panics('an image without /init', empty),
      ...(closed ? ends : reportedOnce)('an archive cut short behind a good image', cutBehind),
      claim(
        'nothing of an archive cut short is in the root',
        cutBehind.outcome.kind === 'panic' ||
          (parts.length === 2 && parts.every(part => part?.errno === '2')),
        parts.map(part => (part?.errno === '2' ? 'not there' : `${part?.bytes} bytes`)).join(', '),
      ),
      ...(closed ? ends : reportedOnce)('junk behind a good image', junkBehind),
      claim(
        'junk behind a good image: the image is the root, or nothing is',
        factOf(junkBehind, 'root').fstype === 'overlay' || junkBehind.outcome.kind === 'panic',
        `${junkBehind.outcome.kind}, ${factOf(junkBehind, 'root').fstype ?? 'no root'}`,
      ),
      noTrouble(shown),
    ];
  },
});
