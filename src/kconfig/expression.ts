// SPDX-License-Identifier: GPL-2.0-only
/** Kconfig expressions in y/m/n logic (Documentation/kbuild/kconfig-language.rst, "Menu dependencies"). Pure. */

export type Expression =
  | { readonly kind: 'symbol'; readonly name: string }
  | { readonly kind: 'text'; readonly text: string }
  /** $(macro): its value follows from the toolchain, not from the .config. */
  | { readonly kind: 'macro'; readonly text: string }
  | {
      readonly kind: 'compare';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[] };

/** n, m, y; undefined where a macro decides. */
export type Tristate = 0 | 1 | 2 | undefined;

/** The value of a symbol as .config words it, strings without quotes; undefined when Kconfig defines no such symbol. */
export type Values = (name: string) => string | undefined;

function tokens(text: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const plain = /^(\s+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|&&|\|\||!=|<=|>=|[!=<>()]|[\w./-]+)/.exec(rest);
    const token = rest.startsWith('$(') ? macro(rest) : plain?.[0];
    if (token === undefined) throw new SyntaxError(`'${rest}' in '${text}'`);
    if (token.trim()) found.push(token);
    at += token.length;
  }
  return found;
}

function macro(text: string): string | undefined {
  for (let at = 1, depth = 0; at < text.length; at++) {
    if (text[at] === '(') depth++;
    if (text[at] === ')' && --depth === 0) return text.slice(0, at + 1);
  }
  return undefined;
}

/** Reads an expression; undefined when it is none. */
export function parseExpression(text: string): Expression | undefined {
  try {
    const rest = tokens(text);
    const whole = parseOperators(rest, 'or');
    return rest.length === 0 ? whole : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function parseOperators(rest: string[], kind: 'or' | 'and'): Expression {
  const operand = () => (kind === 'or' ? parseOperators(rest, 'and') : parseFactor(rest));
  const of = [operand()];
  while (rest[0] === (kind === 'or' ? '||' : '&&')) {
    rest.shift();
    of.push(operand());
  }
  return of.length === 1 ? of[0]! : { kind, of };
}

function parseFactor(rest: string[]): Expression {
  if (rest[0] === '!') {
    rest.shift();
    return { kind: 'not', of: parseFactor(rest) };
  }
  if (rest[0] === '(') {
    rest.shift();
    const inner = parseOperators(rest, 'or');
    if (rest.shift() !== ')') throw new SyntaxError('missing )');
    return inner;
  }
  const left = parseWord(rest);
  if (!/^(!?=|[<>]=?)$/.test(rest[0] ?? '')) return left;
  return { kind: 'compare', operator: rest.shift()!, left, right: parseWord(rest) };
}

function parseWord(rest: string[]): Expression {
  const word = rest.shift();
  if (word === undefined || /^[^\w$"'.-]/.test(word)) throw new SyntaxError(`unexpected ${word}`);
  if (word.startsWith('$')) return { kind: 'macro', text: word };
  if (/^["']/.test(word)) {
    const text = word.slice(1, -1);
    return text.includes('$(') ? { kind: 'macro', text } : { kind: 'text', text };
  }
  return { kind: 'symbol', name: word };
}

/** The same expression as text, with the parentheses it needs. */
export function formatExpression(expression: Expression): string {
  const inner = (part: Expression) =>
    part.kind === 'and' || part.kind === 'or' ? `(${formatExpression(part)})` : formatExpression(part);
  switch (expression.kind) {
    case 'symbol':
      return expression.name;
    case 'text':
      return `"${expression.text}"`;
    case 'macro':
      return expression.text;
    case 'compare':
      return `${inner(expression.left)} ${expression.operator} ${inner(expression.right)}`;
    case 'not':
      return `!${inner(expression.of)}`;
    default:
      return expression.of.map(inner).join(expression.kind === 'and' ? ' && ' : ' || ');
  }
}

/** Names of the symbols in it, each once. y, m, n and numbers are constants. */
export function symbolsOf(expression: Expression): readonly string[] {
  switch (expression.kind) {
    case 'symbol':
      return /^([ymn]|-?\d+|0x[\da-f]+)$/i.test(expression.name) ? [] : [expression.name];
    case 'compare':
      return [...new Set([...symbolsOf(expression.left), ...symbolsOf(expression.right)])];
    case 'not':
      return symbolsOf(expression.of);
    case 'and':
    case 'or':
      return [...new Set(expression.of.flatMap(symbolsOf))];
    default:
      return [];
  }
}

export function evaluate(expression: Expression, values: Values): Tristate {
  switch (expression.kind) {
    case 'symbol':
      return tristate(textOf(expression, values));
    case 'text':
      return tristate(expression.text);
    case 'macro':
      return undefined;
    case 'not': {
      const inner = evaluate(expression.of, values);
      return inner === undefined ? undefined : ((2 - inner) as Tristate);
    }
    case 'compare': {
      const [left, right] = [textOf(expression.left, values), textOf(expression.right, values)];
      if (left === undefined || right === undefined) return undefined;
      return compare(left, expression.operator, right) ? 2 : 0;
    }
    default: {
      // An unknown operand decides nothing when another one already has: n for &&, y for ||.
      const decisive = expression.kind === 'and' ? 0 : 2;
      const parts = expression.of.map(part => evaluate(part, values));
      if (parts.includes(decisive)) return decisive;
      if (parts.includes(undefined)) return undefined;
      return (expression.kind === 'and' ? Math.min : Math.max)(...(parts as number[])) as Tristate;
    }
  }
}

const tristate = (text: string | undefined): Tristate => (text === 'y' ? 2 : text === 'm' ? 1 : 0);

function textOf(expression: Expression, values: Values): string | undefined {
  if (expression.kind === 'text') return expression.text;
  // A word that no `config` defines stands for itself: 64, 0x1000.
  return expression.kind === 'symbol' ? (values(expression.name) ?? expression.name) : undefined;
}

function compare(left: string, operator: string, right: string): boolean {
  const numbers = [left, right].map(text => (/^(-?\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : Number.NaN));
  const order = numbers.some(Number.isNaN)
    ? Number(left > right) - Number(left < right)
    : Math.sign(numbers[0]! - numbers[1]!);
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    default:
      return order >= 0;
  }
}
