// SPDX-License-Identifier: GPL-2.0-only
/** Kills initbench in the middle of everything it does, and looks at what is left: nothing runs, fsck puts it right, the
 *  same command then completes with the same product, and text that a person wrote is as it was.
 *
 *    INITBENCH_CRASH_KILLS=300 INITBENCH_CRASH_SEED=1 npx vitest run --project unit test/crash
 *
 *  A kill is repeated by its seed and number; a short run is part of `npm test`. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { type Bench, type Ended, endings, openBench } from './bench.ts';

const kills = Number(process.env.INITBENCH_CRASH_KILLS ?? 4);
const seed = Number(process.env.INITBENCH_CRASH_SEED ?? 7);

interface Deed {
  readonly words: readonly string[];
  /** The store it begins from. */
  readonly from: string;
  /** What has to be the same in the end as without a kill. */
  readonly product: (bench: Bench, ended: Ended) => unknown;
  /** It writes patches/: then that is as before, or as after. */
  readonly writes?: boolean;
}

const rows = ['initramfs', 'kernelspace', '--variants', '2'];
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the documents are what the test looks into
const json = (ended: Ended): any => JSON.parse(ended.out);
const trees = (bench: Bench) =>
  readdirSync(path.join(bench.folder, 'work/state/trees')).filter(name => name.endsWith('.json'));

/** Each state is made by the command before it, so that the next has work to do. */
const deeds = (bench: Bench): readonly Deed[] => {
  const payload = ['--payload', `dir:${path.join(bench.folder, 'payload')}`];
  return [
    { words: ['tree', 'add', 'u', bench.clone], from: 'empty', product: trees },
    { words: ['tree', 'add', 'u', path.join(bench.folder, 'linux.tar.gz')], from: 'empty', product: trees },
    {
      words: ['series', 'apply', 'trial'],
      from: 'tree',
      product: (_bench, ended) => json(ended).patches,
    },
    {
      words: ['build', 'trial'],
      from: 'tree',
      product: (_bench, ended) => {
        const { digest, files, commit } = json(ended);
        return { digest, commit, image: readFileSync(files.image as string, 'utf8') };
      },
    },
    {
      words: ['boot', 'kernelspace', ...payload],
      from: 'kernels',
      product: (_bench, ended) => [json(ended).outcome, json(ended).images, json(ended).icount],
    },
    {
      words: ['compare', ...rows, ...payload],
      from: 'kernels',
      product: (_bench, ended) =>
        (json(ended).rows as { id: string; init: object; outcome: object }[]).map(
          ({ id, init, outcome }) => ({
            id,
            init,
            outcome,
          }),
        ),
    },
    {
      words: ['sweep', '--flows', 'initramfs,kernelspace', ...payload, '--variants', '2', '--used', '10'],
      from: 'kernels',
      product: (_bench, ended) => Object.keys(json(ended)).sort(),
    },
    {
      words: ['series', 'refresh', 'trial'],
      from: 'edited',
      product: inner => inner.human(),
      writes: true,
    },
    {
      words: ['export', 'trial', '--author', 'A <a@example.org>', '--force'],
      from: 'kernels',
      product: inner =>
        readdirSync(path.join(inner.folder, 'work/state/submissions/trial'), { recursive: true }).length > 3,
    },
  ];
};

/** A small generator (mulberry32): the same kills for the same seed. */
function random(state: number): () => number {
  let a = state;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

let bench: Bench;
const whole = new Map<string, { product: unknown; lines: number; ms: number; human: unknown }>();
const nameOf = ({ words }: Deed) =>
  words.slice(0, 2).join(' ') + (String(words[3]).endsWith('.gz') ? ' (tar)' : '');

async function done(words: readonly string[]): Promise<Ended> {
  const ended = await bench.run([...words, '--json']);
  expect({ words, code: ended.code, err: ended.code === 0 ? '' : ended.err }).toEqual({
    words,
    code: 0,
    err: '',
  });
  return ended;
}

beforeAll(async () => {
  bench = openBench();
  bench.save('empty');
  await done(['tree', 'add', 't', bench.clone]);
  bench.save('tree');
  await done(['build', 'base']);
  await done(['build', 'trial']);
  // Guest programs are made once; payloads and images are still to be made.
  await done(['boot', 'floor']);
  bench.save('kernels');
  const { path: edited } = json(await done(['series', 'edit', 'trial']));
  writeFileSync(path.join(edited, 'init/main.c'), 'int main(void)\n{\n\treturn 3;\n}\n');
  const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.org'];
  execFileSync('git', ['-C', edited, ...identity, 'commit', '-q', '-a', '--amend', '--no-edit']);
  bench.save('edited');
}, 600_000);
afterAll(() => bench.remove());

/** How the command goes without a kill, once. */
async function reference(deed: Deed) {
  const known = whole.get(nameOf(deed));
  if (known) return known;
  bench.restore(deed.from);
  const started = performance.now();
  const lines = (await bench.run([...deed.words, '--jsonl'])).out.split('\n').length;
  const ms = performance.now() - started;
  bench.restore(deed.from);
  const ended = await done(deed.words);
  const result = { product: deed.product(bench, ended), lines, ms, human: bench.human() };
  whole.set(nameOf(deed), result);
  return result;
}

/** One line for each kill, for those who count them. */
function note(line: object): void {
  const file = process.env.INITBENCH_CRASH_LOG;
  if (file) appendFileSync(file, `${JSON.stringify(line)}\n`);
}

const leftIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
        name =>
          /(^|\/)\.(new|import|apt)-|\.p\d+\.\d+\.[0-9a-z]+-|\.lock$/.test(name) &&
          !/\.lock\.dead-|\/build-[0-9a-f]{8}\//.test(name),
      )
    : [];

