// SPDX-License-Identifier: GPL-2.0-only
/** What is killed, the store that each of it begins from, and what has to be there in the end as without a kill. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { layGuests } from '../guests.ts';
import { type Server, startServer } from '../submit/sample.ts';
import { type Bench, type Ended, openBench } from './bench.ts';

export interface Deed {
  readonly name: string;
  readonly words: readonly string[];
  /** The store it begins from. */
  readonly from: State;
  /** What has to be the same in the end. */
  readonly product: (ended: Ended) => unknown;
  /** Files of the checkout that it writes itself: each is as before, or as after, or looks like that. */
  readonly writes?: RegExp;
  /** Refs that it moves: they are as before, or as after. */
  readonly moves?: readonly string[];
  /** What it says when it had been done already. */
  readonly already?: RegExp;
  /** When it says the first, the second goes on. */
  readonly goesOn?: readonly [said: RegExp, words: readonly string[]];
}

export interface Scene {
  readonly bench: Bench;
  readonly server: Server;
  readonly deeds: readonly Deed[];
  /** The store as it is at the beginning of a deed, whatever was done before. */
  begin(deed: Pick<Deed, 'from'>): Promise<void>;
  /** The command to its end, again if need be; fails when that fails. */
  complete(deed: Deed): Promise<Ended>;
  /** Where refs point to; '' where there is none. */
  at(refs: readonly string[]): readonly string[];
  close(): Promise<void>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the documents are what the test looks into
export const json = (ended: Ended): any => JSON.parse(ended.out);

/** A server takes its time: a kill finds a mail on its way. */
const takesMs = 60;
const branch = 'refs/heads/series/trial';
const author = ['--author', 'A <a@example.org>'];

/** Each state is made from another, so that the next command has work to do. */
const states = {
  empty: undefined,
  tree: ['empty', ['tree', 'add', 't', '@clone']],
  // Payloads and images are still to be made.
  kernels: ['tree', ['build', 'base'], ['build', 'trial'], ['boot', 'floor']],
  edited: ['tree', ['series', 'edit', 'trial']],
  moving: ['edited', ['tree', 'add', 'u', '@clone#next']],
  exported: ['tree', ['export', 'trial', ...author, '--force']],
  shown: ['exported', ['send', 'trial', '--dry-run']],
} as const;
export type State = keyof typeof states;

export async function openScene(): Promise<Scene> {
  const server = await startServer(
    () => new Promise(resolve => setTimeout(() => resolve(undefined), takesMs)),
  );
  const bench = openBench(server.port);
  await layGuests(path.join(bench.folder, 'work/cache'));
  const made = new Set<State>();

  async function run(words: readonly string[]): Promise<Ended> {
    const ended = await bench.run([...words, '--json']);
    if (ended.code === 0) return ended;
    throw new Error(`${words.join(' ')} ended with ${ended.code}\n${ended.err}`);
  }

  async function enter(state: State): Promise<void> {
    if (made.has(state)) return bench.restore(state);
    const recipe = states[state];
    if (recipe) {
      const [before, ...commands] = recipe;
      await enter(before);
      for (const words of commands) {
        const ended = await run(words.map(word => word.replace('@clone', bench.clone)));
        if (words[1] === 'edit') amend(json(ended).path as string);
      }
    }
    bench.save(state);
    made.add(state);
  }

  const refsAt = (refs: readonly string[]) =>
    refs.map(ref => {
      const repository = path.join(bench.folder, 'work/state/linux.git');
      const argv = ['-C', repository, 'for-each-ref', '--format=%(objectname)', ref];
      return execFileSync('git', argv, { encoding: 'utf8' }).trim();
    });

  const scene: Scene = {
    ...{ bench, server, deeds: deedsOf(bench, server, refsAt), at: refsAt },
    async begin(deed) {
      await enter(deed.from);
      server.received.length = 0;
    },
    async complete({ words, already, goesOn }) {
      const first = await bench.run([...words, '--json']);
      if (first.code !== 0 && already?.test(first.err)) return { ...first, code: 0 };
      if (first.code !== 0 && goesOn?.[0].test(first.err)) return run(goesOn[1]);
      if (first.code !== 0) throw new Error(`${words.join(' ')} ended with ${first.code}\n${first.err}`);
      return first;
    },
    async close() {
      await server.close();
      bench.remove();
    },
  };
  return scene;
}

/** As a person does. */
function amend(worktree: string): void {
  writeFileSync(path.join(worktree, 'init/main.c'), 'int main(void)\n{\n\treturn 3;\n}\n');
  const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.org'];
  const env = { ...process.env, GIT_COMMITTER_DATE: '1700000000 +0000' };
  execFileSync('git', ['-C', worktree, ...identity, 'commit', '-q', '-a', '--amend', '--no-edit'], { env });
}

const dateOf = (mail: string): string => mail.replace(/^Date: .*$/m, 'Date:');

const deedsOf = (bench: Bench, server: Server, at: Scene['at']): readonly Deed[] => {
  const inState = (name: string) => path.join(bench.folder, 'work/state', name);
  const trees = () => readdirSync(inState('trees')).filter(name => name.endsWith('.json'));
  const payload = ['--payload', `dir:${path.join(bench.folder, 'payload')}`];
  const rows = ['initramfs', 'kernelspace', '--variants', '2'];
  const dryRun = inState('submissions/trial/v1/dry-run');
  const shown = () =>
    readdirSync(dryRun)
      .filter(name => name.endsWith('.patch'))
      .sort()
      .map(name => readFileSync(path.join(dryRun, name), 'latin1'));
  const already = /there is a tree called u already/;
  return [
    { name: 'tree add', words: ['tree', 'add', 'u', bench.clone], from: 'empty', product: trees, already },
    {
      name: 'send',
      words: ['send', 'trial', '--yes'],
      from: 'shown',
      // In order and to the byte; one that was on its way may be there twice, and is looked at by itself.
      product: () => ({
        arrived: [...new Set(server.received.map(({ bytes }) => bytes.toString('latin1')))],
        same:
          JSON.stringify([...new Set(server.received.map(({ bytes }) => bytes.toString('latin1')))]) ===
          JSON.stringify(shown().map(text => text.replaceAll('\n', '\r\n'))),
        tag: at(['refs/tags/sent/trial-v1', 'refs/initbench/versions/trial/v1/tip']).map(id => id !== ''),
      }),
      already: /nothing after v1 of trial has been exported/,
    },
    {
      name: 'boot',
      words: ['boot', 'kernelspace', ...payload],
      from: 'kernels',
      product: ended => [json(ended).outcome, json(ended).images, json(ended).icount],
    },
    {
      name: 'rebase',
      words: ['series', 'rebase', 'trial', '--onto', 'u'],
      from: 'moving',
      moves: [branch],
      product: () => [
        at([branch, 'refs/initbench/edit/trial/base']),
        execFileSync('git', ['-C', inState('series/trial/linux'), 'status', '--short', '--branch'], {
          encoding: 'utf8',
        }),
      ],
      already: /trial is on u already/,
      goesOn: [/a rebase of trial is not finished/, ['series', 'rebase', 'trial', '--continue']],
    },
    {
      name: 'build',
      words: ['build', 'trial'],
      from: 'tree',
      product: ended => {
        const { digest, files, commit } = json(ended);
        return { digest, commit, image: readFileSync(files.image as string, 'utf8') };
      },
    },
    {
      name: 'export',
      words: ['export', 'trial', ...author, '--force'],
      from: 'kernels',
      writes: /^patches\/trial\/(change-id|recipients)$/,
      product: ended => {
        const { submission } = json(ended);
        const mails = submission.mails as Record<string, unknown>[];
        return {
          mails: mails.map(({ file, subject, to, cc, patchId }) => ({ file, subject, to, cc, patchId })),
          written: readdirSync(inState('submissions/trial/v1'), { recursive: true }).sort(),
          others: readdirSync(inState('submissions/trial')),
          tip: submission.tip,
        };
      },
    },
    {
      name: 'series apply',
      words: ['series', 'apply', 'trial'],
      from: 'tree',
      product: ended => json(ended).patches,
    },
    {
      name: 'compare',
      words: ['compare', ...rows, ...payload],
      from: 'kernels',
      product: ended =>
        (json(ended).rows as Record<string, unknown>[]).map(({ id, init, outcome }) => ({
          ...{ id, init, outcome },
        })),
    },
    {
      name: 'refresh',
      words: ['series', 'refresh', 'trial'],
      from: 'edited',
      product: () => bench.human(),
      writes: /^patches\/trial\//,
    },
    {
      name: 'sweep',
      words: ['sweep', '--flows', 'initramfs,kernelspace', ...payload, '--variants', '2', '--used', '10'],
      from: 'kernels',
      product: ended =>
        (json(ended).points as Record<string, unknown>[]).map(
          ({ row, place, outcome, init, used, imageBytes, overFloor, runs }) => ({
            ...{ row, place, outcome, init, used, imageBytes, overFloor },
            boots: (runs as string[]).length,
          }),
        ),
    },
    {
      name: 'tree add (tar)',
      words: ['tree', 'add', 'u', path.join(bench.folder, 'linux.tar.gz')],
      from: 'empty',
      product: trees,
      already,
    },
    {
      name: 'send --dry-run',
      words: ['send', 'trial', '--dry-run'],
      from: 'exported',
      product: () => [shown().map(dateOf), readdirSync(inState('submissions/trial/v1')).sort()],
    },
  ];
};
