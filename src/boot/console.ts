// SPDX-License-Identifier: GPL-2.0-only
/** What a serial console says: bytes to lines, lines to marks, facts (the lines of vm/report.h) and kernel trouble.
 *  Pure: live serial, saved log and test fixture go through the same functions. */
import { type Fact, type Mark, marks, sanitise } from '../events.ts';
import { type Finding, kindOf, panicIn } from './findings.ts';
import { type Message, messagesOf } from './prefix.ts';

/** One thing a line told us. Texts are sanitised. */
export type Sign =
  | {
      readonly type: 'mark';
      readonly mark: Mark;
      /** `used` alone: of the payload's bytes had been read by then. */
      readonly percent?: number;
      readonly tsc?: number;
      readonly boottime?: number;
    }
  | { readonly type: 'fact'; readonly fact: Fact }
  | { readonly type: 'panic'; readonly message: string }
  /** An oops, a BUG, a WARNING, a report of KASAN, UBSAN, lockdep or SLUB: the guest may go on. */
  | ({ readonly type: 'trouble' } & Finding)
  /** 'Linux version 7.3.4 ...', and its command line. */
  | { readonly type: 'version'; readonly text: string }
  | { readonly type: 'command-line'; readonly text: string };

export interface ConsoleParser {
  line(text: string): readonly Sign[];
  /** The last line, when it has no end: a number in it may be cut, so it is not a fact. */
  rest(text: string): readonly Sign[];
  /** The kernel's clock at its last message that had a stamp. */
  seconds(): number | undefined;
}

/** Lines are cut here; the log on disk has all of it. */
const longestLine = 8192;

/** Cuts bytes into lines as they come, ended by LF, CR LF or several CRs and LF; `rest` is a last line without an end,
 *  `unfinished` shows it and leaves it there. */
export function lineSplitter(): { push(bytes: Buffer): string[]; rest(): string[]; unfinished(): string } {
  let parts: Buffer[] = [];
  let held = 0;
  const flush = () => {
    const text = Buffer.concat(parts).toString('utf8').replace(/\r+$/, '');
    const line = held > longestLine ? `${text.slice(0, longestLine)}...` : text;
    parts = [];
    held = 0;
    return line;
  };
  const hold = (bytes: Buffer) => {
    if (held <= longestLine) parts.push(Buffer.from(bytes.subarray(0, longestLine + 1 - held)));
    held += bytes.length;
  };
  return {
    push(bytes) {
      const lines: string[] = [];
      let start = 0;
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, start)) {
        hold(bytes.subarray(start, at));
        lines.push(flush());
        start = at + 1;
      }
      if (start < bytes.length) hold(bytes.subarray(start));
      return lines;
    },
    rest: () => (held > 0 ? [flush()] : []),
    unfinished: () => Buffer.concat(parts).toString('utf8'),
  };
}

const prefix = 'initbench: ';
/** A message of the kernel in the middle of a line that another program had begun. */
const broken = /^(.+?)(\[ *\d+\.\d{6}\](?:\[ *[TC]\d+\])? .*)$/;
const factLine = /^initbench: ([a-z][a-z0-9-]*)((?: [\w-]+=\S*)*) *$/;
/** Lines that our programs alone may write: figures and ends rest on them. */
const signedLines: ReadonlySet<string> = new Set([
  ...['stage1', 'init', 'start-read', 'used', 'rootfs', 'end', 'error', 'errors', 'memory', 'root'],
  ...['mount', 'mount-after', 'switch', 'reached', 'check', 'left', 'taint'],
]);
/** Marks by the name of the line that sets them. */
const markLines: ReadonlySet<string> = new Set(marks.filter(mark => mark !== 'kernel' && mark !== 'loader'));
const startLine = /^(?:(Linux version \d.*)|(?:Kernel command line|Command line): (.*))$/;
/** What OVMF says when it starts what it has found on a disk. */
const loaderLine = /^BdsDxe: starting /;

/** What tells of an initrd that has no program of ours: its unpacking, and its /init. */
const initrdLine =
  /^(?:Unpacking initramfs|Trying to unpack rootfs image|Freeing initrd memory|Run \S+ as init process$)/;

/** Reads lines one by one; keeps the first half of a fact that a kernel message broke into. With the nonce of the boot,
 *  lines of ours that do not bear it are refused: each is the fact `forged`. Without, as for a saved log, all count.
 *  `untouched`: the initrd has no program of ours, and the kernel's own words mark its /init. */
