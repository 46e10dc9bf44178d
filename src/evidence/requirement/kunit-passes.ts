// SPDX-License-Identifier: GPL-2.0-only
/** R33: KUnit: the suites that the series brings and the one that unpacking has in later trees, run by a kernel that
 *  then boots. */
import { kunitSuites } from '../../campaign/kunit/ktap.ts';
import { suitesIn } from '../../campaign/kunit/suites.ts';
import { witnessRoot } from '../verify/files.ts';
import { claim, kernels, requirement } from '../verify/requirement.ts';
import { endsWell, noTrouble } from '../verify/shown.ts';

export default requirement({
  id: 'r33',
  title: 'KUnit tests',
  askedBy: 'Ruiz',
  weight: 'soft',
  boots: {
    tests: {
      kernel: kernels.verify,
      /** Not an image: the tests make overlays of the root, and one of an overlay would be too deep. */
      initrd: [{ files: witnessRoot, format: 'cpio' }],
      checks: ['mounts'],
      append: ['kunit.enable=1'],
      options: ['KUNIT', 'INITRAMFS_TEST'],
      timeoutMs: 300_000,
    },
  },
  judge({ tests }, { added }) {
    const own = Object.values(added).flatMap(lines => suitesIn(lines.join('\n')));
    const results = new Map(kunitSuites(tests.lines).map(suite => [suite.name, suite]));
    return [
      claim('the series brings a suite', own.length > 0, own.join(' ') || 'none'),
      ...[...new Set([...(results.has('initramfs') ? ['initramfs'] : []), ...own])].map(name => {
        const suite = results.get(name);
        const bad = suite?.tests
          .filter(({ result }) => result !== 'passed')
          .map(one => `${one.name} ${one.result}`);
        return claim(
          `every test of ${name} passes`,
          suite?.result === 'passed' && suite.tests.length > 0 && bad?.length === 0,
          suite ? bad?.join(', ') || `${suite.tests.length} tests` : 'not run',
        );
      }),
      endsWell('the kernel behind its tests', tests),
      noTrouble({ tests }),
    ];
  },
});
