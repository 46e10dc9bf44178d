// SPDX-License-Identifier: GPL-2.0-only
/** Kconfig fragments and the .config they end in (formats: Documentation/kbuild/kconfig.rst of the kernel). */
import type { z } from 'zod';
import { list, object, text, texts } from '../document.ts';
import { digestSchema } from '../events.ts';

export interface Fragment {
  /** 'base' for kconfigs/base.config; a path for a user's own file; 'ITEM' texts such as CONFIG_X=y are 'item'. */
  readonly name: string;
  readonly path: string;
  readonly options: readonly { readonly name: string; readonly value: string; readonly line: number }[];
  /** Lines that a person may take for options and Kconfig for comments. */
  readonly remarks: readonly string[];
}

/** An option that two fragments set differently: the later one holds. */
const redefinedSchema = object({
  option: text,
  first: object({ value: text, fragment: text }),
  last: object({ value: text, fragment: text }),
});
export type Redefined = z.infer<typeof redefinedSchema>;

/** An option that was requested and is not so in the final .config. */
const lostSchema = object({
  option: text,
  fragment: text,
  requested: text,
  /** 'n' when it is not set, undefined when Kconfig does not know the option. */
  actual: text.optional(),
  /** Its `depends on`, and which part does not hold, when Kconfig tells. */
  because: text.exactOptional(),
});
export type Lost = z.infer<typeof lostSchema>;

export const configSchema = object({
  /** sha256 of the text without its comment header. */
  digest: digestSchema,
  text,
  fragments: texts,
  redefined: list(redefinedSchema),
  lost: list(lostSchema),
});
export type Config = z.infer<typeof configSchema>;
