// SPDX-License-Identifier: GPL-2.0-only
/** Which machine coverage can be read on, and what a record keeps of counters. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { machines } from '../../../src/boot/registry.ts';
import { packed, requireReadable, unpacked, variablesFor } from '../../../src/evidence/coverage/counters.ts';

test.each(machines.map(machine => [machine.id, machine] as const))('%s', (id, machine) => {
  if (id === 'x86_64') expect(requireReadable(machine).physical(0xffffffff81000000n)).toBe(0x1000000);
  else expect(() => requireReadable(machine)).toThrow(`lies in the memory of ${id} is not known`);
});

test('counters come back from a record as they were', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), values => {
      expect(unpacked(packed(values))).toEqual(values);
    }),
  );
});

test('each object is named once, as kbuild names it', () => {
  expect(variablesFor(['init/b-c.c', 'fs/erofs/super.c', 'fs/overlayfs/super.c'])).toEqual([
    'GCOV_PROFILE_b-c.o=y',
    'GCOV_PROFILE_super.o=y',
  ]);
});
