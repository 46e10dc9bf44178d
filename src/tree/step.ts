// SPDX-License-Identifier: GPL-2.0-only
/** A named part of a job: started, then done or failed, with its wall time. */
import type { Work } from '../events.ts';

/** Frames work with step events; `failed` tells a product that is a bad end, such as a conflict. */
export async function* step<Product>(
  job: string,
  name: string,
  work: () => Work<Product>,
  failed: (product: Product) => boolean = () => false,
): Work<Product> {
  const begin = performance.now();
  yield { job, type: 'step', step: name, state: 'started' };
  let product: Product;
  try {
    product = yield* work();
  } catch (error) {
    yield { job, type: 'step', step: name, state: 'failed', ms: performance.now() - begin };
    throw error;
  }
  const state = failed(product) ? 'failed' : 'done';
  yield { job, type: 'step', step: name, state, ms: performance.now() - begin };
  return product;
}

/** Lets an event through at most every `everyMs`: for progress counted in thousands. */
export function pacer(everyMs = 100): () => boolean {
  let last = -Infinity;
  return () => {
    const now = performance.now();
    if (now - last < everyMs) return false;
    last = now;
    return true;
  };
}
