// SPDX-License-Identifier: GPL-2.0-only
/** Which mails are the series: its order, whether it is whole, its versions, and one series among several. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { readLetters } from '../../src/mail/letters.ts';
import { chooseSeries } from '../../src/series/import/choose.ts';
import type { Chosen } from '../../src/series/import/whole.ts';
import { mailText, patchBody, type SampleMail } from '../mail/sample.ts';

vi.setConfig({ testTimeout: 60_000 });

async function choose(mails: readonly SampleMail[], messageId?: string): Promise<Chosen> {
  const messages = mails.map((mail, index) => ({ place: `m${index}`, bytes: Buffer.from(mailText(mail)) }));
  const { letters, setAside } = await readLetters(messages);
  return chooseSeries({ place: 'x.mbox', letters, setAside }, messageId);
}
const idsOf = ({ cover, patches }: Chosen) => [cover?.messageId, ...patches.map(part => part.messageId)];

/** A thread: `prefix` with N/M in place of %, each in answer to the first. */
function posting(
  prefix: string,
  total: number,
  more: Partial<SampleMail> & { name?: string; cover?: boolean } = {},
) {
  const { name = 's', cover = true, ...rest } = more;
  const mail = (number: number): SampleMail => ({
    subject: `${prefix.replace('%', `${number}/${total}`)} fs: step ${'abcdefghijklmnop'[number]}`,
    id: `${name}-${number}@x`,
    ...(number === 0
      ? { body: 'What it is for.\n' }
      : { body: patchBody(`f${number}`, `Step ${number}.`), to: `${name}-0@x` }),
    ...rest,
  });
  return Array.from({ length: total + 1 }, (_, number) => mail(number)).slice(cover ? 0 : 1);
}

describe('completeness', () => {
  const forms = [
    '[PATCH %]',
    '[PATCH v6,%]',
    '[PATCH%]',
    'PATCH%',
    'PATCH %:',
    '[list] [PATCH %]',
    '[bug#123] [PATCH %]',
    '[PATCH RESEND v2 %]',
    '[RFC PATCH net-next v6 %]',
    '[PATCH 5.10 %]',
    '[v2,%]',
    '[%]',
    '[PATCH] [%]',
    '[PATCH] %:',
    'EXTERNAL: [PATCH %]',
    '[PATCH % v3]',
    'step % of it:',
  ];

  test('of any form and any order: whole it is taken in order, else what is missing is named', async () => {
    let [whole, refused] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...forms),
        fc.integer({ min: 2, max: 8 }),
        fc.boolean(),
        fc.infiniteStream(fc.nat({ max: 1_000_000 })),
        fc.array(fc.nat({ max: 7 }), { maxLength: 3 }),
        async (form, total, cover, dice, lost) => {
          const all = posting(form, total, { cover });
          const missing = [...new Set(lost.map(each => (each % total) + 1))].sort((a, b) => a - b);
          const rest = all.filter(({ id }) => !missing.some(number => id === `s-${number}@x`));
          const mixed = rest
            .map(mail => [dice.next().value as number, mail] as const)
            .sort(([a], [b]) => a - b);
          // One number in the text alone is a word.
          fc.pre(rest.length > 1);
          const chosen = choose(mixed.map(([, mail]) => mail));
          if (missing.length === 0) {
            whole++;
            expect(idsOf(await chosen)).toEqual([
              cover ? 's-0@x' : undefined,
              ...Array.from({ length: total }, (_, index) => `s-${index + 1}@x`),
            ]);
          } else {
            refused++;
            const list = missing.map(number => `${number}/${total}`).join(', ');
            await expect(chosen).rejects.toThrow(`x.mbox lacks ${list}`);
          }
        },
      ),
      { numRuns: 400 },
    );
    expect([whole > 50, refused > 50]).toEqual([true, true]);
  });

  test.each(['1/x', '3/', '5/3', '6.6/10', '2'])('[PATCH %s] is refused with its subject', async number => {
    const [first, second] = posting('[PATCH %]', 2, { cover: false });
    const odd = { ...second!, subject: `[PATCH ${number}] fs: odd` };
    await expect(choose([first!, odd])).rejects.toThrow(
      `m1: '[PATCH ${number}] fs: odd': '${number}' cannot be read as N of M`,
    );
    await expect(choose([odd])).rejects.toThrow('cannot be read as N of M');
  });

  test('a cover letter alone, a patch that is empty, two that differ', async () => {
    const all = posting('[PATCH %]', 3);
    await expect(choose(all.slice(0, 1))).rejects.toThrow('lacks 1/3, 2/3, 3/3');
    await expect(choose([...all.slice(0, 3), { ...all[3]!, body: 'Nothing here.\n' }])).rejects.toThrow(
      "m3: '[PATCH 3/3] fs: step d' has no diff",
    );
    await expect(choose([...all, { ...all[2]!, id: 'other@x', body: patchBody('other') }])).rejects.toThrow(
      'two mails for 2/3: m2 and m4',
    );
    await expect(choose([...all, { ...all[2]!, body: patchBody('other') }])).rejects.toThrow(
      'are different and have one Message-ID: s-2@x',
    );
  });

  test('answers and robots are no parts, a copy with a footer is the same mail', async () => {
    const all = posting('[PATCH %]', 2);
    const chosen = await choose([
      { subject: 'Re: [PATCH 1/2] fs: step b', id: 'r@x', to: 's-1@x', body: `> quoted\n${patchBody('f9')}` },
      { subject: 'Automatic reply: [PATCH 1/2] fs: step b', id: 'a@x', to: 's-1@x' },
      { subject: 'Applied: [PATCH 2/2] fs: step c', id: 'b@x', to: 's-2@x' },
      { subject: '[PATCH 2/2] fs: step c', id: 'c@x', headers: ['Auto-Submitted: auto-replied'] },
      ...all,
      {
        ...all[1]!,
        subject: `[list] ${all[1]!.subject}`,
        body: `${all[1]!.body}____________\nlist mailing list\n`,
      },
    ]);
    expect(idsOf(chosen)).toEqual(['s-0@x', 's-1@x', 's-2@x']);
    expect(chosen.notes).toEqual(['m7 is m5 again']);
  });

  test('of two copies the one that says whom it is from', async () => {
    const [patch] = posting('[PATCH]', 1, { cover: false });
    const copy = { ...patch!, from: 'A Developer via Case <case@lists.example.org>' };
    expect((await choose([copy, patch!])).patches[0]!.sender!.email).toBe('dev@example.org');
    expect((await choose([patch!, copy])).patches[0]!.sender!.email).toBe('dev@example.org');
  });
});

