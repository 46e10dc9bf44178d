// SPDX-License-Identifier: GPL-2.0-only
/** Which suites a source has, and which option builds it. */
import { describe, expect, test } from 'vitest';
import { optionOf, suitesIn } from '../../../src/campaign/kunit/suites.ts';

const initialiser = (head: string, name = '"image"') =>
  `\t.name = "not this",\n${head} = {\n\t.init = image_init,\n\t.name = ${name},\n};\n`;

describe('suitesIn()', () => {
  test.each([
    ['static struct kunit_suite image_suite'],
    ['static struct kunit_suite __refdata image_suite'],
    ['struct kunit_suite image_suite'],
    ['static struct  kunit_suite\nimage_suite'],
  ])('%s', head => {
    expect(suitesIn(initialiser(head))).toEqual(['image']);
  });

  test('two of one file, and one with its name first', () => {
    const text = `${initialiser('static struct kunit_suite a')}static struct kunit_suite b = { .name = "other" };\n`;
    expect(suitesIn(text)).toEqual(['image', 'other']);
  });

  test.each([
    ['a pointer that is passed', 'static int init(struct kunit_suite *suite)\n{\n\t.name = "x",\n}\n'],
    ['a table of them', 'static struct kunit_suite *all[] = { &one, &two };\n'],
    ['a name that is not written out', initialiser('static struct kunit_suite a', 'KBUILD_MODNAME')],
    ['another struct', initialiser('static struct file_system_type a')],
  ])('%s is none', (_what, text) => {
    expect(suitesIn(text)).toEqual([]);
  });
});

describe('optionOf()', () => {
  const makefile = [
    '# obj-$(CONFIG_OLD) += image_test.o',
    'obj-y += main.o',
    'obj-$(CONFIG_FS)\t+= fs.o my_image_test.o',
    'obj-$(CONFIG_IMAGE_TEST) += \\',
    '\tother.o \\',
    '\timage_test.o',
    'fs-$(CONFIG_FS_TEST) := inner_test.o',
  ].join('\n');
  test.each([
    ['init/image_test.c', 'CONFIG_IMAGE_TEST'],
    ['init/inner_test.c', 'CONFIG_FS_TEST'],
    ['init/my_image_test.c', 'CONFIG_FS'],
    ['init/main.c', undefined],
    ['init/test.c', undefined],
  ])('%s: %s', (file, option) => {
    expect(optionOf(makefile, file)).toBe(option);
  });
});
