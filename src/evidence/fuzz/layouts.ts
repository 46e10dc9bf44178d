// SPDX-License-Identifier: GPL-2.0-only
/** The layouts of hostile images: how mkfs.erofs is asked for them, and the feature bits that prove it did so. */
import type { Feature } from '../../image/erofs/format.ts';
import { unknownName } from '../../workspace.ts';

export interface Layout {
  readonly id: string;
  readonly options: readonly string[];
  /** Exactly these incompatible features. */
  readonly features: readonly Feature[];
  /** Some files are described anew, in ways that mkfs.erofs 1.5 does not use (craft.ts). */
  readonly crafted?: true;
  /** mkfs.erofs 1.5 cannot make it, and does not say so: left out unless the bits are there. */
  readonly optional?: true;
}

export const layouts: readonly Layout[] = [
  { id: 'plain', options: [], features: [] },
  { id: 'lz4hc-4k', options: ['-zlz4hc', '-C4096'], features: ['lz4ZeroPadding'] },
  { id: 'lz4hc-64k', options: ['-zlz4hc', '-C65536'], features: ['lz4ZeroPadding', 'bigPcluster'] },
  {
    id: 'lz4hc-64k-tail',
    options: ['-zlz4hc', '-C65536', '-Eztailpacking'],
    features: ['lz4ZeroPadding', 'bigPcluster', 'tailPacking'],
  },
  { id: 'chunks', options: ['--chunksize=4096'], features: ['chunkedFile'] },
  {
    id: 'crafted',
    options: ['-zlz4hc', '-C65536'],
    features: ['lz4ZeroPadding', 'bigPcluster'],
    crafted: true,
  },
  {
    id: 'fragments',
    options: ['-zlz4hc', '-C65536', '-Efragments'],
    features: ['lz4ZeroPadding', 'bigPcluster', 'fragments'],
    optional: true,
  },
  {
    id: 'dedupe',
    options: ['-zlz4hc', '-C65536', '-Ededupe'],
    features: ['lz4ZeroPadding', 'bigPcluster', 'dedupe'],
    optional: true,
  },
  {
    id: 'zstd',
    options: ['-zzstd', '-C65536'],
    features: ['lz4ZeroPadding', 'compressionConfigs'],
    optional: true,
  },
];

/** @throws UserError with the list when there is none of that name */
export function findLayout(id: string): Layout {
  const found = layouts.find(layout => layout.id === id);
  if (found) return found;
  throw unknownName(
    'layout',
    id,
    layouts.map(layout => layout.id),
  );
}
