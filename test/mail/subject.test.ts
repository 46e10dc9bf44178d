// SPDX-License-Identifier: GPL-2.0-only
/** Subjects as people, lists, gateways and archives write them: N of M is read, or refused, and never lost. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { claimsPatch, parseSubject } from '../../src/mail/subject.ts';

const numbers = (subject: string) => {
  const { number, total, problem } = parseSubject(subject);
  return problem === undefined ? [number, total] : problem;
};

describe('N of M', () => {
  test.each([
    ['[PATCH 2/3] x', 2, 3],
    ['[PATCH v6,19/24] x', 19, 24],
    ['[PATCH1/8] x', 1, 8],
    ['PATCH1/8 x', 1, 8],
    ['PATCH 1/8: x', 1, 8],
    ['Patch v2 1/3 - x', 1, 3],
    ['(PATCH 1/8) x', 1, 8],
    ['[PATCH 1/8 x', 1, 8],
    ['[list] [PATCH 2/3] x', 2, 3],
    ['[list][PATCH 2/3] x', 2, 3],
    ['[bug#123] [PATCH 1/2] x', 1, 2],
    ['[PATCH] [2/3] x', 2, 3],
    ['[PATCH] 2/3: x', 2, 3],
    ['[PATCH] x (2/3)', 2, 3],
    ['x [2/3]', 2, 3],
    ['x, part 2 of 3', 2, 3],
    ['[PATCH RESEND v2 02/10] x', 2, 10],
    ['[RESEND PATCH 2/3] x', 2, 3],
    ['[RESEND][PATCH 2/3] x', 2, 3],
    ['[PATCH 2/3][RESEND] x', 2, 3],
    ['[RFC PATCH net-next v6 3/4] x', 3, 4],
    ['[RFC 3/4] x', 3, 4],
    ['[PATCH 5.10 1/2] x', 1, 2],
    ['[PATCH 6.1/6.6 1/2] x', 1, 2],
    ['[PATCH AUTOSEL 6.1 01/10] x', 1, 10],
    ['[PATCH drm/i915 2/3] x', 2, 3],
    ['[PATCH net/9p 2/3] x', 2, 3],
    ['[PATCH usb3/4 1/2] x', 1, 2],
    ['[PATCH 1/3 v2] x', 1, 3],
    ['[PATCH 1/3v2] x', 1, 3],
    ['[PATCH v2-1/3] x', 1, 3],
    ['[PATCH-v3 1/3] x', 1, 3],
    ['[v2,1/3] x', 1, 3],
    ['[1/3] x', 1, 3],
    ['[PATCH 1 of 3] x', 1, 3],
    ['[PATCH 1-of-3] x', 1, 3],
    ['[PATCH 1 / 3] x', 1, 3],
    ['[PATCH (1/3)] x', 1, 3],
    ['[PATCH #1/3] x', 1, 3],
    ['[PATCH 1\\3] x', 1, 3],
    ['[PATCH １/３] x', 1, 3],
    ['[PATCH ½] x', 1, 2],
    ['[PATCH 00/10] x', 0, 10],
    ['[PATCH 0001/0002] x', 1, 2],
    ['[PATCH 1/1] x', 1, 1],
    ['[PATCH 1/3] [PATCH 1/3] x', 1, 3],
    ['EXTERNAL: [PATCH 2/3] x', 2, 3],
    ['*****SPAM***** [PATCH 2/3] x', 2, 3],
    ['Re: [PATCH 2/3] x', 2, 3],
    ['[PATCH 2/3]', 2, 3],
  ])('%s', (subject, number, total) => {
    expect(numbers(subject)).toEqual([number, total]);
  });

  test.each([
    ['[PATCH 1/x] x', '1/x'],
    ['[PATCH x/3] x', 'x/3'],
    ['[PATCH 3/] x', '3/'],
    ['[PATCH /3] x', '/3'],
    ['[PATCH 5/3] x', '5/3'],
    ['[PATCH 1/0] x', '1/0'],
    ['[PATCH 1/2/3] x', '1/2/3'],
    ['[PATCH 1//3] x', '1//3'],
    ['[PATCH 6.6/10] x', '6.6/10'],
    ['[PATCH 1.5/3] x', '1.5/3'],
    ['[PATCH 2] x', '2'],
    ['[PATCH #2] x', '#2'],
    ['[PATCH 2 3] x', '2'],
    ['[PATCH 2-3] x', '2-3'],
    ['[PATCH x86/64] x', 'x86/64'],
    ['[PATCH 1/99999999999999999999] x', '1/99999999999999999999'],
    ['[PATCH 1/3] [PATCH 2/5] x', '1/3 and 2/5'],
    ['[PATCH 1/3 2/3] x', '1/3 and 2/3'],
    ['Patch 1/x: x', '1/x'],
  ])('%s is refused', (subject, problem) => {
    expect(numbers(subject)).toBe(problem);
  });

  test.each([
    '[PATCH] x',
    '[PATCH v2] x',
    '[PATCH 5.10] x',
    '[PATCH 6.1/6.6] x',
    '[PATCH drm/i915] x',
    '[PATCH x86/mm] x',
    '[PATCH] net/9p: x',
    '[PATCH] clk: use a divider of 1/2 there',
    '[PATCH net-next] x',
    '[PATCH 8139cp/8139too] x',
    'patch for x86/mm: x',
    'x',
    '',
    '[',
    ']',
    '[[PATCH]] x',
  ])('%s numbers nothing', subject => {
    expect(numbers(subject)).toEqual([undefined, undefined]);
  });

  test('any words around it, in any order, leave it what it is', () => {
    const word = fc.constantFrom(
      'PATCH',
      'RFC',
      'v2',
      'net-next',
      '5.10.y',
      'drm/i915',
      'RESEND',
      'mm',
      'x86/sev',
    );
    const before = fc.constantFrom('', '[list] ', '[bug#12] ', 'Re: ', 'EXTERNAL: ');
    const form = fc.constantFrom(
      (n: string, m: string) => `${n}/${m}`,
      (n: string, m: string) => `${n} of ${m}`,
      (n: string, m: string) => `${n} / ${m}`,
      (n: string, m: string) => `,${n}/${m}`,
    );
    fc.assert(
      fc.property(
        ...([before, fc.array(word, { maxLength: 4 }), fc.array(word, { maxLength: 3 }), form] as const),
        ...([
          fc.integer({ min: 1, max: 300 }),
          fc.double({ min: 0, max: 1, noNaN: true }),
          fc.boolean(),
        ] as const),
        (list, left, right, write, total, place, padded) => {
          const number = Math.round(place * total);
          const digits = padded ? String(number).padStart(String(total).length, '0') : String(number);
          const tag = ['PATCH', ...left, write(digits, String(total)), ...right].join(' ');
          const info = parseSubject(`${list}[${tag}] fs: change it`);
          expect([info.number, info.total, info.text]).toEqual([number, total, 'fs: change it']);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('no number is lost: it is N/M, or it is a problem', () => {
    const side = fc.oneof(
      fc.nat({ max: 30 }).map(String),
      fc.constantFrom('', 'x', '1.5', '0x3', '-1', '1a'),
    );
    fc.assert(
      fc.property(side, side, (left, right) => {
        fc.pre(/^\d+$/.test(left) || /^\d+$/.test(right));
        const info = parseSubject(`[PATCH ${left}/${right}] x`);
        expect(info.number !== undefined || info.problem !== undefined).toBe(true);
        if (info.number !== undefined) expect(info.number).toBeLessThanOrEqual(info.total!);
      }),
      { numRuns: 1000 },
    );
  });
});

test.each([
  ['[PATCH v2 1/3] x', [2, 0]],
  ['[PATCHv2 1/3] x', [2, 0]],
  ['[PATCH V3] x', [3, 0]],
  ['[PATCH v2.1 2/3] x', [2, 1]],
  ['[PATCH-v4] x', [4, 0]],
  ['[RFCv2 PATCH] x', [2, 0]],
  ['[PATCH 1/2] [v2] x', [2, 0]],
  ['[v5,1/3] x', [5, 0]],
  ['[PATCH take 2 1/2] x', [2, 0]],
  ['[PATCH version 3] x', [3, 0]],
  ['[PATCH net-next-v2] x', [2, 0]],
  ['[PATCH v4l-utils 1/2] x', [1, 0]],
  ['[PATCH 5.10 1/2] x', [1, 0]],
  ['[v9 of the list] [PATCH] x', [1, 0]],
  ['[PATCH] v2', [1, 0]],
])('the version of %s', (subject, version) => {
  expect(parseSubject(subject).version).toEqual(version);
});

describe('an answer', () => {
  const marks = 'Re Aw AW SV Sv Antw Odp RE Fwd R RES VS TR FW WG Vá Ynt 回复 转发 Re[2] Re^2 Re(3)'.split(
    ' ',
  );
  test.each(marks)('%s:', mark => {
    expect(parseSubject(`${mark}: [PATCH 2/3] x`)).toMatchObject({ reply: true, number: 2, text: 'x' });
    expect(parseSubject(`[list] ${mark}: [PATCH 2/3] x`)).toMatchObject({ reply: true, number: 2 });
    expect(parseSubject(`Re: ${mark}: [PATCH 2/3] x`)).toMatchObject({ reply: true, number: 2 });
  });

  test.each([
    '[PATCH] fw: x',
    '[PATCH] re: x',
    'fw: x',
    'ref: x',
    '[PATCH 1/2] r: x',
    'reset: x',
    '[fs] res: x',
  ])('%s is none', subject => {
    expect(parseSubject(subject).reply).toBe(false);
  });
});

test.each([
  ['[PATCH 2/3] x', true],
  ['[RFC] x', false],
  ['[RFC 1/2] x', true],
  ['[PATCH 1/x] x', true],
  ['[ANNOUNCE] x', false],
  ['x', false],
])('%s is sent as a patch: %s', (subject, claims) => {
  expect(claimsPatch(parseSubject(subject))).toBe(claims);
});

test('a robot or a gateway writes before the prefix', () => {
  expect(parseSubject('Automatic reply: [PATCH 2/3] x')).toMatchObject({
    before: 'Automatic reply:',
    reply: false,
  });
});

test('a number in the text is told apart', () => {
  expect(parseSubject('fs: step 2/3, the larger one')).toMatchObject({ inText: [2, 3] });
  expect(parseSubject('[PATCH] fs: step 2/3')).toMatchObject({ inText: [2, 3] });
  expect(parseSubject('[PATCH 1/2] fs: step 2/3')).not.toHaveProperty('inText');
  expect(parseSubject('[PATCH] fs: read a/1/2/b')).not.toHaveProperty('inText');
});
