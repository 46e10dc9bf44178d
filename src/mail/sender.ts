// SPDX-License-Identifier: GPL-2.0-only
/** Who wrote a mail. Lists that may not send under a stranger's address put their own into From, relays do the same, and
 *  archives hide addresses: the person stands in X-Original-From, in Reply-To or in the name. Pure. */
import { addressParser } from 'postal-mime';
import { type Address, parseAddress, sameAddress } from './address.ts';

export interface Sender extends Address {
  /** The address is a list's or hidden: the name alone is the sender's. */
  readonly hidden: boolean;
}

/** A header as it is in the mail, unfolded. */
export interface RawHeader {
  readonly key: string;
  readonly value: string;
}

/** Undefined when From names nobody. */
export function senderOf(headers: readonly RawHeader[]): Sender | undefined {
  const values = (key: string) => headers.filter(header => header.key === key).map(({ value }) => value);
  const from = values('from').flatMap(parsePeople).at(0);
  if (!from) return undefined;
  const lists = listAddresses(values);
  if (!isRelayed(from, lists, values)) return { ...from, hidden: isMasked(from.email) };
  const name = from.name
    .replace(/\s+via\s+\S.*$/i, '')
    .replace(/^'(.*)'$/, '$1')
    .trim();
  const isPerson = (one: Address) => !sameAddress(one, from) && !lists.has(one.email.toLowerCase());
  const named = (one: Address): Sender => ({ name: one.name || name, email: one.email, hidden: false });
  for (const key of ['x-original-from', 'x-google-original-from', 'original-from']) {
    const found = values(key).flatMap(parsePeople).filter(isPerson).at(0);
    if (found) return named(found);
  }
  const replyTo = values('reply-to').flatMap(parsePeople).filter(isPerson);
  const known =
    replyTo.find(one => sameName(one.name, name)) ?? (replyTo.length === 1 ? replyTo[0] : undefined);
  if (known) return named(known);
  // groups.io: developer=example.org@groups.io
  const coded = /^([^=@]+)=([A-Za-z0-9.-]+\.[A-Za-z]{2,})@/.exec(from.email);
  const decoded = coded ? parseAddress(`${coded[1]}@${coded[2]}`) : undefined;
  return decoded ? named(decoded) : { name, email: from.email, hidden: true };
}

/** Whether two mails, or a mail and a tag, are one person's. */
export const sameSender = (a: Address & { hidden?: boolean }, b: Address & { hidden?: boolean }): boolean =>
  sameAddress(a, b)
    ? !a.hidden || sameName(a.name, b.name)
    : Boolean(a.hidden || b.hidden) && sameName(a.name, b.name);

const plainName = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/^([^,]+), ([^,]+)$/, '$2 $1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

const sameName = (a: string, b: string): boolean => plainName(a) !== '' && plainName(a) === plainName(b);

/** People in a header, written as RFC 5322 says, or as pipermail and other archives do: 'user at example.org (Name)'. */
export function parsePeople(value: string): Address[] {
  return addressParser(unmaskAddresses(value), { flatten: true }).flatMap(({ name, address }) => {
    const oneLine = (name ?? '').replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, ' ').replace(/ +/g, ' ');
    const quoted = oneLine.trim().replace(/["\\]/g, '\\$&');
    return parseAddress(`"${quoted}" <${address ?? ''}>`) ?? [];
  });
}

/** 'user at example.org', 'user (a) example.org', 'user () example ! org' to addresses. */
export const unmaskAddresses = (text: string): string =>
  text
    .replace(/([\w.+-]+) (?:at|\(a\)|\[at\]|\(at\)) ((?:[\w-]+\.)+[A-Za-z]{2,})\b/g, '$1@$2')
    .replace(
      /([\w.+-]+) \(\) ((?:[\w-]+ ! )+[A-Za-z]{2,})\b/g,
      (_all, user: string, host: string) => `${user}@${host.replaceAll(' ! ', '.')}`,
    );

/** What an archive shows in place of an address. */
const isMasked = (email: string): boolean => /@x{3,}$|@public\.gmane\.org$|\.\.\.@|@\.\.\./i.test(email);

type Values = (key: string) => readonly string[];

/** Addresses of the list that the mail came over. */
function listAddresses(values: Values): ReadonlySet<string> {
  const found = [
    ...values('list-post').flatMap(value => /mailto:([^>?\s]+)/i.exec(value)?.[1] ?? []),
    ...values('list-id').flatMap(
      value => /<?([\w+-]+)\.([\w.-]+\.\w+)>?\s*$/.exec(value)?.slice(1).join('@') ?? [],
    ),
    ...values('x-beenthere'),
    ...values('x-mailing-list'),
    ...values('mailing-list').flatMap(value => /\blist ([^\s;]+@[^\s;]+)/.exec(value)?.[1] ?? []),
    ...values('sender')
      .flatMap(parsePeople)
      .filter(({ email }) => /-(?:bounces|owner|request)(?:[+=].*)?@/i.test(email))
      .map(({ email }) => email.replace(/-(?:bounces|owner|request)(?:[+=][^@]*)?@/i, '@')),
  ];
  return new Set(found.map(email => email.trim().toLowerCase()));
}

function isRelayed({ name, email }: Address, lists: ReadonlySet<string>, values: Values): boolean {
  if (lists.has(email.toLowerCase())) return true;
  if (/^devnull\+/i.test(email)) return true;
  const via = /\s+via\s+(\S.*)$/i.exec(name)?.[1];
  if (via === undefined) return false;
  if (values('x-original-from').length + values('reply-to').length > 0) return true;
  const word = (text: string) => text.toLowerCase().replace(/[^a-z0-9]+/g, '');
  const at = word(via);
  return at !== '' && (word(email).includes(at) || at.includes(word(email.split('@')[0]!)));
}
