// SPDX-License-Identifier: GPL-2.0-only
/** Keys and looks from initbench.toml and from a person's own file; what was kept from the last time. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keptOf, readKept } from '../../src/tui/kept.ts';
import { openWorkspace } from '../../src/workspace.ts';
import { keys, opened, play } from './sample.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
  await mkdir(path.join(folder, 'config', 'initbench'), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const settings = () => {
  const at = (name: string) => path.join(folder, name);
  const environment = {
    ...{ INITBENCH_CACHE: at('cache'), INITBENCH_STATE: at('state'), XDG_CONFIG_HOME: at('config') },
  };
  return openWorkspace(environment, folder).settings;
};
const personal = (text: string) => writeFile(path.join(folder, 'config', 'initbench', 'config.toml'), text);
const project = (text: string) => writeFile(path.join(folder, 'initbench.toml'), text);

describe('keys', () => {
  test('are a person’s own, and those of the checkout win', async () => {
    await personal('[keys]\nboot = "B"\nmark = ["m", "C-space"]\n[tui]\nmouse = false\n');
    await project('[keys]\nboot = ["b", "C-b"]\n');
    expect(settings().keys).toEqual({ boot: ['b', 'C-b'], mark: ['m', 'C-space'] });
    expect(settings().tui).toEqual({ ascii: false, mouse: false });
  });

  test('what is no setting is refused with what may be one', async () => {
    await personal('trea = "7.3"\n');
    expect(settings).toThrow(/config\.toml: .*trea/);
  });
});

describe('what is kept', () => {
  test('comes back as it was', () => {
    const { state } = play(opened(80, 24), ...keys('j', 'space', 't', '2'));
    const kept = readKept(JSON.stringify(keptOf(state)))!;
    expect(kept).toMatchObject({ marked: state.marked, focus: 'kernels', settings: { clock: 'wall' } });
  });

  test.each(['', 'no JSON', '{}', '[]', '{"version":2}', '{"version":1,"marked":[1],"settings":{"pad":7}}'])(
    'what is none of ours is left alone: %s',
    text => {
      expect(readKept(text) ?? {}).toEqual({});
    },
  );
});