export function consoleParser(nonce?: string, untouched = false): ConsoleParser {
  let half: string | undefined;
  let panicked = false;
  let last: number | undefined;

  const kernelLine = ({ text, seconds }: Message): Sign[] => {
    last = seconds ?? last;
    if (loaderLine.test(text)) return [{ type: 'mark', mark: 'loader' }];
    if (untouched && initrdLine.test(text)) return initrdSigns(text, seconds);
    const panic = panicIn(text);
    if (panic !== undefined && !panicked) {
      panicked = true;
      return [{ type: 'panic', message: sanitise(panic) }];
    }
    const kind = kindOf(text);
    if (kind) return [{ type: 'trouble', kind, message: sanitise(text.trimStart()) }];
    const started = startLine.exec(text);
    if (!started) return [];
    const [, version, commandLine] = started;
    if (version !== undefined) return [{ type: 'version', text: sanitise(version) }];
    return commandLine === undefined ? [] : [{ type: 'command-line', text: sanitise(commandLine) }];
  };

  /** What was held, completed by `more` unless that starts a fact of its own. */
  const complete = (more: string): Sign[] => {
    if (half === undefined) return factOf(more, nonce);
    const whole = more.includes(prefix) ? [half, more] : [half + more];
    half = undefined;
    return whole.flatMap(text => factOf(text, nonce));
  };

  const read = (message: Message): Sign[] => {
    if (message.kernel) return kernelLine(message);
    const { text } = message;
    const cut = text.includes('] ') ? broken.exec(text) : null;
    if (cut) {
      const head = cut[1]!;
      const signs = messagesOf(cut[2]!).flatMap(kernelLine);
      if (head.includes(prefix)) {
        const before = complete('');
        half = head;
        return [...before, ...signs];
      }
      if (half !== undefined) half += head;
      return signs;
    }
    const signs = complete(text);
    return signs.length > 0 ? signs : kernelLine(message);
  };

  return {
    line: raw => each(messagesOf(raw), read),
    rest: raw => each(messagesOf(raw), kernelLine),
    seconds: () => last,
  };
}

/** The fact `log`, as vm/log.h has it, and the mark. */
function initrdSigns(text: string, seconds: number | undefined): Sign[] {
  const at = seconds === undefined ? {} : { at: seconds.toFixed(6) };
  const log: Sign = { type: 'fact', fact: { name: 'log', values: { ...at, text: sanitise(text) } } };
  return text.startsWith('Run ') ? [{ type: 'mark', mark: 'init' }, log] : [log];
}

/** A line has one message mostly, and a live console many lines. */
const each = (messages: readonly Message[], read: (message: Message) => Sign[]): Sign[] =>
  messages.length === 1 ? read(messages[0]!) : messages.flatMap(read);

/** The mark and the fact of an `initbench:` line, which may stand behind a prompt; nothing for any other line. */
function factOf(text: string, nonce: string | undefined): Sign[] {
  const start = text.indexOf(prefix);
  if (start < 0) return [];
  const line = text.slice(start);
  const match = factLine.exec(line);
  if (!match) return [];
  const name = match[1]!;
  const pairs = new Map<string, string>();
  for (const word of match[2]!.split(' ').slice(1)) {
    const [key, value] = [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)];
    pairs.set(key, sanitise(unescapeOctal(value)));
  }
  const said = pairs.get('nonce');
  pairs.delete('nonce');
  if (nonce !== undefined && said !== nonce && signedLines.has(name)) {
    return [{ type: 'fact', fact: { name: 'forged', values: { line: sanitise(line) } } }];
  }
  const values = Object.fromEntries(pairs);
  const fact: Sign = { type: 'fact', fact: { name, values } };
  if (!markLines.has(name)) return [fact];
  const percent = name === 'used' ? numberOf(values.percent) : undefined;
  const step = percent === undefined ? {} : { percent };
  return [{ type: 'mark', mark: name as Mark, ...step, ...guestTimes(values) }, fact];
}

/** The guest's clocks in a fact's values: `tsc` in cycles since reset, `boottime` in nanoseconds. */
export function guestTimes(values: Fact['values']): { tsc?: number; boottime?: number } {
  const [tsc, boottime] = [numberOf(values.tsc), numberOf(values.boottime)];
  return { ...(tsc !== undefined ? { tsc } : {}), ...(boottime !== undefined ? { boottime } : {}) };
}

/** Undoes `\ooo`; the bytes are UTF-8. */
function unescapeOctal(value: string): string {
  if (!value.includes('\\')) return value;
  const bytes = value.replace(/\\([0-3][0-7]{2})/g, (_all, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}
