// SPDX-License-Identifier: GPL-2.0-only
import { expect, test } from 'vitest';
import { listFlows } from '../../src/boot/registry.ts';
import { interleaved, parseRow, withFloors } from '../../src/campaign/rows.ts';

const flows = await listFlows();
const row = (text: string) => parseRow(text, flows, 'initoverlayfs');

test('a row has a flow, and may have a format, a kernel and words of its own', () => {
  expect(row('initramfs')).toMatchObject({ format: 'cpio-lz4', kernel: 'base', append: [] });
  expect(row('kernelspace')).toMatchObject({ kernel: 'initoverlayfs' });
  expect(row('initramfs:cpio@initoverlayfs+initramfs_async=0+a.b=c:d@e')).toMatchObject({
    format: 'cpio',
    kernel: 'initoverlayfs',
    append: ['initramfs_async=0', 'a.b=c:d@e'],
  });
  expect(row('initramfs+quiet')).toMatchObject({ format: 'cpio-lz4', kernel: 'base', append: ['quiet'] });
});

test.each([
  '',
  '+quiet',
  'initramfs+',
  'initramfs+a b',
  'initramfs:',
  'initramfs@',
  'nothing',
  'initramfs:erofs',
])("'%s' is not a row", text => {
  expect(() => row(text)).toThrow();
});

test('each kernel has one floor, before the rows', () => {
  const rows = withFloors(
    [row('initramfs+quiet'), row('initramfs'), row('kernelspace')],
    flows,
    'initoverlayfs',
  );
  expect(rows.map(({ id }) => id)).toEqual([
    'floor@base',
    'floor@initoverlayfs',
    'initramfs+quiet',
    'initramfs',
    'kernelspace',
  ]);
});

test.each([
  [
    ['floor@base+nosuchword', 'initramfs'],
    ['floor@base', 'floor@base+nosuchword', 'initramfs'],
  ],
  [
    ['floor@base+quiet', 'initramfs+quiet'],
    ['floor@base+quiet', 'initramfs+quiet'],
  ],
  [
    ['floor@base+quiet', 'initramfs+quiet', 'initramfs'],
    ['floor@base', 'floor@base+quiet', 'initramfs+quiet', 'initramfs'],
  ],
  [
    ['floor', 'initramfs', 'kernelspace'],
    ['floor@initoverlayfs', 'floor', 'initramfs', 'kernelspace'],
  ],
  [['floor@base+quiet'], ['floor@base+quiet']],
])('a floor with words of its own is that of rows with the same words: %s', (asked, booted) => {
  expect(withFloors(asked.map(row), flows, 'initoverlayfs').map(({ id }) => id)).toEqual(booted);
});

test('rounds go forth and back', () => {
  expect(interleaved(3, 3)).toEqual([0, 1, 2, 2, 1, 0, 0, 1, 2]);
});
