// SPDX-License-Identifier: GPL-2.0-only
/** Whole screens as a person sees them, for each view and two sizes. `vitest -u` writes them again: look at them. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AnyCommand } from '../../src/commands/command.ts';
import { initialState, type Message, panels, type State } from '../../src/tui/state.ts';
import { widthOf } from '../../src/tui/span.ts';
import { render } from '../../src/tui/view/frame.ts';
import { picture } from '../../src/tui/view/picture.ts';
import { commands } from '../../src/commands/index.ts';
import type { WorkEvent } from '../../src/events.ts';
import { sweep } from '../measure/sweeps.ts';
import { bootEvents, keys, look, opened, play, seriesStatus, typed } from './sample.ts';
import { shown } from './terminal.ts';

const patchText = [
  'From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001',
  'Subject: [PATCH RFC 1/3] erofs: register the file system early when built in',
  '',
  'The initrd is looked at before late initcalls.',
  '---',
  ' fs/erofs/super.c | 4 ++--',
  '',
  'diff --git a/fs/erofs/super.c b/fs/erofs/super.c',
  '--- a/fs/erofs/super.c',
  '+++ b/fs/erofs/super.c',
  '@@ -1080,3 +1080,3 @@ static void __exit erofs_module_exit(void)',
  ' }',
  '-module_init(erofs_module_init);',
  '+fs_initcall(erofs_module_init);',
  ' module_exit(erofs_module_exit);',
];

const boots: readonly Message[] = [
  ...keys('b'),
  { type: 'events', job: 1, events: bootEvents('initramfs@base', { init: 264.09, used: 266.71 }) },
  { type: 'events', job: 2, events: bootEvents('kernelspace@initoverlayfs', { init: 192.15, used: 200.94 }) },
  { type: 'tick', now: 2600 },
];

/** What `compare` printed, from a file: its wording is its own affair. */
const table = readFileSync('test/fixtures/tui/compare.log', 'utf8').trimEnd().split('\n');
const compare: AnyCommand = { ...commands.find(({ id }) => id === 'compare')!, text: () => table };

const swept = (state: State) =>
  play(
    state,
    ...keys(':'),
    ...typed('sweep --size 16M,256M'),
    ...keys('enter'),
    { type: 'job-started', job: 1, command: commands.find(({ id }) => id === 'sweep')! },
    {
      type: 'job-ended',
      job: 1,
      product: { kind: 'sweep', sweep, file: '/srv/state/sweeps/0123.json' },
      code: 0,
    },
  ).state;

/** A boot that has come to its shell. */
const typedInto: readonly WorkEvent[] = bootEvents('kernelspace@initoverlayfs', {
  init: 192.15,
  used: 200.94,
})
  .slice(0, -1)
  .flatMap((event): WorkEvent[] => {
    const { job } = event;
    if (event.type !== 'boot-started') return [event];
    const { run } = event;
    return [
      event,
      { job, type: 'typable', run, socket: '/tmp/s' },
      { job, type: 'unfinished', run, text: '/ # ls \\x1b[31m' },
    ];
  });

