// SPDX-License-Identifier: GPL-2.0-only
/** R32: documentation, read from the patches: the guide and what it has to say, the documents that change with it. */
import { type Claim, claim, requirement } from '../verify/requirement.ts';

const topics: Readonly<Record<string, RegExp>> = {
  'how to make one': /mkfs\.erofs/,
  'the format of the initrd': /archive/i,
  'which layer wins': /layer/i,
  'padding and alignment': /page size|aligned/i,
  'several images': /images/i,
  'what a bad image leads to': /ignored with all that follows|goes wrong|fall/i,
  'who authenticates it': /authenticat/i,
  'what memory it takes and when it is freed': /freed/i,
  'how to leave it': /pivot_root/,
  'that busybox switch_root refuses it': /busybox/i,
  'the size of the writable layer': /initramfs_options/,
};

const touched: readonly string[] = [
  'Documentation/admin-guide/index.rst',
  'Documentation/driver-api/early-userspace/buffer-format.rst',
  'Documentation/filesystems/ramfs-rootfs-initramfs.rst',
  'MAINTAINERS',
];

export default requirement({
  id: 'r32',
  title: 'documentation',
  askedBy: 'both drafts',
  weight: 'soft',
  quick: true,
  boots: {},
  judge(_shown, { added }) {
    const guides = Object.keys(added).filter(file => /^Documentation\/admin-guide\/init.*\.rst$/.test(file));
    const guide = guides.flatMap(file => added[file]!).join(' ');
    const parameters = Object.entries(added)
      .filter(([file]) => /^(init|usr|fs|kernel|mm)\//.test(file))
      .flatMap(([, lines]) => lines.flatMap(line => /(?:__setup|early_param)\("(\w+)/.exec(line)?.[1] ?? []));
    const listed = (added['Documentation/admin-guide/kernel-parameters.txt'] ?? []).join('\n');
    const missing = parameters.filter(name => !listed.includes(name));
    return [
      claim('there is a guide for administrators', guides.length === 1, guides.join(' ') || 'none'),
      ...Object.entries(topics).map(([topic, pattern]): Claim =>
        claim(`it says ${topic}`, pattern.test(guide), pattern.exec(guide)?.[0] ?? 'not a word'),
      ),
      ...touched.map(file =>
        claim(`${file} is kept in step`, file in added, file in added ? 'changed' : 'not changed'),
      ),
      claim(
        'every new parameter is listed',
        missing.length === 0,
        missing.join(' ') || `${parameters.length} new`,
      ),
    ];
  },
});
