// SPDX-License-Identifier: GPL-2.0-only
/** What a tree's Kconfig files say about each option (Documentation/kbuild/kconfig-language.rst): prompts,
 *  dependencies with those of the menus, ifs and choices around them, and who selects what. */
import path from 'node:path';
import { readIfThere } from '../host/files.ts';
import { type Expression, parseExpression } from './expression.ts';
import type { OptionType } from './value.ts';

/** A condition as written, `A if B` included; no expression when it could not be read. */
export interface Condition {
  readonly text: string;
  readonly expression?: Expression;
}

/** One `config` or `menuconfig`; an option may have several. */
export interface Entry {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  type?: OptionType;
  /** Without a prompt only defaults and selects give it a value. */
  prompt: boolean;
  /** What has to hold for the prompt to be shown, beside the dependencies. */
  readonly promptIf: Condition[];
  readonly dependsOn: Condition[];
  readonly selects: { readonly option: string; readonly condition?: Condition }[];
  /** Options with the same number exclude each other. */
  readonly choice?: number;
}

/** All entries of one architecture, by option name without CONFIG_. */
export type Entries = ReadonlyMap<string, readonly Entry[]>;

/** One statement of a Kconfig file: continuation lines joined, comments and help texts gone. */
export interface Statement {
  readonly line: number;
  readonly word: string;
  readonly rest: string;
}

const indentOf = (line: string) => line.replaceAll('\t', '        ').search(/\S/);

/** Splits a Kconfig file into statements. */
export function parseStatements(text: string): Statement[] {
  const lines = text.split('\n');
  const statements: Statement[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    let whole = lines[at]!;
    while (whole.endsWith('\\') && at + 1 < lines.length)
      whole = `${whole.slice(0, -1).trimEnd()} ${lines[++at]!.trim()}`;
    const match = /^\s*([a-z_]+)(?=[\s"'(!]|$)\s*(.*?)\s*$/.exec(whole);
    if (!match) continue;
    if (match[1] === 'help') {
      at = endOfHelp(lines, at + 1) - 1;
      continue;
    }
    statements.push({ line, word: match[1]!, rest: withoutComment(match[2]!) });
  }
  return statements;
}

/** A help text ends at the first line indented less than its own first line. */
function endOfHelp(lines: readonly string[], from: number): number {
  let at = from;
  while (at < lines.length && indentOf(lines[at]!) < 0) at++;
  const indent = at < lines.length ? indentOf(lines[at]!) : 0;
  if (indent === 0) return at;
  while (at < lines.length && (indentOf(lines[at]!) < 0 || indentOf(lines[at]!) >= indent)) at++;
  return at;
}

function withoutComment(text: string): string {
  return text.replace(/^((?:[^"'#]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*?)\s*#.*$/, '$1');
}

/** `REST if CONDITION` split at the `if` outside quotes. */
function splitIf(text: string): { readonly head: string; readonly condition?: Condition } {
  const match = /^((?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^"'])*?)\s+if\s+(.+)$/.exec(text);
  return match ? { head: match[1]!, condition: conditionOf(match[2]!) } : { head: text };
}

function conditionOf(text: string): Condition {
  const expression = parseExpression(text);
  return expression ? { text, expression } : { text };
}

/** `depends on A if B`: A counts only where B holds. */
function dependencyOf(text: string): Condition {
  const { head, condition } = splitIf(text);
  if (!condition) return conditionOf(head);
  const dependency = parseExpression(head);
  if (!dependency || !condition.expression) return { text };
  return { text, expression: { kind: 'or', of: [{ kind: 'not', of: condition.expression }, dependency] } };
}

interface Block {
  readonly dependsOn: Condition[];
  readonly visibleIf: Condition[];
  readonly choice?: number;
}

/** Reads every Kconfig file that `arch/<srcarch>` sees, from the top one down. */
export async function readEntries(tree: string, srcarch: string): Promise<Entries> {
  const entries = new Map<string, Entry[]>();
  const blocks: Block[] = [];
  let choices = 0;

  async function readKconfig(file: string): Promise<void> {
    const text = await readIfThere(path.join(tree, file));
    // The entry or block that attribute lines belong to; comments have some that nobody needs.
    let entry: Entry | undefined;
    let block: Block | undefined;
    for (const { line, word, rest } of parseStatements(text ?? '')) {
      switch (word) {
        case 'config':
        case 'menuconfig': {
          const choice = blocks.findLast(each => each.choice !== undefined)?.choice;
          entry = {
            name: rest,
            file,
            line,
            prompt: false,
            promptIf: blocks.flatMap(each => each.visibleIf),
            dependsOn: blocks.flatMap(each => each.dependsOn),
            selects: [],
            ...(choice === undefined ? {} : { choice }),
          };
          entries.set(rest, [...(entries.get(rest) ?? []), entry]);
          break;
        }
        case 'menu':
        case 'choice':
        case 'if':
          entry = undefined;
          block = {
            dependsOn: word === 'if' ? [conditionOf(rest)] : [],
            visibleIf: [],
            ...(word === 'choice' ? { choice: ++choices } : {}),
          };
          blocks.push(block);
          break;
        case 'endmenu':
        case 'endchoice':
        case 'endif':
          blocks.pop();
          entry = block = undefined;
          break;
        case 'comment':
          entry = block = undefined;
          break;
        case 'source':
          await readKconfig(pathOf(rest, srcarch));
          break;
        default:
          addAttribute(entry, entry ? undefined : block, word, rest);
      }
    }
  }

  await readKconfig('Kconfig');
  return entries;
}

/** What a `source` names; User-Mode Linux builds with the headers, and so the Kconfig, of an architecture of its own. */
const pathOf = (quoted: string, srcarch: string): string =>
  quoted.replaceAll(/^"|"$/g, '').replaceAll('$(SRCARCH)', srcarch).replaceAll('$(HEADER_ARCH)', 'x86');

function addAttribute(entry: Entry | undefined, block: Block | undefined, word: string, rest: string): void {
  if (word === 'depends') (entry ?? block)?.dependsOn.push(dependencyOf(rest.replace(/^on\s+/, '')));
  else if (word === 'visible') block?.visibleIf.push(conditionOf(rest.replace(/^if\s+/, '')));
  if (!entry) return;
  const { head, condition } = splitIf(rest);
  const type = /^(?:def_)?(bool|tristate|string|int|hex)$/.exec(word)?.[1];
  if (type) entry.type = type as NonNullable<Entry['type']>;
  if (word === 'prompt' || (type === word && /^["']/.test(rest))) {
    entry.prompt = true;
    if (condition) entry.promptIf.push(condition);
  } else if (word === 'select') {
    entry.selects.push({ option: head, ...(condition ? { condition } : {}) });
  }
}
