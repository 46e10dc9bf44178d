// SPDX-License-Identifier: GPL-2.0-only
/** An archive as systemd-stub(7) puts it behind the initrd: credentials in /.extra. */
import type { PayloadKind } from '../image.ts';

export default {
  id: 'credentials',
  summary: 'an archive of credentials to stand behind an image (packed as cpio)',
  probe: 'none',
  inputs: async () => null,
  async collect(_request, draft) {
    draft.directory('.extra');
    draft.directory('.extra/credentials', { mode: 0o500 });
    draft.file('.extra/credentials/initbench.hostname.cred', Buffer.from('initbench'), { mode: 0o400 });
    draft.file('.extra/credentials/initbench.token.cred', Buffer.alloc(2048, 0x69), { mode: 0o400 });
  },
} satisfies PayloadKind;
