// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, test } from 'vitest';
import { runCli } from '../../src/cli/run.ts';
import type { AnyCommand, Command } from '../../src/commands/command.ts';
import { document, object, text } from '../../src/document.ts';
import { Interrupted, ToolError, UserError } from '../../src/host/errors.ts';
import type { Workspace } from '../../src/workspace.ts';

const endingDocument = document('initbench.test-ending/1', 'end: how', object({ product: text }));

/** Ends as its word says. */
const ending: Command<{ how: string; times: number; rest: readonly string[] }, string> = {
  id: 'end',
  summary: 'end in some way',
  examples: ['end well'],
  positional: [{ usage: '<how>', summary: 'how' }],
  options: [{ usage: '--times <n>', summary: 'times', default: '1' }],
  parse: ({ options, words, rest }) => ({ how: words[0]!, times: Number(options.times), rest }),
  async *run(_workspace, { how, times, rest }) {
    yield { job: 'end', type: 'step', step: 'work', state: 'done' };
    if (how === 'user') throw new UserError('no such thing', { hint: 'there is: a, b', exitCode: 4 });
    if (how === 'interrupted') throw new Interrupted();
    if (how === 'full') throw Object.assign(new Error('ENOSPC: x'), { code: 'ENOSPC', path: '/d/f' });
    if (how === 'bug') throw new TypeError('oops');
    if (how === 'tool') {
      throw new ToolError({
        argv: ['make', 'a b'],
        exitCode: 2,
        signal: null,
        lastLines: ['x.c:1: error'],
        logPath: '/l',
      });
    }
    return `${how} ${times} ${rest.join(',')}`;
  },
  text: product => [product],
  json: product => endingDocument.of({ product }),
  exitCode: product => (product.startsWith('panic') ? 7 : 0),
};
const grouped: AnyCommand = { ...ending, id: 'tree end' };

async function cli(...argv: string[]) {
  let out = '';
  let err = '';
  const code = await runCli(
    argv,
    [ending, grouped],
    '1.2.3',
    () => ({}) as Workspace,
    {
      out: text => void (out += text),
      err: text => void (err += text),
      errIsTerminal: false,
      width: 80,
    },
    new AbortController().signal,
  );
  return { code, out, err };
}

describe('runCli()', () => {
  test('the result goes to stdout, the steps to stderr', async () => {
    const { code, out, err } = await cli('end', 'well', '--times', '3', '--', 'CC=clang', '-x');
    expect({ code, out }).toEqual({ code: 0, out: 'well 3 CC=clang,-x\n' });
    expect(err).toContain('work');
  });

  test('a command of a group', async () => {
    expect(await cli('tree', 'end', 'well')).toMatchObject({ code: 0, out: 'well 1 \n' });
  });

  test('--json prints one document, --jsonl each event and then the result', async () => {
    expect(JSON.parse((await cli('end', 'well', '--json')).out)).toEqual({
      schema: 'initbench.test-ending/1',
      product: 'well 1 ',
    });
    const lines = (await cli('end', 'well', '--jsonl')).out.trim().split('\n');
    expect(lines.map(line => (JSON.parse(line) as { type: string }).type)).toEqual(['step', 'result']);
  });

  test('an answer that is a failure has its own exit code', async () => {
    expect(await cli('end', 'panic')).toMatchObject({ code: 7, out: 'panic 1 \n' });
  });

  test.each([
    ['user', 4, 'initbench: no such thing\n  there is: a, b\n'],
    ['tool', 1, "initbench: make exited with 2\n  | x.c:1: error\n  command: make 'a b'\n  log: /l\n"],
    ['interrupted', 130, 'interrupted; finished runs are kept\n'],
  ])('%s error', async (how, code, message) => {
    const result = await cli('end', how, '--quiet');
    expect(result).toMatchObject({ code, out: '', err: message });
  });

  test.each([
    [['end', 'user'], { kind: 'user', message: 'no such thing', hint: 'there is: a, b', exitCode: 4 }],
    [['end', 'tool'], { kind: 'tool', message: 'make exited with 2', log: '/l', exitCode: 1 }],
    [['end', 'full'], { kind: 'user', message: 'No space left on device: /d/f', exitCode: 4 }],
    [['end', 'interrupted'], { kind: 'interrupted', exitCode: 130 }],
    [['end', 'bug'], { kind: 'bug', exitCode: 1 }],
    [['end'], { kind: 'user', message: "missing required argument 'how'", exitCode: 2 }],
    [['nonsense'], { kind: 'user', message: "unknown command 'nonsense'", exitCode: 2 }],
    [['end', 'x', '--unknown'], { kind: 'user', message: "unknown option '--unknown'", exitCode: 2 }],
  ])('%j with --json is a document with the exit code, with --jsonl its last line', async (argv, about) => {
    const { code, out, err } = await cli(...argv, '--json');
    expect(JSON.parse(out)).toMatchObject({ schema: 'initbench.error/1', ...about });
    expect(code).toBe(about.exitCode);
    expect(err).not.toBe('');
    const last = (await cli(...argv, '--jsonl')).out.trim().split('\n').at(-1)!;
    const { error, type } = JSON.parse(last) as { type: string; error: { details: string[] } };
    expect(type).toBe('error');
    expect({ ...error, details: [] }).toEqual({ ...JSON.parse(out), details: [] });
  });

  test('--json behind -- is no word of ours', async () => {
    expect((await cli('end', '--unknown', '--', '--json')).out).toBe('');
  });

  test('our own bug keeps its stack', async () => {
    const { code, err } = await cli('end', 'bug');
    expect(code).toBe(1);
    expect(err).toMatch(/TypeError: oops\n\s+at /);
  });

  test.each([[['nonsense']], [['end']], [['end', 'x', '--unknown']]])('usage error: %j', async argv => {
    const { code, err } = await cli(...argv);
    expect(code).toBe(2);
    expect(err).toContain('error:');
  });

  test('help and version', async () => {
    expect(await cli('--version')).toMatchObject({ code: 0, out: '1.2.3\n' });
    const help = await cli('end', '--help');
    expect(help.code).toBe(0);
    expect(help.out).toContain('$ initbench end well');
    expect(await cli()).toMatchObject({ code: 2, out: '', err: expect.stringContaining('Commands:') });
  });
});
