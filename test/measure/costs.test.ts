// SPDX-License-Identifier: GPL-2.0-only
/** What the ground of a guest costs, in words. */
import { expect, test } from 'vitest';
import { formatCosts } from '../../src/measure/costs.ts';

test.each([
  [
    { guest: { syscall: 2130, fault: 31_400 }, host: { syscall: 98, fault: 612 } },
    'a system call costs 2.1 us in the guest, 0.098 us on the host; the first touch of a page 31 us in the guest, 0.61 us on the host',
  ],
  [
    { guest: { syscall: 1000, fault: 1_234_567 } },
    'a system call costs 1 us in the guest; the first touch of a page 1200 us in the guest',
  ],
])('%j', (costs, text) => {
  expect(formatCosts(costs)).toBe(text);
});
