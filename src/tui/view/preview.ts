// SPDX-License-Identifier: GPL-2.0-only
/** What the selected item of a panel is, while the panel has the keys. */
import type { RunFigures } from '../../commands/live.ts';
import { aboutLines } from '../../commands/series-status.ts';
import { describeOutcome, duration, figureText, shellQuote, unitOf } from '../../commands/words.ts';
import { commandsFor } from '../run.ts';
import {
  isAnswered,
  previewPath,
  selectedFlow,
  selectedKernel,
  selectedRun,
  selectedSeries,
  selectedSetting,
  selectedSubmission,
} from '../selection.ts';
import { blank, bold, faint, type Line, plain, slice, styled, wrapped } from '../span.ts';
import type { State } from '../state.ts';
import { doubt, outcomeWord } from './glyphs.ts';
import { syntaxLines } from './text.ts';

export interface Preview {
  readonly title: string;
  readonly lines: readonly Line[];
}

export function previewView(state: State, width: number, height: number): Preview {
  const file = previewPath(state);
  if (file !== undefined) {
    const lines = state.preview?.lines ?? [];
    const syntax = state.focus === 'kernels' ? 'plain' : state.focus === 'submission' ? 'mail' : 'diff';
    const shown = syntaxLines(lines, state.previewTop, state.previewTop + height, syntax);
    return {
      title: file.split('/').at(-1)!,
      lines: shown.map(line => slice([...plain(' '), ...line], 0, width)),
    };
  }
  const { focus } = state;
  if (focus !== 'main' && !isAnswered(state, focus)) return { title: '', lines: [faint(' loading ...')] };
  const { title, lines } = aboutOf(state, width - 2);
  return { title, lines: lines.map(line => [...plain(' '), ...line]) };
}

function aboutOf(state: State, width: number): Preview {
  const text = (words: string) => wrapped(words, width).map(plain);
  switch (state.focus) {
    case 'series': {
      const item = selectedSeries(state);
      if (!item)
        return {
          title: 'Series',
          lines: text('patches/ holds no series. A folder of git format-patch output is one.'),
        };
      const { series } = item;
      return {
        title: series.name,
        lines: [
          ...(series.cover ? wrapped(series.cover.subject, width).map(bold) : []),
          blank,
          ...text(
            `${series.patches.length} patches for the tree ${series.tree}, digest ${series.digest.slice(0, 12)}`,
          ),
          ...statusLines(state, series.name).flatMap(text),
          ...text(
            series.name === state.settings.series
              ? 'Boots and comparisons use it.'
              : 'Space uses it for boots and comparisons.',
          ),
          blank,
          ...(series.cover?.body.split('\n') ?? []).map(plain),
        ],
      };
    }
    case 'kernels': {
      const item = selectedKernel(state);
      if (item?.kind === 'tree') {
        return {
          title: `tree ${item.name}`,
          lines: item.tree
            ? [
                ...text(`Linux ${item.tree.version}, commit ${item.tree.commit.slice(0, 12)}`),
                ...(item.tree.note ? text(item.tree.note) : []),
              ]
            : text(`Not here yet; made when first needed from ${item.source ?? ''}`),
        };
      }
      if (item?.kind === 'kernel')
        return { title: `kernel ${item.name} on ${item.tree}`, lines: kernelAbout(state, width) };
      return {
        title: 'Kernels',
        lines: text('No tree is here yet. a adds one, from a clone, a tarball or a Debian package.'),
      };
    }
    case 'flows':
      return { title: flowTitle(state), lines: flowAbout(state, width) };
    case 'runs':
      return runAbout(state, width);
    case 'submission': {
      const item = selectedSubmission(state);
      if (item?.kind !== 'check')
        return { title: 'Submission', lines: text('The series in use has no cover letter.') };
      return {
        title: item.item.id,
        lines: [
          ...text(item.item.text),
          ...(item.item.details ?? []).flatMap(text),
          ...(item.item.hint ? [blank, ...text(item.item.hint)] : []),
        ],
      };
    }
    default:
      return { title: 'Submission', lines: text('The series in use has no cover letter.') };
  }
}

/** What is to be known of the series as a whole. */
function statusLines(state: State, series: string): readonly string[] {
  const { status } = state.data;
  if (status?.series !== series) return [];
  const { noCheck } = status;
  return [...aboutLines(status), ...(noCheck === undefined ? [] : [`check: ${noCheck}`])];
}

