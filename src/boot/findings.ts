// SPDX-License-Identifier: GPL-2.0-only
/** What a kernel reports as wrong: which kind of report a message begins, and which report is the first cause of how a
 *  boot ended. The kinds are those that reports of kernel bugs are sorted by. Pure. */
import { z } from 'zod';
import { object, text } from '../document.ts';

const findingKindSchema = z.enum([
  'oops',
  'bug',
  'warning',
  'kasan',
  'kmsan',
  'kcsan',
  'kfence',
  'ubsan',
  'lockdep',
  'rcu',
  'hung-task',
  'lockup',
  'corruption',
  'refcount',
  'atomic',
  'stack',
  'leak',
  'oom',
  'initrd',
  'init',
]);
export type FindingKind = z.infer<typeof findingKindSchema>;

export const findingSchema = object({ kind: findingKindSchema, message: text });
export type Finding = z.infer<typeof findingSchema>;

/** Names that messages have in front: pr_fmt() of their file. */
const from = /^(?:watchdog: |NMI watchdog: |rcu: |traps: |workqueue: |x86\/\w+: )/;

const either = (starts: readonly string[], rest: string): string[] => starts.map(start => `${start}${rest}`);
/** What lockdep's reports begin with, today's and those of older kernels. */
const lockdep = ['WARNING: ', 'INFO: ', String.raw`\[ INFO: `, String.raw`\[ BUG: `];

/** What messages begin with, each with a letter or a bracket that is its own; the first that matches counts, so that the
 *  special come before the general. */
const patterns: readonly (readonly [FindingKind, readonly string[]])[] = [
  ['kasan', ['BUG: KASAN: ', 'KASAN: .* in range ']],
  ['kmsan', ['BUG: KMSAN: ']],
  ['kcsan', ['BUG: KCSAN: ']],
  ['kfence', ['BUG: KFENCE: ']],
  ['ubsan', ['UBSAN: ', 'Internal error: UBSAN']],
  [
    'leak',
    [
      'BUG: memory leak',
      String.raw`kmemleak: \d+ new suspected memory leaks`,
      'unregister_netdevice: waiting for ',
    ],
  ],
  [
    'lockup',
    [
      ...['BUG: soft lockup', 'BUG: workqueue lockup', 'BUG: workqueue leaked '],
      ...either([String.raw`CPU\d+: `, ''], 'Watchdog detected hard LOCKUP'),
    ],
  ],
  [
    'rcu',
    [
      String.raw`INFO: \w+ (?:self-)?detected (?:expedited )?stalls?\b`,
      ...either([...lockdep, ''], 'suspicious RCU usage'),
    ],
  ],
  [
    'hung-task',
    [
      String.raw`INFO: task \S.* blocked (?:in I/O wait )?for more than `,
      String.raw`INFO: The task \S+ has been waiting for writeback`,
    ],
  ],
  [
    'lockdep',
    [
      ...either(
        lockdep,
        String.raw`(?:possible (?:circular|recursive|irq lock inversion|deadlock)|inconsistent |bad unlock|bad contention|held lock freed|lock held|Nested lock|chain_key|Invalid wait context|\S+-safe -> \S+-unsafe|.* still has locks held|trying to register non-static key)`,
      ),
      ...[String.raw`\[ BUG: `, String.raw`\[ INFO: `, 'DEBUG_LOCKS_WARN_ON'],
      String.raw`BUG: (?:MAX_LOCK|MAX_STACK_TRACE|key \S+ has not been registered|looking up invalid subclass|spinlock |rwlock )`,
    ],
  ],
  [
    'atomic',
    [
      String.raw`BUG: (?:sleeping function called from|scheduling while atomic|scheduling in a non-blocking|using \S+ in preemptible|assuming )`,
    ],
  ],
  [
    'stack',
    [
      ...['BUG: .*stack guard page was hit', 'Insufficient stack space to handle exception'],
      ...['kernel stack overflow', 'Thread overran stack', 'PANIC: double fault', 'double fault: '],
    ],
  ],
  ['refcount', ['refcount_t: ']],
  [
    'corruption',
    [
      ...[String.raw`list_(?:add|del) (?:corruption|double add)`, String.raw`hlist_\w+ corruption`],
      String.raw`BUG: (?:Bad (?:page|rss|pagetable|swap)|non-zero pgtables|Dentry|mempool)`,
      ...[String.raw`BUG \S+ \(`, 'ODEBUG: ', 'usercopy: ', 'pagealloc: ', 'page dumped because: '],
      ...['detected buffer overflow in ', 'Corrupted low memory', 'CFI failure at '],
    ],
  ],
  [
    'oom',
    [
      String.raw`Out of memory(?: \(\w+\))?: Kill`,
      'Memory cgroup out of memory: Kill',
      'Out of memory and no killable',
    ],
  ],
  [
    'initrd',
    ['Initramfs unpacking failed', 'RAMDISK: .*(?:error|failed|EOF while)', 'VFS: Cannot open root device'],
  ],
  [
    'init',
    [String.raw`Failed to execute \S+ \(error -?\d+\)`, String.raw`check access for \S+ failed: -\d+`],
  ],
  ['bug', ['kernel BUG at ', 'Kernel BUG ', 'Kernel bug detected', 'BUG: failure at ']],
  [
    'oops',
    [
      ...[
        'BUG: (?:[Uu]nable to |kernel NULL pointer)',
        String.raw`Oops(?:: | - |\[| \[)`,
        'Internal error: ',
      ],
      ...['Unable to handle kernel', 'Unhandled (?:fault|prefetch abort|kernel unaligned|64-bit el1h)'],
      ...['general protection fault', 'invalid opcode: ', 'int3: ', 'divide error: ', 'stack segment: '],
      ...['alignment check: ', 'control protection: ', String.raw`CPU \d+ Unable to handle kernel`],
      ...['Bad mode in ', 'SError Interrupt', 'Kernel unaligned access', 'illegal operation: ', 'PANIC: '],
      ...['Missing ENDBR', 'kernel tried to execute', 'unable to execute userspace code'],
      // User-Mode Linux: the first word of an exception is that of its panic
      'Kernel panic - not syncing: (?:Kernel mode (?:fault|signal)|Segfault with no mm)',
    ],
  ],
  ['bug', ['BUG: ']],
  ['warning', ['WARNING: ']],
];

