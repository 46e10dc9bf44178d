// SPDX-License-Identifier: GPL-2.0-only
/** A worker runs one file of tests after the other with the same modules: what a file leaves behind, the next one meets. */
import { afterAll, expect } from 'vitest';

const variables = process.env;
const before = { ...variables };
const folder = process.cwd();

afterAll(() => {
  // Another object would be an environment that no child and no library sees.
  expect(process.env).toBe(variables);
  expect({ ...process.env }).toEqual(before);
  expect(process.cwd()).toBe(folder);
});
