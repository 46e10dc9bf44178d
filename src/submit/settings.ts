// SPDX-License-Identifier: GPL-2.0-only
/** What the user's git configuration says of mails: user.*, format.*, sendemail.* with its identity. */
import { git } from '../host/git.ts';
import { type Address, parseAddress } from '../mail/address.ts';
import type { Recipient } from './recipients.ts';

export interface MailSettings {
  /** Whom mails are from: sendemail.from, else user.name and user.email. */
  readonly sender?: Address;
  /** format.subjectPrefix. */
  readonly prefix: string;
  /** format.thread. */
  readonly thread: 'shallow' | 'deep';
  /** format.signature; empty for none. Undefined: git's own, its version. */
  readonly signature?: string;
  /** format.headers, 'Name: value' each. */
  readonly headers: readonly string[];
  /** format.outputDirectory. */
  readonly folder?: string;
  /** format.to, format.cc, sendemail.to, sendemail.cc. */
  readonly recipients: readonly Recipient[];
  /** Settings that name a program which would add recipients behind everybody's back. */
  readonly refused: readonly string[];
}

/** Read in a repository, whose own settings come after the user's. */
export async function readMailSettings(repository: string, signal: AbortSignal): Promise<MailSettings> {
  const question = ['config', '--null', '--get-regexp', '^(user|format|sendemail)\\.'];
  return settingsOf(parseConfig(await git(repository, question, signal, { accept: [1] })));
}

type Config = ReadonlyMap<string, readonly string[]>;

/** 'key\nvalue\0' each; the last one counts where one is meant. */
export function parseConfig(text: string): Config {
  const config = new Map<string, string[]>();
  for (const entry of text.split('\0').filter(Boolean)) {
    const at = entry.indexOf('\n');
    const key = (at < 0 ? entry : entry.slice(0, at)).toLowerCase();
    config.set(key, [...(config.get(key) ?? []), at < 0 ? 'true' : entry.slice(at + 1)]);
  }
  return config;
}

export function settingsOf(config: Config): MailSettings {
  const one = (key: string) => config.get(key)?.at(-1);
  const identity = one('sendemail.identity')?.toLowerCase();
  const sendemail = (key: string) =>
    (identity === undefined ? undefined : config.get(`sendemail.${identity}.${key}`)) ??
    config.get(`sendemail.${key}`) ??
    [];
  const name = one('user.name') ?? '';
  const email = one('user.email');
  const sender =
    parseAddress(sendemail('from').at(-1) ?? '') ?? (email ? parseAddress(`${name} <${email}>`) : undefined);
  const signature = one('format.signature');
  const folder = one('format.outputdirectory');
  const recipients = (['to', 'cc'] as const).flatMap(kind => [
    ...peopleOf(config.get(`format.${kind}`) ?? [], kind, `format.${kind}`),
    ...peopleOf(sendemail(kind), kind, `sendemail.${kind}`),
  ]);
  return {
    ...(sender && { sender }),
    prefix: one('format.subjectprefix') ?? 'PATCH',
    thread: one('format.thread') === 'deep' ? 'deep' : 'shallow',
    ...(signature !== undefined && { signature }),
    headers: config.get('format.headers') ?? [],
    ...(folder !== undefined && { folder }),
    recipients,
    refused: ['tocmd', 'cccmd', 'headercmd']
      .filter(key => sendemail(key).some(Boolean))
      .map(key => `sendemail.${key}`),
  };
}

const peopleOf = (values: readonly string[], kind: 'to' | 'cc', reason: string): Recipient[] =>
  values
    .flatMap(value => value.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/))
    .flatMap(text => parseAddress(text) ?? [])
    .map(address => ({ kind, address, patches: 'all', reason }));
