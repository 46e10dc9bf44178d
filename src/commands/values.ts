// SPDX-License-Identifier: GPL-2.0-only
/** What a placeholder of the catalogue may stand for here: names of trees, series, flows, runs. */
import { readdir } from 'node:fs/promises';
import { listFlows, machines } from '../boot/registry.ts';
import { layouts } from '../evidence/fuzz/layouts.ts';
import { listFormats, listPayloads } from '../image/registry.ts';
import { fragmentNames } from '../kconfig/find.ts';
import { seriesNames } from '../series/read.ts';
import { listTrees } from '../tree/trees.ts';
import { folders, type Workspace } from '../workspace.ts';
import { shells } from './complete.ts';

type Listing = (workspace: Workspace) => Promise<readonly string[]> | readonly string[];

const ids = (items: readonly { readonly id: string }[]): string[] => items.map(({ id }) => id);

async function trees(workspace: Workspace): Promise<string[]> {
  const made = (await listTrees(workspace)).map(({ name }) => name);
  return [...new Set([...Object.keys(workspace.settings.trees), ...made])].sort();
}

/** The newest first; '@' is the last. */
async function runs(workspace: Workspace): Promise<string[]> {
  const names = await readdir(folders.runs(workspace)).catch(() => []);
  return ['@', ...names.sort().reverse().slice(0, 50)];
}

const flows: Listing = async () => ids(await listFlows());
const series: Listing = workspace => seriesNames(workspace);
const kernels: Listing = async workspace => ['base', ...(await seriesNames(workspace))];

const listings: Readonly<Record<string, Listing>> = {
  ...{ tree: trees, series, kernel: kernels, flow: flows, flows, row: flows },
  ...{ run: runs, before: runs, after: runs, record: runs },
  fragment: workspace => fragmentNames(workspace),
  machine: () => ids(machines),
  payload: async () => ids(await listPayloads()),
  format: async () => ids(await listFormats()),
  layout: () => ids(layouts),
  shell: () => shells,
};

/** Nothing where only files, numbers or words of one's own may stand: the shell completes files then. */
export const valuesOf = async (workspace: Workspace, placeholder: string): Promise<readonly string[]> =>
  (await listings[placeholder]?.(workspace)) ?? [];
