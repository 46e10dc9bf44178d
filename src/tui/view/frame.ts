// SPDX-License-Identifier: GPL-2.0-only
/** The whole screen as lines: panels, main area, status, footer, and what lies over them. */
import { isRunning, progressOf, titleOf } from '../jobs.ts';
import { activeBindings, keyName } from '../keys.ts';
import { layoutOf, smallest } from '../layout.ts';
import { blank, faint, fit, type Line, plain, spread, styled, widthOf } from '../span.ts';
import type { State, View } from '../state.ts';
import { shownView } from '../selection.ts';
import { bootView } from './boot.ts';
import { accent, bad, doubt, glyphs, quiet, titleRule } from './glyphs.ts';
import { withOverlays } from './overlays.ts';
import { panelView } from './panels.ts';
import { previewView } from './preview.ts';
import { placeText, textView } from './text.ts';
import { workView } from './work.ts';

/** Exactly `state.height` lines of exactly `state.width` columns. */
export function render(state: State): readonly Line[] {
  const { width, height } = state;
  if (width < smallest.width || height < smallest.height) return tooSmall(state);
  const layout = layoutOf(state);
  const main = mainArea(state, layout.main.width, layout.main.height);
  const left = layout.panels.flatMap(({ id, width: w, height: h }) => panelView(state, id, w, h));
  const side = styled(glyphs(state.look).side, quiet);
  const beside = (line: Line, i: number): Line => [
    ...fit(left[i] ?? blank, layout.main.x - 1),
    ...side,
    ...fit(line, layout.main.width),
  ];
  const rows = main.map((line, i) => {
    if (layout.panels.length === 0) return line;
    return layout.main.x === 0 ? (left[i] ?? blank) : beside(line, i);
  });
  const screen = [...rows, statusLine(state), footerLine(state)].map(line => fit(line, width));
  return withOverlays(state, screen).map(line => fit(line, width));
}

function tooSmall({ width, height }: State): readonly Line[] {
  const text = `${width}x${height} is too small: initbench needs ${smallest.width}x${smallest.height}`;
  return Array.from({ length: height }, (_, i) => fit(i === 0 ? plain(text) : blank, width));
}

/** A title and what is below it, filled up to `height`. */
function mainArea(state: State, width: number, height: number): readonly Line[] {
  const focused = state.focus === 'main';
  const view = focused ? shownView(state) : undefined;
  const { title, right, lines } = view
    ? viewOf(state, view, width, height - 1)
    : previewOf(state, width, height - 1);
  const body = lines.slice(0, height - 1);
  return [
    titleRule(state.look, title, right, width, focused),
    ...body,
    ...Array<Line>(Math.max(0, height - 1 - body.length)).fill(blank),
  ].map(line => fit(line, width));
}

function previewOf(state: State, width: number, height: number) {
  return {
    ...previewView(state, width, height),
    right: state.views.length > 0 ? `0: ${state.views.length} open` : '',
  };
}

function viewOf(state: State, view: View, width: number, height: number) {
  const others = state.views.length > 1 ? `  [ ] ${state.views.length} open` : '';
  switch (view.kind) {
    case 'boot': {
      const jobs = state.jobs.filter(({ id }) => view.jobs.includes(id));
      const running = jobs.filter(isRunning).length;
      const title = jobs.length === 1 ? titleOf(jobs[0]!) : `boot ${jobs.map(job => job.argv[1]).join(', ')}`;
      const right = running > 0 ? `${running} running${others}` : `ended${others}`;
      return { title, right, lines: bootView(state, view, width, height) };
    }
    case 'text':
      return {
        title: view.title,
        right: placeText(state, view, height) + others,
        lines: textView(state, view, width, height),
      };
    case 'work': {
      const job = state.jobs.find(({ id }) => id === view.job);
      return {
        title: job ? titleOf(job) : '',
        right: others.trim(),
        lines: workView(state, view, width, height),
      };
    }
  }
}

/** Running jobs at the left; what was last said, or how boots are asked for, at the right. */
function statusLine(state: State): Line {
  const running = state.jobs.filter(isRunning);
  const { settings } = state;
  const asked = `${settings.series} ${settings.payload}+${settings.pad} ${settings.clock} ${settings.memory} MiB `;
  if (state.quitting) return plain(' stopping what runs ...');
  if (state.said !== undefined) return styled(` ${state.said}`, doubt);
  const { length } = state.early;
  if (length > 0) return faint(` loading ... ${length === 1 ? '1 key waits' : `${length} keys wait`}`);
  if (!state.commands) return faint(' loading ...');
  if (running.length === 0) {
    const last = state.jobs.findLast(job => !isRunning(job));
    const word =
      last === undefined
        ? ''
        : ` ${titleOf(last)}: ${last.state === 'done' && last.code !== 0 ? 'FAILED' : last.state}`;
    return spread(
      last && word.endsWith('FAILED') ? styled(word, bad) : faint(word),
      faint(asked),
      state.width,
    );
  }
  const first = running[0]!;
  const more = running.length > 1 ? ` and ${running.length - 1} more` : '';
  return spread(
    [...styled(' > ', accent), ...plain(`${titleOf(first)}${more}  ${progressOf(first, state.now)}`)],
    faint('x stops '),
    state.width,
  );
}

/** The keys of this place that there is room for, help always among them. */
function footerLine(state: State): Line {
  if (state.typing) {
    return [
      ...plain(' all keys go to the guest '),
      ...styled(' Ctrl-]', accent),
      ...plain(' takes them back'),
    ];
  }
  const entries = activeBindings(state).flatMap(({ keys, hint, blocked }) =>
    hint === undefined ? [] : [{ key: keyName(keys[0]!), hint, off: blocked?.(state) !== undefined }],
  );
  const last = entries.filter(({ hint }) => hint === 'keys');
  const end = last.flatMap(entry => entryLine(entry));
  let line: Line = [];
  for (const entry of entries) {
    if (entry.hint === 'keys') continue;
    const next = [...line, ...entryLine(entry)];
    if (widthOf(next) + widthOf(end) > state.width) break;
    line = next;
  }
  return [...line, ...end];
}

/** A key that does nothing now is in brackets. */
const entryLine = ({ key, hint, off }: { key: string; hint: string; off: boolean }): Line =>
  off ? faint(` (${key} ${hint}) `) : [...plain(' '), ...styled(key, accent), ...plain(` ${hint} `)];
