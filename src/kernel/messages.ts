// SPDX-License-Identifier: GPL-2.0-only
/** What a compiler (W=1), kernel-doc, objtool and sparse say about single objects, and what of it is new. Pure;
 *  expects each step's messages right after its line (make --output-sync=target). */
import { parseBuildLine } from './log.ts';

export interface Message {
  /** Who said it: kbuild's W=1 is the compiler, kernel-doc and objtool. */
  readonly from: 'W=1' | 'sparse';
  readonly level: 'error' | 'warning';
  /** As seen from the top of the tree. */
  readonly file: string;
  /** Absent for what is said of an object as a whole. */
  readonly line?: number;
  readonly text: string;
}

/** '../fs/erofs/super.c:12:5: warning: text'; kernel-doc of older trees leaves the column out. */
const located = /^(?:\.\.\/)*([^\s:]+):(\d+):(?:(\d+):)? (warning|error|fatal error): (.+)$/;
/** 'Warning: ../fs/erofs/super.c:12 text', kernel-doc as of 6.16. */
const kernelDoc = /^(Warning|Error): (?:\.\.\/)*([^\s:]+):(\d+):? (.+)$/;
/** 'fs/erofs/super.o: warning: objtool: text' */
const ofObject = /^(?:\.\.\/)*([^\s:]+\.o): (warning|error): (.+)$/;
/** '../fs/erofs/super.c:12:5:    expected int', which sparse says below its message. */
const more = /^(?:\.\.\/)*[^\s:]+:\d+:\d+: {4,}(\S.*)$/;

/** Messages by the object they were made for, 'fs/erofs/super.o'; an object that was made in silence has none. */
export function parseMessages(log: string): ReadonlyMap<string, readonly Message[]> {
  const found = new Map<string, Message[]>();
  let current: Message[] | undefined;
  let checking = false;
  for (const line of log.split('\n')) {
    const step = parseBuildLine(line);
    if (step) {
      const object = objectOf(step.target);
      checking = step.step === 'CHECK';
      current = object === undefined ? undefined : (found.get(object) ?? []);
      if (object !== undefined && current) found.set(object, current);
      continue;
    }
    const message = messageOf(line, checking);
    // kernel-doc, called twice, says everything twice.
    if (message && current && !current.some(other => isSame(other, message))) current.push(message);
    else if (checking && current && current.length > 0) addTo(current, line);
  }
  return found;
}

const isSame = (a: Message, b: Message): boolean =>
  a.from === b.from && a.file === b.file && a.line === b.line && a.text === b.text;

/** CC names the object, CHECK the source. */
const objectOf = (target: string): string | undefined =>
  /\.[co]$/.test(target) ? target.replace(/\.c$/, '.o') : undefined;

function messageOf(line: string, checking: boolean): Message | undefined {
  const place = located.exec(line);
  if (place) {
    const [, file, at, column, level, text] = place as unknown as string[];
    return {
      from: checking && column !== undefined ? 'sparse' : 'W=1',
      level: level === 'warning' ? 'warning' : 'error',
      file: file!,
      line: Number(at),
      text: text!,
    };
  }
  const doc = kernelDoc.exec(line);
  if (doc) {
    const level = doc[1] === 'Error' ? 'error' : 'warning';
    return { from: 'W=1', level, file: doc[2]!, line: Number(doc[3]), text: doc[4]! };
  }
  const object = ofObject.exec(line);
  if (!object) return undefined;
  const level = object[2] === 'error' ? 'error' : 'warning';
  return { from: 'W=1', level, file: object[1]!, text: object[3]! };
}

function addTo(messages: Message[], line: string): void {
  const last = messages.at(-1)!;
  const text = more.exec(line)?.[1];
  if (text !== undefined && last.from === 'sparse')
    messages[messages.length - 1] = { ...last, text: `${last.text}; ${text}` };
}

/** The same message whatever moved above it: lines, offsets and the compiler's numbering do not count. */
const keyOf = ({ from, file, text }: Message): string =>
  [from, file, text.replace(/\b0x[\da-f]+\b/g, '0x').replace(/(\bline |:)\d+/g, '$1')].join('\0');

/** Messages that are there more often than in the base. One in a header is said for each object that includes it, so
 *  what counts is how often it is said for one object. */
export function newMessages(
  patched: ReadonlyMap<string, readonly Message[]>,
  base: ReadonlyMap<string, readonly Message[]>,
): readonly Message[] {
  const known = mostOften(base);
  return [...mostOften(patched)].flatMap(([key, said]) => said.slice(known.get(key)?.length ?? 0));
}

function mostOften(
  messages: ReadonlyMap<string, readonly Message[]>,
): ReadonlyMap<string, readonly Message[]> {
  const most = new Map<string, readonly Message[]>();
  for (const ofOne of messages.values()) {
    const said = new Map<string, Message[]>();
    for (const message of ofOne) {
      const key = keyOf(message);
      said.set(key, [...(said.get(key) ?? []), message]);
    }
    for (const [key, list] of said) if (list.length > (most.get(key)?.length ?? 0)) most.set(key, list);
  }
  return most;
}
