// SPDX-License-Identifier: GPL-2.0-only
/** Judgements over what is left of the first root, and over what kconfig settled: each claim can fail. */
import { describe, expect, test } from 'vitest';
import initcallOrder from '../../src/evidence/requirement/initcall-order.ts';
import memoryReturns from '../../src/evidence/requirement/memory-returns.ts';
import offByDefault from '../../src/evidence/requirement/off-by-default.ts';
import type { Settled } from '../../src/evidence/verify/requirement.ts';
import { digest } from '../boot/machine.ts';
import { failing, recorded, shownIn, text } from './recorded.ts';

describe('R23', () => {
  const kib = (size: number) => ({ initrd: { bytes: size * 1024, sha256: digest('a') } });
  const [plain, archive, held] = ['r23-plain', 'r23-archive', 'r23-held'].map(recorded) as [
    string,
    string,
    string,
  ];
  const judge = (console: string, holding = held) =>
    failing(
      memoryReturns.judge(
        {
          plain: shownIn(console, kib(25632)),
          lz4hc: shownIn(plain, kib(25632)),
          archive: shownIn(archive, kib(25632)),
          held: shownIn(holding, kib(25632)),
        },
        text,
        {},
      ),
    );

  test('memory that comes back is accepted', () => {
    expect(judge(plain)).toEqual([]);
  });

  test.each([
    [
      'not given back',
      /MemTotal=505828/,
      'MemTotal=480196',
      'plain: MemTotal after pivot_root is what an archive leaves',
    ],
    [
      'two MiB short',
      /MemTotal=505828/,
      'MemTotal=503780',
      'plain: MemTotal after pivot_root is what an archive leaves',
    ],
    ['counted too early', /MemTotal=480196/, 'MemTotal=505828', 'plain: at /init the image is not counted'],
    ['used by others', /MemFree=493716/, 'MemFree=483716', 'plain: so is what is free'],
    ['an instance left', /erofs=features/, 'erofs=0:15,features', 'plain: the file system is gone'],
    ['freed in silence', /Freeing initrd memory/, 'x', 'plain: the kernel says that it is freed, once'],
  ])('%s is not', (_what, pattern, by, says) => {
    expect(judge(plain.replace(pattern, by))).toEqual([says]);
  });

  test.each([
    ['a short read', /bytes=1048576/, 'bytes=4096', 'it can be read to its end then'],
    ['nothing held', /(hold path=\S+ )errno=0/, '$1errno=2', 'it was really held and released'],
    ['gone too early', /erofs=0:\d+,features/, 'erofs=features', 'an open file keeps the file system'],
  ])('%s of the open file is not', (_what, pattern, by, says) => {
    expect(judge(plain, held.replace(pattern, by))).toEqual([says]);
  });
});

describe('R22', () => {
  const calls = (...names: string[]) =>
    ['initbench: root fstype=overlay', 'initbench: end tsc=1', '']
      .concat(
        names.flatMap(name => [
          `calling  ${name}+0x0/0x10 @ 1`,
          `initcall ${name}+0x0/0x10 returned 0 after 3 usecs`,
        ]),
      )
      .join('\n')
      .concat('\n');
  const modules: Settled = { options: { EROFS_FS: 'm', OVERLAY_FS: 'm', INITOVERLAYFS: 'n' }, lost: [] };
  const today = shownIn(calls('populate_rootfs', 'erofs_module_init', 'ovl_init'));
  const judge = (console: string, settled = modules) =>
    failing(
      initcallOrder.judge({ image: shownIn(console), today }, text, { modules: settled, asked: modules }),
    );
  const good = calls('erofs_module_init', 'ovl_init', 'populate_rootfs');

  test('both file systems before the initrd are accepted', () => {
    expect(judge(good)).toEqual([]);
  });

  test.each([
    [
      'one too late',
      calls('ovl_init', 'populate_rootfs', 'erofs_module_init'),
      'with the series: erofs_module_init runs before populate_rootfs',
    ],
    [
      'one that fails',
      good.replace('ovl_init+0x0/0x10 returned 0', 'ovl_init+0x0/0x10 returned -12'),
      'ovl_init succeeds',
    ],
  ])('%s is not', (_what, console, says) => {
    expect(judge(console)).toEqual([says]);
  });

  test('modules that became impossible are not', () => {
    const forced = { options: { ...modules.options, EROFS_FS: 'y' }, lost: [] };
    expect(judge(good, forced)).toEqual(['both can still be modules']);
  });
});

describe('R31', () => {
  const lost = (because: string): Settled => ({
    options: { INITOVERLAYFS: 'n' },
    lost: [`CONFIG_INITOVERLAYFS: requested y (initoverlayfs), is n: depends on X: ${because}`],
  });
  const configs: Parameters<typeof offByDefault.judge>[2] = {
    unasked: { options: { INITOVERLAYFS: 'n' }, lost: [] },
    asked: { options: { INITOVERLAYFS: 'y' }, lost: [] },
    moduleErofs: lost('EROFS_FS is m'),
    moduleOverlay: lost('OVERLAY_FS is m'),
    withoutXattrs: lost('TMPFS_XATTR is not set'),
    withoutInitrd: lost('BLK_DEV_INITRD is not set'),
  };
  const added = { 'usr/Kconfig': ['config INITOVERLAYFS', '\t  They have to be built in, not modules.'] };
  const judge = (more: Partial<typeof configs>, lines: readonly string[] = []) =>
    failing(
      offByDefault.judge(
        {},
        { ...text, added: { ...added, 'init/Kconfig': lines } },
        { ...configs, ...more },
      ),
    );

  test('off by default with reasons is accepted', () => {
    expect(judge({})).toEqual([]);
  });

  test.each([
    ['on by default', { unasked: configs.asked }, [], 'off where nobody asked'],
    ['a default of y', {}, ['\tdefault y'], 'no default y'],
    ['never to be had', { asked: lost('EROFS_FS is m') }, [], 'on where it is asked for'],
    [
      'taken with a module',
      { moduleErofs: configs.asked },
      [],
      'EROFS as a module: not to be had, and kconfig says why',
    ],
    ['selecting a file system', {}, ['\tselect OVERLAY_FS'], 'it selects no file system'],
  ])('%s is not', (_what, more, lines, says) => {
    expect(judge(more, lines)).toEqual([says]);
  });
});
