// SPDX-License-Identifier: GPL-2.0-only
/** R22: "the order of initcalls, without breaking modules": both file systems are there before the initrd is looked at,
 *  and stay what they were where they are modules. */
import { witnessRoot } from '../verify/files.ts';
import {
  type Claim,
  claim,
  type KernelNeed,
  kernels,
  requirement,
  type Shown,
  type Trial,
} from '../verify/requirement.ts';
import { endsWell, linesWith, noTrouble, overlayRoot } from '../verify/shown.ts';

const trial = (kernel: KernelNeed, format: string): Trial => ({
  kernel,
  initrd: [{ files: witnessRoot, format }],
  checks: ['mounts'],
  append: ['initcall_debug', 'loglevel=8'],
});

const options = ['EROFS_FS', 'OVERLAY_FS', 'INITOVERLAYFS'];
const modules = ['CONFIG_MODULES=y', 'CONFIG_EROFS_FS=m', 'CONFIG_OVERLAY_FS=m'];

/** Where an initcall comes among all of them; NaN without one. */
const placeOf = (shown: Shown, name: string): number => {
  const at = linesWith(shown, /^calling {2}\S+ @ /).findIndex(line => line.includes(` ${name}+`));
  return at < 0 ? Number.NaN : at;
};

function before(what: string, shown: Shown, first: string, then: string): Claim {
  const [a, b] = [placeOf(shown, first), placeOf(shown, then)];
  return claim(`${what}: ${first} runs before ${then}`, a < b, `places ${a} and ${b}`);
}

const succeeded = (shown: Shown, name: string): Claim => {
  const lines = linesWith(shown, new RegExp(`^initcall ${name}\\+\\S+ returned `));
  return claim(
    `${name} succeeds`,
    lines.length === 1 && / returned 0 /.test(lines[0]!),
    lines[0] ?? 'no line',
  );
};

export default requirement({
  id: 'r22',
  title: 'initcall order, modules as before',
  askedBy: 'Curtin, Ruiz',
  weight: 'implied',
  boots: {
    image: trial(kernels.series, 'erofs'),
    /** Where they register today. */
    today: trial(kernels.base, 'cpio'),
  },
  configs: {
    modules: { carries: 'series', fragments: modules, unasked: true, options },
    asked: { carries: 'series', fragments: modules, options },
  },
  judge({ image, today }, _text, { modules: free, asked }) {
    const names = ['erofs_module_init', 'ovl_init'];
    return [
      endsWell('the image', image),
      overlayRoot('the image', image),
      ...names.map(name => before('with the series', image, name, 'populate_rootfs')),
      ...names.map(name => succeeded(image, name)),
      ...names.map(name => before('without it', today, 'populate_rootfs', name)),
      claim(
        'both can still be modules',
        free.options.EROFS_FS === 'm' &&
          free.options.OVERLAY_FS === 'm' &&
          free.options.INITOVERLAYFS === 'n',
        free.options,
      ),
      claim(
        'the option is not to be had with modules, and does not change that they are',
        asked.options.INITOVERLAYFS === 'n' && asked.options.EROFS_FS === 'm',
        asked.lost.join('; ') || asked.options,
      ),
      noTrouble({ image, today }),
    ];
  },
});
