// SPDX-License-Identifier: GPL-2.0-only
/** An initramfs compressed as one segment: the plain archive is packed first, as an image of its own, so that the
 *  command can be repeated by hand. */
import type { Work } from '../../events.ts';
import { exec } from '../../host/exec.ts';
import cpio from '../format/cpio.ts';
import type { Format, PackRequest } from '../image.ts';
import { packAs } from '../publish.ts';

/** `argv` makes the command line that packs the file `source` into the new file `target`. */
export function compressedCpio(definition: {
  readonly id: string;
  readonly summary: string;
  readonly family: Format['family'];
  readonly argv: (source: string, target: string) => string[];
}): Format {
  const { id, summary, family, argv } = definition;
  const [tool, ...words] = argv('SOURCE', 'TARGET');
  return {
    id,
    summary,
    family,
    container: 'cpio',
    tools: [tool!],
    parameters: { arguments: words.join(' ') },
    spaceBytes: ({ bytes, entries }) => 2 * (bytes + entries.length * 256),
    async *write({ workspace, job, payload, target, signal }: PackRequest): Work<void> {
      const plain = yield* packAs(workspace, payload, cpio, signal);
      yield* exec(argv(plain.path, target), { job, signal });
    },
  };
}
