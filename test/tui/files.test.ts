// SPDX-License-Identifier: GPL-2.0-only
/** Logs that are too large to be shown whole: their parts, and a search that goes through all of the file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findInFile, partsOf, readAround, readText } from '../../src/tui/files.ts';
import { matcher } from '../../src/tui/pager.ts';
import { keys, opened, play, typed } from './sample.ts';

const signal = new AbortController().signal;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('parts that touch are one', () => {
  expect(partsOf(100, 10)).toEqual([
    { from: 0, to: 10 },
    { from: 90, to: 100 },
  ]);
  expect(partsOf(100, 10, { from: 40, to: 50 })).toHaveLength(3);
  expect(partsOf(100, 10, { from: 5, to: 15 })).toEqual([
    { from: 0, to: 15 },
    { from: 90, to: 100 },
  ]);
  expect(partsOf(100, 10, { from: 85, to: 120 })).toEqual([
    { from: 0, to: 10 },
    { from: 85, to: 100 },
  ]);
});

describe('a file that is not shown whole', () => {
  const text = Array.from({ length: 5000 }, (_, i) => `${i} ${'é'.repeat(i % 50)}`).join('\n');
  const bytes = Buffer.from(text);

  test('has whole lines, each where it starts, and says what is left out', async () => {
    const file = path.join(folder, 'cut.log');
    await writeFile(file, text);
    const { lines, offsets } = await readText(file, 20_000);
    const own = offsets!.flatMap((offset, i) => (offset < 0 ? [] : [[offset, lines[i]!] as const]));
    expect(own.length).toBeGreaterThan(100);
    for (const [offset, line] of own) {
      expect(bytes.subarray(offset, offset + Buffer.byteLength(line)).toString()).toBe(line);
      expect(offset === 0 || bytes[offset - 1] === 10).toBe(true);
    }
    const gaps = lines.filter((_, i) => offsets![i] === -1);
    expect(gaps).toHaveLength(1);
    const shown = own.reduce((sum, [, line]) => sum + Buffer.byteLength(line) + 1, 0);
    expect(Number(/\d+/.exec(gaps[0]!)![0]) + shown).toBe(bytes.length + 1);
  });

  test('is found in as a search through all lines would', async () => {
    const words = fc.constantFrom('a', 'bb', 'Kernel panic', 'é日', '', 'panic', 'x'.repeat(200));
    let found = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(words, { minLength: 1, maxLength: 60 }),
        fc.constantFrom('panic', 'Kernel', 'bb', '日', 'no such'),
        fc.nat(),
        fc.constantFrom(1 as const, -1 as const),
        async (lines, query, at, direction) => {
          const file = path.join(folder, 'some.log');
          await writeFile(file, lines.join('\n'));
          const starts = lines.map(
            (_, i) => Buffer.byteLength(lines.slice(0, i).join('\n')) + (i > 0 ? 1 : 0),
          );
          const from = at % lines.length;
          const order = [...starts.slice(from), ...starts.slice(0, from)];
          const wanted = (direction === 1 ? order : order.reverse()).find(
            start => matcher(query)(lines[starts.indexOf(start)]!) >= 0,
          );
          expect(await findInFile(file, query, starts[from]!, direction, signal)).toBe(wanted);
          if (wanted !== undefined) found++;
        },
      ),
      { numRuns: 200 },
    );
    expect(found).toBeGreaterThan(20);
  });

  test(
    'in its middle, between beginning and end, beyond one piece of reading',
    { timeout: 60_000 },
    async () => {
      const file = path.join(folder, 'large.log');
      const filler = `${'x'.repeat(99)}\n`.repeat(60_000);
      await writeFile(file, `${filler}[ 1.0] Kernel panic - not syncing\n${filler}the end\n`);
      const { lines } = await readText(file, 2 ** 20);
      expect(lines.some(line => line.includes('panic'))).toBe(false);
      const offset = await findInFile(file, 'panic', 0, 1, signal);
      expect(offset).toBe(filler.length);
      const around = await readAround(file, offset!);
      const at = around.offsets!.indexOf(offset!);
      expect(around.lines[at]).toBe('[ 1.0] Kernel panic - not syncing');
      expect(around.offsets!.filter(start => start === -1)).toHaveLength(2);
      expect(await findInFile(file, 'no such', 0, 1, signal)).toBeUndefined();
    },
  );

  test('without an end of line is not read for ever', async () => {
    const file = path.join(folder, 'line.log');
    await writeFile(file, `${'x'.repeat(20_000_000)}panic`);
    expect(await findInFile(file, 'panic', 0, 1, signal)).toBeGreaterThanOrEqual(0);
  });
});

describe('/ in a log that is cut', () => {
  const cut = {
    lines: ['one', '[900 bytes are not shown here]', 'end'],
    offsets: [0, -1, 904],
  };
  const log = () =>
    play(opened(100, 30), ...keys('4', 'enter'), { type: 'text-read', view: 1, ...cut }).state;
  const path_ = '/srv/state/runs/20261123T090000-00aa/console.log';

  test('looks into the file, and shows the place', () => {
    const searched = play(log(), ...keys('/'), ...typed('panic'), ...keys('enter'));
    expect(searched.effects).toContainEqual({
      ...{ type: 'find', view: 1, path: path_, query: 'panic', from: 0, direction: 1 },
    });
    const text = { lines: ['one', 'gap', 'a panic', 'b', 'gap', 'end'], offsets: [0, -1, 500, 508, -1, 904] };
    const found = play(searched.state, { type: 'found', view: 1, query: 'panic', text, line: 2 });
    expect(found.state.views.at(-1)).toMatchObject({
      lines: text.lines,
      pager: { found: 2, query: 'panic' },
    });
    const next = play(found.state, ...keys('n'));
    expect(next.effects).toContainEqual(expect.objectContaining({ type: 'find', from: 508, direction: 1 }));
    const before = play(found.state, ...keys('N'));
    expect(before.effects).toContainEqual(
      expect.objectContaining({ type: 'find', from: 500, direction: -1 }),
    );
  });

  test('says that it is not in it when it is in none of the file', () => {
    const { state } = play(log(), ...keys('/'), ...typed('no'), ...keys('enter'), {
      type: 'found',
      view: 1,
      query: 'no',
    });
    expect(state.views.at(-1)).toMatchObject({ pager: { missed: 'no' } });
  });

  test('the editor is told a line only where lines were counted', () => {
    const at = (found: number) => {
      const state = log();
      const views = state.views.map(view =>
        view.kind === 'text' ? { ...view, pager: { ...view.pager, found } } : view,
      );
      return play({ ...state, views }, ...keys('e')).effects;
    };
    expect(at(0)).toEqual([{ type: 'edit', path: path_, line: 1 }]);
    expect(at(2)).toEqual([{ type: 'edit', path: path_ }]);
  });
});