describe('versions', () => {
  const one = posting('[PATCH %]', 3, { name: 'one' });
  const two = posting('[PATCH v2 %]', 3, { name: 'two' });

  test('the newest, in its thread or one of its own', async () => {
    const [cover, ...rest] = two;
    for (const mails of [
      [...one, ...two],
      [...two, ...one],
      [...one, { ...cover!, to: 'one-0@x' }, ...rest],
    ]) {
      const chosen = await choose(mails);
      expect(idsOf(chosen)).toEqual(['two-0@x', 'two-1@x', 'two-2@x', 'two-3@x']);
      expect(chosen.notes).toEqual(['4 mails of versions before v2 are left aside']);
    }
  });

  test('what was sent again is newer than what was sent', async () => {
    const again = posting('[PATCH RESEND %]', 3, { name: 'again' });
    expect(idsOf(await choose([...again, ...one]))).toEqual([
      'again-0@x',
      'again-1@x',
      'again-2@x',
      'again-3@x',
    ]);
  });

  test('some patches sent anew in answer to theirs take their places', async () => {
    const anew = { ...posting('[PATCH v3 %]', 3, { name: 'three' })[2]!, to: 'two-2@x' };
    const chosen = await choose([...one, ...two, anew]);
    expect(idsOf(chosen)).toEqual(['two-0@x', 'two-1@x', 'three-2@x', 'two-3@x']);
    expect(chosen.version).toEqual([3, 0]);
    expect(chosen.notes[0]).toBe('v3 sends 1 of 3 anew; the others are 0/3 of v2, 1/3 of v2, 3/3 of v2');
    const dotted = { ...anew, subject: '[PATCH v2.1 2/3] fs: step c' };
    expect(idsOf(await choose([...two, dotted]))).toEqual(['two-0@x', 'two-1@x', 'three-2@x', 'two-3@x']);
    const later = { ...posting('[PATCH v4 %]', 3, { name: 'four' })[3]!, to: 'two-3@x' };
    expect(idsOf(await choose([...two, anew, later]))).toEqual([
      'two-0@x',
      'two-1@x',
      'three-2@x',
      'four-3@x',
    ]);
    const reply = { subject: 'Re: [PATCH v2 2/3] fs: step c', id: 'r@x', to: 'two-2@x' };
    expect(idsOf(await choose([...two, reply, { ...anew, to: 'r@x' }]))).toEqual([
      'two-0@x',
      'two-1@x',
      'three-2@x',
      'two-3@x',
    ]);
  });

  test.each([
    ['with a cover letter', [0, 2], {}],
    ['in answer to the cover letter', [2], { to: 'two-0@x' }],
    ['in a thread of its own', [1, 2], { to: 'three-0@x' }],
  ])('a version that is not whole, %s, takes nothing from the one before', async (_name, numbers, more) => {
    const three = posting('[PATCH v3 %]', 3, { name: 'three', ...more });
    await expect(choose([...two, ...numbers.map(number => three[number]!)])).rejects.toThrow('lacks');
  });
});

