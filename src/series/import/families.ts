// SPDX-License-Identifier: GPL-2.0-only
/** Which mails belong together: by the thread, by who sent them, by what the versions of a series have in common. Pure. */
import type { Letter } from '../../mail/letters.ts';
import { formatVersion } from '../../mail/subject.ts';

/** A patch or a cover letter among mails. */
export interface Part extends Letter {
  /** From the subject, or from its text where other mails have numbers there; 0 for the cover letter. */
  readonly number?: number;
  readonly total?: number;
}

/** The parts of one series in all its versions. */
export type Family = readonly Part[];

/** `letters`: all mails, for those between the parts. */
export function familiesOf(parts: readonly Part[], letters: readonly Letter[]): readonly Family[] {
  const groups = new Groups();
  const nameOf = (part: Part) => (part.messageId === '' ? 'files' : idName(part.messageId));
  for (const { messageId, references } of letters) {
    if (messageId !== '') for (const id of references) groups.join(idName(messageId), idName(id));
  }
  const sizes = new Map<string, number>();
  for (const part of parts) {
    const group = groups.of(nameOf(part));
    sizes.set(group, (sizes.get(group) ?? 0) + 1);
  }
  // Sent without a thread, or cut out of it.
  const cut = parts.filter(part => part.total !== undefined && sizes.get(groups.of(nameOf(part))) === 1);
  for (const part of cut) groups.join(nameOf(part), `set ${senderKey(part)} ${setKey(part)}`);
  // Another version has a thread of its own.
  for (const part of parts) {
    const { text } = part.info;
    if (text !== '') groups.join(nameOf(part), `text ${senderKey(part)} ${text.toLowerCase()}`);
  }
  const families = new Map<string, Part[]>();
  for (const part of parts) {
    const group = groups.of(nameOf(part));
    const family = families.get(group);
    if (family) family.push(part);
    else families.set(group, [part]);
  }
  return [...families.values()];
}

const idName = (messageId: string): string => `<${messageId}>`;

/** Version and number of patches: what the parts of one posting have in common. */
export const setKey = ({ info, total }: Part): string =>
  `${formatVersion(info.version)}${info.resend ? ' resent' : ''} of ${total ?? 'any'}`;

export const senderKey = ({ sender }: Part): string =>
  sender === undefined ? '' : sender.hidden ? sender.name.toLowerCase() : sender.email.toLowerCase();

/** Names that stand for one thing. */
class Groups {
  private readonly parents = new Map<string, string>();

  of(name: string): string {
    let top = name;
    for (let up = this.parents.get(top); up !== undefined; up = this.parents.get(top)) top = up;
    if (top !== name) this.parents.set(name, top);
    return top;
  }

  join(a: string, b: string): void {
    const [one, other] = [this.of(a), this.of(b)];
    if (one !== other) this.parents.set(one, other);
  }
}
