// SPDX-License-Identifier: GPL-2.0-only
/** A disk that is full, or fills while initbench is at work: one sentence that names the folder, exit code 4, nothing half
 *  written, and the same command completes once there is room. A file system of its own (tmpfs) lies under one place at a
 *  time, with so little left that another write is the first to fail; more places and fills with INITBENCH_TEST_ALL=1. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Deed, json, openScene, type Scene } from './deeds.ts';

const long = process.env.INITBENCH_TEST_ALL === '1';
const isRoot = process.getuid?.() === 0;

/** Where the small file system lies, below the bench's folder. */
const places = ['work/cache', 'work/state', 'work/root', 'tmp', 'out'] as const;
type Place = (typeof places)[number];

interface Trial {
  readonly deed: string;
  readonly place: Place;
  /** KiB. */
  readonly left: number;
  /** Full from the start, unless make fills it: while a compiler writes an object, or a script of kbuild a file. */
  readonly by?: 'compiler' | 'script';
}

const fine = [...Array(24).keys()].map(each => each * 4);
const table: readonly (readonly [deed: string, place: Place, fills: readonly number[]])[] = long
  ? [
      ...['refresh', 'export', 'boot', 'series apply'].flatMap(deed =>
        (['work/state', 'work/root', 'tmp'] as const).map(place => [deed, place, fine] as const),
      ),
      ['boot', 'work/cache', fine],
      ['export to a folder', 'out', fine],
    ]
  : [
      ['refresh', 'work/state', [28]],
      ['refresh', 'work/root', [0]],
      ['export', 'work/state', [4]],
      ['export to a folder', 'out', [4]],
      ['boot', 'work/state', [8]],
    ];
const trials: readonly Trial[] = [
  ...table.flatMap(([deed, place, fills]) => fills.map(left => ({ deed, place, left }))),
  ...(long ? [0, 4, 64, 512] : [64]).map(left => {
    const by = 'compiler' as const;
    return { deed: 'build in a worktree', place: 'work/cache' as const, left, by };
  }),
  { deed: 'build in a worktree', place: 'work/cache', left: 0, by: 'script' },
];

// An unprivileged user mounts nothing.
describe.skipIf(!isRoot)('a full disk (as root)', () => {
  let scene: Scene;
  let deeds: readonly Deed[];
  const at = (...names: string[]) => path.join(scene.bench.folder, ...names);
  beforeAll(async () => {
    scene = await openScene();
    const named = (wanted: string) => scene.deeds.find(({ name }) => name === wanted)!;
    const copy = [...named('export').words, '-o', at('out')];
    // Where the worktree is there already: without it, room for that is what is missed first.
    const again = ['build', 'trial', '--config', 'CONFIG_EROFS_FS=n'];
    deeds = [
      ...scene.deeds,
      { ...named('export'), name: 'export to a folder', words: copy },
      { ...named('build'), name: 'build in a worktree', words: again, from: 'kernels' },
    ];
  }, 600_000);
  afterAll(() => scene.close());
  afterEach(() => {
    for (const place of places) spawnSync('umount', ['-l', at(place)], { stdio: 'ignore' });
    rmSync(at('out'), { recursive: true, force: true });
  });

  /** A place as it is, on a file system of its own; a file in it takes what room there is, less `left`. */
  function confine({ place, left, by }: Trial) {
    const [folder, aside] = [at(place), at('aside')];
    mkdirSync(folder, { recursive: true });
    execFileSync('mv', [folder, aside]);
    mkdirSync(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1g', 'initbench-test', folder]);
    execFileSync('cp', ['-a', `${aside}/.`, folder]);
    rmSync(aside, { recursive: true });
    const filler = path.join(folder, 'filler');
    if (by === undefined) {
      spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k'], { stdio: 'ignore' });
      truncateSync(filler, statSync(filler).size - left * 1024);
    }
    return {
      folder,
      env: by && {
        ...{ INITBENCH_TEST_FILLER: filler, INITBENCH_TEST_LEFT: String(left), INITBENCH_TEST_FULL: by },
      },
      free: () => rmSync(filler),
    };
  }

  const filesIn = (place: string): string[] =>
    existsSync(at(place)) ? readdirSync(at(place), { recursive: true, encoding: 'utf8' }) : [];
  /** What only somebody who was killed may leave. */
  const temporary = () =>
    places.flatMap(place =>
      filesIn(place)
        .filter(file => /(^|\/)\.(new|import|apt)-|\.p\d+\.\d+\.[0-9a-z]+-|\.lock$|^initbench-/.test(file))
        .filter(file => !/(^|\/)node_modules\/|\/build-[0-9a-f]{8}\//.test(file))
        .map(file => `${place}/${file}`),
    );
  /** A person's files and the folder of a copy. */
  const written = () => ({
    ...scene.bench.human(),
    ...Object.fromEntries(
      filesIn('out')
        .filter(file => file !== 'filler')
        .map(file => [`out/${file}`, readFileSync(at('out', file), 'latin1')]),
    ),
  });

  const references = new Map<string, unknown>();
  async function productOf(deed: Deed): Promise<unknown> {
    if (!references.has(deed.name)) {
      await scene.begin(deed);
      references.set(deed.name, deed.product(await scene.complete(deed)));
      rmSync(at('out'), { recursive: true, force: true });
    }
    return references.get(deed.name);
  }

  const ends: number[] = [];
  test.each(trials)('$deed, $left KiB left in $place $by', async trial => {
    const deed = deeds.find(({ name }) => name === trial.deed)!;
    const product = await productOf(deed);
    await scene.begin(deed);
    const before = written();
    const { folder, env, free } = confine(trial);
    const { code, out, err } = await scene.bench.run([...deed.words, '--json'], env && { env });
    ends.push(code!);
    expect({ code, err }).toEqual({ code: expect.toBeOneOf([0, 4]), err: [0, 4].includes(code!) ? err : '' });
    if (code !== 0) {
      const failure = JSON.parse(out) as Record<string, unknown>;
      expect(failure).toMatchObject({ kind: 'user', details: [], message: expect.stringMatching(/./) });
      expect(failure.hint).toContain(`free some space in ${folder}`);
      // None of several files: a change-id is made once, and stays.
      const now = written();
      const touched = Object.keys({ ...before, ...now }).filter(file => now[file] !== before[file]);
      expect(touched.filter(file => !/\/(change-id|recipients)$/.test(file))).toEqual([]);
    }
    expect(temporary()).toEqual([]);
    free();
    expect(json(await scene.bench.run(['fsck', '--full', '--json'])).findings).toEqual([]);
    expect(deed.product(await scene.complete(deed))).toEqual(product);
    expect(temporary()).toEqual([]);
  });

  test('most of them ended for lack of room', () => {
    expect(ends).toHaveLength(trials.length);
    expect(ends.filter(code => code === 4).length).toBeGreaterThan(ends.length / 3);
  });
});
