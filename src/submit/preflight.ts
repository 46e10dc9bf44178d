// SPDX-License-Identifier: GPL-2.0-only
/** What has to be true before a series is posted, each with what to do when it is not. Pure. */
import { z } from 'zod';
import type { Finding } from '../campaign/check/check.ts';
import { object, text, texts } from '../document.ts';
import type { Tree } from '../tree/tree.ts';
import { toldVersions, uneditedCover } from './cover.ts';
import type { Recipient } from './recipients.ts';

export const itemSchema = object({
  id: text,
  /** `blocks`: nothing is sent like this unless forced. `note`: to be known. */
  state: z.enum(['ok', 'blocks', 'note']),
  text: text,
  /** What the text counts, one a line. */
  details: texts.exactOptional(),
  hint: text.exactOptional(),
});
export type Item = z.infer<typeof itemSchema>;

/** Something kept from earlier that is about these patches, or is not any more. */
export interface Freshness {
  readonly fresh: boolean;
  /** 'series check of 2026-11-25: 120 ok'; 'no comparison has booted these patches'. */
  readonly text: string;
  readonly hint?: string;
}

export interface Facts {
  readonly series: string;
  readonly version: number;
  readonly patches: number;
  readonly cover?: { readonly subject: string; readonly own: string };
  /** Patches nobody is named as the author of. */
  readonly authorless: number;
  readonly signoff: boolean;
  readonly recipients: readonly Recipient[];
  /** What get_maintainer.pl printed beside addresses. */
  readonly unreadRecipients: readonly string[];
  readonly base: Pick<Tree, 'name' | 'version' | 'source' | 'note'>;
  readonly check: Freshness;
  readonly boots: Freshness;
  readonly openComments: number;
  /** Tags that were given to a patch as it was before. */
  readonly staleTrailers: readonly string[];
  /** What checkpatch says of the mails, and how many more findings are waived. */
  readonly findings: readonly Finding[];
  readonly waived: number;
}

/** A posting of more patches is not read. */
const manyPatches = 15;
const manyRecipients = 60;

export function preflightOf(facts: Facts): readonly Item[] {
  return [
    ...coverItems(facts),
    authorItem(facts),
    fromFreshness('checks', facts.check),
    fromFreshness('boots', facts.boots),
    checkpatchItem(facts),
    recipientsItem(facts),
    ...unreadItems(facts),
    commentsItem(facts),
    baseItem(facts),
    ...trailerItems(facts),
    ...sizeItems(facts),
  ];
}

export const blocking = (items: readonly Item[]): readonly Item[] =>
  items.filter(item => item.state === 'blocks');

const ok = (id: string, text: string): Item => ({ id, state: 'ok', text });
const blocks = (id: string, text: string, hint: string): Item => ({ id, state: 'blocks', text, hint });
const note = (id: string, text: string): Item => ({ id, state: 'note', text });

const fromFreshness = (id: string, { fresh, text, hint }: Freshness): Item =>
  fresh ? ok(id, text) : blocks(id, text, hint ?? '');

function coverItems({ series, cover, patches, version }: Facts): readonly Item[] {
  const file = `patches/${series}/0000-cover-letter.patch`;
  if (!cover) {
    if (patches === 1) return [ok('cover', 'a single patch needs none')];
    return [
      blocks('cover', 'there is no cover letter', `write ${file}: a Subject and what the series is for`),
    ];
  }
  const mark = uneditedCover(cover.subject, cover.own);
  const edited =
    mark === undefined ? ok('cover', cover.subject) : blocks('cover', `not edited: ${mark}`, `edit ${file}`);
  if (version === 1) return [edited];
  const told = toldVersions(cover.own).includes(version);
  const hint = `add a section 'Changes in v${version}:' to ${file}; initbench review --series ${series} --changes drafts it`;
  return [
    edited,
    told
      ? ok('changes', `tells the changes in v${version}`)
      : blocks('changes', `does not tell the changes in v${version}`, hint),
  ];
}

