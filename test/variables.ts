// SPDX-License-Identifier: GPL-2.0-only
/** The environment of this process, as it was: in place, since neither children nor Node itself see another object. */

export function putBack(saved: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) if (!(name in saved)) delete process.env[name];
  Object.assign(process.env, saved);
}
