// SPDX-License-Identifier: GPL-2.0-only
/** A flame graph as SVG: what called lies below what was called, as wide as the time it took; the order from left to
 *  right says nothing. Names that do not fit are in the tooltips. */
import { h, type Node } from '../markup.ts';
import type { FrameKind, Profile, Stack } from '../profile.ts';
import { byKind, perBoot } from '../profile.ts';
import { fillOf, round, sheet, textAt, textWidth } from './svg.ts';

const width = 1200;
const line = 17;
const margin = 12;
/** What is narrower cannot be seen. */
const leastWidth = 0.4;

const colours: Readonly<Record<FrameKind, number>> = { kernel: 0, program: 2, host: 1, library: 5 };
const words: Readonly<Record<FrameKind, string>> = {
  kernel: "the guest's kernel",
  program: 'programs in the guest',
  host: "the host's kernel",
  library: "the host's libraries",
};

interface Box {
  readonly name: string;
  readonly kind: FrameKind;
  readonly samples: number;
  readonly depth: number;
  /** Samples to the left of it. */
  readonly from: number;
}

/** Stacks side by side that share their first functions share these boxes. */
export function boxesOf(stacks: readonly Stack[]): Box[] {
  const boxes: Box[] = [];
  const walk = (some: readonly Stack[], depth: number, start: number): void => {
    const children = new Map<string, Stack[]>();
    for (const stack of some) {
      const frame = stack.frames[depth];
      if (!frame) continue;
      const key = `${frame.name} ${frame.kind}`;
      children.set(key, [...(children.get(key) ?? []), stack]);
    }
    let from = start;
    for (const own of children.values()) {
      const { name, kind } = own[0]!.frames[depth]!;
      const samples = own.reduce((sum, stack) => sum + stack.samples, 0);
      boxes.push({ name, kind, samples, depth, from });
      walk(own, depth + 1, from);
      from += samples;
    }
  };
  walk(stacks, 0, 0);
  return boxes;
}

export function flameGraph(profile: Profile, caption: readonly string[]): string {
  const { row, boots, samples, stacks } = profile;
  const unit = (width - 2 * margin) / Math.max(1, samples);
  const boxes = boxesOf(stacks).filter(box => box.samples * unit >= leastWidth);
  const height = (1 + Math.max(0, ...boxes.map(({ depth }) => depth))) * line + 30;
  const counts = byKind(profile);
  const kinds = (Object.keys(words) as FrameKind[]).filter(kind => boxes.some(box => box.kind === kind));
  let at = margin;
  const legend = kinds.flatMap(kind => {
    const text = `${words[kind]} ${perBoot(profile, counts[kind]).toFixed(2)} ms`;
    const x = at;
    at += textWidth(text) + 40;
    return [
      h('rect', { class: fillOf(colours[kind]), x, y: height - 16, width: 12, height: 12 }),
      textAt(x + 18, height - 6, text, {}),
    ];
  });
  return sheet({
    title: `${row}: ${perBoot(profile, samples).toFixed(2)} ms of a boot, ${samples} samples of ${boots} boots`,
    caption,
    width,
    height,
    drawing: [...boxes.map(box => drawn(box, profile, unit, height - 30)), ...legend],
  });
}

function drawn(
  { name, kind, samples, depth, from }: Box,
  profile: Profile,
  unit: number,
  bottom: number,
): Node {
  const x = margin + from * unit;
  const length = samples * unit;
  const y = bottom - (depth + 1) * line;
  const most = Math.floor((length - 6) / 8.2);
  const label = most < 3 ? '' : name.length <= most ? name : `${name.slice(0, most - 1)}…`;
  const percent = ((100 * samples) / profile.samples).toFixed(1);
  return h(
    'g',
    {},
    h('title', {}, `${name}: ${perBoot(profile, samples).toFixed(3)} ms of a boot, ${percent}%`),
    h('rect', {
      ...{ x: round(x), y, width: round(Math.max(leastWidth, length - 0.5)), height: line - 1 },
      ...{ class: fillOf(colours[kind]), 'fill-opacity': depth % 2 === 0 ? 0.35 : 0.25 },
    }),
    ...(label === '' ? [] : [textAt(round(x + 3), y + 12, label, {})]),
  );
}
