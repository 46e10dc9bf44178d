// SPDX-License-Identifier: GPL-2.0-only
/** Consoles that were recorded, as what their boots showed, and what a judgement says of them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { consoleParser, lineSplitter } from '../../src/boot/console.ts';
import type { Fact } from '../../src/events.ts';
import type { Judgement, SeriesText, Shown } from '../../src/evidence/verify/requirement.ts';
import { linesOf } from '../../src/evidence/verify/trial.ts';
import { digest } from '../boot/machine.ts';

export const recorded = (name: string) =>
  readFileSync(path.resolve('test/fixtures/verify', `${name}.log`), 'latin1');

/** What the boot of a console showed, as far as the console tells. */
export function shownIn(text: string, more: Partial<Shown> = {}): Shown {
  const console = Buffer.from(text, 'latin1');
  const parser = consoleParser();
  const facts: Fact[] = lineSplitter()
    .push(console)
    .flatMap(line => parser.line(line))
    .flatMap(sign => (sign.type === 'fact' ? [sign.fact] : []));
  const ended = facts.some(({ name }) => name === 'end');
  return {
    run: '20261124T223326-066f',
    outcome: ended ? { kind: 'ready' } : { kind: 'panic', message: 'VFS: Unable to mount root fs' },
    facts,
    lines: linesOf(console),
    memoryMiB: 512,
    options: { BLK_DEV_RAM: 'n' },
    ...more,
  };
}

export const text: SeriesText = {
  series: { name: 's', folder: '/s', patches: [], tree: '7.3', digest: digest('a') },
  added: {},
};
/** The claims that do not hold. */
export const failing = (judgement: Judgement) =>
  'notApplicable' in judgement ? [] : judgement.filter(({ holds }) => !holds).map(({ says }) => says);
