// SPDX-License-Identifier: GPL-2.0-only
/** Settings: a person's own file takes all that initbench.toml does, the nearest one wins, and `config` says which. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { config } from '../../src/commands/config.ts';
import { productOf } from '../../src/events.ts';
import { openWorkspace, type Settings } from '../../src/workspace.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'initbench-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (...names: string[]) => path.join(folder, ...names);
const files = {
  personal: () => at('config', 'initbench', 'config.toml'),
  project: () => at('root', 'initbench.toml'),
  series: () => at('root', 'patches', 'trial', 'series.toml'),
} as const;

function write(where: keyof typeof files, text: string): void {
  mkdirSync(path.dirname(files[where]()), { recursive: true });
  writeFileSync(files[where](), text);
}

const opened = () => {
  const places = {
    INITBENCH_CACHE: at('cache'),
    INITBENCH_STATE: at('state'),
    XDG_CONFIG_HOME: at('config'),
  };
  return openWorkspace(places, at('root'));
};
const shown = async () => productOf(config.run(opened(), null, new AbortController().signal));

/** Each setting in two files. */
const cases: readonly {
  key: string;
  personal: string;
  project: string;
  value: (settings: Settings) => unknown;
  far: unknown;
  near: unknown;
}[] = [
  { key: 'tree', personal: 'tree = "a"', project: 'tree = "b"', value: s => s.tree, far: 'a', near: 'b' },
  {
    key: 'series',
    personal: 'series = "a"',
    project: 'series = "b"',
    value: s => s.series,
    far: 'a',
    near: 'b',
  },
  {
    ...{ key: 'trees.x', personal: '[trees]\nx = "a"\ny = "c"', project: '[trees]\nx = "b"' },
    ...{ value: s => s.trees.x, far: 'a', near: 'b' },
  },
  {
    ...{ key: 'seriesTrees.s', personal: '[seriesTrees]\ns = "a"', project: '[seriesTrees]\ns = "b"' },
    ...{ value: s => s.seriesTrees.s, far: 'a', near: 'b' },
  },
  {
    ...{ key: 'fragments', personal: 'fragments = ["a"]', project: 'fragments = ["b"]' },
    ...{ value: s => s.fragments, far: ['a'], near: ['b'] },
  },
  {
    ...{ key: 'refresh', personal: 'refresh = true', project: 'refresh = false' },
    ...{ value: s => s.refresh, far: true, near: false },
  },
  {
    ...{ key: 'keys.boot', personal: '[keys]\nboot = "a"', project: '[keys]\nboot = ["b"]' },
    ...{ value: s => s.keys.boot, far: ['a'], near: ['b'] },
  },
  {
    ...{ key: 'tui.mouse', personal: '[tui]\nmouse = false', project: '[tui]\nmouse = true' },
    ...{ value: s => s.tui?.mouse, far: false, near: true },
  },
];

test.each(cases)('$key', async ({ key, personal, project, value, far, near }) => {
  write('personal', personal);
  expect(value(opened().settings)).toEqual(far);
  expect(await shown()).toContainEqual({ key, value: far, file: files.personal() });
  write('project', project);
  expect(value(opened().settings)).toEqual(near);
  expect(await shown()).toContainEqual({ key, value: near, file: files.project() });
});

test('every setting is among the cases', async () => {
  write('personal', '[tui]\n');
  const known = new Set(cases.map(({ key }) => key.split('.')[0]));
  expect([...known].sort()).toEqual(Object.keys(opened().settings).sort());
});

test('what a series says of itself is nearest; what no file says is the default', async () => {
  write('personal', '[seriesTrees]\ntrial = "a"\nother = "a"\n');
  write('project', '[seriesTrees]\ntrial = "b"\n');
  write('series', 'tree = "c"\n');
  const origins = await shown();
  expect(origins.filter(({ key }) => key.startsWith('seriesTrees.'))).toEqual([
    { key: 'seriesTrees.trial', value: 'c', file: files.series() },
    { key: 'seriesTrees.other', value: 'a', file: files.personal() },
  ]);
  expect(origins).toContainEqual({ key: 'tree', value: '7.3' });
  expect(config.text(origins, 80)).toContainEqual(expect.stringMatching(/^tree +"7\.3" +default$/));
  expect(config.json(origins)).toEqual({ schema: 'initbench.config-list/1', settings: origins });
});

test('of any two tables, each key is that of the nearer one that has it', async () => {
  const table = fc.dictionary(fc.stringMatching(/^[a-z]{1,2}$/), fc.stringMatching(/^[a-z]{1,3}$/), {
    maxKeys: 6,
  });
  await fc.assert(
    fc.asyncProperty(table, table, async (far, near) => {
      const toml = (trees: Record<string, string>) =>
        ['[trees]', ...Object.entries(trees).map(([key, value]) => `${key} = "${value}"`)].join('\n');
      write('personal', toml(far));
      write('project', toml(near));
      expect(opened().settings.trees).toEqual({ ...far, ...near });
      for (const { key, file } of (await shown()).filter(origin => origin.key.startsWith('trees.'))) {
        expect(file).toBe(Object.hasOwn(near, key.slice(6)) ? files.project() : files.personal());
      }
    }),
    { numRuns: 50 },
  );
});