function authorItem({ authorless, patches, signoff }: Facts): Item {
  if (authorless > 0) {
    return blocks(
      'author',
      `${authorless} of ${patches} patches have no author`,
      "say who: --author 'Name <user@example.org>', and --signoff if you certify them",
    );
  }
  return signoff
    ? ok('author', 'signed off by the sender')
    : note('author', 'not signed off: nobody can apply this (--signoff)');
}

function checkpatchItem({ findings, waived, signoff }: Facts): Item {
  const how = signoff ? 'in full' : 'without looking for signatures';
  const but = waived > 0 ? ` but for ${waived} waived findings` : '';
  if (findings.length === 0) return ok('checkpatch', `clean on every mail, ${how}${but}`);
  const hint = 'correct the patches, or waive a finding with its reason in checkpatch.waivers';
  return {
    ...blocks(
      'checkpatch',
      `${findings.length === 1 ? '1 finding' : `${findings.length} findings`}${but}`,
      hint,
    ),
    details: findings.map(finding => `${placeOf(finding)}: ${finding.type}: ${finding.text}`),
  };
}

/** As compilers write it: an editor, and the workbench, go there. */
const placeOf = ({ file = '', line }: Finding): string => (line === undefined ? file : `${file}:${line}`);

function recipientsItem({ series, recipients }: Facts): Item {
  const file = `patches/${series}/recipients`;
  const meant = recipients.filter(one => one.kind !== '-');
  if (!meant.some(one => one.kind === 'to')) {
    return blocks('recipients', 'nobody is in To', `edit ${file}: 'to * Name <user@example.org>'`);
  }
  const text = `${meant.filter(one => one.kind === 'to').length} in To, ${meant.filter(one => one.kind === 'cc').length} in Cc (${file})`;
  return meant.length > manyRecipients
    ? note('recipients', `${text}: have a look, that is many`)
    : ok('recipients', text);
}

function unreadItems({ series, unreadRecipients: lines }: Facts): readonly Item[] {
  if (lines.length === 0) return [];
  const count = lines.length === 1 ? '1 line' : `${lines.length} lines`;
  const text = `${count} of get_maintainer.pl name no address: see '#?' in patches/${series}/recipients`;
  return [{ ...note('recipients', text), details: lines }];
}

function commentsItem({ series, openComments }: Facts): Item {
  if (openComments === 0) return ok('comments', 'none is open');
  return blocks(
    'comments',
    `${openComments} open`,
    `answer them, or say what became of them in patches/${series}/review`,
  );
}

/** A commit that others can fetch, or the source in words where the cover letter says them. */
function baseItem({ base, cover, series }: Facts): Item {
  if (base.source.kind === 'git') return ok('base', `a commit of ${base.source.location}`);
  const named = base.source.kind === 'debian' ? base.source.package : base.version;
  const own = cover?.own ?? '';
  if (own.includes(named) && own.includes(base.version))
    return note('base', `no public commit; the cover letter names ${named}`);
  return blocks(
    'base',
    `no public commit, and the cover letter does not name ${named} (${base.version})`,
    `say in patches/${series}/0000-cover-letter.patch what it applies to`,
  );
}

const trailerItems = ({ series, staleTrailers }: Facts): readonly Item[] =>
  staleTrailers.map(text =>
    note(
      'trailers',
      `left out, the patch has changed since: ${text} (initbench review --series ${series} --confirm N)`,
    ),
  );

const sizeItems = ({ patches }: Facts): readonly Item[] =>
  patches > manyPatches ? [note('size', `${patches} patches are many for one posting`)] : [];

export function formatPreflight(items: readonly Item[]): readonly string[] {
  const wide = Math.max(...items.map(item => item.id.length));
  const shown = { ok: 'ok   ', blocks: 'STALE', note: 'note ' } as const;
  return items.flatMap(({ id, state, text, hint, details = [] }) => [
    `${shown[state]} ${id.padEnd(wide)}  ${text}`,
    ...details.map(line => `${' '.repeat(8 + wide)}${line}`),
    ...(hint && state === 'blocks' ? [`${' '.repeat(8 + wide)}${hint}`] : []),
  ]);
}
