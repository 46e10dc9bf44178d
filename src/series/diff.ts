// SPDX-License-Identifier: GPL-2.0-only
/** Two versions of a series side by side: git's range-diff patch by patch, or what differs in the end (interdiff).
 *  Versions are what was sent (v1, v2), what lies in patches/, the branch, or another series. */
import { z } from 'zod';
import { list, number, object, text, texts } from '../document.ts';
import type { Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { git, ownConfigOnly } from '../host/git.ts';
import { refs, refsAt } from '../tree/repository.ts';
import { prepareTree } from '../tree/trees.ts';
import { folders, unknownName, type Workspace } from '../workspace.ts';
import { commitSeries } from './apply.ts';
import { readSeries, seriesNames } from './read.ts';
import { editedRange, patchRange, readRecord, sameTree } from './record.ts';

/** A line of commits. */
export const rangeSchema = object({ base: text, tip: text });
export type Range = z.infer<typeof rangeSchema>;

/** '=': the same patch; '!': changed; '<': only in the first; '>': only in the second. */
export const pairSchema = object({
  sign: z.enum(['=', '!', '<', '>']),
  /** From 1; absent where there is none. */
  from: number.exactOptional(),
  to: number.exactOptional(),
  subject: text,
});
export type Pair = z.infer<typeof pairSchema>;

export const seriesDiffSchema = object({
  series: text,
  from: text,
  to: text,
  pairs: list(pairSchema),
  /** range-diff's lines. */
  rangeDiff: texts,
  /** The diff from the first version's files to the second's; absent unless asked for. */
  interdiff: texts.exactOptional(),
});
export type SeriesDiff = z.infer<typeof seriesDiffSchema>;

/** The words that name a version of a series, oldest first. */
export async function versionWords(
  workspace: Workspace,
  series: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const pattern = `refs/initbench/versions/${series}`;
  const list = await git(
    folders.repository(workspace),
    ['for-each-ref', '--format=%(refname)', pattern],
    signal,
  );
  const numbers = list.split('\n').flatMap(name => /\/v(\d+)\/tip$/.exec(name)?.[1] ?? []);
  const sent = numbers
    .map(Number)
    .sort((a, b) => a - b)
    .map(number => `v${number}`);
  const record = await readRecord(workspace, series);
  const written = (await seriesNames(workspace)).includes(series);
  return [...sent, ...(written ? ['patches'] : []), ...(record ? ['branch'] : [])];
}

/** The commits of a version. @throws UserError when there is none of that name, or its patches do not apply */
export async function* rangeOf(
  workspace: Workspace,
  series: string,
  word: string,
  signal: AbortSignal,
): Work<Range> {
  const number = /^v(\d+)$/.exec(word)?.[1];
  if (number !== undefined) {
    const names = (['base', 'tip'] as const).map(what => refs.version(series, Number(number), what));
    const [base, tip] = await refsAt(workspace, names, signal);
    if (base && tip) return { base, tip };
  }
  if (word === 'branch') {
    const record = await readRecord(workspace, series);
    if (record) {
      const range = await editedRange(workspace, series, record, signal);
      return await patchRange(folders.repository(workspace), range, signal);
    }
  }
  const names = await seriesNames(workspace);
  const name = word === 'patches' ? series : word;
  if (names.includes(name)) {
    const other = await readSeries(workspace, name);
    const tree = yield* prepareTree(workspace, other.tree, signal);
    const commits = yield* commitSeries(workspace, tree, other, signal);
    if (!('kind' in commits)) return { base: tree.commit, tip: commits.at(-1)! };
    throw new UserError(`${name} does not apply to ${tree.name}: ${commits.patch}`, {
      hint: `initbench series apply ${name} shows more`,
    });
  }
  const words = await versionWords(workspace, series, signal);
  throw unknownName(`version of ${series}`, word, [...words, ...names.filter(each => each !== series)]);
}

/** @throws UserError as rangeOf(); for an interdiff also when the two have different bases */
export async function* diffSeries(
  workspace: Workspace,
  series: string,
  words: { readonly from?: string | undefined; readonly to?: string | undefined },
  interdiff: boolean,
  signal: AbortSignal,
): Work<SeriesDiff> {
  const known = await versionWords(workspace, series, signal);
  if (known.length === 0) throw unknownName('series', series, await seriesNames(workspace));
  const to = words.to ?? known.at(-1)!;
  const from = words.from ?? known[Math.max(0, known.indexOf(to) - 1)]!;
  const first = yield* rangeOf(workspace, series, from, signal);
  const second = yield* rangeOf(workspace, series, to, signal);
  const repository = folders.repository(workspace);
  if (interdiff && !(await sameTree(repository, first.base, second.base, signal))) {
    throw new UserError(
      `${from} and ${to} sit on different bases: their files differ by more than the series`,
      {
        hint: 'without --interdiff it is compared patch by patch',
      },
    );
  }
  const rangeDiff = await rangeDiffOf(repository, first, second, signal);
  return {
    series,
    from,
    to,
    pairs: parsePairs(rangeDiff),
    rangeDiff,
    ...(interdiff ? { interdiff: await filesDiff(repository, first.tip, second.tip, signal) } : {}),
  };
}

/** git range-diff, in nobody's colours. */
export async function rangeDiffOf(
  repository: string,
  first: Range,
  second: Range,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const empty = (range: Range) => range.base === range.tip;
  if (empty(first) && empty(second)) return [];
  // git refuses a range without commits.
  if (empty(first))
    return oneSided(repository, second, (hash, at) => `-:  ------- > ${at}:  ${hash}`, signal);
  if (empty(second))
    return oneSided(repository, first, (hash, at) => `${at}:  ${hash} < -:  -------`, signal);
  // Small patches that changed by half are the same patches still: they are pairs sooner than git would have it.
  const args = ['range-diff', '--creation-factor=90', '--no-color', '--no-ext-diff', '--no-notes'];
  const ranges = [`${first.base}..${first.tip}`, `${second.base}..${second.tip}`];
  return linesOf(await git(repository, [...args, ...ranges], signal, { env: ownConfigOnly }));
}

/** The commits of a range as range-diff shows those that the other one lacks. */
async function oneSided(
  repository: string,
  { base, tip }: Range,
  line: (hash: string, number: number) => string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const log = ['log', '--reverse', '--no-color', '--format=%h %s', `${base}..${tip}`];
  const commits = linesOf(await git(repository, log, signal, { env: ownConfigOnly }));
  return commits.map((commit, index) => {
    const [hash, ...subject] = commit.split(' ');
    return `${line(hash!, index + 1)} ${subject.join(' ')}`;
  });
}

async function filesDiff(repository: string, from: string, to: string, signal: AbortSignal) {
  const args = ['diff', '--no-color', '--no-ext-diff', '--no-textconv', '--stat', '--patch', from, to];
  return linesOf(await git(repository, args, signal, { env: ownConfigOnly }));
}

const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.split('\n'));

/** ' 3:  1a2b3c4 !  3:  5d6e7f8 init: add new' */
export function parsePairs(lines: readonly string[]): Pair[] {
  return lines.flatMap(line => {
    const match = /^ *(\d+|-+): +[0-9a-f-]+ ([=!<>]) +(\d+|-+): +[0-9a-f-]+ ?(.*)$/.exec(line);
    if (!match) return [];
    const [, from, sign, to, subject] = match;
    return {
      sign: sign as Pair['sign'],
      ...(from!.startsWith('-') ? {} : { from: Number(from) }),
      ...(to!.startsWith('-') ? {} : { to: Number(to) }),
      subject: subject!,
    };
  });
}
