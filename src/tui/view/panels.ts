// SPDX-License-Identifier: GPL-2.0-only
/** The five panels at the left: a line an item, the selected one visible. */
import type { PatchStatus } from '../../campaign/status.ts';
import { figureText, figureWithUnit, unitOf } from '../../commands/words.ts';
import { isRunning, progressOf } from '../jobs.ts';
import { firstShown } from '../layout.ts';
import {
  aheadOf,
  flowItems,
  type FlowItem,
  type KernelItem,
  kernelItems,
  type RunItem,
  runItems,
  selectedIndex,
  type SeriesItem,
  seriesItems,
  statusOf,
  type SubmissionItem,
  submissionItems,
} from '../selection.ts';
import { blank, faint, type Line, plain, slice, spread, styled, widthOf } from '../span.ts';
import type { DataName, PanelId, State } from '../state.ts';
import { bad, chosen, doubt, good, outcomeWord, quiet, titleRule } from './glyphs.ts';

const titles: Readonly<Record<PanelId, string>> = {
  series: '1 Series',
  kernels: '2 Kernels',
  flows: '3 Flows',
  runs: '4 Runs',
  submission: '5 Submission',
};

/** Exactly `height` lines, the title first. */
export function panelView(state: State, id: PanelId, width: number, height: number): readonly Line[] {
  const focused = state.focus === id;
  const { lines, right = '', empty } = contentOf(state, id, width);
  const selected = selectedIndex(state, id);
  const first = firstShown(selected, height - 1, lines.length);
  const shown = lines
    .slice(first, first + height - 1)
    .map((line, i) => (first + i === selected && focused ? chosen(line, width, true) : line));
  const body = lines.length > 0 ? shown : [faint(` ${empty}`)];
  const filled = [...body, ...Array<Line>(Math.max(0, height - 1 - body.length)).fill(blank)];
  return [titleRule(state.look, titles[id], right, width, focused), ...filled.slice(0, height - 1)];
}

interface Content {
  readonly lines: readonly Line[];
  readonly right?: string;
  readonly empty: string;
}

function contentOf(state: State, id: PanelId, width: number): Content {
  const absent = (name: DataName, none: string) =>
    state.failures[name] ? 'could not be read: r tries again' : state.data[name] ? none : 'loading';
  switch (id) {
    case 'series':
      return {
        lines: seriesItems(state).map(item => seriesLine(state, item, width)),
        empty: absent('series', 'none in patches/'),
      };
    case 'kernels':
      return {
        lines: kernelItems(state).map(item => kernelLine(state, item, width)),
        empty: absent('trees', 'no tree: a adds one'),
      };
    case 'flows':
      return {
        lines: flowItems(state).map(item => flowLine(state, item, width)),
        right: `${state.marked.length} marked`,
        empty: absent('flows', 'none'),
      };
    case 'runs':
      return {
        lines: runItems(state).map(item => runLine(state, item, width)),
        right: runsTitle(state),
        empty: absent('runs', 'none yet: b boots the marked flows'),
      };
    case 'submission':
      return {
        lines: submissionItems(state).map(submissionLine),
        empty: absent('series', 'the series has no cover letter'),
      };
  }
}

function seriesLine(state: State, item: SeriesItem, width: number): Line {
  if (item.kind === 'cover') return plain('    cover letter');
  if (item.kind === 'patch') {
    const word = patchWord(statusOf(state, item.number));
    const left = plain(` ${String(item.number).padStart(3)} ${item.patch.subject}`);
    return spread(slice(left, 0, width - widthOf(word) - 1), word, width);
  }
  const used = item.series.name === state.settings.series;
  const ahead = aheadOf(state, item.series.name);
  return spread(
    used ? styled(` * ${item.series.name}`, { bold: true }) : plain(`   ${item.series.name}`),
    ahead
      ? styled(`${ahead.length} not refreshed `, doubt)
      : faint(
          `${item.series.unwritten ? 'not written,' : item.series.patches.length} for ${item.series.tree} `,
        ),
    width,
  );
}

