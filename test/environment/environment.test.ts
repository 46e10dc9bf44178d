// SPDX-License-Identifier: GPL-2.0-only
/** Other machines than ours: older and newer programs, fewer of them, odd places, languages, clocks. The same work has the
 *  same product everywhere, or an error says what to do. Stand-ins for what is not installed here; git is real. */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync as readlink,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { memoryFor } from '../../src/host/memory.ts';
import type { Around } from '../crash/bench.ts';
import { json, openScene, type Scene } from '../crash/deeds.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const long = process.env.INITBENCH_TEST_ALL === '1';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

const bin = (name: string) => `${path.resolve('test/bin/environment', name)}:${scene.bench.path}`;
const inBench = (...names: string[]) => path.join(scene.bench.folder, ...names);

async function run(words: readonly string[], around: Around = {}) {
  const ended = await scene.bench.run([...words, '--json'], around);
  expect({ words, code: ended.code, err: ended.code === 0 ? '' : ended.err }).toMatchObject({ code: 0 });
  return json(ended);
}

/** Every program of the PATH but some: what a machine without them has. */
function without(...names: string[]): string {
  const folder = inBench(`without-${names.join('-')}`);
  mkdirSync(folder);
  const places = scene.bench.path.split(':').filter(place => place.startsWith('/usr'));
  const ours = scene.bench.path
    .split(':')
    .filter(place => !place.startsWith('/usr') && place.includes('/test/'));
  for (const place of places) {
    for (const name of readdirSync(place)) {
      if (names.includes(name)) continue;
      try {
        symlinkSync(path.join(place, name), path.join(folder, name));
      } catch {
        // An earlier place has it.
      }
    }
  }
  return [...ours, folder].join(':');
}

/** What a person's git configuration may say that would change patches, files or programs that run. */
const spoilt =
  '[diff]\n\tnoprefix = true\n\texternal = false\n[core]\n\tautocrlf = true\n\tabbrev = 40\n[format]\n\tsignature = x\n[user]\n\tname = Other\n\temail = o@example.org\n[commit]\n\tgpgSign = true\n';

