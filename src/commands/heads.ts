// SPDX-License-Identifier: GPL-2.0-only
/** The heads of the commands: what help, completion and manual pages show of them, as `npm run build` writes it down, so
 *  that no verb has to be loaded for it. */
import { existsSync, readFileSync } from 'node:fs';
import type { AnyCommand, Option, Parameter } from './command.ts';

interface Head extends Pick<AnyCommand, 'id' | 'summary' | 'examples'> {
  readonly positional: readonly Parameter[];
  readonly options: readonly Omit<Option, 'type'>[];
}

export const headsFile = new URL('heads.json', import.meta.url);

export const headsOf = (commands: readonly AnyCommand[]): readonly Head[] =>
  commands.map(({ id, summary, examples, positional, options }) => ({
    ...{ id, summary, examples, positional },
    options: options.map(({ type: _, ...option }) => option),
  }));

/** Commands that cannot be run. Undefined where nothing is built: the sources themselves are what runs. */
export function readHeads(): readonly AnyCommand[] | undefined {
  if (!existsSync(headsFile)) return undefined;
  // written by the same build as this file
  return (JSON.parse(readFileSync(headsFile, 'utf8')) as readonly Head[]).map(commandOf);
}

export function commandOf(head: Head): AnyCommand {
  const notLoaded = (): never => {
    throw new Error(`${head.id} was not loaded`);
  };
  return { ...head, parse: notLoaded, run: notLoaded, text: notLoaded, json: notLoaded };
}
