// SPDX-License-Identifier: GPL-2.0-only
/** From the commits of a branch to patches/<series>/: what has not changed stays to the byte, what a person wrote stays
 *  in any case, and what is written gives the same commits back. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { flag, object, text, texts } from '../document.ts';
import type { Work } from '../events.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import { branchOf, git, ownConfigOnly } from '../host/git.ts';
import { refs } from '../tree/repository.ts';
import { step } from '../tree/step.ts';
import { prepareTree } from '../tree/trees.ts';
import { folders, seriesFile, type Workspace } from '../workspace.ts';
import { cleanMessage, commitMails, commitSeries, noteApplied } from './apply.ts';
import { fileName } from './change.ts';
import { attach, checkoutPath, hasCheckout, isRebasing } from './checkout.ts';
import { coverName, notesOf, renewCover, styleOf, withNotes } from './cover.ts';
import { formatRange, type FormattedRange, type PatchFile, type PatchStyle } from './format.ts';
import { parseMail, stripPrefixes } from './mail.ts';
import { perform, withSeries } from './operations.ts';
import { readSeries, seriesDigest, seriesNames } from './read.ts';
import { editedRange, patchRange, readRecord, recordBytes, type SeriesRecord } from './record.ts';
import type { Series } from './series.ts';
import { fetchTracked } from './track.ts';
import { uncommittedOf, uncommittedText } from './uncommitted.ts';

export const refreshedSchema = object({
  series: text,
  folder: text,
  /** Files by what happened to them; all empty when the series is what it was. */
  written: texts,
  removed: texts,
  kept: texts,
  /** False: the cover letter's shortlog and diffstat are a person's to bring up to date. */
  coverSummarised: flag,
});
export type Refreshed = z.infer<typeof refreshedSchema>;

/** @throws UserError when the branch is not a line from its base, a rebase waits, or patches/ was changed by hand */
export function refreshSeries(
  workspace: Workspace,
  name: string,
  options: { readonly overwrite: boolean },
  signal: AbortSignal,
): Work<Refreshed> {
  return withSeries(workspace, name, signal, async function* (): Work<Refreshed> {
    const found = await readRecord(workspace, name);
    if (!found) throw notEdited(name);
    const record = found.source.kind === 'tracked' ? yield* fetchTracked(workspace, name, signal) : found;
    await requireNoRebase(workspace, name, record, signal);
    yield* remarks(workspace, name, record, signal);
    return yield* writePatches(workspace, name, record, options, signal);
  });
}

export const notEdited = (name: string): UserError =>
  new UserError(`${name} is not being edited: there is nothing to write`, {
    hint: `initbench series edit ${name} makes a branch of them`,
  });

async function requireNoRebase(
  workspace: Workspace,
  name: string,
  record: SeriesRecord,
  signal: AbortSignal,
): Promise<void> {
  if (record.source.kind !== 'own' || !(await hasCheckout(workspace, name))) return;
  const target = checkoutPath(workspace, name);
  await attach(workspace, name, signal);
  if (!(await isRebasing(target))) return;
  throw new UserError(`a rebase of ${name} is not finished`, {
    hint: `resolve it in ${target}, then initbench series rebase ${name} --continue, or --abort`,
    exitCode: exitCodes.conflict,
  });
}

/** What the patches will not have, though it lies where the series is edited. */
async function* remarks(
  workspace: Workspace,
  name: string,
  record: SeriesRecord,
  signal: AbortSignal,
): Work<void> {
  const job = `series ${name}`;
  if (record.source.kind === 'own' && (await hasCheckout(workspace, name))) {
    const branch = await branchOf(checkoutPath(workspace, name));
    if (branch !== refs.branch(name)) {
      const message = `${checkoutPath(workspace, name)} is on ${branch ?? 'no branch'}; what is written is series/${name}`;
      yield { job, type: 'notice', level: 'warning', message };
    }
  }
  const left = uncommittedText(await uncommittedOf(workspace, name, record, signal));
  if (left !== undefined) {
    yield {
      job,
      type: 'notice',
      level: 'warning',
      message: `not in any commit, so not in the patches: ${left}`,
    };
  }
}

