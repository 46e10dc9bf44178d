// SPDX-License-Identifier: GPL-2.0-only
/** The real path of a boot: firmware, boot loader and kernel from a disk, which may be slow. */
import type { Work } from '../../events.ts';
import { UserError } from '../../host/errors.ts';
import { exists } from '../../host/files.ts';
import { bootDisk } from '../../image/bootdisk.ts';
import { hasOption } from '../../kernel/kernel.ts';
import type { Workspace } from '../../workspace.ts';
import type { DiskLimit } from '../boot.ts';
import { commandLine } from '../commandline.ts';
import { nonceOf } from '../guard.ts';
import type { Vm } from '../machine.ts';
import type { QemuVm } from './spec.ts';

const install = 'install the packages: ./setup.sh --all';

/** The machine with firmware, and with all that QEMU's own loader would have handed over on a disk.
 *  @throws UserError when firmware, boot loader or the programs that make the disk are not installed */
export async function* withFirmware(
  workspace: Workspace,
  vm: QemuVm,
  limit: DiskLimit,
  signal: AbortSignal,
): Work<Vm> {
  const { efi, id } = vm.machine;
  if (!efi) throw new Error(`${id} has no firmware: see requireFeatures()`);
  const installed = [];
  for (const pair of efi.firmware) if (await exists(pair[0])) installed.push(pair);
  const [pair] = installed;
  if (!pair) throw new UserError(`no UEFI firmware for ${id} is installed`, { hint: install });
  if (!(await exists(efi.loader.file))) {
    throw new UserError('systemd-boot is not installed', { hint: install });
  }
  if (!(await hasOption(vm.kernel, 'EFI_STUB'))) {
    throw new UserError(`the kernel ${vm.kernel.name} cannot be started by a boot loader`, {
      hint: 'build it with --config efi',
    });
  }
  // on the disk as well as in what the console is read with, so the same for each boot of it
  const fixed = { ...vm, nonce: nonceOf({ ...vm, clock: 'icount' }) };
  const { digest, files, imageBytes } = vm.kernel;
  const disk = yield* bootDisk(
    workspace,
    {
      loader: efi.loader,
      kernel: { digest, path: files.image, bytes: imageBytes },
      ...(vm.initrd && { initrd: vm.initrd }),
      commandLine: commandLine(fixed).join(' '),
      partitions: vm.disks.flatMap(own => (own.kind === 'partition' ? [own.image] : [])),
    },
    signal,
  );
  return { ...fixed, firmware: { code: pair[0], variables: pair[1], disk, limit } };
}