for (let number = 0; number < kills; number++) {
  test(`kill ${number} of seed ${seed}`, { timeout: 300_000 }, async () => {
    const dice = random(seed * 1_000_003 + number);
    const all = deeds(bench);
    const deed = all[(number + Math.floor(dice() * 2)) % all.length]!;
    const ending = endings[Math.floor(dice() * endings.length)]!;
    const expected = await reference(deed);
    bench.restore(deed.from);
    const before = bench.human();
    // Half of them as soon as an event is told, which is where a step begins or ends; half of them whenever.
    const when =
      dice() < 0.5
        ? { lines: 1 + Math.floor(dice() * expected.lines) }
        : { ms: 30 + dice() * (expected.ms * 0.9) };
    const killed = await bench.kill(deed.words, ending, when);
    const about = { kill: nameOf(deed), ending, when, code: killed.code };
    onTestFailed(({ task }) => {
      const said = task.result?.errors?.map(({ message, diff }) => `${message}\n${diff}`).join('\n');
      note({ seed, number, ...about, failed: stripVTControlCharacters(said ?? '').slice(0, 4000) });
    });

    expect({ ...about, survivors: await bench.survivors() }).toEqual({ ...about, survivors: [] });
    const human = bench.human();
    const intact = [before, ...(deed.writes ? [expected.human] : [])].some(
      text => JSON.stringify(text) === JSON.stringify(human),
    );
    // A person's text is as it was; where the command writes it, as it was or as it is to be, once it is completed.
    if (!deed.writes) expect({ ...about, intact }).toEqual({ ...about, intact: true });

    const first = await bench.run(['fsck', '--json']);
    const findings = first.code === 0 ? (json(first).findings as { what: string }[]) : first.out + first.err;
    expect({ ...about, code: first.code, findings }).toMatchObject({ ...about, code: 0 });
    const second = await bench.run(['fsck', '--full', '--json']);
    expect({ ...about, findings: json(second).findings }).toEqual({ ...about, findings: [] });
    expect({ ...about, left: leftIn(path.join(bench.folder, 'work/cache')) }).toEqual({ ...about, left: [] });
    expect({ ...about, left: leftIn(path.join(bench.folder, 'work/state')) }).toEqual({ ...about, left: [] });
    const tmp = readdirSync(path.join(bench.folder, 'tmp')).filter(name => name.startsWith('initbench-'));
    expect({ ...about, tmp }).toEqual({ ...about, tmp: [] });

    const again = await bench.run([...deed.words, '--json']);
    const exists = again.code === 2 && again.err.includes('there is a tree called u already');
    expect({
      ...about,
      code: exists ? 0 : again.code,
      err: again.code === 0 || exists ? '' : again.err,
    }).toEqual({
      ...{ ...about, err: '' },
      code: 0,
    });
    expect({ ...about, product: deed.product(bench, again) }).toEqual({
      ...about,
      product: expected.product,
    });
    const repository = path.join(bench.folder, 'work/state/linux.git');
    execFileSync('git', ['-C', repository, 'fsck', '--strict', '--no-dangling'], { stdio: 'pipe' });
    expect(await bench.survivors()).toEqual([]);
    const repaired = Array.isArray(findings) ? findings.map(({ what }) => what.replace(/:.*/, '')) : [];
    note({ seed, number, ...about, repaired, human: intact });
  });
}
