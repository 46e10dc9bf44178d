// SPDX-License-Identifier: GPL-2.0-only
/** What lies over the screen: boxes in the middle, a line at the bottom, errors that wait to be read. */
import { duration } from '../../commands/words.ts';
import { cells, columnsOf, graphemesOf, padded } from '../cells.ts';
import { candidates } from '../complete.ts';
import { isRunning, titleOf } from '../jobs.ts';
import { keyName } from '../keys.ts';
import { firstShown } from '../layout.ts';
import { helpEntries, jobIndex } from '../overlay.ts';
import {
  blank,
  faint,
  fit,
  type Line,
  over,
  plain,
  restyled,
  slice,
  spread,
  styled,
  widthOf,
  wrapped,
} from '../span.ts';
import type { Overlay, State } from '../state.ts';
import { accent, bad, chosen, doubt, glyphs, good } from './glyphs.ts';

/** The screen with what lies over it. */
export function withOverlays(state: State, screen: readonly Line[]): readonly Line[] {
  const { overlay, errors } = state;
  const covered = overlay ? overlaid(state, overlay, screen) : screen;
  return errors.length > 0 ? boxed(state, covered, 'error', errorLines(state), 'low') : covered;
}

function overlaid(state: State, overlay: Overlay, screen: readonly Line[]): readonly Line[] {
  const inner = Math.min(state.width - 6, 90);
  const room = Math.max(2, state.height - 8);
  switch (overlay.kind) {
    case 'prompt':
      return prompted(state, overlay, screen);
    case 'question': {
      const end = [blank, [...styled(keyName(overlay.key), accent), ...plain(' yes   any other key: no')]];
      return boxed(
        state,
        screen,
        'question',
        [...overlay.lines.flatMap(line => wrapped(line, inner).map(plain)), ...end],
        'middle',
      );
    }
    case 'choice': {
      const name = Math.max(...overlay.options.map(({ value }) => columnsOf(cells(value))));
      const lines = overlay.options.map(({ value, words }) => [
        ...plain(`${padded(value, name)}  `),
        ...faint(words),
      ]);
      return boxed(state, screen, overlay.title, listed(lines, overlay.selected, room, inner), 'middle');
    }
    case 'help': {
      const entries = helpEntries(state, overlay.filter);
      const named = (entry: (typeof entries)[number]) => entry.keys.map(keyName).join(' ');
      const keys = Math.max(6, ...entries.map(entry => named(entry).length));
      const labels = Math.max(...entries.map(({ hint = '' }) => hint.length), 0);
      const lines = entries.map((entry): Line => {
        const why = entry.blocked?.(state);
        const { hint = '', words } = entry;
        return [
          ...styled(named(entry).padEnd(keys + 2), accent),
          ...plain(hint.padEnd(labels === 0 ? 0 : labels + 2)),
          ...(why === undefined ? plain(words) : faint(`${words} (${why})`)),
        ];
      });
      const filter: Line =
        overlay.filter === ''
          ? faint('type to search, Enter runs, Esc closes')
          : [...plain('search: '), ...styled(overlay.filter, { bold: true })];
      return boxed(
        state,
        screen,
        'keys of this view',
        [filter, blank, ...listed(lines, overlay.selected, room - 2, inner)],
        'middle',
      );
    }
    case 'log': {
      const height = room;
      const last = Math.max(0, state.log.length - height);
      const top = Math.min(overlay.pager.top, last);
      const lines =
        state.log.length === 0
          ? [faint('no command was run yet')]
          : state.log.slice(top, top + height).map(plain);
      return boxed(state, screen, 'command log', lines, 'middle', state.width - 6);
    }
    case 'jobs': {
      const lines = state.jobs.map(job => {
        const word = job.state === 'done' && job.code !== 0 ? 'FAILED' : job.state;
        const style = isRunning(job) ? doubt : word === 'done' ? good : bad;
        const time = duration((job.ended ?? state.now) - job.started);
        return spread([...styled(word.padEnd(9), style), ...plain(titleOf(job))], faint(` ${time}`), inner);
      });
      if (lines.length === 0) return boxed(state, screen, 'jobs', [faint('nothing ran yet')], 'middle');
      const end = [blank, faint('Enter opens, x stops, Esc closes')];
      return boxed(
        state,
        screen,
        'jobs',
        [...listed(lines, jobIndex(state, overlay.selected), room - 2, inner), ...end],
        'middle',
      );
    }
  }
}

