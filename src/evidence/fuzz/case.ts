// SPDX-License-Identifier: GPL-2.0-only
/** A case by its name, SEED/LAYOUT/INDEX: with the generator's version it alone determines the bytes; pure. */
import { UserError } from '../../host/errors.ts';
import { randomFrom, shuffled } from '../../image/random.ts';
import type { BaseImage } from './base.ts';
import { diceFor } from './dice.ts';
import { intact, type Kind, kinds, type Made } from './kinds.ts';
import { findLayout, layouts } from './layouts.ts';
import { type ImageMap, mapErofs } from './map.ts';

/** Part of the record's name: raise it when a name stands for other bytes. */
export const generatorVersion = 2;

export interface CaseName {
  readonly seed: number;
  readonly layout: string;
  readonly index: number;
}

export interface Case extends Made {
  readonly name: CaseName;
  readonly kind: string;
}

export const formatCase = ({ seed, layout, index }: CaseName): string => `${seed}/${layout}/${index}`;

/** @throws UserError when it is no name of a case */
export function parseCase(text: string): CaseName {
  const match = /^(\d{1,9})\/([\w-]+)\/(\d{1,9})$/.exec(text);
  if (!match) {
    throw new UserError(`'${text}' is not a case`, { hint: 'write SEED/LAYOUT/INDEX, as in 1/plain/17' });
  }
  return { seed: Number(match[1]), layout: findLayout(match[2]!).id, index: Number(match[3]) };
}

/** Every kind as often as its weight says, mixed: a few cases have many kinds. */
function cycleOf(seed: number): readonly Kind[] {
  return shuffled(
    kinds.flatMap(kind => Array.from({ length: kind.weight }, () => kind)),
    randomFrom(seed, 0x6b696e64),
  );
}

/** The first of each layout is undamaged. The layouts start at different places of the cycle. */
export function kindOf({ seed, layout, index }: CaseName): Kind {
  if (index === 0) return intact;
  const cycle = cycleOf(seed);
  const place = layouts.findIndex(({ id }) => id === layout);
  return cycle[(index - 1 + Math.floor((place * cycle.length) / layouts.length)) % cycle.length]!;
}

const maps = new WeakMap<Buffer, ImageMap>();

function mapOf(image: Buffer): ImageMap {
  const known = maps.get(image) ?? mapErofs(image);
  maps.set(image, known);
  return known;
}

/** `bases`: those of all layouts that take part in any campaign, since a case may hold two images. */
export function makeCase(name: CaseName, bases: readonly BaseImage[], walker: Buffer): Case {
  const base = bases.find(({ layout }) => layout.id === name.layout)!;
  const dice = diceFor(formatCase(name));
  const kind = kindOf(name);
  const others = bases
    .filter(({ layout }) => !layout.optional)
    .map(({ bytes }) => ({ bytes, map: mapOf(bytes) }));
  const made = kind.make({ dice, image: base.bytes, map: mapOf(base.bytes), others, walker });
  return { ...made, name, kind: kind.id };
}
