// SPDX-License-Identifier: GPL-2.0-only
/** Elements to text, for SVG and HTML. Text and attributes are data until the moment they are written, and escaped
 *  there; nothing else makes markup. */
import { sanitise } from '../events.ts';

export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  readonly children: readonly Node[];
}

/** `raw` stands as it is: our own style sheets and embedded data. */
export type Node = Element | string | { readonly raw: string };

/** An attribute that is undefined is left out. */
export const h = (tag: string, attributes: Element['attributes'] = {}, ...children: Node[]): Element => ({
  ...{ tag, attributes, children },
});

const entities: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
};

/** Text safe between tags and between quotes, in XML and in HTML. Controls become visible: XML may not have them. */
export function escapeText(text: string): string {
  return text
    .split('\n')
    .map(line => sanitise(wellFormed(line)).replace(/[&<>"']/g, character => entities[character]!))
    .join('\n');
}

/** Halves of surrogate pairs, and what Unicode says is no character, are no text. */
const wellFormed = (text: string): string =>
  text.replace(
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[\ufffe\uffff]/g,
    '\ufffd',
  );

/** Elements that HTML ends by themselves. */
const voids: ReadonlySet<string> = new Set(['br', 'col', 'hr', 'img', 'link', 'meta']);

/** One element a line, indented, where that adds no space to a text. `xml` closes what is empty by itself. */
export function render(node: Node, { xml }: { readonly xml: boolean }, indent = ''): string {
  if (typeof node === 'string') return escapeText(node);
  if ('raw' in node) return node.raw;
  const { tag, children } = node;
  const attributes = Object.entries(node.attributes)
    .flatMap(([name, value]) => (value === undefined ? [] : ` ${name}="${escapeText(String(value))}"`))
    .join('');
  if (children.length === 0) {
    if (xml) return `<${tag}${attributes}/>`;
    return voids.has(tag) ? `<${tag}${attributes}>` : `<${tag}${attributes}></${tag}>`;
  }
  const apart = children.every(child => typeof child !== 'string');
  if (!apart)
    return `<${tag}${attributes}>${children.map(child => render(child, { xml }, indent)).join('')}</${tag}>`;
  const inner = `${indent}  `;
  const lines = children.map(child => `${inner}${render(child, { xml }, inner)}`);
  return [`<${tag}${attributes}>`, ...lines, `${indent}</${tag}>`].join('\n');
}
