// SPDX-License-Identifier: GPL-2.0-only
/** Packs a payload in a format, by the name of the format. */
import type { Work } from '../events.ts';
import type { Workspace } from '../workspace.ts';
import type { Image, Payload } from './image.ts';
import { packAs } from './publish.ts';
import { findFormat } from './registry.ts';

/** @throws UserError as findFormat() and packAs() */
export async function* packImage(
  workspace: Workspace,
  payload: Payload,
  format: string,
  signal: AbortSignal,
): Work<Image> {
  return yield* packAs(workspace, payload, await findFormat(format), signal);
}