async function* writePatches(
  workspace: Workspace,
  name: string,
  record: SeriesRecord,
  { overwrite }: { readonly overwrite: boolean },
  signal: AbortSignal,
): Work<Refreshed> {
  const repository = folders.repository(workspace);
  const job = `series ${name}`;
  const range = await editedRange(workspace, name, record, signal);
  const own = await patchRange(repository, range, signal);
  const { commits } = own;
  if (own.letter !== undefined) {
    const message = `b4's cover letter (${own.letter.slice(0, 12)}) stays on the branch; that of the series is in patches/${name}`;
    yield { job, type: 'notice', level: 'info', message };
  }
  if (commits.length === 0) {
    throw new UserError(`the branch of ${name} has no commit on its base`, {
      hint: 'there is nothing to write; initbench series undo brings back an earlier state',
    });
  }
  const series = (await seriesNames(workspace)).includes(name)
    ? await readSeries(workspace, name)
    : undefined;
  await requireChanges(repository, own.base, own.tip, signal);
  if (series && series.digest !== record.digest && !overwrite) {
    throw new UserError(`${series.folder} has changed since it was last written`, {
      hint:
        record.digest === undefined || range.tip !== range.refreshed
          ? `the branch and the patches both have something new: keep the patches elsewhere, or refresh --overwrite (series undo ${name} brings them back)`
          : `initbench series edit ${name} takes the patches onto the branch; refresh --overwrite writes the branch over them`,
      exitCode: exitCodes.conflict,
    });
  }
  // A port begins with the letter and the style of the series it comes from.
  const { portOf } = record;
  const model = portOf !== undefined && (await seriesNames(workspace)).includes(portOf) ? portOf : undefined;
  const like = series ?? (model === undefined ? undefined : await readSeries(workspace, model));
  const old = like ? yield* oldPatches(workspace, like, signal) : undefined;
  const style = old?.style ?? { prefix: 'PATCH' };
  return yield* step(job, 'refresh', async function* (): Work<Refreshed> {
    const fresh = await formatRange(repository, own, style, signal);
    const files = await merged(series, like, old, fresh);
    const patches = files.patches.map(({ bytes }) => bytes);
    const digest = seriesDigest(patches);
    if (!files.untouched) {
      const applied = yield* requireSame(repository, own.base, commits, patches, signal);
      await noteApplied(workspace, { tree: record.tree, series: name, digest }, applied, signal);
    }

    const target: Record<string, Uint8Array | null> = {};
    for (const stale of series?.patches ?? []) target[fileName.patch(name, stale.file)] = null;
    for (const { name: file, bytes } of files.patches) target[fileName.patch(name, file)] = bytes;
    if (files.cover) target[fileName.patch(name, files.cover.name)] = files.cover.bytes;
    if ((workspace.settings.seriesTrees[name] ?? workspace.settings.tree) !== record.tree) {
      target[fileName.patch(name, seriesFile)] = Buffer.from(`tree = ${JSON.stringify(record.tree)}\n`);
    }
    target[fileName.record(name)] = recordBytes({ ...record, digest });
    const refsTarget = { [refs.edited(name, 'refreshed')]: range.tip };
    const done = yield* perform(workspace, name, 'refresh', { refs: refsTarget, files: target }, signal);
    const changed = (done?.changes ?? []).filter(each => each.name.startsWith('root/'));
    const fileOf = ({ name: each }: { name: string }) => path.basename(each);
    const written = changed.filter(({ after }) => after !== null).map(fileOf);
    return {
      series: name,
      folder: path.join(folders.patches(workspace), name),
      written,
      removed: changed.filter(({ after }) => after === null).map(fileOf),
      kept: files.patches.map(each => each.name).filter(each => !written.includes(each)),
      coverSummarised: files.coverSummarised,
    };
  });
}

/** @throws UserError for a commit that no patch can tell */
async function requireChanges(repository: string, base: string, tip: string, signal: AbortSignal) {
  const asked = ['log', '--format=%T %h %s', `${base}..${tip}`];
  const lines = await git(repository, asked, signal, { env: ownConfigOnly });
  const before = await git(repository, ['rev-parse', `${base}^{tree}`], signal);
  const list = [...lines.split('\n').filter(Boolean), before].map(line => line.split(' '));
  const empty = list.find(([tree], index) => tree === list[index + 1]?.[0]);
  if (!empty) return;
  throw new UserError(`commit ${empty.slice(1).join(' ')} changes nothing`, {
    hint: 'drop the commit, or move its message to the cover letter or to patches/SERIES/notes',
  });
}

interface Old {
  readonly style: PatchStyle;
  /** The patches in patches/ as they would be written today; absent when they no longer apply to their tree. */
  readonly formatted?: FormattedRange;
}

