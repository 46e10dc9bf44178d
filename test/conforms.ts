// SPDX-License-Identifier: GPL-2.0-only
/** Whether a document is as its published JSON Schema has it, judged by a validator that is not ours. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { formats, jsonSchema } from '../src/document.ts';
import { verbs } from '../src/commands/verbs.ts';

await Promise.all(verbs.map(verb => verb.load()));

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
const validators = new Map<string, ValidateFunction>();

/** The validator of 'initbench.error/1'. @throws Error when no format is called so, or its schema is none */
export function validatorOf(name: string): ValidateFunction {
  const known = validators.get(name);
  if (known) return known;
  const format = formats().find(each => each.name === name);
  if (!format) throw new Error(`no format is called ${name}`);
  const made = ajv.compile(JSON.parse(JSON.stringify(jsonSchema(format))) as object);
  validators.set(name, made);
  return made;
}

/** What is wrong with it, each in one line. */
export function faultsOf(value: unknown, name: string): string[] {
  const validate = validatorOf(name);
  if (validate(value)) return [];
  return validate.errors!.map(
    ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
  );
}

/** Hands a document back as it is printed. @throws Error when it is not as its schema says */
export function conforming<Printed>(document: Printed): Printed {
  const printed = JSON.parse(JSON.stringify(document)) as { schema: string };
  const faults = faultsOf(printed, printed.schema);
  if (faults.length > 0) throw new Error(`${printed.schema}: ${faults.join('\n')}`);
  return document;
}
