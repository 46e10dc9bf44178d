// SPDX-License-Identifier: GPL-2.0-only
/** The sound images that hostile ones are made from, one for each layout, kept in the cache. */
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../../events.ts';
import { digestOf, scratchFolder } from '../../host/files.ts';
import { type Draft, newDraft } from '../../image/draft.ts';
import type { Entry } from '../../image/entry.ts';
import { makeErofs } from '../../image/erofs/format.ts';
import type { Payload } from '../../image/image.ts';
import { publishImage } from '../../image/publish.ts';
import { stageTools } from '../../image/stage.ts';
import { toolVersion } from '../../image/version.ts';
import type { Workspace } from '../../workspace.ts';
import { grafts } from './attributes.ts';
import { craft, craftVersion } from './craft.ts';
import { expectedWalk, type Walked } from './expected.ts';
import { graft, graftVersion } from './graft.ts';
import type { Layout } from './layouts.ts';
import { fillTree, treeFolder, treeVersion } from './tree.ts';

export interface BaseImage {
  readonly layout: Layout;
  readonly digest: string;
  readonly bytes: Buffer;
  /** What the walker must find in it. */
  readonly walked: Walked;
}

/** @throws UserError when mkfs.erofs is missing or did not make the layout */
export async function* baseImage(workspace: Workspace, layout: Layout, signal: AbortSignal): Work<BaseImage> {
  const tools: Record<string, string> = {};
  for (const tool of ['mkfs.erofs', ...stageTools]) {
    tools[tool] = await toolVersion(tool, 'series fuzz', signal);
  }
  const scratch = await scratchFolder('tree');
  try {
    const draft = newDraft(scratch);
    fillTree(draft);
    const payload = payloadOf(draft);
    const { id, options, features } = layout;
    const crafted = layout.crafted ? { craftVersion } : {};
    const parts = {
      payload: payload.digest,
      treeVersion,
      graftVersion,
      attributes: attributesText(),
      ...crafted,
    };
    const digest = digestOf({ ...parts, id, options, features, tools });
    const job = `image ${payload.name} ${id}`;
    const image = yield* publishImage(
      workspace,
      { digest, job, what: `make the ${id} image`, signal },
      async function* (folder) {
        const raw = path.join(folder, 'raw');
        await mkdir(folder, { recursive: true });
        yield* makeErofs({ workspace, job, payload, target: raw, signal }, options, features);
        const grown = graft(await readFile(raw), grafts);
        const image = layout.crafted ? craft(grown, at => contentOf(payload, at)) : grown;
        await writeFile(path.join(folder, 'image'), image);
        await rm(raw);
        return { digest, format: 'erofs', payload: { name: payload.name, digest: payload.digest } };
      },
    );
    const walked = expectedWalk(scratch, payload.entries, grafts, treeFolder);
    return { layout, digest, bytes: await readFile(image.path), walked };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function contentOf({ folder, entries }: Payload, at: string): Buffer {
  return readFileSync(path.join(folder, entries.find(entry => entry.path === at)!.content!));
}

const attributesText = () =>
  grafts.map(({ path: at, own, shared }) => [
    at,
    ...[...own, ...shared].map(({ name, value }) => `${name}=${value.toString('hex')}`),
  ]);

function payloadOf(draft: Draft): Payload {
  const entries = draft.entries();
  const digest = digestOf(entries.map(({ content, ...rest }: Entry) => rest));
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  return { id: 'tree', name: 'hostile', digest, folder: draft.folder, entries, bytes, init: {} };
}
