// SPDX-License-Identifier: GPL-2.0-only
/** `initbench schema`: every document that the built program prints is as its schema says, to the last member. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { formats } from '../../src/document.ts';
import { faultsOf, validatorOf } from '../conforms.ts';
import { json, openScene, type Scene, type State } from '../crash/deeds.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

const printed = async (...words: readonly string[]) =>
  json(await scene.bench.run([...words, '--json'])) as Record<string, unknown>;

test('it lists what there is, and of a name it prints the JSON Schema', async () => {
  await scene.begin({ from: 'empty' });
  const { out } = await scene.bench.run(['schema']);
  const names = out
    .trim()
    .split('\n')
    .map(line => line.split(' ')[0]!);
  expect(names).toEqual(formats().map(({ name }) => name));
  expect(names).toEqual([...names].sort());
  const whole = await printed('schema', 'initbench.error/1');
  expect(whole).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'initbench.error/1',
    required: ['schema', 'kind', 'message', 'details', 'exitCode'],
    additionalProperties: false,
  });
  expect(JSON.parse((await scene.bench.run(['schema', 'error'])).out)).toEqual(whole);
  const unknown = await scene.bench.run(['schema', 'nope', '--json']);
  expect({ code: unknown.code, ...json(unknown) }).toMatchObject({
    code: 2,
    message: "no schema is called 'nope'",
    hint: expect.stringMatching(/^there is: .*clean, .*error, event, /),
  });
});

test.each(formats().map(format => [format.name, format.summary]))('%s is a schema', (name, summary) => {
  expect(name).toMatch(/^initbench\.[a-z]+(-[a-z]+)*\/[1-9]\d*$/);
  expect(summary).toMatch(/^\S.*[^.]$/);
  expect(validatorOf(name)).toBeTypeOf('function');
});

interface Case {
  readonly from: State;
  readonly words: () => readonly string[];
  readonly code?: number;
  /** What has to be there, too. */
  readonly with?: () => unknown;
}
const bench = () => scene.bench;
const damagedConfig = () => {
  const configs = path.join(bench().folder, 'work/cache/configs');
  mkdirSync(configs, { recursive: true });
  writeFileSync(path.join(configs, 'x.json'), '{');
};
const done = async (...words: string[]) => {
  const { code, err } = await bench().run(words);
  if (code !== 0) throw new Error(`${words.join(' ')}: ${err}`);
};
const oops = [
  '[    0.000000] Linux version 7.3.4 (a@example.org)',
  '[    0.100000] BUG: kernel NULL pointer dereference, address: 0000000000000000',
  '[    0.100001] RIP: 0010:main+0x1/0x10',
  '[    0.100002] Call Trace:',
  '[    0.100003]  start_kernel+0x10/0x20',
  '[    0.100004] Kernel panic - not syncing: Fatal exception',
  '',
].join('\n');
const payload = () => ['--payload', `dir:${path.join(bench().folder, 'payload')}`];
const rows = () => ['initramfs', 'kernelspace', '--variants', '2', ...payload()];
/** By the document that the words print. */
const cases: Readonly<Record<string, Case>> = {
  'error/1': { from: 'empty', words: () => ['boot', 'nope'], code: 2 },
  'config-list/1': { from: 'empty', words: () => ['config'] },
  'doctor/1': { from: 'empty', words: () => ['doctor'], code: 4 },
  'flows/1': { from: 'empty', words: () => ['flow', 'list'] },
  'schemas/1': { from: 'empty', words: () => ['schema'] },
  'fsck/1': { from: 'empty', words: () => ['fsck', '--dry-run'], code: 1, with: damagedConfig },
  'tree/1': { from: 'empty', words: () => ['tree', 'add', 'other', bench().clone] },
  'trees/1': { from: 'tree', words: () => ['tree', 'list'] },
  'tree-removed/1': { from: 'tree', words: () => ['tree', 'remove', 't'] },
  'clean/1': { from: 'kernels', words: () => ['clean', '--dry-run', '--budget', '1k'] },
  'kernels/1': { from: 'kernels', words: () => ['kernel', 'list'] },
  'run/1': { from: 'kernels', words: () => ['boot', 'kernelspace', ...payload()] },
  'comparison/1': { from: 'kernels', words: () => ['compare', ...rows()] },
  'sweep/1': { from: 'kernels', words: () => ['sweep', ...rows(), '--used', '10'] },
  'sweep-plan/1': { from: 'tree', words: () => ['sweep', ...rows(), '--dry-run'] },
  'series-list/1': { from: 'tree', words: () => ['series', 'list'] },
  'series/1': { from: 'tree', words: () => ['series', 'show', 'trial'] },
  'applied/1': { from: 'tree', words: () => ['series', 'apply', 'trial'] },
  'series-copied/1': { from: 'tree', words: () => ['series', 'copy', 'trial', 'other'] },
  'series-removed/1': { from: 'tree', words: () => ['series', 'remove', 'trial'] },
  'imported/1': {
    from: 'tree',
    words: () => [
      'series',
      'import',
      path.join(bench().folder, 'work/root/patches/trial'),
      '--name',
      'theirs',
    ],
  },
  'tracked/1': {
    from: 'tree',
    words: () => ['series', 'track', bench().clone, 'next', '--base', 'main', '--name', 'mine'],
  },
  'editing/1': { from: 'edited', words: () => ['series', 'edit', 'trial'] },
  'refreshed/1': { from: 'edited', words: () => ['series', 'refresh', 'trial'] },
  'operation/1': {
    from: 'edited',
    with: () => done('series', 'refresh', 'trial'),
    words: () => ['series', 'undo', 'trial'],
  },
  'series-diff/1': {
    from: 'edited',
    words: () => ['series', 'diff', 'trial', 'patches', 'branch', '--interdiff'],
  },
  'series-status/1': { from: 'edited', words: () => ['series', 'status', 'trial'] },
  'export/1': {
    from: 'tree',
    words: () => ['export', 'trial', '--author', 'A <a@example.org>', '--force'],
  },
  'send/1': { from: 'exported', words: () => ['send', 'trial', '--dry-run'] },
  'bundle/1': {
    from: 'kernels',
    words: () => ['replay-bundle', '@', '--output', path.join(bench().folder, 'work/bundle')],
  },
  'runs/1': { from: 'kernels', words: () => ['runs'] },
  'console/1': {
    from: 'empty',
    with: () => writeFileSync(path.join(bench().folder, 'work/console.log'), oops),
    words: () => ['parse', path.join(bench().folder, 'work/console.log')],
    code: 7,
  },
  'decoded/1': {
    from: 'kernels',
    with: () => writeFileSync(path.join(bench().folder, 'work/console.log'), 'Linux version 7.3.4\n'),
    words: () => ['decode', path.join(bench().folder, 'work/console.log'), '--kernel', 'trial'],
  },
  'diff/1': { from: 'kernels', with: () => done('boot', 'floor'), words: () => ['diff', '@1', '@'] },
  'kernel/1': { from: 'kernels', words: () => ['build', 'base'] },
  'report/1': { from: 'kernels', with: () => done('compare', ...rows()), words: () => ['report', '@'] },
  'check/1': {
    from: 'tree',
    words: () => ['series', 'check', 'trial', '--only', 'checkpatch', '--only', 'applies'],
  },
  'kunit/1': { from: 'tree', words: () => ['kunit', 'trial'] },
  'bisect/1': {
    from: 'tree',
    words: () => ['bisect', '--series', 'trial', '--flow', 'floor', '--outcome'],
    code: 8,
  },
  'bisect-step/1': {
    from: 'tree',
    words: () => ['bisect', 'step', '--clone', bench().clone, '--flow', 'floor', '--outcome'],
  },
  'review/1': { from: 'tree', words: () => ['review', '--series', 'trial', '--changes'] },
  'rebase/1': { from: 'moving', words: () => ['series', 'rebase', 'trial', '--onto', 'u'] },
  'commands/1': { from: 'tree', words: () => ['build', 'trial', '--dry-run'] },
};

