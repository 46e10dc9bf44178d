// SPDX-License-Identifier: GPL-2.0-only
/** What stands before a kernel's message in a line: time stamps and names that printk, dmesg, journalctl, syslog, serial
 *  programs and CI put there, in layers. One recogniser for live consoles and pasted logs. Pure. */

export interface Message {
  /** The guest's own text: blanks in front of it are its own. */
  readonly text: string;
  /** printk's stamp. */
  readonly seconds: number | undefined;
  /** The prefix is one that only a kernel's messages have. */
  readonly kernel: boolean;
}

interface Layer {
  /** Sticky. */
  readonly pattern: RegExp;
  /** Its first group is printk's stamp, in this part of a second. */
  readonly perSecond?: number;
  readonly kernel?: true;
  /** It is the line's time, behind which syslog and the journal put host and program. */
  readonly time?: true;
}

const clock = String.raw`\d{1,2}:\d\d:\d\d(?:[.,]\d+)?`;
const iso = String.raw`\d{4}-\d\d-\d\d[T ]${clock}(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?`;
const weekday = String.raw`[A-Z][a-z]{2} `;
const host = String.raw`(?:[\w.:-]+ )?`;
/** CONFIG_PRINTK_CALLER; dmesg puts a blank before it. */
const caller = String.raw`(?: ?\[ *[TC]\d+\])? ?`;
const layer = (source: string, more: Omit<Layer, 'pattern'> = {}): Layer => ({
  pattern: new RegExp(source, 'y'),
  ...more,
});

const printk = layer(String.raw`\[ *(\d+\.\d{1,9})\]${caller}`, { perSecond: 1, kernel: true, time: true });
const bracketed: readonly Layer[] = [
  printk,
  // grabserial: elapsed and delta
  layer(String.raw`\[\d+\.\d{6} \d+\.\d{6}\] ?`),
  // dmesg -d, journalctl -o short-delta
  layer(String.raw`\[ *(\d+\.\d{6}) +(?:< *\d+\.\d{6} ?>| *)\]${caller}`, {
    perSecond: 1,
    kernel: true,
    time: true,
  }),
  // dmesg --time-format delta and reltime
  layer(String.raw`\[(?:< *\d+\.\d{6}>| *\+\d+\.\d{6})\]${caller}`, { kernel: true, time: true }),
  layer(String.raw`\[[A-Z][a-z]{2} ?\d{1,2} \d\d:\d\d\]${caller}`, { time: true }),
  // dmesg -T in any language, minicom, tio, picocom, Jenkins, conserver: brackets around a clock and little else
  layer(String.raw`\[[^\[\]<>{}"=]{0,24}?${clock}[^\[\]{}"=]{0,32}\]${caller}`, { time: true }),
  // dmesg -t
  layer(String.raw`\[ *[TC]\d+\] `, { kernel: true }),
];

/** /dev/kmsg, and netconsole's extended form with the kernel's release in front. */
const kmsg = layer(String.raw`(?:\d+\.\d+[^,;\s]*,)?\d{1,3},\d+,(\d+),[-c+](?:,[^;,]+)*;`, {
  perSecond: 1e6,
  kernel: true,
});
const digits: readonly Layer[] = [
  // GitHub, GitLab (stream), CRI (stream, tag), rsyslog, LAVA, tuxrun, brmake
  layer(String.raw`${iso}:?(?:[ \t]+(?:\d\d[OE][ +]|std(?:out|err) [FP] )?|$)`, { time: true }),
  layer(String.raw`${clock}[ \t]+`, { time: true }),
  layer(String.raw`\d{9,10}\.\d{3,9} `, { time: true }),
  kmsg,
];

