// SPDX-License-Identifier: GPL-2.0-only
/** Judgements over recorded consoles: what a good boot showed is accepted, the same with one thing wrong is not. */
import { describe, expect, test } from 'vitest';
import explicitObject from '../../src/evidence/requirement/explicit-object.ts';
import firmwareFromRoot from '../../src/evidence/requirement/firmware-from-root.ts';
import mappedInPlace from '../../src/evidence/requirement/mapped-in-place.ts';
import noBlockDevice from '../../src/evidence/requirement/no-block-device.ts';
import writableRoot from '../../src/evidence/requirement/writable-root.ts';
import { acpiTable, bootconfig, microcode, microcodeFor } from '../../src/evidence/verify/early.ts';
import { verdictOf } from '../../src/evidence/verify/matrix.ts';
import { listRequirements } from '../../src/evidence/verify/registry.ts';
import type { SeriesText, Shown } from '../../src/evidence/verify/requirement.ts';
import { digest } from '../boot/machine.ts';
import { failing, recorded, shownIn, text } from './recorded.ts';

describe('R6', () => {
  const image = recorded('r06-image');
  const archive = shownIn(recorded('r06-archive'));
  const judge = (console: string, more: Partial<Shown> = {}) =>
    failing(noBlockDevice.judge({ image: shownIn(console, more), archive }, text, {}));

  test('a boot without a block device is accepted', () => {
    expect(judge(image)).toEqual([]);
  });

  test.each([
    ['a disk of its own', / block=loop/, ' block=ram0,loop', '/sys/block is what an archive gives'],
    ['a major of its own', / majors=/, ' majors=initerofs,', 'no block major is registered for it'],
    [
      'EROFS on a device',
      / erofs=(\S*)0:\d+/,
      ' erofs=$1ram0',
      'one EROFS is mounted, on an anonymous device',
    ],
    [
      'a mount on a device',
      /(initbench: mount .* dev=)0:\d+/,
      '$17:0',
      'every mount is on an anonymous device',
    ],
    ['no overlay', /fstype=overlay/g, 'fstype=erofs', 'the root of the image is an overlay'],
    [
      'a word of the legacy path',
      /^/,
      '[    0.1] rootfs image is not initramfs (x); looks like an initrd\r\n',
      'nothing is said of a ramdisk',
    ],
    [
      'a warning',
      /^/,
      '[    0.100000] WARNING: fs/x.c:1 at y\r\n',
      'no boot shows a warning, an oops or a report',
    ],
  ])('%s is not', (_what, from, to, says) => {
    const changed = image.replace(from, to);
    expect(changed).not.toBe(image);
    expect(judge(changed)).toEqual([says]);
  });

  test('a kernel with a ramdisk driver proves nothing', () => {
    expect(judge(image, { options: { BLK_DEV_RAM: 'y' } })).toEqual(['the kernel has no ramdisk driver']);
  });
});

describe('R9', () => {
  const judge = (added: SeriesText['added']) => {
    const shown = shownIn('');
    const judgement = explicitObject.judge(
      { mounts: shown, two: shown, archive: shown },
      { ...text, added },
      {},
    );
    return failing(judgement).includes('fs/erofs gets no variable that waits for a mount');
  };

  test.each([
    ['static void *erofs_pending_data;', true],
    ['static size_t __initdata pending_size;', true],
    ['unsigned long erofs_image_start = 0;', true],
    ['static int probe(const void *data, size_t size);', false],
    ['static const struct initramfs_image_type erofs_image = {', false],
    ['\tstatic_branch_enable(&key);', false],
    ['extern const struct address_space_operations erofs_memory_aops;', false],
    ['struct erofs_image *image;', true],
  ])('%s', (line, waits) => {
    expect(judge({ 'fs/erofs/super.c': [line] })).toBe(waits);
    expect(judge({ 'init/initramfs.c': [line] })).toBe(false);
  });
});

