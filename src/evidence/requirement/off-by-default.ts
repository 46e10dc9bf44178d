// SPDX-License-Identifier: GPL-2.0-only
/** R31: Kconfig: off by default, honest dependencies. Settled by the tree's kconfig, nothing is built or booted. */
import { type Claim, claim, type ConfigNeed, requirement, type Settled } from '../verify/requirement.ts';

const options = ['INITOVERLAYFS', 'EROFS_FS', 'OVERLAY_FS', 'TMPFS_XATTR', 'BLK_DEV_INITRD'];
const asked = (...fragments: string[]): ConfigNeed => ({ carries: 'series', fragments, options });

function refused(what: string, { options: found, lost }: Settled, because: string): Claim {
  const reason = lost.find(line => line.startsWith('CONFIG_INITOVERLAYFS:')) ?? 'no reason';
  return claim(
    `${what}: not to be had, and kconfig says why`,
    found.INITOVERLAYFS === 'n' && reason.includes(because),
    reason,
  );
}

export default requirement({
  id: 'r31',
  title: 'Kconfig: off by default, honest dependencies',
  askedBy: 'both drafts',
  weight: 'implied',
  boots: {},
  configs: {
    unasked: { ...asked(), unasked: true },
    asked: asked(),
    moduleErofs: asked('CONFIG_MODULES=y', 'CONFIG_EROFS_FS=m'),
    moduleOverlay: asked('CONFIG_MODULES=y', 'CONFIG_OVERLAY_FS=m'),
    withoutXattrs: asked('# CONFIG_TMPFS_XATTR is not set'),
    withoutInitrd: asked('# CONFIG_BLK_DEV_INITRD is not set'),
  },
  judge(_shown, { added }, configs) {
    const kconfig = Object.entries(added)
      .filter(([file]) => file.endsWith('Kconfig'))
      .flatMap(([, lines]) => lines);
    const selects = kconfig.filter(line => /^\s*select\s+(EROFS|OVERLAY|TMPFS|SHMEM)/.test(line));
    const defaults = kconfig.filter(line => /^\s*(default\s+y|def_bool\s+y)/.test(line));
    const builtIn = kconfig.filter(line => /built[ -]in|modules?\b/i.test(line));
    const { options: found, lost } = configs.asked;
    return [
      claim('off where nobody asked', configs.unasked.options.INITOVERLAYFS === 'n', configs.unasked.options),
      claim('no default y', defaults.length === 0, defaults[0]?.trim() ?? 'none'),
      claim(
        'on where it is asked for',
        found.INITOVERLAYFS === 'y' && lost.length === 0,
        lost.join('; ') || found,
      ),
      refused('EROFS as a module', configs.moduleErofs, 'EROFS_FS'),
      refused('overlayfs as a module', configs.moduleOverlay, 'OVERLAY_FS'),
      refused('a tmpfs without xattrs', configs.withoutXattrs, 'TMPFS_XATTR'),
      refused('no initrd at all', configs.withoutInitrd, 'BLK_DEV_INITRD'),
      claim('it selects no file system', selects.length === 0, selects[0]?.trim() ?? 'none'),
      claim(
        'the help text tells distributions that have them as modules',
        builtIn.length > 0,
        builtIn[0]?.trim() ?? 'no word of it',
      ),
    ];
  },
});