describe('git work has the same product', () => {
  let plain: unknown;
  const product = async (around: Around = {}) => {
    await scene.begin({ from: 'edited' });
    const applied = await run(['series', 'apply', 'trial'], around);
    const refreshed = await run(['series', 'refresh', 'trial'], around);
    const { pairs } = await run(['series', 'diff', 'trial'], around);
    return { patches: applied.patches, refreshed, pairs, human: scene.bench.human() };
  };
  beforeAll(async () => {
    plain = await product();
  });

  test('with git 2.30, whatever the configuration of its user says', async () => {
    const home = inBench('home');
    mkdirSync(home);
    writeFileSync(path.join(home, '.gitconfig'), spoilt);
    expect(await product({ env: { PATH: bin('git-2.30'), HOME: home } })).toEqual(plain);
  });

  test('without HOME, in Turkish, a day ahead', async () => {
    const env = { HOME: undefined, LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8', TZ: 'Pacific/Kiritimati' };
    expect(await product({ env })).toEqual(plain);
  });

  test('in the language C, on one CPU, with a TMPDIR too long for sockets', async () => {
    const place = inBench('t'.repeat(120));
    mkdirSync(place, { recursive: true });
    const env = { LC_ALL: 'C', LANG: undefined, TZ: 'America/St_Johns', TMPDIR: place };
    expect(await product({ env, before: ['taskset', '-c', '0'] })).toEqual(plain);
  });

  test('in a state whose path is long, has blanks and is no ASCII', async () => {
    const place = inBench('Zustand für alles', 'x'.repeat(150));
    const env = { INITBENCH_STATE: place };
    await scene.begin({ from: 'empty' });
    await run(['tree', 'add', 't', scene.bench.clone], { env });
    const { patches } = await run(['series', 'apply', 'trial'], { env });
    expect(patches).toEqual((plain as { patches: unknown }).patches);
  });
});

describe('a boot has the same figures', () => {
  const payload = () => ['--payload', `dir:${inBench('payload')}`];
  const boot = async (around: Around = {}) => {
    await scene.begin({ from: 'kernels' });
    return run(['boot', 'kernelspace', ...payload()], around);
  };
  const figures = ({ outcome, icount, images }: Record<string, unknown>) => ({
    ...{ outcome, icount },
    images: (images as Record<string, unknown>[]).map(({ role, format, bytes }) => ({ role, format, bytes })),
  });
  let plain: Record<string, unknown>;
  beforeAll(async () => {
    plain = await boot();
    expect(plain).toMatchObject({ outcome: { kind: 'ready' } });
  });

  test.each(long ? ['6.0.0', '6.2.0', '8.2.2', '10.0.3', '11.1.0'] : ['6.2.0', '10.0.3'])(
    'under QEMU %s, which the record names',
    async version => {
      const found = await boot({ env: { INITBENCH_TEST_QEMU: version } });
      expect(figures(found)).toEqual(figures(plain));
      expect(JSON.stringify(found)).toContain(`${version} (Stand-in)`);
      // A bundle pins the machine of that version.
      expect(found.machine).toBe(`pc-i440fx-${version.split('.').slice(0, 2).join('.')}`);
      const [listed] = (await run(['runs'])).runs as { stale?: unknown }[];
      expect(JSON.stringify(listed)).toMatch(/QEMU/);
    },
  );

  test('with images of mkfs.erofs 1.8, which are other images', async () => {
    const found = await boot({ env: { PATH: bin('erofs-1.8') } });
    expect(figures(found)).toEqual(figures(plain));
    expect((found.images as { digest: string }[])[0]!.digest).not.toBe(
      (plain.images as { digest: string }[])[0]!.digest,
    );
  });

  test('with a QEMU that is not confined, and no ccache', async () => {
    const env = { PATH: without('ccache'), INITBENCH_TEST_SANDBOX: 'no' };
    expect(figures(await boot({ env }))).toEqual(figures(plain));
    const { tools } = json(await scene.bench.run(['doctor', '--json'], { env }));
    const missing = (tools as { name: string; version: string | null; without: string }[]).find(
      ({ name }) => name === 'ccache',
    );
    expect(missing).toMatchObject({ version: null, without: expect.stringMatching(/slowly/) });
  });

  test('on one CPU, without HOME, with a TMPDIR too long for sockets', async () => {
    const place = inBench('t'.repeat(120));
    mkdirSync(place, { recursive: true });
    const env = { HOME: undefined, TMPDIR: place };
    expect(figures(await boot({ env, before: ['taskset', '-c', '0'] }))).toEqual(figures(plain));
  });

  test('without mkfs.erofs: said, with what installs it', async () => {
    await scene.begin({ from: 'kernels' });
    const path_ = without('mkfs.erofs');
    const ended = await scene.bench.run(['boot', 'kernelspace', ...payload()], { env: { PATH: path_ } });
    expect(ended.code).toBe(4);
    expect(ended.err).toMatch(/mkfs\.erofs/);
    expect(ended.err).toMatch(/erofs-utils/);
  });
});

describe('the clock was set back', () => {
  test('runs, locks and files of the future are in nobody’s way', async () => {
    await scene.begin({ from: 'kernels' });
    const floor = await run(['boot', 'floor']);
    const runs = inBench('work/state/runs');
    const [id] = readdirSync(runs).filter(name => !name.startsWith('.'));
    // The run as it would be if the clock had been a year ahead.
    const later = new Date(Date.now() + 365 * 86_400_000);
    for (const name of readdirSync(path.join(runs, id!)))
      utimesSync(path.join(runs, id!, name), later, later);
    const record = path.join(runs, id!, 'run.json');
    const year = new Date().getFullYear();
    writeFileSync(record, readFileSync(record, 'utf8').replaceAll(`${year}-`, `${year + 1}-`));
    const lock = inBench('work/state/trees/t.lock');
    mkdirSync(lock, { recursive: true });
    const holder = { pid: 99_999_999, start: '1', since: later.toISOString(), id: 'a1b2c3d4e5f60718' };
    const space = /\d+/.exec(readlink('/proc/self/ns/pid'))![0];
    const own = { ...holder, space: Number(space).toString(36), doing: 'initbench build' };
    writeFileSync(path.join(lock, 'holder.json'), JSON.stringify(own));

    expect((await run(['boot', 'floor'])).outcome).toEqual(floor.outcome);
    expect((await run(['runs'])).runs).toHaveLength(readdirSync(runs).filter(name => name[0] !== '.').length);
    expect(
      (await run(['fsck', '--full'])).findings.filter((each: { action: string }) => each.action === 'none'),
    ).toEqual([]);
    await run(['clean', '--older-than', '1d']);
    expect((await run(['runs'])).runs.length).toBeGreaterThan(1);
  });
});

describe('a control group leaves less memory than the host has', () => {
  test('it counts when it is less; no limit and an unknown one are none', () => {
    expect(memoryFor(16e9, 2e9)).toEqual({ bytes: 2e9, limited: true });
    for (const limit of [0, 2 ** 64, 32e9])
      expect(memoryFor(16e9, limit)).toEqual({ bytes: 16e9, limited: false });
  });

  test('a QEMU that the kernel has killed for it: the outcome says what it may be', async () => {
    await scene.begin({ from: 'kernels' });
    const { code, out } = await scene.bench.run(['boot', 'floor', '--json'], {
      env: { INITBENCH_TEST_END: 'killed', INITBENCH_TEST_CONSOLE: '/dev/null' },
    });
    expect(code).not.toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      outcome: { kind: 'qemu-failed', message: expect.stringMatching(/SIGKILL.*memory/) },
    });
  });
});