const letters: readonly Layer[] = [
  // RFC 3164 and ts(1); journalctl -o short-full, with-unit
  layer(String.raw`(?:${weekday})?[A-Z][a-z]{2} [ \d]\d ${clock}(?: \d{4})?[: ] ?`, { time: true }),
  layer(String.raw`${weekday}${iso}(?: [A-Z]{2,5})? `, { time: true }),
  // dmesg -x
  layer(String.raw`[a-z]+\d? *:(?:emerg|alert|crit|err|warn|notice|info|debug) *: `),
  layer(String.raw`kernel(?:\[\d+\])?: `, { kernel: true }),
  // journalctl -o export
  layer('MESSAGE='),
];
/** Most lines that begin with a letter have none of these layers. */
const letterGate = /[A-Z][a-z]{2} (?:[ \d]\d|[A-Z][a-z]{2} |\d{4}-)|[a-z]+\d? *:[a-z]|kernel[:[]|MESSAGE=/y;

const marks: Readonly<Record<string, readonly Layer[]>> = {
  '<': [
    // RFC 5424
    layer(String.raw`<\d{1,3}>1 (?:${iso}|-) \S+ kernel \S+ \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) ?\ufeff?`, {
      kernel: true,
    }),
    // a priority: pstore, dmesg -r, syslog on the wire
    layer(String.raw`<\d{1,3}>`),
  ],
  '>': [layer('> ?')],
  '|': [layer(String.raw`\| `)],
  '#': [layer(String.raw`# (?=\[ *\d+\.\d{6}\])`)],
  '\ufeff': [layer(String.raw`\ufeff`)],
};

/** The kernel as syslog names it, or a program that reads consoles, where a stamp of printk follows. */
const sender = layer(
  String.raw`${host}(?:kernel(?:\[\d+\])?: |[\w./@-]+(?:\[\d+\])?: (?=\[ *\d+\.\d{6}\]))`,
  { kernel: true },
);
/** GitHub's `gh run view --log`: job, step, time. */
const tabbed = layer(String.raw`[^\t]{0,200}\t[^\t]{0,200}\t\ufeff?(?=\d{4}-\d\d-\d\dT)`);
const none: readonly Layer[] = [];
/** More than anything nests. */
const mostLayers = 8;

const quoteStarts: ReadonlySet<number> = new Set([...'{-" \td'].map(start => start.charCodeAt(0)));

/** The messages of a line as it came: mostly one, several where CRs or the escapes of a record separate them. */
export function messagesOf(raw: string): readonly Message[] {
  const line = withoutControls(raw);
  // '{', '-', '"', ' ', tab, 'd': objects of LAVA and the journal, in JSON or as flow mappings of YAML
  const quoted = quoteStarts.has(line.charCodeAt(0)) ? quotedText(line) : undefined;
  const text = quoted === undefined ? line : withoutControls(quoted);
  return text.includes('\r') || text.includes('\n') ? text.split(/[\r\n]+/).flatMap(peeled) : peeled(text);
}

const control = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;
/** Escape sequences of firmware and terminals, NULs and other controls; CRs and line ends stay. */
const controls =
  /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g;
/** Colours, as cat -v, rsyslog and we ourselves write them; the last one ends them. */
const writtenColours = /(?:\^\[|#033|\\x1b)\[[\d;]*m/g;

export function withoutControls(raw: string): string {
  const text = control.test(raw) ? raw.replace(controls, '') : raw;
  return text.includes('[0m') ? text.replace(writtenColours, '') : text;
}

/** The message in an object: LAVA's msg, the journal's MESSAGE. That of a program stays behind the program's name. */
function quotedText(line: string): string | undefined {
  const field = /^\s*"(?:msg|MESSAGE)" ?: ("(?:[^"\\]|\\.)*"),?\s*$/.exec(line);
  const parsed = field
    ? fromJson(field[1]!)
    : /^(?:data: |\s*(?:- )?)\{/.test(line)
      ? fromJson(objectIn(line))
      : undefined;
  if (typeof parsed === 'string') return parsed;
  if (typeof parsed === 'object' && parsed !== null) {
    const { msg, MESSAGE, SYSLOG_IDENTIFIER: name = 'kernel' } = parsed as Record<string, unknown>;
    const text = msg ?? (Array.isArray(MESSAGE) ? Buffer.from(MESSAGE).toString('utf8') : MESSAGE);
    return typeof text !== 'string' ? undefined : name === 'kernel' ? text : `${String(name)}: ${text}`;
  }
  const flow = /^\s*(?:- )?\{.*?\bmsg: (?:'((?:[^']|'')*)'|([^'"][^,}]*))/.exec(line);
  return flow ? (flow[1]?.replaceAll("''", "'") ?? flow[2]!) : undefined;
}

const objectIn = (line: string) => line.replace(/^(?:data: |\s*(?:- )?)/, '').replace(/,?\s*$/, '');

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unescapeHex(text: string): string {
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const whole = bytes.replace(/\\x([0-9a-f]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(whole, 'latin1').toString('utf8');
}

function peeled(line: string): readonly Message[] {
  const usual = stamped(line);
  if (usual) return [usual];
  let at = 0;
  let seconds: number | undefined;
  let kernel = false;
  let before: Layer | undefined;
  for (let count = 0; count < mostLayers; count++) {
    const found = layerAt(line, at, before);
    if (found === undefined) break;
    const { layer, match } = found;
    at = layer.pattern.lastIndex;
    if (layer.perSecond !== undefined) seconds ??= Number(match[1]) / layer.perSecond;
    kernel ||= layer.kernel === true;
    before = layer;
  }
  const text = at === 0 ? line : line.slice(at);
  // /dev/kmsg escapes what is not printable, line ends included
  if (before === kmsg && text.includes('\\x')) {
    const texts = unescapeHex(text).split('\n');
    return texts.map(each => ({ text: withoutControls(each), kernel, seconds }));
  }
  return [{ text, kernel, seconds }];
}

/** What nearly every line of a live console is: printk's stamp alone, and the text. */
function stamped(line: string): Message | undefined {
  const { pattern } = printk;
  pattern.lastIndex = 0;
  if (line.charCodeAt(0) !== 91 || !pattern.test(line)) return undefined;
  const at = pattern.lastIndex;
  if (line.charCodeAt(at) === 91 || line.includes('kernel', at) || line.includes(': [', at)) return undefined;
  return { text: line.slice(at), kernel: true, seconds: Number(line.slice(1, line.indexOf(']'))) };
}

/** The layer that begins there; where it ends is its pattern's lastIndex. */
function layerAt(line: string, at: number, before: Layer | undefined) {
  const timed = before?.time === true;
  let start = at;
  // pasted into a mail or a report: blanks in front of a prefix; those of a message are its own
  while (line.charCodeAt(start) === 32) start++;
  if (start > at && timed && line[start] !== '[') start = at;
  for (const each of candidatesAt(line, start, before)) {
    const match = matchAt(each, line, start);
    if (match) return { layer: each, match };
  }
  const sent = timed && (line.includes('kernel', at) || line.includes(': [', at));
  const last = sent ? sender : at === 0 && line.includes('\t') ? tabbed : undefined;
  const match = last && matchAt(last, line, at);
  return match && { layer: last, match };
}

function candidatesAt(line: string, at: number, before: Layer | undefined): readonly Layer[] {
  const code = line.charCodeAt(at);
  if (code === 91) return bracketed;
  // behind printk's own stamp stand brackets and senders alone
  if (before === printk) return none;
  if (code >= 48 && code <= 57) return digits;
  if ((code >= 65 && code <= 90) || (code >= 97 && code <= 122)) {
    letterGate.lastIndex = at;
    return letterGate.test(line) ? letters : none;
  }
  return marks[line[at] ?? ''] ?? none;
}

function matchAt({ pattern }: Layer, line: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  const match = pattern.exec(line);
  return match && pattern.lastIndex > at ? match : undefined;
}
