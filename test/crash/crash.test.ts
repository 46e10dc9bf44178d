// SPDX-License-Identifier: GPL-2.0-only
/** Kills initbench in the middle of everything it does, and looks at what is left: nothing runs, fsck puts it right, the
 *  same command then completes with the same product, and text that a person wrote is as it was.
 *
 *    INITBENCH_CRASH_KILLS=300 INITBENCH_CRASH_SEED=1 npx vitest run --project unit test/crash
 *
 *  A kill is repeated by its seed and number; a short run is part of `npm test`. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { endings } from './bench.ts';
import { type Deed, json, openScene, type Scene } from './deeds.ts';

const kills = Number(process.env.INITBENCH_CRASH_KILLS ?? 4);
const seed = Number(process.env.INITBENCH_CRASH_SEED ?? 7);

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

interface Whole {
  readonly product: unknown;
  readonly lines: number;
  readonly ms: number;
  readonly human: Readonly<Record<string, string>>;
  readonly at: readonly string[];
}

let scene: Scene;
const whole = new Map<string, Whole>();
beforeAll(async () => {
  scene = await openScene();
}, 600_000);
afterAll(() => scene.close());

/** How the command goes without a kill, once. */
async function reference(deed: Deed): Promise<Whole> {
  const known = whole.get(deed.name);
  if (known) return known;
  await scene.begin(deed);
  const started = performance.now();
  const lines = (await scene.bench.run([...deed.words, '--jsonl'])).out.split('\n').length;
  const ms = performance.now() - started;
  await scene.begin(deed);
  const product = deed.product(await scene.complete(deed));
  const result = { product, lines, ms, human: scene.bench.human(), at: scene.at(deed.moves ?? []) };
  whole.set(deed.name, result);
  return result;
}

/** One line for each kill, for those who count them. */
function note(line: object): void {
  const file = process.env.INITBENCH_CRASH_LOG;
  if (file) appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** The step that it was in, as far as it told. */
function stepOf(out: string): string {
  const steps = out.split('\n').flatMap(line => {
    try {
      const event = JSON.parse(line) as { type: string; step?: string; state?: string };
      return event.type === 'step' ? [`${event.step}${event.state === 'started' ? '' : ', after'}`] : [];
    } catch {
      return [];
    }
  });
  return steps.at(-1) ?? '';
}

const leftIn = (...names: string[]): string[] =>
  names.flatMap(name => {
    const folder = path.join(scene.bench.folder, 'work', name);
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      file =>
        /(^|\/)\.(new|import|apt)-|\.p\d+\.\d+\.[0-9a-z]+-|\.lock$/.test(file) &&
        !/\.lock\.dead-|\/build-[0-9a-f]{8}\//.test(file),
    );
  });

/** Files that are neither as they were nor as they are to be. What is only beside its place is none of them. */
function spoilt(deed: Deed, before: Whole['human'], expected: Whole['human']): string[] {
  const now = scene.bench.human();
  const own = (file: string) => deed.writes?.test(file) === true;
  // What is made by chance is made again: but whole.
  const like = (text: string | undefined) => text?.replace(/[0-9a-f]{12,}/g, 'x');
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(file => {
    if (/\.p\d+\.\d+\.[0-9a-z]+-/.test(file) || now[file] === before[file]) return false;
    return !(own(file) && like(now[file]) === like(expected[file]));
  });
}

/** Which mails the journal of the version says to be with the server, or about to be. */
function journal(state: 'handing-over' | 'sent'): string[] {
  const file = path.join(scene.bench.folder, 'work/state/submissions/trial/v1/journal.jsonl');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  return lines.flatMap(line => {
    const { messageId, ...said } = JSON.parse(line) as { messageId: string; state: string };
    return said.state === state ? [messageId] : [];
  });
}
const idOf = (bytes: Buffer) => /^Message-Id: <(.*)>/im.exec(bytes.toString('latin1'))![1]!;

