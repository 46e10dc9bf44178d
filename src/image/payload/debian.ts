// SPDX-License-Identifier: GPL-2.0-only
/** An initrd with systemd from Debian packages of the host's release, which goes to the real root when there is one, and
 *  ends at a target of its own otherwise. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../host/errors.ts';
import { exec } from '../../host/exec.ts';
import { requireSpace, scratchFolder } from '../../host/files.ts';
import { crossOf, hostArch } from '../../kernel/architecture.ts';
import { addTar, makeInitrd } from '../debian/initrd.ts';
import { hostArchive, hostMode, mmdebstrapArgv } from '../debian/packages.ts';
import type { PayloadKind } from '../image.ts';

const packages = ['systemd', 'udev', 'kmod', 'util-linux', 'bash', 'coreutils'];
/** Raise it when what is made of the packages changes. */
const version = 4;
const roughBytes = 400 << 20;

export default {
  id: 'debian',
  summary: 'an initrd with systemd, from Debian packages',
  probe: 'before-init',
  ownInit: { withoutRoot: ['rd.systemd.unit=initbench.target'] },
  async inputs({ arch, signal }) {
    if (crossOf(arch)) {
      throw new UserError(
        `the payload debian has programs for ${hostArch()} alone, the host's architecture`,
        {
          hint: 'use busybox, dir:PATH or cpio:FILE',
        },
      );
    }
    return { version, packages, archive: await hostArchive(signal) };
  },
  async *collect({ job, guest, signal }, draft) {
    const archive = await hostArchive(signal);
    const mode = await hostMode();
    await requireSpace(draft.folder, roughBytes, 'the payload debian');
    const scratch = await scratchFolder('debian');
    try {
      const tar = path.join(scratch, 'root.tar');
      yield* exec(mmdebstrapArgv(mode, archive, packages, tar), { job, signal });
      addTar(draft, await readFile(tar), `Debian ${archive.release}`);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
    makeInitrd(draft, await readFile(guest.mark));
  },
} satisfies PayloadKind;
