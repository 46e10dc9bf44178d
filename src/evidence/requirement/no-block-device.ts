// SPDX-License-Identifier: GPL-2.0-only
/** R6: "no fake block device, no /dev/ram0, no initrd path" (Hellwig, April 2025; Gao agreed). */
import { witnessRoot } from '../verify/files.ts';
import { claim, kernels, requirement } from '../verify/requirement.ts';
import { endsWell, factOf, factsOf, linesWith, listOf, noTrouble, overlayRoot } from '../verify/shown.ts';

const checks = ['mounts', 'blocks'];
/** A mount of a file is called by its anonymous device, or on 6.12 by a number of its own; one of a disk by the disk. */
const ownDevice = /^(0:\d+|erofs-\d+)$/;

export default requirement({
  id: 'r06',
  title: 'no fake block device, no ramdisk',
  askedBy: 'Hellwig, Gao',
  weight: 'hard',
  quick: true,
  boots: {
    image: {
      kernel: kernels.series,
      initrd: [{ files: witnessRoot, format: 'erofs' }],
      checks,
      options: ['BLK_DEV_RAM'],
    },
    /** What the same kernel has of its own. */
    archive: { kernel: kernels.series, initrd: [{ files: witnessRoot, format: 'cpio' }], checks },
  },
  judge(shown) {
    const { image, archive } = shown;
    const [ours, usual] = [factOf(image, 'devices'), factOf(archive, 'devices')];
    const same = (key: string) => listOf(ours, key).join() === listOf(usual, key).join();
    const seen = (key: string) => listOf(ours, key).join(' ') || 'none';
    const instances = listOf(ours, 'erofs').filter(name => name !== 'features');
    const devices = factsOf(image, 'mount').map(({ dev }) => dev ?? '');
    const ramdisk = linesWith(image, /looks like an initrd|\/initrd\.image|ram0/);
    return [
      endsWell('the image', image),
      overlayRoot('the image', image),
      claim('the kernel has no ramdisk driver', image.options.BLK_DEV_RAM === 'n', image.options),
      claim('/proc/partitions is what an archive gives', same('partitions'), seen('partitions')),
      claim('/sys/block is what an archive gives', same('block'), seen('block')),
      claim('no block major is registered for it', same('majors'), seen('majors')),
      claim(
        'one EROFS is mounted, on an anonymous device',
        instances.length === 1 && ownDevice.test(instances[0]!),
        instances.join(' ') || 'none in /sys/fs/erofs',
      ),
      claim(
        'every mount is on an anonymous device',
        devices.length > 0 && devices.every(device => device.startsWith('0:')),
        devices.join(' '),
      ),
      claim('nothing is said of a ramdisk', ramdisk.length === 0, ramdisk[0] ?? 'no such line'),
      noTrouble(shown),
    ];
  },
});