for (let number = 0; number < kills; number++) {
  test(`kill ${number} of seed ${seed}`, { timeout: 300_000 }, async () => {
    const { bench, server, deeds } = scene;
    const dice = random(seed * 1_000_003 + number);
    // Neighbours are of different kinds: a few kills already are.
    const deed = deeds[(number * 5 + Math.floor(dice() * 2)) % deeds.length]!;
    const ending = endings[Math.floor(dice() * endings.length)]!;
    const expected = await reference(deed);
    await scene.begin(deed);
    const before = { human: bench.human(), at: scene.at(deed.moves ?? []) };
    // Half of them as soon as an event is told, which is where a step begins or ends; half of them whenever.
    const when =
      dice() < 0.5
        ? { lines: 1 + Math.floor(dice() * expected.lines) }
        : { ms: 30 + dice() * (expected.ms * 0.9) };
    const killed = await bench.kill(deed.words, ending, when);
    const { code, hit } = killed;
    const about = { kill: deed.name, ending, when, hit, code, step: stepOf(killed.out) };
    onTestFailed(({ task }) => {
      const said = task.result?.errors?.map(({ message, diff }) => `${message}\n${diff}`).join('\n');
      note({ seed, number, ...about, failed: stripVTControlCharacters(said ?? '').slice(0, 4000) });
    });
    const holds = (found: object, wanted: object) =>
      expect({ ...about, ...found }).toEqual({ ...about, ...wanted });

    holds({ survivors: await bench.survivors() }, { survivors: [] });
    holds({ spoilt: spoilt(deed, before.human, expected.human) }, { spoilt: [] });
    for (const [index, commit] of scene.at(deed.moves ?? []).entries())
      expect([before.at[index], expected.at[index]]).toContain(commit);
    const unsure = journal('handing-over').filter(id => !journal('sent').includes(id));
    const arrived = server.received.length;

    const first = await bench.run(['fsck', '--json']);
    const findings =
      first.code === 0 || first.code === 1
        ? (json(first).findings as { what: string; action: string }[])
        : [{ what: `${first.code} ${first.out}${first.err}`, action: 'failed' }];
    holds({ open: findings.filter(({ action }) => !/removed|completed/.test(action)) }, { open: [] });
    holds({ findings: json(await bench.run(['fsck', '--full', '--json'])).findings }, { findings: [] });
    holds({ left: leftIn('cache', 'state', 'root/patches', 'root/kconfigs') }, { left: [] });
    const tmp = readdirSync(path.join(bench.folder, 'tmp')).filter(name => name.startsWith('initbench-'));
    holds({ tmp }, { tmp: [] });

    const again = await scene.complete(deed);
    holds({ product: deed.product(again) }, { product: expected.product });
    holds({ spoilt: spoilt(deed, before.human, expected.human) }, { spoilt: [] });
    holds({ left: leftIn('cache', 'state', 'root/patches', 'root/kconfigs') }, { left: [] });
    // Only what was on its way goes again: under its id, and whoever sends is told.
    const ids = server.received.map(({ bytes }) => idOf(bytes));
    const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
    holds({ twice: twice.filter(id => !unsure.includes(id)) }, { twice: [] });
    expect(twice.length).toBeLessThanOrEqual(1);
    if (deed.name === 'send' && unsure.length > 0)
      expect(again.err).toContain('it goes again, under the same id');
    const repository = path.join(bench.folder, 'work/state/linux.git');
    execFileSync('git', ['-C', repository, 'fsck', '--strict', '--no-dangling'], { stdio: 'pipe' });
    expect(await bench.survivors()).toEqual([]);
    const repaired = findings.map(({ what }) => what.replace(/:.*/, ''));
    const mails = deed.name === 'send' ? { arrived, twice: twice.length } : {};
    note({ seed, number, ...about, repaired, ...mails });
  });
}
