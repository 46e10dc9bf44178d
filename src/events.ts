// SPDX-License-Identifier: GPL-2.0-only
/** The events every stage yields, the units they carry, and merge() of several streams. */
import { z } from 'zod';
import { number, object, table, text, texts } from './document.ts';

/** Host or guest time. Never mixed with Instructions. */
export type Milliseconds = number & { readonly unit?: 'milliseconds' };
/** Guest virtual nanoseconds under icount at one per instruction, idle included. Never called time. */
export type Instructions = number & { readonly unit?: 'instructions' };
/** A sha256 in lower-case hex; names what a product was made from. */
export type Digest = string & { readonly of?: 'digest' };
export const millisecondsSchema: z.ZodType<Milliseconds> = number;
export const instructionsSchema: z.ZodType<Instructions> = number;
export const digestSchema: z.ZodType<Digest> = text;

/** What a boot is measured by: instructions that the guest executes, or time. */
export const clockSchema = z.enum(['icount', 'wall']);
export type Clock = z.infer<typeof clockSchema>;

/** Points a boot passes, in this order: `loader` is where firmware starts the boot loader, `kernel` start_kernel, `init`
 *  the payload's first instruction. */
export const marks = ['loader', 'kernel', 'stage1', 'init', 'used', 'rootfs', 'end'] as const;
export const markSchema = z.enum(marks);
export type Mark = z.infer<typeof markSchema>;

/** How a boot ended. `ready`: the guest reached the end of what it was asked to do. */
export const outcomeSchema = z.union([
  object({ kind: z.literal('ready') }),
  object({ kind: z.literal('panic'), message: text }),
  object({ kind: z.literal('hang'), deadline: millisecondsSchema, lastLine: text }),
  object({ kind: z.literal('no-output'), deadline: millisecondsSchema }),
  object({ kind: z.literal('incomplete'), message: text }),
  object({ kind: z.literal('qemu-failed'), exitCode: number.nullable(), message: text }),
  /** What runs the guest, where that is no QEMU. */
  object({ kind: z.literal('machine-failed'), exitCode: number.nullable(), message: text }),
  object({ kind: z.literal('interrupted') }),
]);
export type Outcome = z.infer<typeof outcomeSchema>;
export const outcomeKindSchema = z.literal(
  outcomeSchema.options.map(option => option.unwrap().shape.kind.value),
);

/** One value of a fact the guest reported, as printed. */
export const factSchema = object({ name: text, values: table(text) });
export type Fact = z.infer<typeof factSchema>;

/** One event: of a job, which may be part of another. */
const event = <Type extends string, Shape extends z.core.$ZodLooseShape>(type: Type, shape: Shape) =>
  object({ job: text, parent: text.exactOptional(), type: z.literal(type), ...shape });

export const workEventSchema = z.union([
  event('step', {
    step: text,
    /** `planned`: of a dry run, which would do it. */
    state: z.enum(['started', 'done', 'failed', 'cached', 'planned']),
    product: digestSchema.exactOptional(),
    ms: millisecondsSchema.exactOptional(),
  }),
  event('command', { argv: texts, cwd: text }),
  event('output', { stream: z.enum(['stdout', 'stderr']), line: text }),
  event('progress', {
    done: number,
    total: number.exactOptional(),
    label: text,
    /** Where whoever works knows better than the rate so far tells. */
    leftMs: millisecondsSchema.exactOptional(),
  }),
  event('notice', { level: z.enum(['info', 'warning']), message: text }),
  event('boot-started', { run: text, flow: text, argv: texts }),
  event('console', { run: text, at: millisecondsSchema, line: text }),
  /** The console may be typed into through that Unix socket, as long as the boot runs. */
  event('typable', { run: text, socket: text }),
  /** Of such a console: the line that has no end yet, a prompt say. Not in the record. */
  event('unfinished', { run: text, text }),
  event('mark', {
    run: text,
    mark: markSchema,
    /** `used` alone: of the payload's bytes had been read by then. */
    percent: number.exactOptional(),
    host: millisecondsSchema,
    /** `tsc`: cycles of the guest's time stamp counter since reset (virtual ns under icount); `boottime`: ns. */
    guest: object({ clock: z.enum(['tsc', 'boottime']), value: number }).exactOptional(),
  }),
  event('fact', { run: text, fact: factSchema }),
  event('boot-ended', {
    run: text,
    outcome: outcomeSchema,
    host: millisecondsSchema,
    icount: instructionsSchema.exactOptional(),
  }),
]);
export type WorkEvent = z.infer<typeof workEventSchema>;

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
export const rehearsedSchema = object({
  job: text,
  step: text,
  state: z.enum(['cached', 'planned']),
});
export type Rehearsed = z.infer<typeof rehearsedSchema>;

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
