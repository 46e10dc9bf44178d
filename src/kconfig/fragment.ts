// SPDX-License-Identifier: GPL-2.0-only
/** Fragments and .config as data: parse, format, merge, compare (format: Documentation/kbuild/kconfig.rst). Pure. */
import { createHash } from 'node:crypto';
import type { Digest } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { digestOf } from '../host/files.ts';
import type { Fragment, Lost, Redefined } from './kconfig.ts';

type Option = Fragment['options'][number];

const assignment = /^(CONFIG_[A-Za-z0-9_]+)=(.*)$/;
const notSet = /^# (CONFIG_[A-Za-z0-9_]+) is not set$/;

/** One line of a fragment or .config; values as written there, 'n' for `is not set`. */
function parseLine(line: string): { name: string; value: string } | undefined {
  const text = line.trimEnd();
  const off = notSet.exec(text);
  if (off) return { name: off[1]!, value: 'n' };
  const set = assignment.exec(text);
  return set ? { name: set[1]!, value: set[2]! } : undefined;
}

/** Reads a fragment. Names carry CONFIG_, values are exact: y, m, n, 64, 0x1000, "a string".
 *  @throws UserError for a line that is neither an option, a comment nor blank */
export function parseFragment(text: string, name: string, path = ''): Fragment {
  const options: Option[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const option = parseLine(line);
    if (option) options.push({ ...option, line: index + 1 });
    else if (!/^\s*(#|$)/.test(line)) {
      throw new UserError(`${path || name}:${index + 1}: '${line.trim()}' is no line of a kconfig fragment`, {
        hint: "write CONFIG_X=value or '# CONFIG_X is not set'",
      });
    }
  }
  return { name, path, options };
}

/** The text kconfig reads back as the same options. */
export function formatFragment(options: readonly Pick<Option, 'name' | 'value'>[]): string {
  return options
    .map(({ name, value }) => (value === 'n' ? `# ${name} is not set\n` : `${name}=${value}\n`))
    .join('');
}

/** Every option a .config gives a value, by name. */
export function parseDotConfig(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\n').flatMap(line => {
      const option = parseLine(line);
      return option ? [[option.name, option.value] as const] : [];
    }),
  );
}

/** How many options are built in or modules; grows with what there is to compile. */
export function enabledOptions(dotConfig: string): number {
  return dotConfig.match(/^CONFIG_\w+=[ym]$/gm)?.length ?? 0;
}

/** sha256 of a .config without its comment header, which names the tool's version and nothing the build reads. */
export function configDigest(dotConfig: string): Digest {
  const lines = dotConfig.split('\n');
  const first = lines.findIndex(line => parseLine(line) !== undefined);
  return createHash('sha256')
    .update(lines.slice(Math.max(first, 0)).join('\n'))
    .digest('hex');
}

/** Over the options of fragments in order; neither names nor comments count. */
export function fragmentsDigest(fragments: readonly Fragment[]): Digest {
  return digestOf(fragments.map(({ options }) => options.map(({ name, value }) => [name, value])));
}

/** What fragments ask for together: the last one to name an option wins. */
export interface Merged {
  readonly requested: ReadonlyMap<string, { readonly value: string; readonly fragment: string }>;
  readonly redefined: readonly Redefined[];
}

export function mergeFragments(fragments: readonly Fragment[]): Merged {
  const requested = new Map<string, { value: string; fragment: string }>();
  const redefined = new Map<string, Redefined>();
  for (const fragment of fragments) {
    for (const { name, value } of fragment.options) {
      const last = { value, fragment: fragment.name };
      const first = requested.get(name);
      if (first && first.value !== value) {
        redefined.set(name, { option: name, first: redefined.get(name)?.first ?? first, last });
      }
      requested.set(name, last);
    }
  }
  return { requested, redefined: [...redefined.values()] };
}

/** Holds what was asked for against the final .config. An absent option counts as 'n'. */
export function compareWithFinal(
  fragments: readonly Fragment[],
  dotConfig: string,
): { readonly redefined: readonly Redefined[]; readonly lost: readonly Lost[] } {
  const { requested, redefined } = mergeFragments(fragments);
  const final = parseDotConfig(dotConfig);
  const lost = [...requested].flatMap(([option, { value, fragment }]) => {
    const actual = final.get(option) ?? 'n';
    return actual === value ? [] : [{ option, fragment, requested: value, actual }];
  });
  return { redefined, lost };
}

/** 'CONFIG_X: asked for y (base), is n: depends on A && B: B is not set' */
export function formatLost({ option, fragment, requested, actual, because }: Lost): string {
  const is = actual === undefined ? 'does not exist' : `is ${actual}`;
  return `${option}: asked for ${requested} (${fragment}), ${is}${because ? `: ${because}` : ''}`;
}

/** 'CONFIG_X: y (base), then m (debug)' */
export function formatRedefined({ option, first, last }: Redefined): string {
  return `${option}: ${first.value} (${first.fragment}), then ${last.value} (${last.fragment})`;
}