/** Messages that begin with what something is called, told by a word in their middle. */
const named: readonly (readonly [word: string, FindingKind, RegExp])[] = [
  // the number of an exception, on every architecture
  ['[#', 'oops', /^[A-Z][^[\]]{0,80}\[#\d+\]/],
  ['[1]', 'init', /^\w[\w./-]*\[1\]:? (?:segfault at|general protection|trap |unhandled|bad frame)/],
  [' invoked oom-killer: ', 'oom', /^\S.{0,14} invoked oom-killer: /],
  [': detected buffer overflow', 'corruption', /^\w+: detected buffer overflow/],
  [': Corrupted page table', 'corruption', /^\S.{0,14}: Corrupted page table at/],
];

interface Bucket {
  /** One look for what mostly is nothing. */
  readonly any: RegExp;
  readonly each: readonly (readonly [FindingKind, RegExp])[];
}

/** The patterns by the character that their messages begin with. */
const buckets: ReadonlyMap<number, Bucket> = bucketsOf(
  patterns.flatMap(([kind, sources]) => sources.map(source => [kind, source] as const)),
);

function bucketsOf(all: readonly (readonly [FindingKind, string])[]): Map<number, Bucket> {
  const startOf = (source: string) => source.replace(/^\\/, '').charCodeAt(0);
  const bucketAt = (start: number): Bucket => {
    const some = all.filter(([, source]) => startOf(source) === start);
    return {
      any: new RegExp(`^(?:${some.map(([, source]) => source).join('|')})`),
      each: some.map(([kind, source]) => [kind, new RegExp(`^${source}`)]),
    };
  };
  return new Map(all.map(([, source]) => [startOf(source), bucketAt(startOf(source))]));
}

/** Unanchored: without time stamps it may stand behind a prompt. */
const panicLine = /(?:^|\s)Kernel panic - not syncing: (.*)$/;

export const panicIn = (text: string): string | undefined => panicLine.exec(text)?.[1];

/** The kind of report that the message begins; blanks in front do not count. */
export function kindOf(text: string): FindingKind | undefined {
  const start = text.trimStart();
  return beginning(start) ?? (from.test(start) ? beginning(start.replace(from, '')) : undefined);
}

function beginning(text: string): FindingKind | undefined {
  const bucket = buckets.get(text.charCodeAt(0));
  if (bucket?.any.test(text)) return bucket.each.find(([, pattern]) => pattern.test(text))?.[0];
  for (const [word, kind, pattern] of named) if (text.includes(word) && pattern.test(text)) return kind;
  return undefined;
}

/** Whether a boot does not go on after it, or not for long: an exception in the kernel, or no program that runs. */
export const stopsBoot = ({ kind, message }: Finding): boolean =>
  kind === 'oops' ||
  kind === 'stack' ||
  (kind === 'bug' && /^kernel BUG at|^Kernel (?:BUG|bug)/.test(message)) ||
  (kind === 'init' && message.startsWith('Failed to execute'));

/** Kinds that say what is broken, which an exception after them is a consequence of. */
const broken: readonly FindingKind[] = [
  ...(['oops', 'bug', 'kasan', 'kmsan', 'kfence', 'ubsan', 'corruption', 'refcount', 'stack'] as const),
];
/** What a panic's reason refers to, where it says that something else was wrong before. */
const reasons: readonly (readonly [RegExp, readonly FindingKind[]])[] = [
  [
    /^(?:(?:.*: )?Fatal exception|Oopsed too often|stack-protector|corrupted (?:shadow )?stack|kernel stack overflow)/,
    broken,
  ],
  [
    /^(?:\w+: )?panic_on_warn set/,
    [
      'kasan',
      'kmsan',
      'kcsan',
      'kfence',
      'ubsan',
      'lockdep',
      'rcu',
      'refcount',
      'corruption',
      'warning',
      'bug',
    ],
  ],
  [/^hung_task: /, ['hung-task']],
  [/^(?:softlockup: |Hard LOCKUP|workqueue: )/, ['lockup']],
  [/^RCU Stall/, ['rcu']],
  [/^(?:Out of memory|System is deadlocked on memory)/, ['oom']],
  [/^(?:kasan|kmsan|kfence)\./, ['kasan', 'kmsan', 'kfence']],
  [
    /^(?:VFS: Unable to mount root|No working init|Requested init|Attempted to kill init)/,
    [...broken, 'initrd', 'init', 'oom'],
  ],
];

/** Which of the findings before a panic its reason refers to, the first of them; without a panic the first of all. */
export function causeOf<Found extends Finding>(
  findings: readonly Found[],
  panic: string | undefined,
): Found | undefined {
  if (panic === undefined) return findings[0];
  const kinds = reasons.find(([pattern]) => pattern.test(panic))?.[1];
  if (kinds === undefined) return undefined;
  return findings.find(({ kind }) => kinds.includes(kind));
}

const inMessage = /\bin ([\w.]+)(?:\+0x|\s*$| \/ )| at (?:[^ ]+ )?([\w.]+)\+0x/;
/** User-Mode Linux gives the place of an exception as a bare address: the first line of its trace is next to it. */
const umFrame = /\[<[0-9a-f]+>\] \? ([\w.]+)\+0x/;
const location = /\bR?IP: 0010:(?:0x[0-9a-f]+|([\w.]+)\+0x)|\b(?:pc|epc|PC is at)(?: :)? ([\w.]+)\+0x/;

/** The function a report names, in its first line or where the processor was; '' when it names none. */
export function whereOf(report: readonly string[]): string {
  const named = inMessage.exec(report[0] ?? '');
  if (named) return named[1] ?? named[2]!;
  for (const line of report) {
    const found = location.exec(line);
    if (found) return found[1] ?? found[2] ?? '';
  }
  if (!report[0]?.includes('Kernel panic')) return '';
  return report.map(line => umFrame.exec(line)?.[1]).find(found => found !== undefined) ?? '';
}
