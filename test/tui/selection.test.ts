// SPDX-License-Identifier: GPL-2.0-only
/** What the panels list. */
import { describe, expect, test } from 'vitest';
import { kernelItems } from '../../src/tui/selection.ts';
import { opened } from './sample.ts';

describe('kernelItems()', () => {
  const built = (state: ReturnType<typeof opened>) =>
    kernelItems(state).flatMap(item => (item.kind === 'kernel' && item.built ? [item.name] : []));

  test('a kernel counts as built with the fragments in use alone', () => {
    const state = opened(120, 40);
    expect(built(state)).toEqual(['base', 'initoverlayfs']);
    const debug = { ...state, settings: { ...state.settings, fragments: ['debug'] } };
    expect(built(debug)).toEqual([]);
  });
});
