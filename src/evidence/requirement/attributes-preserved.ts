// SPDX-License-Identifier: GPL-2.0-only
/** R28: "extended attributes, ACLs, labels, capabilities are preserved", which no archive can hold (Gao, March 2025): seen
 *  through the overlay, and still there when a file was copied to the upper layer. */
import { type Attribute, graft, type Graft } from '../fuzz/graft.ts';
import { type Item, witnessRoot } from '../verify/files.ts';
import { claim, kernels, requirement, type Shown, type Trial } from '../verify/requirement.ts';
import { endsWell, factsOf, noTrouble, overlayRoot } from '../verify/shown.ts';

const text = (name: string, value: string): Attribute => ({ name, value: Buffer.from(value) });
const bytes = (name: string, hex: string): Attribute => ({ name, value: Buffer.from(hex, 'hex') });

/** By file: cap_net_raw=ep; a label; an ACL that lets user 1000 read; what only root and what anybody may see. */
const attributes: Readonly<Record<string, readonly Attribute[]>> = {
  'data/capable': [bytes('security.capability', '0100000200200000000000000000000000000000')],
  'data/labelled': [text('security.selinux', 'system_u:object_r:bin_t:s0')],
  'data/listed': [
    bytes(
      'system.posix_acl_access',
      '0200000001000600ffffffff02000400e803000004000400ffffffff10000400ffffffff20000400ffffffff',
    ),
  ],
  'data/noted': [text('trusted.note', 'for root'), text('user.note', 'for all')],
};
const grafts: readonly Graft[] = Object.entries(attributes).map(([path, own]) => ({ path, own, shared: [] }));
const paths = Object.keys(attributes);

const files: readonly Item[] = [
  ...witnessRoot,
  // what the ACL says, in a mode
  ...paths.map(path => ({ path, text: `${path}\n`, mode: 0o644 })),
];

const trial = (format: string): Trial => ({
  kernel: kernels.verify,
  initrd: [
    { from: { files, format }, how: 'with extended attributes', change: image => graft(image, grafts) },
  ],
  checks: ['mounts', 'xattrs', 'copy-up', 'xattrs'],
  append: [`INITBENCH_PATHS=${paths.map(path => `/${path}`).join(',')}`],
  options: ['EROFS_FS_SECURITY', 'EROFS_FS_POSIX_ACL', 'TMPFS_XATTR', 'TMPFS_POSIX_ACL'],
});

const key = (path: string, name: string, value: string) => `${path} ${name}=${value}`;
const expected = Object.entries(attributes)
  .flatMap(([path, own]) => own.map(({ name, value }) => key(`/${path}`, name, value.toString('hex'))))
  .sort();

/** What `xattrs` reported the first and the second time. */
function seen(shown: Shown, round: 0 | 1): string[] {
  const copied = shown.facts.findIndex(({ name }) => name === 'copy-up');
  const facts = round === 0 ? shown.facts.slice(0, copied) : shown.facts.slice(copied);
  return factsOf({ facts }, 'xattr')
    .map(({ path, name, value }) => key(path!, name!, value ?? ''))
    .sort();
}

function differing(found: readonly string[]): string {
  const missing = expected.filter(one => !found.includes(one)).map(one => `missing ${one}`);
  const more = found.filter(one => !expected.includes(one)).map(one => `not asked for ${one}`);
  return [...missing, ...more].join('; ');
}

export default requirement({
  id: 'r28',
  title: 'xattrs, ACLs, labels, capabilities kept',
  askedBy: 'Gao',
  weight: 'hard',
  boots: { plain: trial('erofs'), lz4hc: trial('erofs-lz4hc') },
  judge(shown) {
    const each = (['plain', 'lz4hc'] as const).flatMap(name => {
      const boot = shown[name];
      const copies = factsOf(boot, 'copy-up');
      return [
        endsWell(name, boot),
        overlayRoot(name, boot),
        ...([0, 1] as const).map(round => {
          const wrong = differing(seen(boot, round));
          const when = round === 0 ? 'in the image' : 'in the upper layer';
          return claim(`${name}: ${when}, all are as they were put in`, wrong === '', wrong || 'all five');
        }),
        claim(
          `${name}: every file was copied up`,
          copies.length === paths.length && copies.every(({ errno }) => errno === '0'),
          copies.map(({ path, errno }) => `${path} ${errno}`).join(', '),
        ),
      ];
    });
    return [
      claim(
        'the kernel has what they need',
        Object.values(shown.plain.options).every(value => value === 'y'),
        shown.plain.options,
      ),
      ...each,
      noTrouble(shown),
    ];
  },
});
