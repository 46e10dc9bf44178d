// SPDX-License-Identifier: GPL-2.0-only
/** Hostile images on the patched kernel: a short run of the campaign that `initbench series fuzz` makes long. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kindOf, parseCase } from '../../src/evidence/fuzz/case.ts';
import {
  type Fuzzed,
  fuzzFragments,
  type FuzzRequest,
  fuzzSetting,
  isFinding,
  openSetting,
  type Setting,
} from '../../src/evidence/fuzz/fuzz.ts';
import { layouts } from '../../src/evidence/fuzz/layouts.ts';
import { hostArch } from '../../src/kernel/architecture.ts';
import { ended, everything, request, signal, workspace } from './house.ts';

/** Seven of six layouts take less than a minute. */
const perLayout = 7;
const must = layouts.filter(({ optional }) => !optional).map(({ id }) => id);

/** A record of its own: what an earlier run of the tests found is no answer. */
const fresh = { ...workspace, state: mkdtempSync(path.join(tmpdir(), 'initbench-fuzz-state-')) };
afterAll(() => rmSync(fresh.state, { recursive: true, force: true }));

function asked(more: Partial<FuzzRequest> = {}): FuzzRequest {
  const { series, tree, fragments } = request();
  return {
    series,
    tree,
    fragments,
    arch: undefined,
    cpus: 1,
    seed: 1,
    count: perLayout,
    layouts: must,
    ...more,
  };
}

describe('a few hostile images of each layout', () => {
  let setting: Setting;
  let fuzzed: Fuzzed;
  beforeAll(async () => {
    setting = (await ended(openSetting(workspace, asked(), signal))).product;
    fuzzed = (await ended(fuzzSetting(fresh, setting, asked(), signal))).product;
  });

  test('come to a defined end, each of them', () => {
    const findings = [...fuzzed.results].filter(([, result]) => isFinding(result));
    expect(findings.map(([key, { end, message }]) => `${key}: ${end}: ${message}`)).toEqual([]);
    expect(fuzzed.results.size).toBe(perLayout * must.length);
    expect(fuzzed.complete).toBe(true);
  });

  test('among them the sound one of each layout, read to the last byte', () => {
    for (const layout of must) expect(fuzzed.results.get(`1/${layout}/0`)).toMatchObject({ end: 'ready' });
  });

  test('archives with an image inside are archives, broken images are no root', () => {
    const of = (kind: string) =>
      [...fuzzed.results].filter(([key]) => kindOf(parseCase(key)).id === kind).map(([, result]) => result);
    for (const { end } of of('nested-magic')) expect(end).toBe('rootfs');
    for (const { end, did } of of('truncated')) if (!did.includes('behind')) expect(end).not.toBe('ready');
  });

  test('are known the next time', async () => {
    const again = (await ended(fuzzSetting(fresh, setting, asked(), signal))).product;
    expect(again.known).toBe(perLayout * must.length);
  });

  test('a judge that expects other bytes finds fault with a sound image', async () => {
    const bases = setting.bases.map(base => ({
      ...base,
      digest: `${base.digest} expected otherwise`,
      walked: { ...base.walked, sum: '0123456789abcdef' },
    }));
    const { product } = await ended(
      fuzzSetting(fresh, { ...setting, bases }, asked({ count: 1, layouts: ['plain'] }), signal),
    );
    const [result] = product.results.values();
    expect(isFinding(result!)).toBe(true);
    expect(result!.message).toContain('not 0123456789abcdef');
  });
});

test.runIf(everything && hostArch() === 'x86_64')(
  'on User-Mode Linux: the same ends as under QEMU, fault for fault',
  async () => {
    const wanted = asked({ fragments: fuzzFragments([]), count: 15, seed: 1 });
    const resultsOn = async (arch: string | undefined) => {
      const setting = (await ended(openSetting(workspace, { ...wanted, arch }, signal))).product;
      return (await ended(fuzzSetting(fresh, setting, { ...wanted, arch }, signal))).product.results;
    };
    const [um, qemu] = [await resultsOn('um'), await resultsOn(undefined)];
    expect([...um.values()].filter(isFinding)).toEqual([]);
    const ends = (results: typeof um) => Object.fromEntries([...results].map(([key, { end }]) => [key, end]));
    expect(ends(um)).toEqual(ends(qemu));
    expect(Object.values(ends(um))).toContain('fault');
  },
);

test.runIf(everything)(
  'with all assertions of EROFS: nothing that the unpatched kernel has not',
  async () => {
    const wanted = asked({ fragments: fuzzFragments([]), count: 40, seed: 2 });
    const setting = (await ended(openSetting(workspace, wanted, signal))).product;
    const { product } = await ended(fuzzSetting(fresh, setting, wanted, signal));
    expect([...product.results.values()].filter(isFinding)).toEqual([]);
  },
);
