// SPDX-License-Identifier: GPL-2.0-only
/** patches/<series>/recipients: who gets which mail and why, one a line, for a person to edit. What was edited stays when
 *  the rest is found again. Pure. */
import { UserError } from '../host/errors.ts';
import { type Address, formatAddress, parseAddress, sameAddress } from '../mail/address.ts';

/** '-': found, and left out by hand. */
export type RecipientKind = 'to' | 'cc' | '-';

export interface Recipient {
  readonly kind: RecipientKind;
  readonly address: Address;
  /** Numbers of patches; 'all' for every mail. The cover letter goes to everybody. */
  readonly patches: readonly number[] | 'all';
  /** 'maintainer:EROFS FILE SYSTEM', 'Reported-by'; empty for who was added by hand. */
  readonly reason: string;
}

export interface Recipients {
  /** The patches that they were found for; undefined when nobody looked yet. */
  readonly digest?: string;
  readonly list: readonly Recipient[];
  /** What get_maintainer.pl printed beside addresses, for a person to see to. */
  readonly unread?: readonly string[];
}

const head = `# Who gets which mail, and why. Edit it: what stands here is what is used.
#   to | cc | -   '-' leaves somebody out, also when the list is made again
#   patches       1,4-7 or *; the cover letter goes to everybody
# Whoever is added without a reason, and every word in the first column, stays.
`;

const unreadMark = '#? ';
const unreadHead = `
# get_maintainer.pl printed these lines, too, which name no address. Write them as recipients, or remove them:
`;

/** @throws UserError with the line that cannot be read */
export function parseRecipients(text: string, file: string): Recipients {
  const list: Recipient[] = [];
  const unread: string[] = [];
  let digest: string | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    digest ??= /^# patches ([0-9a-f]{12,64})$/.exec(line)?.[1];
    if (line.startsWith(unreadMark)) unread.push(line.slice(unreadMark.length));
    if (line === '' || line.startsWith('#')) continue;
    const match =
      /^(to|cc|-)\s+(\*|[\d,-]+)\s+((?:"(?:[^"\\]|\\.)*"\s*)?(?:[^#]|(?<=\S)#)*?)(?:\s+#\s*(.*))?$/i.exec(
        line,
      );
    const address = match ? parseAddress(match[3]!) : undefined;
    const patches = match?.[2] === '*' ? 'all' : parseNumbers(match?.[2] ?? '');
    if (!match || !address || patches === undefined) {
      throw new UserError(`${file}:${index + 1}: '${line}' is not a recipient`, {
        hint: "write: to|cc|- PATCHES ADDRESS # REASON, as in: cc 1,4-7 Name <user@example.org>; PATCHES may be '*'",
      });
    }
    if (list.some(one => sameAddress(one.address, address))) {
      throw new UserError(`${file}:${index + 1}: ${address.email} is there twice`, { hint: 'take one out' });
    }
    list.push({ kind: match[1]!.toLowerCase() as RecipientKind, address, patches, reason: match[4] ?? '' });
  }
  return { list, ...(unread.length > 0 && { unread }), ...(digest === undefined ? {} : { digest }) };
}

export function formatRecipients({ digest, list, unread = [] }: Recipients): string {
  const cells = list.map(one => [
    one.kind,
    one.patches === 'all' ? '*' : formatNumbers(one.patches),
    formatAddress(one.address),
  ]);
  const wide = [0, 1, 2].map(column => Math.max(0, ...cells.map(row => row[column]!.length)));
  const lines = cells.map((row, index) => {
    const reason = list[index]!.reason === '' ? '' : `  # ${list[index]!.reason}`;
    return `${row.map((cell, column) => cell.padEnd(wide[column]!)).join('  ')}${reason}`.trimEnd();
  });
  const top = `${head}${digest === undefined ? '' : `# patches ${digest}\n`}`;
  return `${top}\n${lines.join('\n')}\n${unread.length === 0 ? '' : unreadHead}${unread.map(line => `${unreadMark}${line}\n`).join('')}`;
}

/** What was found for these patches, with what a person had decided: kinds stay, who was added stays, who is no longer
 *  found goes. */
export function mergeRecipients(
  before: Recipients,
  found: readonly Recipient[],
  digest: string,
  unread: readonly string[] = [],
): Recipients {
  const known = (one: Recipient) => before.list.find(each => sameAddress(each.address, one.address));
  const byHand = before.list.filter(
    one =>
      (one.reason === '' || one.kind === '-') && !found.some(each => sameAddress(each.address, one.address)),
  );
  const list = found.map(one => ({
    ...one,
    kind: known(one)?.kind ?? one.kind,
    address: known(one)?.address ?? one.address,
  }));
  return { digest, list: [...list, ...byHand], unread };
}

/** The same person found several times: once, for all patches and all reasons; `to` wins. */
export function joinRecipients(found: readonly Recipient[]): readonly Recipient[] {
  const joined: Recipient[] = [];
  for (const one of found) {
    const at = joined.findIndex(each => sameAddress(each.address, one.address));
    const other = joined[at];
    if (!other) {
      joined.push(one);
      continue;
    }
    const patches =
      one.patches === 'all' || other.patches === 'all'
        ? 'all'
        : [...new Set([...other.patches, ...one.patches])].sort((a, b) => a - b);
    const reasons = [...new Set([...other.reason.split('; '), ...one.reason.split('; ')])];
    joined[at] = {
      kind: one.kind === 'to' ? 'to' : other.kind,
      address: other.address.name === '' ? one.address : other.address,
      patches,
      reason: reasons.filter(Boolean).join('; '),
    };
  }
  return joined;
}

/** To and Cc of one mail; 0 is the cover letter. */
export function recipientsOf(
  list: readonly Recipient[],
  patch: number,
): { readonly to: Address[]; readonly cc: Address[] } {
  const meant = list.filter(one => patch === 0 || one.patches === 'all' || one.patches.includes(patch));
  const of = (kind: RecipientKind) => meant.filter(one => one.kind === kind).map(one => one.address);
  return { to: of('to'), cc: of('cc') };
}

/** '1,4-7' to [1, 4, 5, 6, 7]; undefined when it is not a list. */
export function parseNumbers(text: string): readonly number[] | undefined {
  const numbers: number[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part);
    if (!match) return undefined;
    const last = Number(match[2] ?? match[1]);
    for (let n = Number(match[1]); n <= last; n++) numbers.push(n);
  }
  return numbers.length > 0 ? [...new Set(numbers)].sort((a, b) => a - b) : undefined;
}

export function formatNumbers(numbers: readonly number[]): string {
  const runs: number[][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run && number === run.at(-1)! + 1) run.push(number);
    else runs.push([number]);
  }
  return runs.map(run => (run.length > 1 ? `${run[0]}-${run.at(-1)}` : String(run[0]))).join(',');
}
