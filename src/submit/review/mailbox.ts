// SPDX-License-Identifier: GPL-2.0-only
/** The mails of a reviewer's or an author's mailboxes, each once; what cannot be told apart or names nobody is set aside. */
import { sanitise, type Work } from '../../events.ts';
import { readArchive, type SetAside } from '../../mail/archive.ts';
import { type Letter, readLetters, sameText } from '../../mail/letters.ts';
import { type Sender, unmaskAddresses } from '../../mail/sender.ts';

/** A mail that can be answered and says whom it is from. */
export interface ReceivedLetter extends Letter {
  readonly sender: Sender;
}

export interface Mailbox {
  readonly letters: readonly ReceivedLetter[];
  readonly setAside: readonly SetAside[];
}

/** @throws UserError for a file that there is not, or that holds no mail */
export async function* readMailboxes(files: readonly string[], signal: AbortSignal): Work<Mailbox> {
  const byId = new Map<string, ReceivedLetter>();
  const setAside: SetAside[] = [];
  for (const [index, file] of files.entries()) {
    yield { job: 'review', type: 'progress', done: index, total: files.length, label: file };
    const archive = await readArchive(file, signal);
    const { letters, setAside: unread } = await readLetters(archive.messages);
    setAside.push(...archive.setAside, ...unread);
    for (const letter of letters) {
      const received = receive(letter);
      if ('why' in received) {
        setAside.push(received);
        continue;
      }
      const same = byId.get(letter.messageId);
      if (!same || (same.sender.hidden && !received.sender.hidden && sameText(same.text, received.text)))
        byId.set(letter.messageId, received);
      else if (!sameText(same.text, received.text)) {
        const why = `it has the Message-ID of ${same.place}, <${letter.messageId}>, and another text`;
        setAside.push({ place: letter.place, why });
      }
    }
  }
  return { letters: [...byId.values()], setAside };
}

function receive(letter: Letter): ReceivedLetter | SetAside {
  const { place, sender, messageId } = letter;
  if (messageId === '') return { place, why: 'it has no Message-ID' };
  if (sender === undefined) return { place, why: 'its From is not an address' };
  if (letter.text.trim() === '' && !letter.hasDiff && !letter.carries) {
    return { place, why: 'no text can be read in it; its MIME parts are damaged or missing' };
  }
  // What moves a cursor or hides text is shown, not obeyed, also by who reads the file.
  const lines = letter.text.replaceAll('\u00a0', ' ').split(/\r?\n/).map(sanitise).map(unmaskTag);
  return { ...letter, sender, text: lines.join('\n') };
}

/** An archive that hides addresses hides them in tags, too. */
const unmaskTag = (line: string): string =>
  /^\s*[A-Z][\w-]*-by: .*<[^<>@]*>/i.test(line) ? unmaskAddresses(line) : line;
