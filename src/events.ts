// SPDX-License-Identifier: GPL-2.0-only
/** The events every stage yields, the units they carry, and merge() of several streams. Imports nothing. */

/** Host or guest time. Never mixed with Instructions. */
export type Milliseconds = number & { readonly unit?: 'milliseconds' };
/** Guest virtual nanoseconds under icount at one per instruction, idle included. Never called time. */
export type Instructions = number & { readonly unit?: 'instructions' };
/** A sha256 in lower-case hex; names what a product was made from. */
export type Digest = string & { readonly of?: 'digest' };

/** Points a boot passes, in this order: `loader` is where firmware starts the boot loader, `kernel` start_kernel, `init`
 *  the payload's first instruction. */
export const marks = ['loader', 'kernel', 'stage1', 'init', 'used', 'rootfs', 'end'] as const;
export type Mark = (typeof marks)[number];

/** How a boot ended. `ready`: the guest reached the end of what it was asked to do. */
export type Outcome =
  | { kind: 'ready' }
  | { kind: 'panic'; message: string }
  | { kind: 'hang'; deadline: Milliseconds; lastLine: string }
  | { kind: 'no-output'; deadline: Milliseconds }
  | { kind: 'incomplete'; message: string }
  | { kind: 'qemu-failed'; exitCode: number | null; message: string }
  /** What runs the guest, where that is no QEMU. */
  | { kind: 'machine-failed'; exitCode: number | null; message: string }
  | { kind: 'interrupted' };

/** One value of a fact the guest reported, as printed. */
export type Fact = { readonly name: string; readonly values: Readonly<Record<string, string>> };

export type WorkEvent = { readonly job: string; readonly parent?: string } & (
  | {
      type: 'step';
      step: string;
      /** `planned`: of a dry run, which would do it. */
      state: 'started' | 'done' | 'failed' | 'cached' | 'planned';
      product?: Digest;
      ms?: Milliseconds;
    }
  | { type: 'command'; argv: readonly string[]; cwd: string }
  | { type: 'output'; stream: 'stdout' | 'stderr'; line: string }
  /** `leftMs`: where whoever works knows better than the rate so far tells. */
  | { type: 'progress'; done: number; total?: number; label: string; leftMs?: Milliseconds }
  | { type: 'notice'; level: 'info' | 'warning'; message: string }
  | { type: 'boot-started'; run: string; flow: string; argv: readonly string[] }
  | { type: 'console'; run: string; at: Milliseconds; line: string }
  /** The console may be typed into through that Unix socket, as long as the boot runs. */
  | { type: 'typable'; run: string; socket: string }
  /** Of such a console: the line that has no end yet, a prompt say. Not in the record. */
  | { type: 'unfinished'; run: string; text: string }
  | {
      type: 'mark';
      run: string;
      mark: Mark;
      /** `used` alone: of the payload's bytes had been read by then. */
      percent?: number;
      host: Milliseconds;
      /** `tsc`: cycles of the guest's time stamp counter since reset (virtual ns under icount); `boottime`: ns. */
      guest?: { clock: 'tsc' | 'boottime'; value: number };
    }
  | { type: 'fact'; run: string; fact: Fact }
  | { type: 'boot-ended'; run: string; outcome: Outcome; host: Milliseconds; icount?: Instructions }
);

/** Work that takes time: yields events and returns the product. */
export type Work<Product> = AsyncGenerator<WorkEvent, Product, void>;

/** Runs several streams side by side, at most `atOnce`; order within each is kept. Returns the products in the order
 *  given. The first failure closes the others and is thrown. */
export async function* merge<Product>(
  sources: readonly Work<Product>[],
  atOnce: number = sources.length,
): Work<Product[]> {
  const products = new Array<Product>(sources.length);
  const pending = new Map<number, Promise<{ index: number; result: IteratorResult<WorkEvent, Product> }>>();
  const advance = (index: number) =>
    pending.set(
      index,
      sources[index]!.next().then(result => ({ index, result })),
    );
  let started = Math.min(atOnce, sources.length);
  for (let index = 0; index < started; index++) advance(index);
  try {
    while (pending.size > 0) {
      const { index, result } = await Promise.race(pending.values());
      if (result.done) {
        pending.delete(index);
        products[index] = result.value;
        if (started < sources.length) advance(started++);
      } else {
        advance(index);
        yield result.value;
      }
    }
  } finally {
    const rest = [...pending.keys()].map(index => sources[index]!.return(undefined as never));
    await Promise.allSettled([...pending.values(), ...rest]);
  }
  return products;
}

/** Runs work to its end and hands back the product with all events. */
export async function drained<Product>(
  work: Work<Product>,
): Promise<{ readonly product: Product; readonly events: readonly WorkEvent[] }> {
  const events: WorkEvent[] = [];
  for (;;) {
    const next = await work.next();
    if (next.done) return { product: next.value, events };
    events.push(next.value);
  }
}

/** Runs work to its end without a reader and hands back the product. */
export async function productOf<Product>(work: Work<Product>): Promise<Product> {
  for (;;) {
    const result = await work.next();
    if (result.done) return result.value;
  }
}

/** One thing that a dry run finds done, or would do. */
export interface Rehearsed {
  readonly job: string;
  readonly step: string;
  readonly state: 'cached' | 'planned';
}

/** The steps of a dry run, each once and in their order. What several stages want is to be made when one of them does
 *  not find it. */
export function rehearsedSteps(events: readonly WorkEvent[]): Rehearsed[] {
  const steps = new Map<string, Rehearsed>();
  for (const event of events) {
    if (event.type !== 'step' || (event.state !== 'cached' && event.state !== 'planned')) continue;
    const { job, step, state } = event;
    const key = `${job}\n${step}`;
    if (steps.get(key)?.state !== 'planned') steps.set(key, { job, step, state });
  }
  return [...steps.values()];
}

/** C0 but tab, DEL, C1, line separators, and what reverses or hides text. */
const unsafe =
  /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Text from a guest or a tool made safe for a terminal: control characters become visible as \x1b or \u202e. */
export function sanitise(text: string): string {
  return text.replace(unsafe, character => {
    const code = character.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
