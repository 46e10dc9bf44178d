// SPDX-License-Identifier: GPL-2.0-only
/** Kconfig fragments and the .config they end in (formats: Documentation/kbuild/kconfig.rst of the kernel). */
import type { Digest } from '../events.ts';

export interface Fragment {
  /** 'base' for kconfigs/base.config; a path for a user's own file; 'ITEM' texts such as CONFIG_X=y are 'item'. */
  readonly name: string;
  readonly path: string;
  readonly options: readonly { readonly name: string; readonly value: string; readonly line: number }[];
  /** Lines that a person may take for options and Kconfig for comments. */
  readonly remarks: readonly string[];
}

/** An option that two fragments set differently: the later one holds. */
export interface Redefined {
  readonly option: string;
  readonly first: { readonly value: string; readonly fragment: string };
  readonly last: { readonly value: string; readonly fragment: string };
}

/** An option that was requested and is not so in the final .config. */
export interface Lost {
  readonly option: string;
  readonly fragment: string;
  readonly requested: string;
  /** 'n' when it is not set, undefined when Kconfig does not know the option. */
  readonly actual: string | undefined;
  /** Its `depends on`, and which part does not hold, when Kconfig tells. */
  readonly because?: string;
}

export interface Config {
  /** sha256 of the text without its comment header. */
  readonly digest: Digest;
  readonly text: string;
  readonly fragments: readonly string[];
  readonly redefined: readonly Redefined[];
  readonly lost: readonly Lost[];
}