/** Every object in a document, and those in it; `result` of --jsonl is what it is. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const inner of Object.values(value)) yield* objectsIn(inner);
}

describe('a document is as its schema says, and with one more or one less member it is not', () => {
  test.each(Object.entries(cases))('%s', async (short, { from, words, code = 0, with: prepare }) => {
    await scene.begin({ from });
    await prepare?.();
    const name = `initbench.${short}`;
    const ended = await bench().run([...words(), '--json']);
    expect({ code: ended.code, err: ended.err }).toMatchObject({ code });
    const document = json(ended) as Record<string, unknown>;
    expect(document.schema).toBe(name);
    expect(faultsOf(document, name)).toEqual([]);

    let tried = 0;
    for (const object of objectsIn(document)) {
      object['of nobody'] = {};
      expect(faultsOf(document, name), JSON.stringify(object)).not.toEqual([]);
      delete object['of nobody'];
      tried++;
    }
    expect(tried).toBeGreaterThan(0);
    const required = membersOf(name).filter(member => member in document);
    expect(required).toContain('schema');
    for (const member of required) {
      const { [member]: _left, ...rest } = document;
      expect(faultsOf(rest, name), `without ${member}`).not.toEqual([]);
    }
  });
});

/** What every form of a document must have. */
function membersOf(name: string): string[] {
  interface Form {
    readonly required?: readonly string[];
    readonly anyOf?: readonly Form[];
  }
  const { required, anyOf = [] } = validatorOf(name).schema as Form;
  const [first = [], ...others] = required ? [required] : anyOf.map(form => form.required ?? []);
  return first.filter(member => others.every(other => other.includes(member)));
}

test('each line of --jsonl is as the schema of events says', async () => {
  await scene.begin({ from: 'kernels' });
  const lines = async (...words: string[]) =>
    (await bench().run([...words, '--jsonl'])).out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { type: string });
  const boot = await lines('boot', 'floor');
  const failed = await lines('boot', 'nope');
  expect(boot.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['step', 'boot-started', 'mark', 'console', 'boot-ended', 'result']),
  );
  expect(failed.at(-1)!.type).toBe('error');
  for (const line of [...boot, ...failed]) {
    expect(faultsOf(line, 'initbench.event/1'), JSON.stringify(line)).toEqual([]);
    expect(faultsOf({ ...line, nobody: 1 }, 'initbench.event/1')).not.toEqual([]);
  }
});
