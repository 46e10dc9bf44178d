// SPDX-License-Identifier: GPL-2.0-only
/** The campaign: hostile initrds of every layout on a kernel with the series, each boot judged. A fault is tried again
 *  on the unpatched kernel with the same image: what shows there as well is not the series'. */
import { readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { z } from 'zod';
import { bootQuietly } from '../../boot/quiet.ts';
import { runCampaign } from '../../campaign/runner.ts';
import { flag, list, number, object, text, texts } from '../../document.ts';
import { type Fact, type Milliseconds, millisecondsSchema, type Work } from '../../events.ts';
import { ToolError, UserError } from '../../host/errors.ts';
import { digestOf, scratchFolder, shortDigest } from '../../host/files.ts';
import { buildGuestPrograms } from '../../image/guest.ts';
import { programsArch } from '../../kernel/architecture.ts';
import { prepareKernel } from '../../kernel/prepare.ts';
import type { Workspace } from '../../workspace.ts';
import { type BaseImage, baseImage } from './base.ts';
import { type CaseName, formatCase, generatorVersion, makeCase } from './case.ts';
import { type Fault, faultSchema, sameFault } from './faults.ts';
import type { HarmedImage } from './kinds.ts';
import { findLayout, type Layout, layouts } from './layouts.ts';
import {
  type Bench,
  controlArchive,
  controlPlan,
  givens,
  initrdPlan,
  openBench,
  writeTo,
} from './machine.ts';
import { isBad, verdictOf, verdictSchema } from './verdict.ts';

export const fuzzRequestSchema = object({
  series: text,
  tree: text,
  fragments: texts,
  /** As Machine.id; default: the host's own. */
  arch: text.optional(),
  /** Of each guest. */
  cpus: number,
  seed: number,
  /** Cases of each layout. */
  count: number,
  minutes: number.exactOptional(),
  /** All there are, and of the optional ones those that the tool can make, when none is named. */
  layouts: texts,
});
export type FuzzRequest = z.infer<typeof fuzzRequestSchema>;

/** A small guest, and what checks it. */
export const fuzzFragments = (checks: readonly string[]): readonly string[] => [
  'hostile',
  ...(checks.length > 0 ? checks : ['fuzz']),
];

/** One line of the record. */
export const fuzzResultSchema = object({
  layout: text,
  kind: text,
  did: text,
  end: verdictSchema.unwrap().shape.end,
  message: text,
  /** The first few. */
  faults: list(faultSchema),
  /** What the walker could not do, where it got so far: 'errors=3 first=stat at=/tree/x'. */
  walked: text,
  /** The first lines of the kernel about the initrd and what is mounted from it. */
  said: texts,
  /** Faults: whether the unpatched kernel shows the same. Absent when there is no image to try it with. */
  upstream: flag.exactOptional(),
  /** The other one that it shows instead. */
  instead: faultSchema.unwrap().pick({ message: true, where: true }).readonly().exactOptional(),
  ms: millisecondsSchema,
});
export type FuzzResult = z.infer<typeof fuzzResultSchema>;

export interface Fuzzed {
  readonly request: FuzzRequest;
  readonly release: string;
  readonly layouts: readonly string[];
  readonly results: ReadonlyMap<string, FuzzResult>;
  readonly known: number;
  readonly complete: boolean;
  readonly elapsed: Milliseconds;
  /** Name of the record in campaigns/. */
  readonly record: string;
}

/** What cases are made of and booted on. */
export interface Setting {
  readonly bases: readonly BaseImage[];
  readonly walker: Buffer;
  readonly bench: Bench;
  /** The unpatched kernel. */
  readonly control: Bench;
}

/** Kernels, images and the walker. @throws UserError as prepareKernel(), baseImage() */
export async function* openSetting(
  workspace: Workspace,
  request: Pick<FuzzRequest, 'series' | 'tree' | 'fragments' | 'arch' | 'cpus' | 'layouts'>,
  signal: AbortSignal,
): Work<Setting> {
  const { series, tree, fragments, arch, cpus } = request;
  const asked = { tree, fragments, ...(arch !== undefined && { arch }) };
  const kernel = yield* prepareKernel(workspace, { ...asked, kernel: series }, signal);
  const unpatched = yield* prepareKernel(workspace, { ...asked, kernel: 'base' }, signal);
  const { walker } = yield* buildGuestPrograms(workspace, programsArch(kernel.arch), signal);
  return {
    bases: yield* allBases(workspace, request.layouts, signal),
    walker: await readFile(walker),
    bench: yield* openBench(workspace, kernel, cpus, signal),
    control: yield* openBench(workspace, unpatched, cpus, signal),
  };
}

/** The layouts that any case may use, and those of the optional ones that were named or can be made. */
export async function* allBases(
  workspace: Workspace,
  named: readonly string[],
  signal: AbortSignal,
): Work<BaseImage[]> {
  const bases: BaseImage[] = [];
  for (const layout of layouts) {
    const must = !layout.optional || named.includes(layout.id);
    if (!must && named.length > 0) continue;
    try {
      bases.push(yield* baseImage(workspace, layout, signal));
    } catch (error) {
      if (must || !(error instanceof UserError || error instanceof ToolError)) throw error;
      const message = `no layout ${layout.id}: ${error.message}`;
      yield { job: 'fuzz', type: 'notice', level: 'info', message };
    }
  }
  return bases;
}

/** @throws UserError as openSetting(); what a boot comes to is a result */
export async function* fuzzSeries(
  workspace: Workspace,
  request: FuzzRequest,
  signal: AbortSignal,
): Work<Fuzzed> {
  for (const id of request.layouts) findLayout(id);
  const setting = yield* openSetting(workspace, request, signal);
  return yield* fuzzSetting(workspace, setting, request, signal);
}

/** The same with what it takes at hand. */
export async function* fuzzSetting(
  workspace: Workspace,
  setting: Setting,
  request: FuzzRequest,
  signal: AbortSignal,
): Work<Fuzzed> {
  const chosen = setting.bases.filter(({ layout }) => isChosen(layout, request.layouts));
  const names = Array.from({ length: request.count }, (_, index) =>
    chosen.map(({ layout }) => ({ seed: request.seed, layout: layout.id, index })),
  ).flat();
  const record = recordName(request, setting);
  const started = performance.now();
  const scratch = await scratchFolder('fuzz');
  try {
    const { results, known, complete } = yield* runCampaign<CaseName, FuzzResult>(
      workspace,
      {
        job: `fuzz ${request.series}`,
        record,
        keyOf: formatCase,
        next: () => names,
        run: (name, stop) => runCase(setting, name, scratch, stop),
        // Nobody else has seen it as it is, and what is asked of it may be more than it was.
        doubts: result => isFinding(result) || result.instead !== undefined,
        atOnce: availableParallelism(),
        ...(request.minutes !== undefined && { until: started + request.minutes * 60_000 }),
      },
      signal,
    );
    return {
      request,
      release: setting.bench.kernel.release,
      layouts: chosen.map(({ layout }) => layout.id),
      results,
      known,
      complete,
      elapsed: performance.now() - started,
      record,
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const isChosen = (layout: Layout, named: readonly string[]): boolean =>
  named.length === 0 || named.includes(layout.id);

/** All that decides a result but the case's own name is in it. */
function recordName(
  { series, tree, seed, fragments }: FuzzRequest,
  { bases, walker, bench, control }: Setting,
): string {
  const digest = digestOf({
    generatorVersion,
    kernel: bench.kernel.digest,
    control: control.kernel.digest,
    bases: bases.map(base => base.digest),
    walker: digestOf(walker.toString('hex')),
    memoryMiB: bench.memoryMiB,
    // a record of one CPU is called as it was before there could be more
    ...(bench.cpus > 1 && { cpus: bench.cpus }),
  });
  const config = fragments.at(-1) ?? 'plain';
  return `fuzz-${series}-${tree}-${config}-${seed}-${shortDigest(digest)}`.replaceAll('/', '-');
}

async function* runCase(
  setting: Setting,
  name: CaseName,
  scratch: string,
  signal: AbortSignal,
): Work<FuzzResult> {
  const { bases, walker, bench } = setting;
  const made = makeCase(name, bases, walker);
  const key = formatCase(name);
  const ended = await bootQuietly(
    scratch,
    async folder => initrdPlan(bench, await writeTo(folder, 'initrd', made.initrd), made.initrd.length, key),
    signal,
  );
  const { walked } = bases.find(({ layout }) => layout.id === name.layout)!;
  const verdict = verdictOf(ended, made.expect, walked);
  const upstream =
    verdict.end === 'fault' && made.images
      ? await showsUpstream(setting, made.images, verdict.faults[0]!, scratch, signal)
      : undefined;
  const result: FuzzResult = {
    layout: name.layout,
    kind: made.kind,
    did: made.did.slice(0, 400),
    end: verdict.end,
    message: verdict.message,
    faults: verdict.faults.slice(0, 3),
    walked: walkText(ended.facts),
    said: ended.lines.filter(line => aboutImage.test(line)).slice(0, 6),
    ...upstream,
    ms: ended.ms,
  };
  if (isFinding(result)) {
    const message = `${key} (${made.kind}): ${verdict.end}: ${verdict.message}`;
    yield { job: 'fuzz', type: 'notice', level: 'warning', message };
  }
  return result;
}

function walkText(facts: readonly Fact[]): string {
  const { errors, first, at, cut } = facts.find(({ name }) => name === 'walk')?.values ?? {};
  if (errors === undefined) return '';
  return `errors=${errors}${first ? ` first=${first} at=${at}` : ''}${cut ? ' cut' : ''}`;
}

/** What the unpatched kernel says of the same images, one after another: the same fault, or else the first other one.
 *  It need not be the same: what an image that points behind its own end finds there is not. Each is given in either
 *  way, since how far ahead is read depends on that; and walked from its tree and from its root: where no tree is
 *  found, the walker's second round is left, a third of it. */
async function showsUpstream(
  { control, walker }: Setting,
  images: readonly HarmedImage[],
  fault: Fault,
  scratch: string,
  signal: AbortSignal,
): Promise<Pick<FuzzResult, 'upstream' | 'instead'>> {
  const none = { directories: '', files: '', links: '', others: '', bytes: '', attributes: '', sum: '' };
  const boots = images.flatMap(({ bytes, tree }) =>
    [tree, ''].flatMap(start => givens.map(given => ({ bytes, start, given }))),
  );
  let another: Fault | undefined;
  for (const { bytes, start, given } of boots) {
    const archive = controlArchive(walker, given, bytes);
    const { outcome, lines, facts } = await bootQuietly(
      scratch,
      async folder => {
        const image = { file: await writeTo(folder, 'disk', bytes), bytes: bytes.length };
        const initrd = { file: await writeTo(folder, 'initrd', archive), bytes: archive.length };
        return controlPlan(control, given, { image, initrd, tree: start }, 'control');
      },
      signal,
    );
    const { faults } = verdictOf({ outcome, lines, facts }, 'any', none);
    if (faults.some(other => sameFault(other, fault))) return { upstream: true };
    another ??= faults[0];
  }
  return { upstream: false, ...(another && { instead: { message: another.message, where: another.where } }) };
}

const aboutImage = /^\[.*\b(?:initramfs|Initramfs|initrd|erofs|overlayfs|VFS)\b.*:/;

/** What the series has to answer for: a fault is EROFS's own where the unpatched kernel has one with the same image. */
export const isFinding = ({ end, upstream, instead }: FuzzResult): boolean =>
  isBad(end) && upstream !== true && !instead;
