// SPDX-License-Identifier: GPL-2.0-only
/** Single objects of a build, made for what is said about them: no kernel comes of it. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { readIfThere, withLock } from '../host/files.ts';
import type { Config } from '../kconfig/kconfig.ts';
import { step } from '../tree/step.ts';
import { holdWorktree, requireUnmoved } from '../tree/worktree.ts';
import type { Workspace } from '../workspace.ts';
import { type Build, folderOf, makeArgv } from './make.ts';
import { type Message, parseMessages } from './messages.ts';
import { jobOf } from './plan.ts';
import { runMake } from './run.ts';

/** kbuild's own preparations when it starts from nothing: scripts, objtool, generated headers. */
const preparingSteps = 120;

export interface ObjectsMade {
  readonly messages: ReadonlyMap<string, readonly Message[]>;
  /** False when kbuild found its checker (C=) not good enough for the tree, and left it out. */
  readonly checked: boolean;
}

/** Makes objects ('fs/erofs/super.o') anew in the build's directory and returns what was said about each of them.
 *  @throws BuildFailed */
export async function* makeObjects(
  workspace: Workspace,
  build: Build,
  config: Config,
  objects: readonly string[],
  signal: AbortSignal,
): Work<ObjectsMade> {
  const folder = path.join(build.worktree.path, folderOf(build));
  const log = path.join(folder, 'initbench-objects.log');
  return yield* step(jobOf(build), `make ${objects.length} objects`, () =>
    withLock(folder, signal, () =>
      holdWorktree(
        workspace,
        build.worktree,
        `making objects of ${build.name}`,
        signal,
        async function* (): Work<ObjectsMade> {
          await mkdir(folder, { recursive: true });
          const dotConfig = path.join(folder, '.config');
          if ((await readIfThere(dotConfig)) !== config.text) await writeFile(dotConfig, config.text);
          await rm(log, { force: true });
          // The compiler says nothing about an object that is up to date.
          for (const object of objects) await rm(path.join(folder, object), { force: true });
          const argv = makeArgv(build, ...objects);
          const forecast = { full: preparingSteps + 2 * objects.length, behind: 0 };
          yield* runMake(workspace, build, { argv, log, forecast }, signal);
          await requireUnmoved(build.worktree, signal);
          const text = await readFile(log, 'utf8');
          const said = parseMessages(text);
          return {
            messages: new Map(objects.map(object => [object, said.get(object) ?? []])),
            checked: !text.includes('is not available or not up to date'),
          };
        },
      ),
    ),
  );
}