function kernelAbout(state: State, width: number): readonly Line[] {
  const item = selectedKernel(state);
  if (item?.kind !== 'kernel') return [];
  if (!item.built) return [plain('Not built. b builds it.')];
  const { built } = item;
  const base = state.data.kernels?.kernels.find(
    ({ kernel }) => kernel.name === 'base' && kernel.tree === item.tree && kernel.arch === built.arch,
  )?.kernel;
  const section = (name: 'text' | 'data' | 'bss') => {
    const own = built.sections[name];
    const delta =
      base && base !== built
        ? `${own - base.sections[name] >= 0 ? '+' : ''}${own - base.sections[name]}`
        : '';
    return plain(
      `${name.padEnd(12)}${String(own).padStart(10)}  ${delta.padStart(9)}${delta && name === 'text' ? '  against base' : ''}`,
    );
  };
  const field = (name: string, value: string) => plain(`${name.padEnd(12)}${value}`);
  return [
    field('release', `${built.release}, ${built.arch}`),
    field('digest', built.digest.slice(0, 12)),
    field('commit', built.commit.slice(0, 12)),
    field('config', `${built.fragments.join(', ')} (${built.configDigest.slice(0, 12)})`),
    field('compiler', built.toolchain.compiler),
    field('built in', duration(built.built)),
    field('warnings', String(built.warnings.length)),
    blank,
    section('text'),
    section('data'),
    section('bss'),
    blank,
    ...wrapped(`log ${built.files.log}`, width).map(faint),
  ];
}

const flowTitle = (state: State): string => {
  const item = selectedSetting(state);
  return item?.kind === 'flow' ? `flow ${item.flow}` : 'how flows are booted';
};

function flowAbout(state: State, width: number): readonly Line[] {
  const item = selectedFlow(state);
  const about = state.data.flows?.flows.find(({ id }) => id === item?.flow);
  const { boot, compare } = commandsFor(state);
  const lines = (argv: readonly string[]) =>
    wrapped(`initbench ${shellQuote(argv)}`, width - 2).map((line, i) =>
      plain(`${i === 0 ? '' : '  '}${line}`),
    );
  return [
    ...(about ? [...wrapped(about.summary, width).map(bold), blank] : []),
    ...(about
      ? wrapped(
          `Boots ${about.formats.join(', ')} on ${about.kernel === 'any' ? 'any kernel' : 'a kernel with the series'}.`,
          width,
        ).map(plain)
      : []),
    ...(about ? [blank] : []),
    ...(boot.length === 0
      ? [faint('No flow is marked. Space marks the selected one.')]
      : [
          faint('b boots side by side:'),
          ...boot.flatMap(lines),
          blank,
          faint('c compares, one boot at a time:'),
          ...lines(compare),
        ]),
  ];
}

function runAbout(state: State, width: number): Preview {
  const item = selectedRun(state);
  if (!item) {
    return {
      title: 'Runs',
      lines: wrapped('Nothing was booted yet. Mark flows in panel 3 and boot them with b.', width).map(plain),
    };
  }
  const { boot, record, outcome, stale } = item;
  const argv = record?.argv ?? boot?.argv ?? [];
  const field = (name: string, value: string) => plain(`${name.padEnd(14)}${value}`);
  return {
    title: `run ${item.run}`,
    lines: [
      [...plain(`${item.row}  `), ...outcomeWord(outcome)],
      ...(outcome && outcome.kind !== 'ready' ? wrapped(describeOutcome(outcome), width).map(plain) : []),
      ...stale
        .flatMap(reason => wrapped(record ? `stale: ${reason}` : reason, width))
        .map(line => styled(line, doubt)),
      blank,
      ...(item.figures ? figureLines(item.figures) : []),
      ...(boot?.took === undefined
        ? []
        : [plain(`${'QEMU ran'.padEnd(14)}${duration(boot.took).padStart(12)}`)]),
      ...(record
        ? [
            field('started', record.started),
            field(
              'kernel',
              `${record.kernel.release}, ${record.kernel.name} (${record.kernel.digest.slice(0, 12)})`,
            ),
            ...record.images.map(({ role, format, bytes }) =>
              field(role, `${format}, ${(bytes / 2 ** 20).toFixed(1)} MiB`),
            ),
            record.qemuVersion === undefined
              ? field('platform', `${record.platform ?? 'unknown'}, ${record.clock}`)
              : field('QEMU', `${record.qemuVersion}, ${record.accelerator}, ${record.clock}`),
            ...record.notes.flatMap(note => wrapped(`note: ${note}`, width)).map(plain),
          ]
        : []),
      blank,
      faint('the same by hand:'),
      ...wrapped(shellQuote(argv), width).map(plain),
    ],
  };
}

/** What it passed, and what that comes to. */
function figureLines({ clock, points, total }: RunFigures): readonly Line[] {
  const line = (label: string, value: number | undefined) =>
    plain(`${label.padEnd(16)}${figureText(value, clock, 'detail').padStart(12)} ${unitOf(clock).short}`);
  const passed = points.filter(({ mark }) => mark !== 'kernel');
  return [
    ...passed.map(({ label, at }) => line(label, at)),
    ...(passed.length > 0 ? [line('total', total)] : []),
  ];
}
