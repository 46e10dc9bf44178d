// SPDX-License-Identifier: GPL-2.0-only
/** Why an option is not what a fragment requested, as far as Kconfig files and the final .config tell. Pure. */
import type { Condition, Entries, Entry } from './entries.ts';
import { type Expression, evaluate, formatExpression, symbolsOf, type Values } from './expression.ts';
import { compareWithFinal, parseDotConfig } from './fragment.ts';
import type { Fragment, Lost } from './kconfig.ts';
import { isTaken, type OptionType, readValue, refusal } from './value.ts';

/** What of the fragments is not so in the final .config, now that the options' types are known, with reasons. */
export function explainAll(fragments: readonly Fragment[], dotConfig: string, entries: Entries): Lost[] {
  const typeOf = (option: string) => typeIn(entries.get(option.replace(/^CONFIG_/, '')));
  const final = parseDotConfig(dotConfig);
  const { lost } = compareWithFinal(fragments, dotConfig, typeOf);
  return lost.map(each => explainLost(each, entries, final));
}

const typeIn = (definitions: readonly Entry[] | undefined): OptionType | undefined =>
  definitions?.find(({ type }) => type)?.type;

/** The lost option with its reason; `actual` becomes undefined when Kconfig has no such option. */
export function explainLost(lost: Lost, entries: Entries, dotConfig: ReadonlyMap<string, string>): Lost {
  const name = lost.option.replace(/^CONFIG_/, '');
  const definitions = entries.get(name);
  if (!definitions) {
    const near = nearNames(name, [...entries.keys()]);
    const because = `Kconfig has no ${name}${near.length > 0 ? `; there is ${near.join(', ')}` : ''}`;
    return { ...lost, actual: undefined, because };
  }
  const values = valuesOf(entries, dotConfig);
  const because =
    notTaken(lost.requested, typeIn(definitions)) ??
    (lost.requested === 'n'
      ? (selectedBy(name, entries, values) ?? notShown(definitions, values))
      : (unmetOf(definitions, lost.requested, values) ??
        notShown(definitions, values) ??
        excludedBy(definitions, entries, dotConfig) ??
        outOfReach(lost, definitions, values)));
  return because === undefined ? lost : { ...lost, because };
}

/** Values of symbols in the .config, without quotes; '' or 'n' for those that Kconfig knows and that are absent. */
function valuesOf(entries: Entries, dotConfig: ReadonlyMap<string, string>): Values {
  return name => {
    const value = dotConfig.get(`CONFIG_${name}`);
    if (value !== undefined) return value.replaceAll(/^"|"$/g, '');
    const type = entries.get(name)?.find(entry => entry.type)?.type;
    return type === 'string' || type === 'int' || type === 'hex' ? '' : type && 'n';
  };
}

/** The first condition of the definition that comes nearest which does not hold. */
function unmetOf(definitions: readonly Entry[], requested: string, values: Values): string | undefined {
  const needed = requested === 'y' && definitions.every(entry => entry.type === 'tristate') ? 2 : 1;
  const reasons = definitions.map(entry => failing(entry.dependsOn, needed, values));
  if (reasons.some(reason => reason.length === 0)) return undefined;
  const nearest = reasons.reduce((best, each) => (each.length < best.length ? each : best));
  return nearest.map(({ condition, parts }) => `depends on ${condition.text}: ${parts}`).join('; ');
}

function failing(conditions: readonly Condition[], needed: 1 | 2, values: Values) {
  return conditions.flatMap(condition => {
    const parts = condition.expression ? unmetParts(condition.expression, needed, values) : [];
    return parts.length > 0 ? [{ condition, parts: parts.join(', ') }] : [];
  });
}

/** The parts of an expression that keep it below n+needed, each with the values it has. */
export function unmetParts(expression: Expression, needed: 1 | 2, values: Values): string[] {
  const value = evaluate(expression, values);
  if (value === undefined || value >= needed) return [];
  if (expression.kind === 'and') return expression.of.flatMap(part => unmetParts(part, needed, values));
  const found = symbolsOf(expression)
    .map(name => stateOf(name, values(name)))
    .join(', ');
  return expression.kind === 'symbol'
    ? [found]
    : [`${formatExpression(expression)} does not hold (${found})`];
}

function stateOf(name: string, value: string | undefined): string {
  if (value === undefined) return `${name} does not exist here`;
  if (value === 'n' || value === '') return `${name} is not set`;
  return `${name} is ${value}`;
}

function selectedBy(name: string, entries: Entries, values: Values): string | undefined {
  const selectors = [...entries.values()].flat().filter(entry => {
    if (!evaluate({ kind: 'symbol', name: entry.name }, values)) return false;
    return entry.selects.some(
      ({ option, condition }) =>
        option === name && (!condition?.expression || evaluate(condition.expression, values) !== 0),
    );
  });
  const names = [...new Set(selectors.map(entry => entry.name))];
  return names.length > 0 ? `selected by ${names.join(', ')}` : undefined;
}

function notShown(definitions: readonly Entry[], values: Values): string | undefined {
  const prompted = definitions.filter(entry => entry.prompt);
  if (prompted.length === 0) return 'has no prompt: only defaults and other options (select) set it';
  const reasons = prompted.map(entry => failing([...entry.promptIf, ...entry.dependsOn], 1, values));
  if (reasons.some(reason => reason.length === 0)) return undefined;
  return reasons[0]!
    .map(({ condition, parts }) => `can be chosen only if ${condition.text}: ${parts}`)
    .join('; ');
}

function excludedBy(
  definitions: readonly Entry[],
  entries: Entries,
  dotConfig: ReadonlyMap<string, string>,
): string | undefined {
  const choices = new Set(definitions.map(entry => entry.choice).filter(choice => choice !== undefined));
  if (choices.size === 0) return undefined;
  const chosen = [...entries.values()]
    .flat()
    .find(
      entry =>
        entry.choice !== undefined &&
        choices.has(entry.choice) &&
        dotConfig.get(`CONFIG_${entry.name}`) === 'y',
    );
  return chosen && `one of a choice: ${chosen.name} is set`;
}

/** Why Kconfig takes no value from what stands behind `=`. */
function notTaken(requested: string, type: OptionType | undefined): string | undefined {
  if (isTaken(requested, type)) return undefined;
  if (type === 'string' && !requested.startsWith('"')) return 'it is a string: the value goes in "quotes"';
  const value = readValue(requested);
  if (value === undefined) return `Kconfig does not take that value: ${refusal(requested)}`;
  if (type === 'bool' && value === 'm') return 'it is a bool: it cannot be a module';
  return `it is ${type === 'int' ? 'an int' : type === 'hex' ? 'a hex number' : `a ${type}`}`;
}

function outOfReach(lost: Lost, definitions: readonly Entry[], values: Values): string | undefined {
  const type = typeIn(definitions);
  if (lost.requested === 'm' && values('MODULES') !== 'y') return 'modules need MODULES: MODULES is not set';
  if (type === 'int' || type === 'hex')
    return `it is ${type === 'int' ? 'an int' : 'a hex number'}: see its range`;
  return undefined;
}

/** Up to three known names within two edits of a name that is not known. */
export function nearNames(name: string, known: readonly string[]): readonly string[] {
  return known
    .map(each => ({ each, distance: editDistance(name, each, 2) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance || (a.each < b.each ? -1 : 1))
    .slice(0, 3)
    .map(({ each }) => each);
}

function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    if (Math.min(...next) > limit) return limit + 1;
    row = next;
  }
  return row[b.length]!;
}
