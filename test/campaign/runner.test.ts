// SPDX-License-Identifier: GPL-2.0-only
/** The runner of campaigns: what is kept, what is run again, what is stopped. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Campaign,
  type Campaigned,
  forgetResults,
  knownResults,
  runCampaign,
} from '../../src/campaign/runner.ts';
import { productOf, type Work } from '../../src/events.ts';
import { Interrupted } from '../../src/host/errors.ts';
import { openWorkspace, type Workspace } from '../../src/workspace.ts';

let folder: string;
let workspace: Workspace;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'initbench-campaign-'));
  const environment = {
    INITBENCH_CACHE: path.join(folder, 'cache'),
    INITBENCH_STATE: path.join(folder, 'state'),
  };
  workspace = openWorkspace(environment, folder);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Squares numbers; counts how often it did and how many it did at once. */
function squares(numbers: readonly number[], more: Partial<Campaign<number, number>> = {}) {
  const seen = { runs: [] as number[], running: 0, most: 0 };
  const campaign: Campaign<number, number> = {
    job: 'squares',
    record: 'squares',
    keyOf: String,
    next: () => numbers,
    atOnce: 1,
    async *run(one): Work<number> {
      seen.runs.push(one);
      seen.running += 1;
      seen.most = Math.max(seen.most, seen.running);
      try {
        yield { job: 'squares', type: 'output', stream: 'stdout', line: `${one}` };
        await new Promise(resolve => setTimeout(resolve, 5));
        return one * one;
      } finally {
        seen.running -= 1;
      }
    },
    ...more,
  };
  return { campaign, seen };
}

const go = <Result>(campaign: Campaign<number, Result>): Promise<Campaigned<Result>> =>
  productOf(runCampaign(workspace, campaign, new AbortController().signal));

const recordFile = () => path.join(folder, 'state', 'campaigns', 'squares.jsonl');

describe('a campaign', () => {
  test('runs each case once and knows it the next time', async () => {
    const first = squares([1, 2, 3]);
    const { results, known, complete } = await go(first.campaign);
    expect([...results]).toEqual([
      ['1', 1],
      ['2', 4],
      ['3', 9],
    ]);
    expect({ known, complete }).toEqual({ known: 0, complete: true });
    const second = squares([2, 3, 4]);
    const again = await go(second.campaign);
    expect(second.seen.runs).toEqual([4]);
    expect(again.known).toBe(2);
    expect([...again.results.keys()]).toEqual(['2', '3', '4']);
  });

  test('runs as many side by side as it may, and no more', async () => {
    const { campaign, seen } = squares([1, 2, 3, 4, 5], { atOnce: 2 });
    await go(campaign);
    expect(seen.most).toBe(2);
  });

  test('runs once more what is in doubt', async () => {
    await go(squares([1, 2, 3]).campaign);
    const { campaign, seen } = squares([1, 2, 3], { doubts: result => result === 4 });
    const { known, results } = await go(campaign);
    expect({ known, runs: seen.runs }).toEqual({ known: 2, runs: [2] });
    expect(results.get('2')).toBe(4);
  });

  test('asks again after each result', async () => {
    const { campaign, seen } = squares([], {
      next: results => (results.size < 3 ? [0, 1, 2].slice(0, results.size + 1) : [0, 1, 2]),
    });
    await go(campaign);
    expect(seen.runs).toEqual([0, 1, 2]);
  });

  test('starts nothing after its time, and says that it is not complete', async () => {
    const { campaign, seen } = squares([1, 2, 3], { until: performance.now() + 7 });
    const { complete, results } = await go(campaign);
    expect(complete).toBe(false);
    expect(results.size).toBe(seen.runs.length);
    expect(seen.runs.length).toBeLessThan(3);
  });

  test('that fails keeps what was finished, and ends what still ran', async () => {
    const { campaign, seen } = squares([1, 2, 3, 4], { atOnce: 2 });
    const failing: Campaign<number, number> = {
      ...campaign,
      async *run(one, signal, results) {
        if (one === 3) throw new Error('three');
        return yield* campaign.run(one, signal, results);
      },
    };
    await expect(go(failing)).rejects.toThrow('three');
    expect(seen.running).toBe(0);
    const kept = readFileSync(recordFile(), 'utf8').trim().split('\n').length;
    const { known } = await go(campaign);
    expect(known).toBe(kept);
    expect(kept).toBeGreaterThan(0);
  });

  test('a case that takes all slots runs alone, and what is behind it waits with it', async () => {
    const order: string[] = [];
    const { campaign, seen } = squares([1, 2, 10, 3, 4], { atOnce: 2, slotsOf: one => (one === 10 ? 9 : 1) });
    const watched: Campaign<number, number> = {
      ...campaign,
      async *run(one, signal, results) {
        order.push(`${one} beside ${seen.running}`);
        return yield* campaign.run(one, signal, results);
      },
    };
    await go(watched);
    expect(order).toEqual(['1 beside 0', '2 beside 1', '10 beside 0', '3 beside 0', '4 beside 1']);
  });

  test('a case waits for the results it needs, and is given them', async () => {
    const given: (number | undefined)[] = [];
    const { campaign, seen } = squares([3, 1, 2], {
      atOnce: 2,
      ready: (one, results) => one < 3 || results.has('2'),
    });
    await go({
      ...campaign,
      async *run(one, signal, results) {
        if (one === 3) given.push(results.get('1'), results.get('2'));
        return yield* campaign.run(one, signal, results);
      },
    });
    expect(seen.runs).toEqual([1, 2, 3]);
    expect(given).toEqual([1, 4]);
  });

  test('that waits for what nobody brings ends, and says that it is not complete', async () => {
    const { complete, results } = await go(squares([1, 2], { ready: one => one === 1 }).campaign);
    expect(complete).toBe(false);
    expect([...results.keys()]).toEqual(['1']);
  });

  test('known results can be read and forgotten without a run', async () => {
    await go(squares([1, 2, 3]).campaign);
    await forgetResults(workspace, 'squares', new Set(['2', '9']));
    expect([...(await knownResults<number>(workspace, 'squares'))]).toEqual([
      ['1', 1],
      ['3', 9],
    ]);
    const again = squares([1, 2, 3]);
    await go(again.campaign);
    expect(again.seen.runs).toEqual([2]);
    expect([...(await knownResults(workspace, 'nothing'))]).toEqual([]);
  });

  test('opens after a kill in the middle of a line', async () => {
    await go(squares([1, 2]).campaign);
    appendFileSync(recordFile(), '{"key":"3","res');
    const third = squares([1, 2, 3]);
    await go(third.campaign);
    expect(third.seen.runs).toEqual([3]);
    const fourth = squares([1, 2, 3]);
    await go(fourth.campaign);
    expect(fourth.seen.runs).toEqual([]);
  });

  test('stops when it is told to', async () => {
    const controller = new AbortController();
    const { campaign } = squares([1, 2, 3]);
    const work = runCampaign(workspace, campaign, controller.signal);
    await work.next();
    controller.abort();
    await expect(productOf(work)).rejects.toThrow(Interrupted);
  });
});
