// SPDX-License-Identifier: GPL-2.0-only
/** Fragments and .config as data: parse, format, merge, compare (format: Documentation/kbuild/kconfig.rst). Pure. */
import { createHash } from 'node:crypto';
import type { Digest } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { digestOf } from '../host/files.ts';
import type { Fragment, Lost, Redefined } from './kconfig.ts';
import { isTaken, type OptionType, readValue } from './value.ts';

type Option = Fragment['options'][number];

const assignment = /^(CONFIG_[A-Za-z0-9_]+)=(.*)$/s;
const notSet = /^# (CONFIG_[A-Za-z0-9_]+) is not set$/;
/** What a person meant as `is not set` and Kconfig takes for a comment. */
const nearlyNotSet = /^\s*#\s*CONFIG_[A-Za-z0-9_]+\s+is not set\b/;

/** The lines of a text as scripts/kconfig cuts them: at LF, one CR before it dropped, a NUL ends the line. */
const linesOf = (text: string): string[] =>
  text.split('\n').map(line => line.replace(/\r$/, '').replace(/\0.*$/s, ''));

/** One line of a fragment or .config, as conf_read_simple() of scripts/kconfig reads it. The value is what Kconfig
 *  takes from it, 'n' for `is not set`; where it takes nothing, the text as it stands. */
function parseLine(line: string): { name: string; value: string } | undefined {
  const off = notSet.exec(line);
  if (off) return { name: off[1]!, value: 'n' };
  const set = assignment.exec(line);
  return set ? { name: set[1]!, value: readValue(set[2]!) ?? set[2]! } : undefined;
}

/** Reads a fragment as merge_config.sh and olddefconfig do. Names carry CONFIG_; values: y, m, n, 64, 0x1000, "a string".
 *  @throws UserError for a line that Kconfig would warn of and pass over: neither an option, a comment nor blank */
export function parseFragment(text: string, name: string, path = ''): Fragment {
  const options: Option[] = [];
  const remarks: string[] = [];
  for (const [index, line] of linesOf(text).entries()) {
    const where = `${path || name}:${index + 1}`;
    const option = parseLine(line);
    if (option) options.push({ ...option, line: index + 1 });
    else if (nearlyNotSet.test(line)) {
      remarks.push(
        `${where}: '${line}' is a comment to Kconfig, which reads '# CONFIG_X is not set' exactly`,
      );
    } else if (!/^\s*(#|$)/.test(line)) {
      throw new UserError(`${where}: '${shown(line)}' is no line of a kconfig fragment`, {
        hint: "Kconfig reads CONFIG_X=value and '# CONFIG_X is not set', each from the beginning of its line",
      });
    }
  }
  return { name, path, options, remarks };
}

/** A byte order mark or a blank in front is why a line is not read: it has to be seen. */
const shown = (line: string) => line.replace(/\ufeff/g, '\\ufeff');

/** The text kconfig reads back as the same options. */
export function formatFragment(options: readonly Pick<Option, 'name' | 'value'>[]): string {
  return options
    .map(({ name, value }) => (value === 'n' ? `# ${name} is not set\n` : `${name}=${value}\n`))
    .join('');
}

/** Every option a .config gives a value, by name. */
export function parseDotConfig(text: string): ReadonlyMap<string, string> {
  return new Map(
    linesOf(text).flatMap(line => {
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

/** What fragments request together: the last one to name an option wins. */
export interface Merged {
  readonly requested: ReadonlyMap<string, { readonly value: string; readonly fragment: string }>;
  readonly redefined: readonly Redefined[];
}

/** What is known of an option's type, by its name with CONFIG_. */
export type TypeOf = (option: string) => OptionType | undefined;

/** A fragment that names an option takes the place of what those before it said of it, even where its value is none
 *  that the option takes: merge_config.sh removes their lines. Within one fragment the last line that is taken counts. */
export function mergeFragments(fragments: readonly Fragment[], typeOf: TypeOf = () => undefined): Merged {
  const requested = new Map<string, { value: string; fragment: string }>();
  const redefined = new Map<string, Redefined>();
  for (const fragment of fragments) {
    for (const [name, value] of lastTaken(fragment, typeOf)) {
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

function lastTaken({ options }: Fragment, typeOf: TypeOf): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const { name, value } of options) {
    const earlier = values.get(name);
    const type = typeOf(name);
    if (earlier === undefined || isTaken(value, type) || !isTaken(earlier, type)) values.set(name, value);
  }
  return values;
}

/** Compares what is requested with the final .config. An absent option counts as 'n'. */
export function compareWithFinal(
  fragments: readonly Fragment[],
  dotConfig: string,
  typeOf?: TypeOf,
): { readonly redefined: readonly Redefined[]; readonly lost: readonly Lost[] } {
  const { requested, redefined } = mergeFragments(fragments, typeOf);
  const final = parseDotConfig(dotConfig);
  const lost = [...requested].flatMap(([option, { value, fragment }]) => {
    const actual = final.get(option) ?? 'n';
    return actual === value ? [] : [{ option, fragment, requested: value, actual }];
  });
  return { redefined, lost };
}

/** 'CONFIG_X: requested y (base), is n: depends on A && B: B is not set' */
export function formatLost({ option, fragment, requested, actual, because }: Lost): string {
  const is = actual === undefined ? 'does not exist' : `is ${actual}`;
  return `${option}: requested ${requested} (${fragment}), ${is}${because ? `: ${because}` : ''}`;
}

/** 'CONFIG_X: y (base), then m (debug)' */
export function formatRedefined({ option, first, last }: Redefined): string {
  return `${option}: ${first.value} (${first.fragment}), then ${last.value} (${last.fragment})`;
}
