// SPDX-License-Identifier: GPL-2.0-only
/** A backport: the commits of one series become another series on another tree. */
import type { Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { refs } from '../tree/repository.ts';
import type { Workspace } from '../workspace.ts';
import { rangeOf } from './diff.ts';
import { ontoTree } from './onto.ts';
import { fileName, perform, withSeries } from './operations.ts';
import { isSeriesName, readSeries, seriesNames } from './read.ts';
import { type RebaseEnd, startRebase } from './rebase.ts';
import { readRecord, recordBytes, type SeriesRecord } from './record.ts';

export interface PortRequest {
  readonly series: string;
  readonly to: string;
  /** Default: the series and the tree, 'initoverlayfs-6.12'. */
  readonly name?: string;
}

/** Starts the port as a rebase of the new series, which may stop at a conflict.
 *  @throws UserError when there is a series of that name */
export async function* portSeries(
  workspace: Workspace,
  request: PortRequest,
  signal: AbortSignal,
): Work<RebaseEnd> {
  const { series, to } = request;
  const record = await readRecord(workspace, series);
  const near = record?.tree ?? (await readSeries(workspace, series)).tree;
  const from = yield* rangeOf(workspace, series, record ? 'branch' : 'patches', signal);
  const tree = yield* ontoTree(workspace, to, near, signal);
  const name = request.name ?? `${series}-${tree.name}`;
  if (!isSeriesName(name)) {
    throw new UserError(`'${name}' cannot be the name of a series`, { hint: 'give one with --name' });
  }
  return yield* withSeries(workspace, name, signal, async function* (): Work<RebaseEnd> {
    if ((await readRecord(workspace, name)) || (await seriesNames(workspace)).includes(name)) {
      throw new UserError(`there is a series called ${name}`, {
        hint: `choose another name with --name; series diff ${series} patches ${name} compares the two`,
      });
    }
    const started: SeriesRecord = { tree: near, source: { kind: 'own' }, portOf: series };
    const target = {
      refs: { [refs.branch(name)]: from.tip, [refs.edited(name, 'base')]: from.base },
      files: { [fileName.record(name)]: recordBytes(started) },
    };
    yield* perform(workspace, name, `port of ${series}`, target, signal);
    return yield* startRebase(workspace, name, started, tree, signal);
  });
}
