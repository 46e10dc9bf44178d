// SPDX-License-Identifier: GPL-2.0-only
/** A configuration that a requirement asks for, settled by the tree's own kconfig; nothing is built. */
import type { Work } from '../../events.ts';
import { exitCodes, UserError } from '../../host/errors.ts';
import { formatLost } from '../../kconfig/fragment.ts';
import { configure } from '../../kernel/plan.ts';
import { planKernel } from '../../kernel/prepare.ts';
import type { Workspace } from '../../workspace.ts';
import { type ConfigNeed, kernelName, type Settled } from './requirement.ts';
import { optionsOf } from './trial.ts';

/** @throws UserError when the series does not apply */
export async function* settle(
  workspace: Workspace,
  { series, tree }: { readonly series: string; readonly tree: string },
  need: ConfigNeed,
  signal: AbortSignal,
): Work<Settled> {
  const fragments = [...workspace.settings.fragments, ...need.fragments];
  const kernel = kernelName(need, series);
  const unasked = need.unasked ?? false;
  const planned = yield* planKernel(workspace, { kernel, tree, fragments, unasked }, signal);
  if (planned.kind === 'conflict') {
    throw new UserError(`${kernel} does not apply to ${tree}: ${planned.patch}`, {
      hint: `initbench series apply ${kernel} --tree ${tree} shows more`,
      exitCode: exitCodes.conflict,
    });
  }
  const config = yield* configure(workspace, planned.build, signal);
  return { options: optionsOf(config.text, need.options), lost: config.lost.map(formatLost) };
}
