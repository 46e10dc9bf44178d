// SPDX-License-Identifier: GPL-2.0-only
/** EROFS, lz4hc in physical clusters of one block. */
import { erofsFormat } from '../erofs/format.ts';

export default erofsFormat({
  id: 'erofs-lz4hc',
  summary: 'EROFS, lz4hc, physical clusters of 4 KiB',
  family: 'lz4',
  options: ['-zlz4hc', '-C4096'],
  features: ['lz4ZeroPadding'],
});
