// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, test } from 'vitest';
import { plainReporter, type PlainOptions } from '../../src/cli/plain.ts';
import type { WorkEvent } from '../../src/events.ts';

function record(events: readonly (WorkEvent & { at?: number })[], more: Partial<PlainOptions> = {}) {
  let text = '';
  let console = '';
  let time = 0;
  const reporter = plainReporter({
    write: t => {
      text += t;
    },
    isTerminal: false,
    width: 80,
    verbose: 0,
    quiet: false,
    now: () => time,
    ...more,
    ...(more.console && {
      console: t => {
        console += t;
      },
    }),
  });
  for (const { at, ...event } of events) {
    time = at ?? time;
    reporter.event(event as WorkEvent);
  }
  reporter.end();
  return { text, console };
}

const progress = (done: number, at: number): WorkEvent & { at: number } => ({
  job: 'build base',
  type: 'progress',
  done,
  total: 1000,
  label: 'CC fs/namei.o',
  at,
});

describe('plainReporter()', () => {
  test('a step is one line with its time, or says that it was cached', () => {
    const { text } = record([
      { job: 'b', type: 'step', step: 'build base', state: 'started', at: 0 },
      { job: 'b', type: 'step', step: 'build base', state: 'done', at: 279_000 },
      { job: 'c', type: 'step', step: 'pack cpio-lz4', state: 'cached' },
    ]);
    expect(text.split('\n').filter(line => !line.includes('...'))).toEqual([
      '  b: build base                                            4 min 39 s',
      '  c: pack cpio-lz4                                           cached',
      '',
    ]);
  });

  test('progress redraws one line on a terminal and takes it away in the end', () => {
    const { text } = record([progress(100, 0), progress(400, 10_000)], { isTerminal: true });
    expect(text).toBe(
      '  10% (100/1000)  CC fs/namei.o\r\x1b[K  40% (400/1000)  about 20.0 s left  CC fs/namei.o\r\x1b[K',
    );
  });

  test('without a terminal progress is an occasional line', () => {
    const { text } = record([progress(1, 0), progress(2, 1000), progress(3, 14_000), progress(500, 20_000)]);
    expect(text.split('\n')).toHaveLength(3);
  });

  test('what a guest or a tool prints cannot reach the terminal as it is', () => {
    const evil = '\x1b]0;owned\x07\x1b[2J\u202etxt';
    const { text, console } = record(
      [
        { job: 'b', type: 'console', run: 'r', at: 0, line: evil },
        { job: 'b', type: 'output', stream: 'stdout', line: evil },
        { job: 'b', type: 'notice', level: 'warning', message: evil },
        { job: 'b', type: 'step', step: evil, state: 'done' },
        { job: 'b', type: 'boot-ended', run: 'r', host: 0, outcome: { kind: 'panic', message: evil } },
      ],
      { verbose: 2, console: () => {} },
    );
    expect(console).toBe('\\x1b]0;owned\\x07\\x1b[2J\\u202etxt\n');
    expect(text).not.toMatch(/[\x1b\x07\u202e]/);
  });

  test('quiet leaves warnings', () => {
    const { text } = record(
      [
        { job: 'b', type: 'step', step: 'x', state: 'done' },
        { job: 'b', type: 'notice', level: 'info', message: 'i' },
        { job: 'b', type: 'notice', level: 'warning', message: 'w' },
      ],
      { quiet: true },
    );
    expect(text).toBe('warning: w\n');
  });
});
