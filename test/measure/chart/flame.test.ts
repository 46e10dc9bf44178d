// SPDX-License-Identifier: GPL-2.0-only
/** The flame graph: boxes as wide as their time, callers below, and text that is text. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boxesOf, flameGraph } from '../../../src/measure/chart/flame.ts';
import { folded, type Frame, type Profile } from '../../../src/measure/profile.ts';

const frame = (name: string, kind: Frame['kind'] = 'kernel'): Frame => ({ name, kind });
const profileOf = (stacks: readonly (readonly Frame[])[]): Profile => ({
  ...{ row: 'kernelspace', boots: 2, sample: 0.1, samples: stacks.length },
  stacks: folded(stacks.map(frames => ({ frames, samples: 1 }))),
});

describe('boxes', () => {
  test('stacks share what they have in common', () => {
    const { stacks } = profileOf([
      [frame('a'), frame('b')],
      [frame('a'), frame('c')],
      [frame('a')],
      [frame('d')],
    ]);
    expect(boxesOf(stacks).map(({ name, from, samples, depth }) => [name, from, samples, depth])).toEqual([
      ['a', 0, 3, 0],
      ['b', 0, 1, 1],
      ['c', 1, 1, 1],
      ['d', 3, 1, 0],
    ]);
  });

  const names = fc.constantFrom('a', 'b', 'c', 'd');
  test('lie on what called them, and not on each other', () => {
    fc.assert(
      fc.property(fc.array(fc.array(names, { minLength: 1, maxLength: 5 }), { maxLength: 30 }), drawn => {
        const boxes = boxesOf(profileOf(drawn.map(stack => stack.map(name => frame(name)))).stacks);
        for (const box of boxes) {
          const level = boxes.filter(other => other.depth === box.depth && other !== box);
          for (const { from, samples } of level)
            expect(from + samples <= box.from || box.from + box.samples <= from).toBe(true);
          const below = boxes.filter(
            ({ depth, from, samples }) =>
              depth === box.depth - 1 && from <= box.from && box.from + box.samples <= from + samples,
          );
          expect(below).toHaveLength(box.depth === 0 ? 0 : 1);
        }
        const top = boxes.filter(({ depth }) => depth === 0);
        expect(top.reduce((sum, { samples }) => sum + samples, 0)).toBe(drawn.length);
      }),
      { numRuns: 50 },
    );
  });
});

test('a name is text, whatever it is, and each box says its time', () => {
  const hostile = flameGraph(profileOf([[frame('</svg><script>'), frame('memcpy', 'host')]]), ['<b>']);
  expect(hostile).not.toMatch(/<script|<b>|NaN|undefined/);
  expect(hostile.match(/<\/svg>/g)).toHaveLength(1);
  expect(hostile).toContain('memcpy: 0.050 ms of a boot, 100.0%');
});

test('without a sample there is still a chart', () => {
  expect(flameGraph(profileOf([]), [])).not.toMatch(/NaN|Infinity/);
});
