// SPDX-License-Identifier: GPL-2.0-only
/** The default payload: static busybox, the probe as /init, and filler of any size. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Work } from '../../events.ts';
import { Interrupted } from '../../host/errors.ts';
import { requireSpace } from '../../host/files.ts';
import { addBusybox, busyboxDigest } from '../busybox.ts';
import type { Draft } from '../draft.ts';
import { fillerBytes, fillerVersion, planFiller } from '../filler.ts';
import type { PayloadKind, PayloadRequest } from '../image.ts';
import { addDirectories } from '../skeleton.ts';

/** Filler written between two progress events. */
const stride = 4 << 20;

export default {
  id: 'busybox',
  summary: 'static busybox, the probe as /init, --pad bytes of filler',
  probe: 'is-init',
  async *inputs(request): Work<unknown> {
    const { padBytes } = request.options;
    return { busybox: yield* busyboxDigest(request), fillerVersion, padBytes };
  },
  collect: (request, draft) => addBusyboxWith(request, draft, request.guest.probe),
} satisfies PayloadKind;

/** busybox, filler, and as /init the program that lies at `init`. */
export async function* addBusyboxWith(request: PayloadRequest, draft: Draft, init: string): Work<void> {
  addDirectories(draft);
  yield* addBusybox(request, draft);
  draft.file('init', readFileSync(init), { mode: 0o755 });
  if (request.options.padBytes > 0) yield* addFiller(request, draft);
}

async function* addFiller({ options, signal, job }: PayloadRequest, draft: Draft): Work<void> {
  const total = options.padBytes;
  await requireSpace(draft.folder, total + total / 10, `filler of ${total} bytes`);
  const plan = planFiller(total);
  const buffer = Buffer.allocUnsafe(plan.reduce((most, { bytes }) => Math.max(most, bytes), 0));
  let done = 0;
  let told = 0;
  draft.directory('pad');
  for (const file of plan) {
    const at = `pad/${file.path}`;
    const missing: string[] = [];
    for (let up = path.posix.dirname(at); !draft.get(up); up = path.posix.dirname(up)) missing.push(up);
    for (const folder of missing) draft.directory(folder);
    draft.file(at, fillerBytes(file, buffer));
    done += file.bytes;
    if (done - told < stride && done < total) continue;
    told = done;
    yield { job, type: 'progress', done, total, label: 'filler' };
    await new Promise(setImmediate);
    if (signal.aborted) throw new Interrupted();
  }
}
