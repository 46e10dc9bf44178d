// SPDX-License-Identifier: GPL-2.0-only
/** The verbs, in the order the help shows them. */
import { bisect, bisectStep } from './bisect.ts';
import { boot } from './boot.ts';
import { build } from './build.ts';
import { seriesCheck } from './check.ts';
import type { AnyCommand } from './command.ts';
import { clean } from './clean.ts';
import { compare } from './compare.ts';
import { diff } from './diff.ts';
import { decode } from './decode.ts';
import { config } from './config.ts';
import { doctor } from './doctor.ts';
import { exportMails } from './export.ts';
import { fsck } from './fsck.ts';
import { seriesFuzz } from './fuzz.ts';
import { review } from './review.ts';
import { send } from './send.ts';
import { flowList } from './flow.ts';
import { kernelList } from './kernel.ts';
import { kunit } from './kunit.ts';
import { seriesApply, seriesList, seriesShow } from './series.ts';
import { seriesCopy, seriesRemove } from './series-copy.ts';
import { seriesDiff } from './series-diff.ts';
import { seriesEdit } from './series-edit.ts';
import { seriesImport } from './series-import.ts';
import { seriesPort, seriesRebase } from './series-rebase.ts';
import { seriesRefresh } from './series-refresh.ts';
import { seriesStatus } from './series-status.ts';
import { seriesTrack } from './series-track.ts';
import { seriesRedo, seriesUndo } from './series-undo.ts';
import { schema } from './schema.ts';
import { runs } from './runs.ts';
import { parse } from './parse.ts';
import { report } from './report.ts';
import { replayBundle } from './replay.ts';
import { show } from './show.ts';
import { seriesVerify } from './verify.ts';
import { start } from './start.ts';
import { storage } from './storage.ts';
import { sweep } from './sweep.ts';
import { treeAdd, treeList, treeRemove } from './tree.ts';

export const commands: readonly AnyCommand[] = [
  start,
  compare,
  sweep,
  storage,
  boot,
  build,
  flowList,
  kernelList,
  treeAdd,
  treeList,
  treeRemove,
  seriesList,
  seriesShow,
  seriesApply,
  seriesImport,
  seriesEdit,
  seriesTrack,
  seriesRefresh,
  seriesStatus,
  seriesDiff,
  seriesRebase,
  seriesPort,
  seriesCopy,
  seriesRemove,
  seriesUndo,
  seriesRedo,
  seriesCheck,
  seriesVerify,
  seriesFuzz,
  kunit,
  bisect,
  bisectStep,
  decode,
  exportMails,
  send,
  review,
  runs,
  show,
  diff,
  report,
  parse,
  replayBundle,
  config,
  schema,
  doctor,
  fsck,
  clean,
];
