// SPDX-License-Identifier: GPL-2.0-only
/** Which report a message begins, and which of several is the first cause. */
import { describe, expect, test } from 'vitest';
import { causeOf, type Finding, kindOf, panicIn, whereOf } from '../../src/boot/findings.ts';
import { examples } from './examples.ts';

test.each(examples)('%s: %s', (kind, text) => {
  expect(kindOf(text)).toBe(kind === 'panic' ? undefined : kind);
  expect(panicIn(text) !== undefined).toBe(kind === 'panic');
  // a message that has it in its middle begins no report
  expect(kindOf(`a line that says ${text}`)).toBeUndefined();
});

const finding = (message: string): Finding => ({ kind: kindOf(message)!, message });

describe('causeOf()', () => {
  const refused = finding('Initramfs unpacking failed: invalid magic at start of compressed archive');
  const warning = finding('WARNING: CPU: 0 PID: 1 at fs/erofs/super.c:42 erofs_wrapped+0x12/0x80');
  const freed = finding('BUG: KASAN: slab-use-after-free in erofs_wrapped+0x1/0x2');
  const fault = finding('BUG: kernel NULL pointer dereference, address: 0000000000000008');
  const oops = finding('Oops: Oops: 0000 [#1] SMP PTI');
  const hung = finding('INFO: task init:1 blocked for more than 10 seconds.');
  const stuck = finding('watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [init:1]');
  const stall = finding('rcu: INFO: rcu_preempt self-detected stall on CPU');
  const busy = finding('Failed to execute /init (error -26)');
  const killer = finding(
    'init invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0',
  );

  test.each<[string, readonly Finding[], Finding | undefined]>([
    ['Fatal exception', [refused, warning, fault, oops], fault],
    ['Fatal exception in interrupt', [freed, fault, oops], freed],
    ['Oops: Fatal exception', [hung, fault], fault],
    ['kernel: panic_on_warn set ...', [refused, warning], warning],
    ['hung_task: blocked tasks', [warning, hung], hung],
    ['softlockup: hung tasks', [stall, stuck], stuck],
    ['RCU Stall', [stuck, stall], stall],
    ['VFS: Unable to mount root fs on unknown-block(0,0)', [warning, refused], refused],
    ['No working init found.  Try passing init= option to kernel.', [busy], busy],
    ['Attempted to kill init! exitcode=0x00000009', [warning, killer], killer],
    ['Attempted to kill init! exitcode=0x00000000', [warning], undefined],
    ['System is deadlocked on memory', [warning, killer], killer],
    ['sysrq triggered crash', [warning], undefined],
  ])('of the panic %s', (panic, findings, cause) => {
    expect(causeOf(findings, panic)).toBe(cause);
  });

  test('without a panic it is the first', () => {
    expect(causeOf([warning, fault], undefined)).toBe(warning);
    expect(causeOf([], undefined)).toBeUndefined();
  });
});

test.each([
  [['BUG: KASAN: slab-use-after-free in erofs_wrapped+0x1/0x2'], 'erofs_wrapped'],
  [['WARNING: CPU: 0 PID: 1 at fs/erofs/super.c:42 erofs_wrapped+0x12/0x80'], 'erofs_wrapped'],
  [['WARNING: fs/erofs/super.c:42 at erofs_wrapped+0x12/0x80, CPU#0: swapper/0/1'], 'erofs_wrapped'],
  [['BUG: KCSAN: data-race in erofs_wrapped / erofs_other'], 'erofs_wrapped'],
  [
    ['BUG: kernel NULL pointer dereference, address: 8', 'RIP: 0010:erofs_wrapped+0x12/0x80'],
    'erofs_wrapped',
  ],
  [['Internal error: Oops: 0000000096000004 [#1] SMP', 'pc : erofs_wrapped+0x12/0x80'], 'erofs_wrapped'],
  [['Oops [#1]', 'epc : erofs_wrapped+0x12/0x80'], 'erofs_wrapped'],
  [['BUG: unable to handle page fault for address: 8', 'RIP: 0010:0x8'], ''],
  [['INFO: task init:1 blocked for more than 10 seconds.'], ''],
])('%j is in %s', (report, where) => {
  expect(whereOf(report)).toBe(where);
});
