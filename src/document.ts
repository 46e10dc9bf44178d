// SPDX-License-Identifier: GPL-2.0-only
/** The formats that programs read: what --json prints, the lines of --jsonl, records on disk. Each has one zod schema,
 *  which its type comes from, and a name with a version, by which `initbench schema` prints it. */
import { z } from 'zod';

/** 'initbench.NAME/N': N grows when a reader of N would go wrong. */
export type FormatName = `initbench.${string}/${number}`;

export interface Format {
  readonly name: FormatName;
  /** In one line: what writes it. */
  readonly summary: string;
  readonly schema: z.ZodType;
}

const known = new Map<string, Format>();

/** All formats of the modules that are loaded, by name. */
export const formats = (): Format[] => [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1));

/** Names a format. @throws Error when the name is taken */
export function format<Schema extends z.ZodType>(name: FormatName, summary: string, schema: Schema): Schema {
  if (known.has(name)) throw new Error(`two formats are called ${name}`);
  known.set(name, { name, summary, schema });
  return schema;
}

declare const named: unique symbol;
/** What a document's of() returns, and nothing else: --json prints no document without a schema. */
export type Printed = Readonly<Record<string, unknown>> & { readonly [named]: true };

/** A format whose first member is `schema`, its name. */
export interface Document<Name extends FormatName, Body extends Members> {
  readonly name: Name;
  readonly schema: z.ZodType<{ readonly schema: Name } & z.infer<Body>>;
  /** The name and the members, in their order. */
  readonly of: (members: z.infer<Body>) => Printed;
}

type Members = z.ZodReadonly<z.ZodObject>;

/** Several bodies: it has one form or another. */
export function document<Name extends FormatName, Bodies extends readonly Members[]>(
  name: Name,
  summary: string,
  ...bodies: Bodies
): Document<Name, Bodies[number]> {
  const forms = bodies.map(body => object({ schema: z.literal(name), ...body.unwrap().shape }));
  const schema = format(name, summary, forms.length === 1 ? forms[0]! : z.union(forms));
  return {
    name,
    schema: schema as unknown as Document<Name, Bodies[number]>['schema'],
    of: members => ({ schema: name, ...members }) as unknown as Printed,
  };
}

/** The JSON Schema (draft 2020-12) of a format. */
export function jsonSchema({ name, summary, schema }: Format): Printed {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'output',
    // of the value in memory, and nothing that a file could break
    override: ({ jsonSchema }) => delete jsonSchema.readOnly,
  });
  return { $schema, title: name, description: summary, ...rest } as unknown as Printed;
}

// Made once: one instance takes as long as parsing a hundred lines.
export const text = z.string();
export const number = z.number();
export const flag = z.boolean();
/** What is printed has these members and no other; of what is read, others are left out: a newer initbench wrote them. */
export const object = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => z.object(shape).readonly();
export const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();
/** By any name. */
export const table = <Value extends z.ZodType>(value: Value) => z.record(text, value).readonly();
export const texts = list(text);