describe('R10', () => {
  const plain = recorded('r10-plain');

  test('a copy in the page cache is seen, whatever is said of it', () => {
    const { verdict, reason } = verdictOf(mappedInPlace.judge({ plain: shownIn(plain) }, text, {}));
    expect(verdict).toBe('not met');
    expect(reason).toMatch(
      /mapping it puts nothing into the page cache \(40\d\d KiB of cache for 4096 KiB mapped/,
    );
  });

  test('a cache that does not grow is accepted', () => {
    const flat = plain.replaceAll(/ Cached=\d+/g, ' Cached=100');
    expect(verdictOf(mappedInPlace.judge({ plain: shownIn(flat) }, text, {})).verdict).toBe('met');
  });

  test('a mapping that was never made is not', () => {
    const flat = plain.replaceAll(/ Cached=\d+/g, ' Cached=100').replace(/initbench: mapped.*/, '');
    expect(verdictOf(mappedInPlace.judge({ plain: shownIn(flat) }, text, {})).verdict).toBe('not met');
  });
});

describe('R15', () => {
  const plain = recorded('r15-plain');
  const sha256 = /initrd bytes=\d+ sha256=(\w+)/.exec(plain)![1]!;
  const good = shownIn(plain, { initrd: { bytes: 1, sha256 } });
  const judge = (console: string) => {
    const shown = { plain: shownIn(console, { initrd: good.initrd! }), lz4hc: good, archive: good };
    return failing(writableRoot.judge(shown, text, {}));
  };

  test('a root that can do everything is accepted', () => {
    expect(judge(plain)).toEqual([]);
  });

  test.each([
    ['a file that comes back', /(op name=unlinked errno=)2/, '$10'],
    ['an old folder below a new one', /(op name=hidden errno=)2/, '$10'],
    ['a mapping that is lost', /(op name=map-shared .*content=)aM/, '$1aa'],
    ['a name that is left', /(op name=list names=)/, '$1old,'],
    ['an append that fails', /(op name=append errno=)0/, '$128'],
  ])('%s is not', (_what, from, to) => {
    const changed = plain.replace(from, to);
    expect(changed).not.toBe(plain);
    expect(judge(changed)).toEqual(['plain: every operation does what it does on a tmpfs']);
  });

  test('an image that was written to is not', () => {
    const at = plain.lastIndexOf(sha256);
    const changed = `${plain.slice(0, at)}${'0'.repeat(64)}${plain.slice(at + 64)}`;
    expect(judge(changed)).toEqual(['plain: the image in memory is unchanged by it']);
  });
});

test('an ACPI table adds up to zero and knows its length', () => {
  const table = acpiTable();
  expect(table.reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0);
  expect(table.readUInt32LE(4)).toBe(table.length);
});

test('a bootconfig ends with its size, its checksum and its magic', () => {
  const bytes = bootconfig('a = b\n');
  expect(bytes.length % 4).toBe(0);
  expect(bytes.toString('latin1', bytes.length - 12)).toBe('#BOOTCONFIG\n');
  const size = bytes.readUInt32LE(bytes.length - 20);
  expect(size).toBe(bytes.length - 20);
  const sum = bytes.subarray(0, size).reduce((total, byte) => total + byte, 0);
  expect(bytes.readUInt32LE(bytes.length - 16)).toBe(sum);
});

test('a microcode container holds one update, whole, for the processor it names', () => {
  const bytes = microcode();
  expect(bytes.toString('latin1', 0, 4)).toBe('DMA\0');
  const table = bytes.readUInt32LE(8);
  const [processor, equivalent] = [bytes.readUInt32LE(12), bytes.readUInt16LE(12 + 12)];
  expect(processor).toBe(microcodeFor.signature);
  const section = 12 + table;
  expect([bytes.readUInt32LE(section), bytes.readUInt32LE(section + 4)]).toEqual([
    1,
    bytes.length - section - 8,
  ]);
  expect(bytes.readUInt32LE(section + 8 + 4)).toBe(microcodeFor.revision);
  expect(bytes.readUInt16LE(section + 8 + 24)).toBe(equivalent);
});

describe('R21', () => {
  const [image, without] = [recorded('r21-image'), recorded('r21-without')];
  const judge = (console: string, other = without) =>
    failing(
      firmwareFromRoot.judge(
        {
          image: shownIn(console),
          lz4hc: shownIn(image),
          sync: shownIn(image),
          archive: shownIn(image),
          without: shownIn(other),
        },
        text,
        {},
      ),
    );

  test('a driver that is given its firmware is accepted', () => {
    expect(judge(image)).toEqual([]);
  });

  test('one that asks too early is not, nor one that says the same in any case', () => {
    const early = image.replace(/loaded regulatory\.db is malformed.*/, 'failed to load regulatory.db');
    expect(judge(early)).toEqual(['image: the driver was given the file of the image']);
    expect(judge(image, image)).toEqual(['without the file the answer is another']);
  });
});

const initrd = { bytes: 1 << 20, sha256: digest('b') };
const booted = (await listRequirements()).filter(({ boots }) => Object.keys(boots).length > 0);
test.each(booted)('$id: boots that died at once are judged, and do not meet it', one => {
  const died = Object.fromEntries(Object.keys(one.boots).map(name => [name, shownIn('', { initrd })]));
  const none = { options: {}, lost: [] };
  const configs = Object.fromEntries(Object.keys(one.configs ?? {}).map(name => [name, none]));
  expect(failing(one.judge(died, text, configs))).not.toEqual([]);
});