async function* oldPatches(workspace: Workspace, series: Series, signal: AbortSignal): Work<Old> {
  const first = series.patches[0]!;
  const style = styleOf(first.file, parseMail(await readFile(first.path, 'utf8')).subject);
  const tree = yield* prepareTree(workspace, series.tree, signal);
  const commits = yield* commitSeries(workspace, tree, series, signal);
  if ('kind' in commits) return { style };
  const range = { base: tree.commit, tip: commits.at(-1)! };
  return { style, formatted: await formatRange(folders.repository(workspace), range, style, signal) };
}

interface Files {
  readonly patches: readonly PatchFile[];
  readonly cover?: PatchFile;
  readonly coverSummarised: boolean;
  /** All of the patches are the old ones. */
  readonly untouched: boolean;
}

/** The new patches; where one would be written today as the old one at its place would, the old file stays. */
async function merged(
  series: Series | undefined,
  like: Series | undefined,
  old: Old | undefined,
  fresh: FormattedRange,
): Promise<Files> {
  const before = old?.formatted?.patches ?? [];
  const patches: PatchFile[] = [];
  for (const [index, patch] of fresh.patches.entries()) {
    const there = series?.patches[index];
    if (there && before[index]?.bytes.equals(patch.bytes)) {
      patches.push({ name: there.file, bytes: await readFile(there.path) });
      continue;
    }
    const { subject } = parseMail(patch.bytes.toString('utf8'));
    const same = series?.patches.find(each => each.subject === stripPrefixes(subject));
    const source = same ?? (series?.patches.length === fresh.patches.length ? there : undefined);
    const notes = source ? notesOf(await readFile(source.path, 'latin1')) : '';
    const bytes = Buffer.from(withNotes(patch.bytes.toString('latin1'), notes), 'latin1');
    patches.push({ name: patch.name, bytes });
  }
  const untouched =
    series?.patches.length === patches.length &&
    fresh.patches.every(({ bytes }, index) => before[index]?.bytes.equals(bytes));
  const cover = like && (await coverFile(like));
  if (!cover) return { patches, coverSummarised: true, untouched };
  const { summary } = old?.formatted ?? { summary: '' };
  const renewed = renewCover(cover.bytes.toString('utf8'), summary, fresh.summary, patches.length);
  return {
    patches,
    cover: { name: cover.name, bytes: Buffer.from(renewed.text) },
    coverSummarised: renewed.summarised,
    untouched,
  };
}

async function coverFile(series: Series): Promise<PatchFile | undefined> {
  const names = (await readdir(series.folder)).filter(name => coverName.test(name)).sort();
  const name = names.at(-1);
  return name === undefined ? undefined : { name, bytes: await readFile(path.join(series.folder, name)) };
}

/** What is written must be the series: applied as mails, each patch gives the tree and the message of its commit.
 *  Returns the commits that the mails give. */
async function* requireSame(
  repository: string,
  base: string,
  commits: readonly string[],
  patches: readonly Buffer[],
  signal: AbortSignal,
): Work<readonly string[]> {
  const made = yield* commitMails('refresh', repository, base, patches, signal);
  // Each once: a mail that gives the very commit is shown with it.
  const list = [...new Set([...commits, ...made.commits])];
  const show = ['show', '-s', '--format=%x00%H%n%T%n%an <%ae>%n%B', ...list];
  const shown = (await git(repository, show, signal, { env: ownConfigOnly })).split('\0').slice(1);
  const texts = new Map(
    shown.map(text => {
      const [commit, ...lines] = text.split('\n');
      // git am takes blanks away that some tools leave.
      return [commit!, cleanMessage(lines.join('\n'))];
    }),
  );
  const [wanted, got] = [commits, made.commits].map(each => each.map(commit => texts.get(commit)!)) as [
    string[],
    string[],
  ];
  const wrong = wanted.findIndex((text, index) => text !== got[index]);
  if (wrong < 0) return made.commits;
  const why =
    got[wrong] === undefined
      ? (made.refusal ?? '')
      : got[wrong].split('\n')[0] === wanted[wrong]!.split('\n')[0]
        ? 'author or message would change'
        : 'other files would come of it';
  throw new UserError(`commit ${commits[wrong]!.slice(0, 12)} cannot be sent as a mail: ${why}`, {
    hint: "git am ends a message at a line '---', 'diff -' or 'Index: ', and drops [words] at the start of a subject: reword the commit",
  });
}
