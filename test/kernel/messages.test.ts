// SPDX-License-Identifier: GPL-2.0-only
/** What was said about single objects, from a recorded `make W=1 C=2`, and what of it is new. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Message, newMessages, parseMessages } from '../../src/kernel/messages.ts';

const recorded = parseMessages(readFileSync('test/fixtures/kernel/objects.log', 'utf8'));
const lines = (messages: readonly Message[]) =>
  messages.map(({ from, level, file, line, text }) => `${from} ${level} ${file}:${line} ${text}`);

describe('parseMessages()', () => {
  test('the compiler, kernel-doc and sparse, each by the object it was made for', () => {
    expect([...recorded.keys()]).toEqual([
      'fs/erofs/super.o',
      'init/initramfs.o',
      'fs/erofs/namei.o',
      'fs/erofs/dir.o',
    ]);
    expect(lines(recorded.get('fs/erofs/namei.o')!)).toMatchInlineSnapshot(`
      [
        "W=1 warning fs/erofs/seek.h:4 unused variable ‘never’ [-Wunused-variable]",
        "W=1 warning fs/erofs/namei.c:14 no previous prototype for ‘erofs_seek’ [-Wmissing-prototypes]",
        "W=1 warning fs/erofs/namei.c:16 unused variable ‘unused’ [-Wunused-variable]",
        "W=1 warning fs/erofs/namei.c:21 ‘erofs_seek_user’ defined but not used [-Wunused-function]",
        "W=1 warning fs/erofs/seek.h:2 ‘helper’ defined but not used [-Wunused-function]",
        "W=1 warning fs/erofs/namei.c:14 function parameter 'there' not described in 'erofs_seek'",
        "W=1 warning fs/erofs/namei.c:14 Excess function parameter 'gone' description in 'erofs_seek'",
        "sparse warning fs/erofs/namei.c:14 symbol 'erofs_seek' was not declared. Should it be static?",
        "sparse warning fs/erofs/namei.c:23 incorrect type in initializer (different base types); expected restricted __le32 [usertype] little; got int",
        "sparse warning fs/erofs/namei.c:25 incorrect type in argument 1 (different address spaces); expected void *to; got char [noderef] __user *to",
        "sparse warning fs/erofs/namei.c:26 incorrect type in assignment (different address spaces); expected char *from; got char [noderef] __user *to",
        "sparse warning fs/erofs/namei.c:27 restricted __le32 degrades to integer",
        "sparse warning fs/erofs/namei.c:31 symbol 'seek_table' was not declared. Should it be static?",
      ]
    `);
    expect(lines(recorded.get('fs/erofs/dir.o')!)).toMatchInlineSnapshot(`
      [
        "W=1 warning fs/erofs/seek.h:4 unused variable ‘never’ [-Wunused-variable]",
        "W=1 warning fs/erofs/seek.h:2 ‘helper’ defined but not used [-Wunused-function]",
      ]
    `);
    expect(recorded.get('init/initramfs.o')).toEqual([]);
  });

  test("what sparse calls an error is sparse's", () => {
    expect(recorded.get('fs/erofs/super.o')![0]).toEqual({
      from: 'sparse',
      level: 'error',
      file: 'fs/erofs/super.c',
      line: 979,
      text: 'bad constant expression',
    });
  });

  test('objtool speaks of the object; kernel-doc of older trees without a column', () => {
    const log = `  CC      fs/erofs/super.o
fs/erofs/super.o: warning: objtool: erofs_read()+0x1f: unreachable instruction
  CHECK   fs/erofs/super.c
fs/erofs/super.c:12: warning: Function parameter or member 'x' not described in 'y'
`;
    expect(lines(parseMessages(log).get('fs/erofs/super.o')!)).toEqual([
      'W=1 warning fs/erofs/super.o:undefined objtool: erofs_read()+0x1f: unreachable instruction',
      "W=1 warning fs/erofs/super.c:12 Function parameter or member 'x' not described in 'y'",
    ]);
  });

  test('what other steps say is not about an object', () => {
    const log = '  HOSTCC  scripts/sorttable\nscripts/sorttable.c:1:2: warning: x\n  CC      a.o\n';
    expect([...parseMessages(log)]).toEqual([['a.o', []]]);
  });
});

const usual: Message = { from: 'W=1', level: 'warning', file: 'a.c', text: 'x' };
const said = (object: string, ...messages: readonly Partial<Message>[]) =>
  [object, messages.map((more): Message => ({ ...usual, ...more }))] as const;

describe('newMessages()', () => {
  test('moved lines, offsets and places inside a text are not new', () => {
    const base = new Map([
      said('a.o', { line: 3, text: 'objtool: f()+0x1f: z' }, { line: 9, text: 'as in a.c:7' }),
    ]);
    const patched = new Map([
      said('a.o', { line: 30, text: 'objtool: f()+0x2a: z' }, { line: 90, text: 'as in a.c:70' }),
    ]);
    expect(newMessages(patched, base)).toEqual([]);
  });

  test('the same message once more is new, and only the one more', () => {
    const base = new Map([said('a.o', { line: 3 })]);
    const patched = new Map([said('a.o', { line: 3 }, { line: 8 })]);
    expect(newMessages(patched, base)).toMatchObject([{ line: 8 }]);
  });

  test('a message in a header is not new because one more object includes it', () => {
    const header = { file: 'a.h', line: 1 };
    const base = new Map([said('a.o', header)]);
    const patched = new Map([said('a.o', header), said('b.o', header)]);
    expect(newMessages(patched, base)).toEqual([]);
    expect(newMessages(patched, new Map())).toHaveLength(1);
  });

  test('the same words of the compiler and of sparse are two messages', () => {
    const base = new Map([said('a.o', { from: 'W=1' })]);
    const patched = new Map([said('a.o', { from: 'W=1' }, { from: 'sparse' })]);
    expect(newMessages(patched, base)).toMatchObject([{ from: 'sparse' }]);
  });

  test('nothing is new in a log compared with itself', () => {
    expect(newMessages(recorded, recorded)).toEqual([]);
  });
});
