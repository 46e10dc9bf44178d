// SPDX-License-Identifier: GPL-2.0-only
/** The event stream as lines for people: steps with their times, one line of progress, notices; all to stderr. */
import { sanitise, type WorkEvent } from '../events.ts';
import { type Pace, paceAfter, timeLeft } from '../commands/pace.ts';
import { describeOutcome, duration, shellQuote } from '../commands/words.ts';

export interface Reporter {
  event(event: WorkEvent): void;
  /** Takes the progress line off the screen. */
  end(): void;
}

export interface PlainOptions {
  readonly write: (text: string) => void;
  /** Console lines go here; undefined: they are not shown. */
  readonly console?: (text: string) => void;
  readonly isTerminal: boolean;
  readonly width: number;
  /** 1: commands too. 2: all that programs print. */
  readonly verbose: number;
  readonly quiet: boolean;
  readonly now?: () => number;
}

/** Without a terminal, progress is a line at most this often. */
const quietProgressMs = 15_000;
const redrawMs = 100;

export function plainReporter(options: PlainOptions): Reporter {
  const now = options.now ?? (() => performance.now());
  const started = new Map<string, number>();
  const said = new Set<string>();
  const paces = new Map<string, Pace>();
  let drawn = '';
  let lastDraw = Number.NEGATIVE_INFINITY;

  const erase = () => {
    if (drawn) options.write('\r\x1b[K');
    drawn = '';
  };
  const line = (text: string) => {
    erase();
    options.write(`${text}\n`);
  };
  const draw = (text: string) => {
    const time = now();
    if (!options.isTerminal) {
      if (time - lastDraw >= quietProgressMs) {
        lastDraw = time;
        options.write(`${text}\n`);
      }
    } else if (time - lastDraw >= redrawMs) {
      lastDraw = time;
      erase();
      drawn = text.slice(0, options.width - 1);
      options.write(drawn);
    }
  };

  const event = (e: WorkEvent) => {
    if (options.quiet && e.type !== 'notice' && e.type !== 'console') return;
    switch (e.type) {
      case 'step': {
        const name = sanitise(e.step === e.job ? e.step : `${e.job}: ${e.step}`);
        const key = `${e.job}/${e.step}`;
        if (e.state === 'started') {
          started.set(key, now());
          paces.delete(e.job);
          draw(`  ${name} ...`);
          return;
        }
        const since = started.get(key);
        const took = e.ms ?? (since === undefined ? undefined : now() - since);
        const end = e.state === 'done' ? (took === undefined ? 'done' : duration(took)) : e.state;
        const text = `  ${name.padEnd(56)} ${end.padStart(8)}`;
        // Several stages ask for the same cached thing; once is enough, and not at all when it was just made.
        if (e.state === 'cached' && said.has(name)) return;
        said.add(name);
        line(text);
        return;
      }
      case 'progress':
        paces.set(e.job, paceAfter(paces.get(e.job) ?? [], now(), e.done));
        draw(progressLine(e, paces.get(e.job)!, now()));
        return;
      case 'notice':
        if (options.quiet && e.level === 'info') return;
        line(`${e.level === 'warning' ? 'warning' : 'note'}: ${sanitise(e.message)}`);
        return;
      case 'command':
        if (options.verbose >= 1) line(`$ ${sanitise(shellQuote(e.argv))}`);
        return;
      case 'output':
        if (options.verbose >= 2) line(sanitise(e.line));
        return;
      case 'console':
        if (options.console) {
          erase();
          options.console(`${sanitise(e.line)}\n`);
        } else if (options.verbose >= 2) {
          line(sanitise(e.line));
        }
        return;
      case 'unfinished':
        if (!options.console || !options.isTerminal) return;
        erase();
        drawn = sanitise(e.text).slice(1 - options.width);
        options.write(drawn);
        return;
      case 'boot-started':
        draw(`  boot ${e.flow} ...`);
        return;
      case 'boot-ended':
        line(
          `  ${`boot ${e.job}`.padEnd(56)} ${duration(e.host).padStart(8)}${
            e.outcome.kind === 'ready' ? '' : `  ${sanitise(describeOutcome(e.outcome))}`
          }`,
        );
        return;
      case 'mark':
      case 'fact':
      case 'typable':
        return;
    }
  };
  return { event, end: erase };
}

function progressLine(e: Extract<WorkEvent, { type: 'progress' }>, pace: Pace, time: number): string {
  if (e.total === undefined) return `  ${e.done}  ${sanitise(e.label)}`;
  const percent = Math.min(100, Math.floor((100 * e.done) / Math.max(1, e.total)));
  const left = e.leftMs ?? timeLeft(pace, time, e.total);
  const estimate = left === undefined ? '' : `  about ${duration(left)} left`;
  return `  ${percent}% (${e.done}/${e.total})${estimate}  ${sanitise(e.label)}`;
}