const views: Readonly<Record<string, (state: State) => State>> = {
  flows: state => state,
  'series-patch': state =>
    play(state, ...keys('1', 'j', 'j'), {
      type: 'preview-read',
      path: '/srv/initbench/patches/initoverlayfs/0001-x.patch',
      lines: patchText,
    }).state,
  kernels: state => play(state, ...keys('2', 'j', 'j')).state,
  runs: state => play(state, ...boots, ...keys('4')).state,
  submission: state => play(state, ...keys('5')).state,
  boot: state => play(state, ...boots).state,
  compare: state =>
    play(
      state,
      ...keys('c'),
      { type: 'job-started', job: 1, command: compare },
      {
        ...{ type: 'job-ended', job: 1, product: {}, code: 0 },
      },
    ).state,
  sweep: state => swept(state),
  'sweep-table': state => play(swept(state), ...keys('G')).state,
  typing: state =>
    play(
      state,
      ...keys('j', 'j', 'I'),
      { type: 'events', job: 1, events: typedInto },
      ...keys('i'),
      ...typed('ls'),
    ).state,
  log: state =>
    play(
      state,
      ...boots,
      ...keys('enter'),
      {
        ...{ type: 'text-read', view: 4 },
        lines: ['initbench: init tsc=298489632', '[    0.1] Kernel panic - not syncing: {bold}no', 'the end'],
      },
      ...keys('/'),
      ...typed('panic'),
      ...keys('enter'),
    ).state,
  diff: state =>
    play(state, ...keys('1', 'j', 'j', 'enter'), { type: 'text-read', view: 1, lines: patchText }).state,
  build: state =>
    play(
      state,
      ...keys('1', 'b'),
      {
        ...{ type: 'events', job: 1 },
        events: [
          { job: 'tree 7.3', type: 'step', step: 'tree', state: 'cached' },
          {
            job: 'build initoverlayfs',
            type: 'step',
            step: 'configure initoverlayfs',
            state: 'done',
            ms: 2100,
          },
          { job: 'build initoverlayfs', type: 'step', step: 'build initoverlayfs', state: 'started' },
          {
            job: 'build initoverlayfs',
            type: 'output',
            stream: 'stdout',
            line: '  CC      fs/erofs/super.o',
          },
          {
            ...{ job: 'build initoverlayfs', type: 'output', stream: 'stderr' },
            line: '../fs/erofs/super.c:12:5: warning: unused variable ‘x’ [-Wunused-variable]',
          },
          { job: 'build initoverlayfs', type: 'progress', done: 680, total: 1940, label: 'fs/erofs/super.o' },
        ],
      },
      { type: 'tick', now: 12_000 },
    ).state,
  help: state => play(state, ...keys('?')).state,
  command: state => play(state, ...keys(':'), ...typed('series show init')).state,
  choice: state => play(state, ...keys('j', 'f')).state,
  quit: state => play(state, ...boots.slice(0, -2), ...keys('Q')).state,
  error: state =>
    play(state, ...keys('b'), {
      ...{ type: 'job-failed', job: 1 },
      failure: {
        kind: 'user',
        message: 'qemu-system-x86_64 is not installed',
        hint: 'run ./setup.sh, or install it: apt-get install qemu-system-x86',
        details: [],
      },
    }).state,
};

const sizes = [
  [80, 24],
  [120, 40],
] as const;

describe.each(sizes)('%ix%i', (width, height) => {
  test.each(Object.keys(views))('%s', async name => {
    const lines = render(views[name]!(opened(width, height)));
    expect(lines).toHaveLength(height);
    expect([...new Set(lines.map(widthOf))]).toEqual([width]);
    const text = await shown(lines, width, height);
    await expect(`${text}\n`).toMatchFileSnapshot(`../fixtures/tui/${name}-${width}x${height}.txt`);
  });
});

test('every view draws at every size, down to the sentence that there is no room', () => {
  for (const view of Object.values(views)) {
    for (const [width, height] of [
      [20, 5],
      [30, 8],
      [45, 12],
      [60, 15],
      [60, 16],
      [61, 17],
      [93, 31],
      [119, 24],
      [200, 50],
      [400, 100],
    ] as const) {
      const lines = render(view(opened(width, height)));
      expect([lines.length, ...new Set(lines.map(widthOf))]).toEqual([height, width]);
    }
  }
});

test('at 60x15 there is what fits: every panel by its title, the one with the keys with its items', () => {
  const text = (state: State) => render(state).map(line => line.map(span => span.text).join(''));
  for (const [key, title] of [
    ['1', '1 Series'],
    ['2', '2 Kernels'],
    ['3', '3 Flows'],
    ['4', '4 Runs'],
    ['5', '5 Submission'],
  ] as const) {
    const lines = text(play(opened(60, 15), ...boots, ...keys('escape', key)).state);
    const titles = lines.filter(line => /^[─═] \d /.test(line));
    expect(titles.map(line => /\d \w+/.exec(line)![0])).toHaveLength(5);
    const at = lines.findIndex(line => line.startsWith(`═ ${title}`));
    const next = lines.findIndex((line, i) => i > at && /^[─═] \d /.test(line));
    expect((next < 0 ? 13 : next) - at).toBeGreaterThan(1);
  }
  // a boot's consoles, a text, the help and a question are all there, and can be left
  for (const name of ['boot', 'compare', 'help', 'quit', 'error', 'command'] as const) {
    expect(text(views[name]!(opened(60, 15))).join('')).not.toContain('too small');
  }
});