function listed(lines: readonly Line[], selected: number, room: number, width: number): readonly Line[] {
  const first = firstShown(selected, room, lines.length);
  const widest = Math.min(width, Math.max(...lines.map(widthOf), 1));
  return lines
    .slice(first, first + room)
    .map((line, i) => (first + i === selected ? chosen(line, widest, true) : line));
}

function errorLines(state: State): readonly Line[] {
  const inner = Math.min(state.width - 6, 100);
  const { title, failure } = state.errors[0]!;
  const more = state.errors.length - 1;
  const room = Math.max(2, state.height - 16);
  return [
    ...wrapped(title, inner).map(line => styled(line, { bold: true })),
    ...wrapped(failure.message, inner).map(line => styled(line, bad)),
    ...failure.details.slice(-room).map(line =>
      faint(
        slice(plain(line), 0, inner)
          .map(({ text }) => text)
          .join(''),
      ),
    ),
    ...(failure.hint ? wrapped(failure.hint, inner).map(plain) : []),
    ...(failure.log ? wrapped(`log: ${failure.log}`, inner).map(faint) : []),
    blank,
    [...styled('Esc', accent), ...plain(more > 0 ? ` read; ${more} more` : ' read')],
  ];
}

/** A box over the screen, as wide as its widest line or as told. */
function boxed(
  state: State,
  screen: readonly Line[],
  title: string,
  lines: readonly Line[],
  place: 'middle' | 'low',
  exactly?: number,
): readonly Line[] {
  const { rule, side } = glyphs(state.look);
  const corners = state.look.ascii ? ['+', '+', '+', '+'] : ['┌', '┐', '└', '┘'];
  const inner = Math.min(
    state.width - 4,
    exactly ?? Math.max(columnsOf(cells(title)) + 4, 30, ...lines.map(widthOf)),
  );
  const style = title === 'error' ? bad : accent;
  const top: Line = [
    ...styled(`${corners[0]}${rule} `, style),
    ...styled(title, { ...style, bold: true }),
    ...styled(` ${rule.repeat(Math.max(0, inner - columnsOf(cells(title)) - 1))}${corners[1]}`, style),
  ];
  const middle = lines.map((line): Line => [
    ...styled(`${side} `, style),
    ...fit(line, inner),
    ...styled(` ${side}`, style),
  ]);
  const bottom = styled(`${corners[2]}${rule.repeat(inner + 2)}${corners[3]}`, style);
  const box = [top, ...middle, bottom].slice(0, state.height - 2);
  const x = Math.max(0, Math.floor((state.width - inner - 4) / 2));
  const y =
    place === 'low'
      ? state.height - 2 - box.length
      : Math.max(0, Math.floor((state.height - box.length) / 2));
  return screen.map((line, i) => (i >= y && i < y + box.length ? over(line, x, box[i - y]!) : line));
}

function prompted(
  state: State,
  { what, label, text, cursor, refused }: Extract<Overlay, { kind: 'prompt' }>,
  screen: readonly Line[],
): readonly Line[] {
  const head = what === 'search' || label === ':' ? label : `${label}: `;
  const room = state.width - columnsOf(cells(head)) - 1;
  const [under = ' '] = graphemesOf(text.slice(cursor));
  const written: Line = [
    ...plain(text.slice(0, cursor)),
    ...restyled(plain(under), { inverse: true }),
    ...plain(text.slice(cursor + under.length)),
  ];
  const at = columnsOf(cells(text.slice(0, cursor)));
  const from = Math.max(0, at + columnsOf(cells(under)) - room);
  const line: Line = [...styled(head, accent), ...slice(written, from, from + room)];
  const offers = what === 'command' ? candidates(state, text.slice(0, cursor)) : [];
  const hint: Line =
    refused !== undefined
      ? styled(` ${refused}`, bad)
      : offers.length > 0
        ? faint(` Tab: ${offers.join('  ')}`)
        : faint(what === 'command' ? ' Enter runs, Esc leaves it' : ' Enter takes it, Esc leaves it');
  return [...screen.slice(0, -2), fit(hint, state.width), fit(line, state.width)];
}
