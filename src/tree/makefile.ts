// SPDX-License-Identifier: GPL-2.0-only
/** What the top Makefile says of a kernel's version, as its own `make kernelversion` words it. */

/** '7.3.4' or '7.4.0-rc1'; undefined when the text is not a kernel's top Makefile. */
export function parseKernelVersion(makefile: string): string | undefined {
  const value = (name: string) =>
    new RegExp(`^${name}[ \\t]*=[ \\t]*(\\S*)[ \\t]*$`, 'm').exec(makefile)?.[1];
  const version = value('VERSION');
  const patchlevel = value('PATCHLEVEL');
  if (!/^\d+$/.test(version ?? '') || !/^\d+$/.test(patchlevel ?? '')) return undefined;
  const sublevel = value('SUBLEVEL');
  return `${version}.${patchlevel}${sublevel ? `.${sublevel}` : ''}${value('EXTRAVERSION') ?? ''}`;
}
