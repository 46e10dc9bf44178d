// SPDX-License-Identifier: GPL-2.0-only
/** scripts/checkpatch.pl of the base tree over one patch file, its report as findings. */
import path from 'node:path';
import { Interrupted } from '../../host/errors.ts';
import { capture } from '../../host/exec.ts';
import { digestOf, readIfThere } from '../../host/files.ts';
import { gitEnvironment } from '../../host/git.ts';
import type { Digest } from '../../events.ts';
import type { Worktree } from '../../tree/tree.ts';
import type { Workspace } from '../../workspace.ts';
import type { Finding } from './check.ts';

/** Run at the top of the base tree. Patches are signed only when they are sent. */
export const checkpatchArgv = (patch: string, signed = false): readonly string[] => [
  'perl',
  'scripts/checkpatch.pl',
  ...['--strict', ...(signed ? [] : ['--no-signoff']), '--show-types', '--no-summary', '--color=never'],
  patch,
];

/** Reads the long report: 'WARNING:LONG_LINE: text', then '#28: FILE: fs/erofs/super.c:13:' or '#6: '. */
export function parseCheckpatch(report: string, patch: string): readonly Finding[] {
  const findings: Finding[] = [];
  for (const line of report.split('\n')) {
    const head = /^(ERROR|WARNING|CHECK):([A-Z0-9_]+): (.*)$/.exec(line);
    if (head) {
      const level = head[1]!.toLowerCase() as Finding['level'];
      findings.push({ level, type: head[2]!, file: patch, text: head[3]! });
      continue;
    }
    const place = /^#(\d+): (?:FILE: (.+):(\d+):)?$/.exec(line);
    const last = findings.at(-1);
    if (!place || !last || last.line !== undefined) continue;
    const [, inPatch, file, inFile] = place;
    const where = file === undefined ? { line: Number(inPatch) } : { file, line: Number(inFile) };
    findings[findings.length - 1] = { ...last, ...where };
  }
  return findings;
}

/** The distribution's python first: it has the modules that the script's helper for SPDX tags needs. */
const searchPath = ({ environment }: Workspace): string =>
  ['/usr/bin', '/bin', environment.PATH ?? ''].join(':');

/** What a result follows from beside the patch and the script: a user's .checkpatch.conf, which counts as when the
 *  script is called by hand, and whether SPDX tags can be looked at. */
export async function checkpatchSettings(workspace: Workspace, signal: AbortSignal): Promise<Digest> {
  const { CHECKPATCH_CONFIG_DIR, HOME } = workspace.environment;
  const folders = [CHECKPATCH_CONFIG_DIR, HOME].filter(folder => folder !== undefined);
  const texts = folders.map(folder =>
    readIfThere(path.join(folder, '.checkpatch.conf')).catch(() => undefined),
  );
  const modules = capture(['python3', '-c', 'import ply, git'], {
    env: { PATH: searchPath(workspace) },
    signal,
  });
  const spdx = await modules.then(
    () => true,
    error => {
      if (error instanceof Interrupted) throw error;
      return false;
    },
  );
  return digestOf({ texts: (await Promise.all(texts)).map(text => text ?? ''), spdx });
}

/** @throws ToolError when the script dies */
export async function checkPatch(
  base: Worktree,
  patch: { readonly file: string; readonly path: string },
  workspace: Workspace,
  signal: AbortSignal,
  signed = false,
): Promise<readonly Finding[]> {
  const report = await capture(checkpatchArgv(patch.path, signed), {
    cwd: base.path,
    env: { ...gitEnvironment(), PATH: searchPath(workspace) },
    accept: [1],
    signal,
  });
  return parseCheckpatch(report, patch.file);
}
