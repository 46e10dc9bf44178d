// SPDX-License-Identifier: GPL-2.0-only
/** One case again, its console shown and its run kept; the initrd stays in the cache, so that the command can be
 *  pasted. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { publishImage } from '../../image/publish.ts';
import type { BootRun } from '../../boot/boot.ts';
import { bootOnce } from '../../boot/run.ts';
import type { Work } from '../../events.ts';
import { digestOf } from '../../host/files.ts';
import type { Image } from '../../image/image.ts';
import { readConsole } from '../../boot/record.ts';
import { UserError } from '../../host/errors.ts';
import type { Workspace } from '../../workspace.ts';
import { type Case, type CaseName, formatCase, generatorVersion, makeCase } from './case.ts';
import { type FuzzRequest, openSetting } from './fuzz.ts';
import { controlArchive, controlPlan, type Given, initrdPlan } from './machine.ts';
import { type Verdict, verdictOf } from './verdict.ts';

export interface Replayed {
  readonly made: Pick<Case, 'kind' | 'did' | 'expect' | 'name'>;
  readonly run: BootRun;
  readonly verdict: Verdict;
}

/** The unpatched kernel in the place of the series'. */
export interface Control {
  readonly given: Given;
  /** Which of the case's images, from 1. */
  readonly image: number;
}

/** @throws UserError as openSetting(), and when the case has no such image to give to the unpatched kernel */
export async function* replayCase(
  workspace: Workspace,
  request: Pick<FuzzRequest, 'series' | 'tree' | 'fragments' | 'arch' | 'cpus'>,
  name: CaseName,
  control: Control | undefined,
  signal: AbortSignal,
): Work<Replayed> {
  const setting = yield* openSetting(workspace, { ...request, layouts: [name.layout] }, signal);
  const made = makeCase(name, setting.bases, setting.walker);
  const row = formatCase(name);
  const keep = (what: string, bytes: Buffer) => kept(workspace, `${what} ${row}`, bytes, signal);
  const file = ({ path: at, bytes }: Image) => ({ file: at, bytes });
  let plan;
  if (control) {
    if (!made.images) {
      throw new UserError(
        `${row} is about archives around an image: there is none to give to another kernel`,
      );
    }
    const harmed = made.images[control.image - 1];
    if (!harmed) throw new UserError(`${row} has ${made.images.length} images, no number ${control.image}`);
    const image = yield* keep('disk', harmed.bytes);
    const archive = yield* keep('walker', controlArchive(setting.walker, control.given, harmed.bytes));
    const given = { image: file(image), initrd: file(archive), tree: harmed.tree };
    plan = controlPlan(setting.control, control.given, given, row);
  } else {
    const initrd = yield* keep('initrd', made.initrd);
    plan = initrdPlan(setting.bench, initrd.path, initrd.bytes, row);
  }
  const run = yield* bootOnce(workspace, plan, signal);
  const lines = (await readConsole(run.folder)).toString('utf8').split(/\r*\n/);
  const { walked } = setting.bases.find(({ layout }) => layout.id === name.layout)!;
  const { outcome, facts } = run;
  const verdict = verdictOf({ outcome, facts, lines }, control ? 'any' : made.expect, walked);
  return { made, run, verdict };
}

function kept(workspace: Workspace, what: string, bytes: Buffer, signal: AbortSignal): Work<Image> {
  const digest = digestOf({ generatorVersion, bytes: digestOf(bytes.toString('base64')) });
  return publishImage(workspace, { digest, job: what, what, signal }, async function* (folder) {
    await writeFile(path.join(folder, 'image'), bytes);
    return { digest, format: 'hostile', payload: { name: what, digest } };
  });
}
