// SPDX-License-Identifier: GPL-2.0-only
/** What a console says a boot came to: defined ends, and what is none of them. */
import { describe, expect, test } from 'vitest';
import { consoleParser } from '../../../src/boot/console.ts';
import type { Outcome } from '../../../src/events.ts';
import type { Walked } from '../../../src/evidence/fuzz/expected.ts';
import type { Expectation } from '../../../src/evidence/fuzz/kinds.ts';
import { definedEnds, isBad, verdictOf } from '../../../src/evidence/fuzz/verdict.ts';

const walked: Walked = {
  directories: '33',
  files: '221',
  links: '7',
  others: '3',
  bytes: '1499988',
  attributes: '31',
  sum: '93c59343a6d43e23',
};

/** As vm/walker.c prints them. */
const sound = [
  'initbench: init tsc=208660912 boottime=627842920',
  'initbench: root fstype=overlay source=overlay options=rw,relatime super=rw',
  `initbench: walk ${Object.entries(walked)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')} changed=0 errors=0`,
  'initbench: taint bits=0',
  'initbench: left how=pivot_root',
  'initbench: taint bits=0',
  'initbench: end tsc=280347417 boottime=1127124112',
];
const ready: Outcome = { kind: 'ready' };

function judge(lines: readonly string[], outcome: Outcome, expect: Expectation = 'any') {
  const parser = consoleParser();
  const signs = lines.flatMap(line => parser.line(line));
  const facts = signs.flatMap(sign => (sign.type === 'fact' ? [sign.fact] : []));
  return verdictOf({ outcome, lines, facts }, expect, walked);
}
const panic = (message: string) => judge([], { kind: 'panic', message }).end;

describe('a defined end', () => {
  test('is a walk to the end, on an overlay or not', () => {
    expect(judge(sound, ready)).toEqual({ end: 'ready', message: '', faults: [] });
    const onRootfs = sound.map(line => line.replace('fstype=overlay', 'fstype=rootfs'));
    expect(judge(onRootfs, ready).end).toBe('rootfs');
  });

  test('is one of the panics of a boot that has nothing to run, or whose init died', () => {
    expect(panic('No working init found.  Try passing init= option to kernel.')).toBe('no-init');
    expect(panic('Requested init /x failed (error -2).')).toBe('no-init');
    expect(panic('VFS: Unable to mount root fs on unknown-block(0,0)')).toBe('no-root');
    expect(panic('Initramfs unpacking failed: erofs image at offset 0x0 is cut off (-EINVAL)')).toBe(
      'no-root',
    );
    expect(panic('Attempted to kill init! exitcode=0x0000000b')).toBe('init-died');
  });

  test('is no other panic', () => {
    for (const message of [
      'VFS: Unable to mount root fs: not enough memory',
      'Fatal exception',
      'System is deadlocked on memory',
      'stack-protector: Kernel stack is corrupted in: x',
    ]) {
      expect(panic(message)).toBe('panic');
    }
  });
});

describe('a bad end', () => {
  test('is a hang, silence, or a machine that stops without a word', () => {
    const deadline = 60_000;
    expect(judge([], { kind: 'hang', deadline, lastLine: 'x' })).toMatchObject({
      end: 'hang',
      message: 'no end within 60 s: x',
    });
    expect(judge([], { kind: 'no-output', deadline }).end).toBe('no-output');
    expect(judge([], { kind: 'incomplete', message: 'the guest stopped before its end' }).end).toBe(
      'stopped',
    );
  });

  test('is a taint that the kernel remembers, though it said nothing', () => {
    const tainted = sound.with(5, 'initbench: taint bits=512');
    expect(judge(tainted, ready)).toMatchObject({ end: 'taint', message: 'tainted 512' });
  });

  test('is never one of the defined', () => {
    for (const end of definedEnds) expect(isBad(end)).toBe(false);
    expect(isBad('wrong')).toBe(true);
  });
});

describe('what must come of an initrd', () => {
  test('a sound image is read to the last byte', () => {
    expect(judge(sound, ready, 'intact').end).toBe('ready');
    const other = sound.map(line => line.replace(walked.sum, '0000000000000000'));
    expect(judge(other, ready, 'intact')).toMatchObject({
      end: 'wrong',
      message: `a sound image was read otherwise: sum 0000000000000000, not ${walked.sum}`,
    });
    const failing = sound.map(line => line.replace('errors=0', 'errors=2 first=stat at=/tree/x'));
    expect(judge(failing, ready, 'intact')).toMatchObject({ end: 'wrong' });
    expect(judge(failing, ready, 'any').end).toBe('ready');
  });

  test('a sound image among others is read to the last byte, if it is the root', () => {
    expect(judge(sound, ready, 'whole').end).toBe('ready');
    const other = sound.map(line => line.replace(walked.sum, '0000000000000000'));
    expect(judge(other, ready, 'whole').end).toBe('wrong');
    expect(judge([], { kind: 'panic', message: 'No working init found.' }, 'whole').end).toBe('no-init');
  });

  test('an archive with an image in it is not an image', () => {
    expect(judge(sound, ready, 'archive')).toMatchObject({ end: 'wrong' });
    expect(judge([], { kind: 'panic', message: 'No working init found.' }, 'archive').end).toBe('wrong');
    const onRootfs = sound.map(line => line.replace('fstype=overlay', 'fstype=tmpfs'));
    expect(judge(onRootfs, ready, 'archive').end).toBe('rootfs');
  });

  test('a broken image is not a root', () => {
    expect(judge(sound, ready, 'refused')).toMatchObject({ end: 'wrong' });
    expect(judge([], { kind: 'panic', message: 'VFS: Unable to mount root fs on x' }, 'refused').end).toBe(
      'no-root',
    );
  });
});
