// SPDX-License-Identifier: GPL-2.0-only
/** The default payload with an init of ordinary size: static glibc, 0.7 MB, which then executes the probe. */
import type { PayloadKind } from '../image.ts';
import busybox, { addBusyboxWith } from './busybox.ts';

export default {
  ...busybox,
  id: 'glibc',
  summary: 'as busybox, but /init is a static program with glibc',
  collect: (request, draft) => addBusyboxWith(request, draft, request.guest.glibcInit),
} satisfies PayloadKind;
