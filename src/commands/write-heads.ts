// SPDX-License-Identifier: GPL-2.0-only
/** A step of the build: writes the heads of the commands beside them. */
import { writeFileSync } from 'node:fs';
import { headsFile, headsOf } from './heads.ts';
import { commands } from './index.ts';

writeFileSync(headsFile, JSON.stringify(headsOf(commands)));
