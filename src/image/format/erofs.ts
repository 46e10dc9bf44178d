// SPDX-License-Identifier: GPL-2.0-only
/** EROFS without compression. */
import { erofsFormat } from '../erofs/format.ts';

export default erofsFormat({
  id: 'erofs',
  summary: 'EROFS, not compressed',
  family: 'none',
  options: [],
  features: [],
});