describe('one series among several', () => {
  const mine = posting('[PATCH %]', 2, { name: 'mine' });
  const other = posting('[PATCH v3 %]', 2, { name: 'other', from: 'O <o@example.org>' }).map(mail => ({
    ...mail,
    subject: mail.subject.replace('fs: step', 'net: move'),
  }));
  const single: SampleMail = {
    subject: '[PATCH] mm: x',
    id: 'single@x',
    from: 'S <s@example.org>',
    body: patchBody('mm'),
  };

  test('is named by a mail of it', async () => {
    await expect(choose([...mine, ...other, single])).rejects.toThrow('x.mbox holds 3 series');
    const names = (mails: Promise<Chosen>) => mails.then(idsOf);
    const all = [...mine, ...other, single];
    await expect(names(choose(all, 'mine-1@x'))).resolves.toEqual(['mine-0@x', 'mine-1@x', 'mine-2@x']);
    await expect(names(choose(all, '<other-0@x>'))).resolves.toEqual(['other-0@x', 'other-1@x', 'other-2@x']);
    await expect(names(choose(all, 'single@x'))).resolves.toEqual([undefined, 'single@x']);
    await expect(choose(all, 'nope@x')).rejects.toThrow('x.mbox has no mail <nope@x>');
  });

  test('of another sender in its thread is no newer version of it', async () => {
    const inner: SampleMail = {
      ...{ subject: '[PATCH v2 1/1] net: my own', id: 'inner@x', to: 'mine-1@x', from: 'O <o@example.org>' },
      body: patchBody('own'),
    };
    await expect(choose([...mine, inner])).rejects.toThrow(
      'more than one series: versions of different senders',
    );
    await expect(choose([...mine, inner], 'mine-2@x').then(idsOf)).resolves.toEqual([
      'mine-0@x',
      'mine-1@x',
      'mine-2@x',
    ]);
    const more = { ...inner, subject: '[PATCH 1/1] net: my own' };
    await expect(choose([...mine, more])).rejects.toThrow('more than one series: of 2 and of 1 patches');
  });

  test('beside patches without a number, which are named and left', async () => {
    const chosen = await choose([...mine, single]);
    expect(idsOf(chosen)).toEqual(['mine-0@x', 'mine-1@x', 'mine-2@x']);
    expect(chosen.notes).toEqual(['patches without a number are left aside: m3']);
  });

  test("patches without numbers are one person's, in the order in which they lie there", async () => {
    const patches = ['c', 'a', 'b'].map(name => ({
      subject: `[PATCH] fs: ${name}`,
      id: `${name}@x`,
      body: patchBody(name),
    }));
    const chosen = await choose(patches);
    expect(idsOf(chosen)).toEqual([undefined, 'c@x', 'a@x', 'b@x']);
    expect(chosen.notes).toEqual([
      'the patches have no numbers: they are taken in the order in which they lie there',
    ]);
    const again = { subject: '[PATCH v2] fs: a', id: 'a2@x', body: patchBody('a', 'Better.') };
    expect(idsOf(await choose([...patches, again]))).toEqual([undefined, 'c@x', 'b@x', 'a2@x']);
    await expect(choose([...patches, single])).rejects.toThrow('holds 4 series');
  });

  test('files without ids are one series', async () => {
    const files = posting('[PATCH %]', 3, { cover: false }).map(({ subject, body }, index) => ({
      ...{ subject, body: body!, from: `Author ${index} <a${index}@example.org>` },
    }));
    expect((await choose(files.toReversed())).patches.map(({ number }) => number)).toEqual([1, 2, 3]);
  });
});

test('a number in the text counts where others have one, too', async () => {
  const step = (number: number) => ({
    ...{ subject: `[PATCH] fs: step ${number}/3`, id: `${number}@x`, to: '0@x' },
    body: patchBody(`f${number}`),
  });
  expect(idsOf(await choose([step(3), step(1), step(2)]))).toEqual([undefined, '1@x', '2@x', '3@x']);
  await expect(choose([step(3), step(1)])).rejects.toThrow('lacks 2/3');
  expect(idsOf(await choose([{ ...step(2), subject: '[PATCH] clk: use 1/2 of it' }]))).toEqual([
    undefined,
    '2@x',
  ]);
});
