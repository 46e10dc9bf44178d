// SPDX-License-Identifier: GPL-2.0-only
/** Records on disk: what is read of them, and what is said of one that cannot be. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { UserError } from '../../src/host/errors.ts';
import { readTyped } from '../../src/host/files.ts';
import { temporaryFolder } from '../image/fixture.ts';

const schema = z.object({ position: z.number() });
const name = 'initbench.trial/2';
const read = (text: string, wanted?: string) => {
  const file = path.join(temporaryFolder(), 'position.json');
  writeFileSync(file, text);
  return readTyped(file, record => schema.parse(record), wanted);
};

test('a record is what its schema has of it', async () => {
  expect(await read('{"position":3,"newer":true}')).toEqual({ position: 3 });
  expect(await read(`{"schema":"${name}","position":3}`, name)).toEqual({ position: 3 });
  const none = path.join(temporaryFolder(), 'none.json');
  expect(await readTyped(none, record => schema.parse(record))).toBeUndefined();
});

test.each([
  ['cut short', '{"position":', undefined],
  ['of another shape', '{"position":"3"}', undefined],
  ['nothing', 'null', undefined],
  ['nothing, where a name is wanted', 'null', name],
  ['without a name', '{"position":3}', name],
  ['of that name, and another shape', `{"schema":"${name}"}`, name],
])('one that is %s is damaged', async (_, text, wanted) => {
  await expect(read(text, wanted)).rejects.toThrow(/position\.json is damaged/);
  await expect(read(text, wanted)).rejects.toBeInstanceOf(UserError);
});

test('one of another version says so', async () => {
  await expect(read('{"schema":"initbench.trial/1","position":3}', name)).rejects.toMatchObject({
    message: expect.stringContaining("position.json is 'initbench.trial/1'") as string,
    hint: `this initbench reads '${name}'`,
  });
});