test('narrower than panels and a view, one of the two is drawn', () => {
  const [panels, view] = [opened(40, 12), play(opened(40, 12), ...boots).state].map(state =>
    render(state)
      .map(line => line.map(span => span.text).join(''))
      .join('\n'),
  );
  expect(panels).toContain('3 Flows');
  expect(panels).not.toContain('│');
  expect(view).toContain('initramfs@base');
  expect(view).not.toContain('3 Flows');
});

test('in ASCII nothing else is drawn', () => {
  for (const view of Object.values(views)) {
    const state = view(opened(100, 30));
    const text = render({ ...state, look: { ascii: true, color: false } })
      .map(line => line.map(span => span.text).join(''))
      .join('\n');
    expect(text.replaceAll('‘x’', '')).toMatch(/^[\x20-\x7e\n]*$/);
  }
});

test('before any command has answered', () => {
  const empty = initialState({ width: 80, height: 24, look, keys: {} });
  expect(
    render(empty)
      .map(line => line.map(span => span.text).join(''))
      .join('\n'),
  ).toContain('loading');
});

test('what is not known yet is not said to be missing, in any panel', () => {
  for (const focus of panels) {
    const text = render({ ...initialState({ width: 80, height: 24, look, keys: {} }), focus })
      .map(line => line.map(span => span.text).join(''))
      .join('\n');
    expect(text).not.toMatch(/\bno\b|\bnone\b|\bnothing\b/i);
  }
});

test('a console says what its boot has reached last, by our marks or by its own init', () => {
  const row = 'kernelspace@initoverlayfs';
  const events = bootEvents(row, { init: 192.15, used: 200.94 }).slice(0, -1);
  const run = '20261124T2211-kern';
  const fact = { name: 'reached', values: { what: 'initrd.target', tsc: '1' } };
  const title = (more: readonly WorkEvent[]) =>
    render(
      play(
        opened(80, 24),
        ...keys('b'),
        { type: 'events', job: 1, events: [...events, ...more] },
        { type: 'tick', now: 2600 },
      ).state,
    )
      .map(line => line.map(span => span.text).join(''))
      .find(line => line.includes('tcg'));
  expect(title([])).toMatch(/tcg .* used /);
  expect(title([{ job: row, type: 'fact', run, fact }])).toMatch(/tcg .* initrd\.target /);
});

test('what a branch has and patches/ does not stands beside its series and its kernel', () => {
  const screen = (more: object) =>
    render(
      play(opened(120, 40), {
        type: 'loaded',
        name: 'status',
        product: { ...seriesStatus, ...more },
        asked: 0,
      }).state,
    )
      .map(line => line.map(span => span.text).join(''))
      .join('\n');
  const ahead = [
    { how: 'changed', subject: 'ovl' },
    { how: 'new', subject: 'init: more' },
  ];
  expect(screen({ ahead })).toMatch(/\* initoverlayfs +2 not refreshed/);
  expect(screen({ ahead })).toMatch(/ initoverlayfs +built, behind/);
  expect(screen({})).not.toMatch(/not refreshed|behind/);
});

test('the picture of the README is what the workbench shows', async () => {
  const { state } = play(views.compare!(opened(140, 34)));
  const licence = '<!-- SPDX-License-Identifier: GPL-2.0-only -->';
  await expect(`${licence}\n${picture(render(state), state.width)}`).toMatchFileSnapshot(
    '../../docs/workbench.svg',
  );
});

test('a picture has the text of the screen, each piece in its column, and nothing that is no text', () => {
  const line = [
    ...[{ text: ' a<b> ' }, { text: '測試', style: { fg: 'red' as const, inverse: true } }],
    { text: '   end', style: { bold: true } },
  ];
  const svg = picture([line, []], 20);
  expect(svg).toContain('>a&lt;b&gt;</text>');
  const at = (text: string) => Number(new RegExp(`<text x="([\\d.]+)"[^>]*>${text}`).exec(svg)![1]);
  const column = (at('end') - at('a&lt;b')) / (at('測試') - at('a&lt;b'));
  expect(column).toBeCloseTo(12 / 5);
  expect(svg).toMatch(/<rect [^>]*width="33.6" height="18"/);
  expect(svg).toMatch(/font-weight="bold"[^>]*>end</);
});
