// SPDX-License-Identifier: GPL-2.0-only
/** One mail address with a name: read from what people write, written as RFC 5322 and RFC 2047 want it. Pure. */
import { UserError } from '../host/errors.ts';

export interface Address {
  /** Decoded; empty when there is none. */
  readonly name: string;
  /** 'user@host' */
  readonly email: string;
}

/** 'Jörg <j@example.org>', '"A, B" <a@example.org>', 'a@example.org'; undefined when it is none, or more than one. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:"((?:[^"\\]|\\.)*)"|([^<>"]*?))\s*<([^<>]*)>$/.exec(text.trim());
  const email = (match ? match[3]! : text).trim();
  const name = (match?.[1]?.replace(/\\(.)/g, '$1') ?? match?.[2] ?? '').trim();
  if (!isEmail(email) || hasControl(name)) return undefined;
  return { name, email };
}

/** @throws UserError when it is none */
export function readAddress(text: string, where: string): Address {
  const address = parseAddress(text);
  if (address) return address;
  throw new UserError(`${where}: '${text}' is not an address`, {
    hint: "write 'Name <user@example.org>' or 'user@example.org'",
  });
}

/** No blanks, brackets, commas or control characters: nothing that ends a header or makes two addresses of one. */
const isEmail = (text: string): boolean =>
  text.length <= 254 &&
  /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text);

const hasControl = (text: string): boolean => /[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(text);

/** As people read it: 'Jörg <j@example.org>'. */
export function formatAddress({ name, email }: Address): string {
  if (name === '') return email;
  return /[,;:"<>@()[\]\\.#]/.test(name)
    ? `"${name.replace(/["\\]/g, '\\$&')}" <${email}>`
    : `${name} <${email}>`;
}

/** As a header has it: ASCII only. */
export const encodeAddress = ({ name, email }: Address): string =>
  isAscii(name) ? formatAddress({ name, email }) : `${encodeWords(name)} <${email}>`;

export const sameAddress = (a: Pick<Address, 'email'>, b: Pick<Address, 'email'>): boolean =>
  a.email.toLowerCase() === b.email.toLowerCase();

export const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

/** RFC 2047: 'q' words of at most 75 characters, whole characters in each; ASCII text stays as it is. */
export function encodeWords(text: string): string {
  if (isAscii(text)) return text;
  const words: string[] = [];
  let word = '';
  for (const character of text) {
    const coded = /^[A-Za-z0-9!*+/-]$/.test(character)
      ? character
      : character === ' '
        ? '_'
        : [...Buffer.from(character)]
            .map(byte => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`)
            .join('');
    if (word.length + coded.length > 75 - '=?UTF-8?q??='.length) {
      words.push(word);
      word = '';
    }
    word += coded;
  }
  return [...words, word].map(each => `=?UTF-8?q?${each}?=`).join(' ');
}
