// SPDX-License-Identifier: GPL-2.0-only
/** The values of options as scripts/kconfig reads and writes them (conf_set_sym_val(), sym_string_valid(),
 *  escape_string_value()). Pure. */

export type OptionType = 'bool' | 'tristate' | 'string' | 'int' | 'hex';

const decimal = /^-?(?:0|[1-9]\d*)$/;
const hexadecimal = /^(?:0[xX])?[0-9a-fA-F]+$/;

/** What Kconfig takes from the text behind `=`, in the form it writes: of y, m and n the first letter counts and the
 *  rest is ignored, a string ends at its second quote, a number fills the line. Undefined where no type takes it. */
export function readValue(text: string): string | undefined {
  if (/^[ymn]/.test(text)) return text[0]!;
  if (text.startsWith('"')) return readString(text);
  return decimal.test(text) || hexadecimal.test(text) ? text : undefined;
}

function readString(text: string): string | undefined {
  let content = '';
  for (let at = 1; at < text.length; at++) {
    if (text[at] === '"') return `"${content.replace(/["\\]/g, '\\$&')}"`;
    if (text[at] === '\\') at++;
    content += text[at] ?? '';
  }
  return undefined;
}

/** Whether Kconfig takes a value from the text behind `=`, for an option of that type, or of any where it is not known.
 *  Where it does not, it warns, and the line has no effect. */
export function isTaken(text: string, type?: OptionType): boolean {
  const value = readValue(text);
  if (value === undefined) return false;
  switch (type) {
    case undefined:
      return true;
    case 'bool':
      return value === 'y' || value === 'n';
    case 'tristate':
      return value === 'y' || value === 'm' || value === 'n';
    case 'string':
      return value.startsWith('"');
    case 'int':
      return decimal.test(value);
    case 'hex':
      return hexadecimal.test(value);
  }
}

/** Why no option takes the text behind `=`. */
export function refusal(text: string): string {
  if (text === '') return 'there is no value behind =';
  if (/^\s/.test(text)) return 'a value begins right behind =';
  if (text.startsWith('"')) return 'the string has no closing quote';
  if (/^[YMN]$/.test(text)) return `write ${text.toLowerCase()}`;
  if (/^(?:-?\d+|0[xX][0-9a-fA-F]+)\s/.test(text)) return 'nothing may follow a number, not even a blank';
  return 'it is not y, m, n, a number or a "string"';
}
