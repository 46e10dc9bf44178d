// SPDX-License-Identifier: GPL-2.0-only
/** EROFS, lz4hc in physical clusters of up to 16 blocks. */
import { erofsFormat } from '../erofs/format.ts';

export default erofsFormat({
  id: 'erofs-lz4hc-64k',
  summary: 'EROFS, lz4hc, physical clusters of up to 64 KiB',
  family: 'lz4',
  options: ['-zlz4hc', '-C65536'],
  features: ['lz4ZeroPadding', 'bigPcluster'],
});
