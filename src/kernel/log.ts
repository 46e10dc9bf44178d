// SPDX-License-Identifier: GPL-2.0-only
/** What a kbuild log says: steps (the short `  CC      init/main.o` lines of scripts/Kbuild.include), compiler
 *  warnings and errors. Pure; expects each step's messages right after its line (make --output-sync=target). */

export interface BuildStep {
  /** CC, LD, HOSTCC, ... */
  readonly step: string;
  readonly target: string;
}

/** A step line; undefined for anything else that make or a compiler prints. */
export function parseBuildLine(line: string): BuildStep | undefined {
  const match = /^ {2}([A-Z][A-Z0-9_+.-]*)(?: +\[[A-Z]\]| [LHP](?= ))? +(\S.*)$/.exec(line);
  if (!match) return undefined;
  // tools/ names its targets in full; below the build directory is what counts.
  return { step: match[1]!, target: match[2]!.trim().replace(/^\/.*\/build-[0-9a-f]{8}\//, '') };
}

export interface BuildLog {
  /** 'CC init/main.o', each once, in the order of the log. */
  readonly steps: readonly string[];
  /** By step; '' for what came before the first one. */
  readonly warnings: ReadonlyMap<string, readonly string[]>;
  /** The compiler's or linker's words; make's own `***` lines only when there is nothing better. */
  readonly errors: readonly string[];
}

const warningLine = /(^|\s)(warning|WARNING): /;
const errorLine =
  /(^|\s)(error|Error|fatal error|ERROR|FATAL): |undefined reference to|: not found$|\*\*\* No rule to make/;
/** A line of the source, as a compiler shows it below its message. */
const shownSource = /^ *\d* +\| /;
/** The end of modpost, with nothing of what it is about: that are the warnings before it. */
const unnamedModpost = /^(ERROR|FATAL): modpost: [^"'`]*$/;
/** Starts another message of the same compiler run. */
const otherMessage =
  /^(In file included from | {17}from |\S+: (In function|At top level)|\S+:\d+:\d+: error: )/;

export function parseBuildLog(text: string): BuildLog {
  const steps = new Set<string>();
  const warnings = new Map<string, string[]>();
  const errors: string[] = [];
  const lastWords: string[] = [];
  let modpost: string[] = [];
  let current = '';
  let block: string[] | undefined;
  const close = () => {
    if (block) warnings.set(current, [...(warnings.get(current) ?? []), block.join('\n')]);
    block = undefined;
  };
  for (const line of text.split('\n')) {
    const step = parseBuildLine(line);
    if (step) {
      close();
      current = `${step.step} ${step.target}`;
      steps.add(current);
      modpost = [];
      // What a step said in an earlier, broken-off build it says again.
      warnings.delete(current);
    } else if (/^make(\[\d+\])?: /.test(line)) {
      close();
      if (line.includes('***')) lastWords.push(line);
    } else if (warningLine.test(line)) {
      close();
      block = [relative(line)];
    } else if (otherMessage.test(line) || line.trim() === '') {
      close();
    } else {
      block?.push(relative(line));
    }
    if (line.startsWith('WARNING: modpost: ')) modpost.push(relative(line));
    if (step || !errorLine.test(line) || shownSource.test(line)) continue;
    errors.push(...(unnamedModpost.test(line) ? modpost : []), relative(line));
  }
  close();
  return { steps: [...steps], warnings, errors: errors.length > 0 ? errors : lastWords };
}

/** '../fs/erofs/super.c' as seen from the top of the tree. */
const relative = (line: string) => line.replace(/^(\.\.\/)+/, '');

/** Warnings of a build directory: a step that ran again replaces what it said before. */
export function carryWarnings(
  before: Readonly<Record<string, readonly string[]>>,
  log: Pick<BuildLog, 'steps' | 'warnings'>,
): Readonly<Record<string, readonly string[]>> {
  const again = new Set([...log.steps, '']);
  const kept = Object.entries(before).filter(([step]) => !again.has(step));
  return Object.fromEntries([...kept, ...log.warnings]);
}
