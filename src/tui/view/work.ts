// SPDX-License-Identifier: GPL-2.0-only
/** The build view, and any other work without a console: how far it is, its steps, what is new and wrong, its output. */
import { duration } from '../../commands/words.ts';
import { isRunning, type Job, progressOf } from '../jobs.ts';
import type { Progress } from '../progress.ts';
import { blank, bold, faint, type Line, plain, restyled, spread, styled } from '../span.ts';
import type { State, View } from '../state.ts';
import { newWarnings } from '../warnings.ts';
import { bad, doubt, glyphs, good, quiet } from './glyphs.ts';

/** The outermost work and what it waits for. */
const mostBars = 3;

export function workView(
  state: State,
  view: Extract<View, { kind: 'work' }>,
  width: number,
  height: number,
): readonly Line[] {
  const job = state.jobs.find(({ id }) => id === view.job);
  if (!job) return [faint(' this job is gone')];
  const warnings = newWarnings(state, job);
  const head: Line[] = [
    spread(
      plain(` ${progressOf(job, state.now) || endOf(job)}`),
      faint(`${duration((job.ended ?? state.now) - job.started)} `),
      width,
    ),
    ...(isRunning(job) ? job.progress.slice(-mostBars).flatMap(progress => bar(state, progress, width)) : []),
    blank,
    ...job.steps.slice(-Math.max(3, Math.floor(height / 3))).map(step => stepLine(step, width)),
    ...job.notices
      .slice(-4)
      .map(({ level, message }) =>
        styled(` ${level === 'info' ? 'note' : level}: ${message}`, level === 'warning' ? doubt : quiet),
      ),
    ...(job.failure ? failureLines(job) : []),
  ];
  const said: Line[] =
    warnings.length === 0
      ? []
      : [
          blank,
          bold(` ${warnings.length} new`),
          ...warnings.slice(0, Math.max(3, height - head.length - 6)).map((warning, i) => {
            const line = styled(` ${warning.text}`, warning.level === 'error' ? bad : doubt);
            return i === Math.min(view.pager.top, warnings.length - 1)
              ? restyled(line, { inverse: true })
              : line;
          }),
        ];
  const room = height - head.length - said.length - 1;
  const output = room > 1 ? job.output.slice(-room).map(line => faint(` ${line}`)) : [];
  return [...head, ...said, ...(output.length > 0 ? [blank, ...output] : [])].slice(0, height);
}

function endOf(job: Job): string {
  if (job.state === 'done') return job.code === 0 ? 'done' : 'done, and the answer is "failed"';
  return isRunning(job) ? 'starting' : job.state;
}

function bar(state: State, { percent }: Progress, width: number): readonly Line[] {
  if (percent === undefined) return [];
  const { full, light } = glyphs(state.look);
  const room = width - 2;
  const filled = Math.min(room, Math.round((room * percent) / 100));
  return [
    [
      ...plain(' '),
      ...styled(full.repeat(filled), { fg: 'cyan' }),
      ...styled(light.repeat(room - filled), quiet),
    ],
  ];
}

function stepLine(step: Job['steps'][number], width: number): Line {
  const end =
    step.state === 'done' && step.ms !== undefined
      ? duration(step.ms)
      : step.state === 'started'
        ? '...'
        : step.state;
  const style =
    step.state === 'failed' ? bad : step.state === 'started' ? {} : step.state === 'done' ? good : quiet;
  return spread(plain(` ${step.name}`), styled(`${end} `, style), Math.min(width, 90));
}

const failureLines = ({ failure }: Job): Line[] => [
  blank,
  styled(` ${failure!.message}`, bad),
  ...(failure!.hint ? [plain(` ${failure!.hint}`)] : []),
  ...failure!.details.map(line => faint(` | ${line}`)),
  ...(failure!.log ? [faint(` log: ${failure!.log}`)] : []),
];