/** The worst of what is known of a patch, in a word. */
function patchWord(status: PatchStatus | undefined): Line {
  if (!status) return [];
  const { branch, check, booted, built } = status;
  if (branch !== undefined && branch !== 'same') return styled(` ${branch} `, doubt);
  if (check && check.fail > 0) return styled(' FAIL ', bad);
  if (booted && booted.outcome !== 'ready') return styled(' FAIL ', bad);
  if (check && check.open === 0 && check.pass > 0) return styled(' ok ', good);
  if (booted) return faint(' boots ');
  return faint(built ? ' built ' : ' - ');
}

function kernelLine(state: State, item: KernelItem, width: number): Line {
  if (item.kind === 'tree') {
    const about = item.tree ? `Linux ${item.tree.version}` : 'not here yet';
    return spread(styled(` ${item.name}`, { bold: true }), faint(`${about} `), width);
  }
  if (item.kind === 'fragment') {
    const order = state.settings.fragments.indexOf(item.name);
    const mark = item.always ? '=' : order >= 0 ? String(order + 1) : ' ';
    return spread(plain(` [${mark}] ${item.name}`), faint(item.always ? 'always ' : 'fragment '), width);
  }
  const building = state.jobs.find(
    job =>
      isRunning(job) &&
      job.argv[0] === 'build' &&
      (job.argv[1] ?? 'base') === item.name &&
      job.argv.includes(item.tree),
  );
  const right = building
    ? styled(`${progressOf(building, state.now).split(' ')[0] ?? ''} building `, { fg: 'yellow' })
    : item.built
      ? aheadOf(state, item.name)
        ? styled('built, behind ', doubt)
        : styled('built ', good)
      : styled('not built ', quiet);
  return spread(plain(`   ${item.name}`), right, width);
}

function flowLine(state: State, item: FlowItem, width: number): Line {
  if (item.kind === 'setting') {
    const doubtful = item.value === '' ? styled('? ', bad) : plain(`${item.value} `);
    return spread(faint(`     ${item.label}`), doubtful, width);
  }
  const marked = state.marked.includes(item.flow);
  const box = marked ? styled(' [x] ', { bold: true }) : plain(' [ ] ');
  return spread(
    [...box, ...styled(item.flow, marked ? { bold: true } : {})],
    faint(`${item.format} `),
    width,
  );
}

function submissionLine(item: SubmissionItem): Line {
  if (item.kind === 'cover') return plain(` cover letter: ${item.series.cover?.subject ?? ''}`);
  if (item.kind === 'mail') return plain(` ${String(item.mail.number).padStart(3)} ${item.mail.subject}`);
  const { state, text } = item.item;
  const word = { ok: styled(' ok     ', good), blocks: styled(' BLOCKS ', bad), note: faint(' note   ') }[
    state
  ];
  return [...word, ...plain(text)];
}

function runLine(state: State, item: RunItem, width: number): Line {
  const { row, outcome, figures, stale, record } = item;
  const mark = state.markedRuns.includes(item.run) ? '*' : ' ';
  const word = !outcome && !item.boot ? styled('BROKEN', bad) : outcomeWord(outcome);
  const { clock, total } = figures ?? {};
  const write = clock === 'icount' ? figureText : figureWithUnit;
  const figure = clock === undefined || total === undefined ? '' : ` ${write(total, clock)}`;
  const end = [...(record && stale.length > 0 ? styled(' stale', doubt) : []), ...plain(`${figure} `)];
  const left = [...plain(mark), ...word, ...plain(` ${row}`)];
  return spread(slice(left, 0, Math.max(10, width - widthOf(end) - 1)), end, width);
}

/** What the figures of most boots are, which is then not said of each. */
function runsTitle(state: State): string {
  const counted = runItems(state).some(
    ({ figures }) => figures?.clock === 'icount' && figures.total !== undefined,
  );
  return [
    ...(state.markedRuns.length > 0 ? [`${state.markedRuns.length} marked`] : []),
    ...(counted ? [`total, ${unitOf('icount').short}`] : []),
  ].join(', ');
}
