// SPDX-License-Identifier: GPL-2.0-only
/** All commands, whole, in the order the help shows them. */
import type { AnyCommand } from './command.ts';
import { verbs } from './verbs.ts';

export const commands: readonly AnyCommand[] = await Promise.all(verbs.map(verb => verb.load()));
