// SPDX-License-Identifier: GPL-2.0-only
/** Versions of the programs that decide the bytes of an image. */
import { productOf } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { exec, missingTool } from '../host/exec.ts';
import { tools } from '../host/tools.ts';

export function versionArgv(name: string): string[] {
  return [name, ...(tools.find(tool => tool.name === name)?.version ?? ['--version'])];
}

/** What a program says its version is: the first line with a number in it. mkfs.erofs 1.5 prints it and then
 *  refuses the option. @throws UserError with package and need when it is not installed */
export async function toolVersion(name: string, neededFor: string, signal: AbortSignal): Promise<string> {
  try {
    const { lastLines } = await productOf(exec(versionArgv(name), { job: name, accept: [1], signal }));
    return lastLines.find(line => /\d+\.\d/.test(line))?.trim() ?? '';
  } catch (error) {
    if (error instanceof UserError) throw missingTool(name, neededFor);
    throw error;
  }
}
