// SPDX-License-Identifier: GPL-2.0-only
/** Commits to patch files as `git format-patch` words them, the same on every machine: no commit ids, no signature,
 *  nobody's configuration, abbreviations of one length. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { scratchFolder } from '../host/files.ts';
import { git, ownConfigOnly } from '../host/git.ts';
import { fileAt } from '../tree/repository.ts';

export interface PatchStyle {
  /** 'PATCH', 'PATCH RFC'. */
  readonly prefix: string;
  /** Files are called v2-0001-... and subjects say v2. */
  readonly version?: number;
}

export interface PatchFile {
  readonly name: string;
  readonly bytes: Buffer;
}

export interface FormattedRange {
  readonly patches: readonly PatchFile[];
  /** Shortlog and diffstat as a cover letter ends with them. */
  readonly summary: string;
}

/** Long enough for git to find a blob in a history of the kernel. */
const abbreviated = 12;

/** @throws ToolError */
export async function formatRange(
  repository: string,
  range: { readonly base: string; readonly tip: string },
  style: PatchStyle,
  signal: AbortSignal,
): Promise<FormattedRange> {
  const scratch = await scratchFolder('format');
  try {
    // Which words a hunk header has depends on the tree's attributes, which a bare repository does not read.
    const attributes = path.join(scratch, 'attributes');
    const own = await fileAt(repository, range.base, '.gitattributes', signal);
    await writeFile(attributes, diffAttributes(own ?? ''));
    const out = path.join(scratch, 'out');
    await git(repository, formatArgs(attributes, out, range, style), signal, { env: ownConfigOnly });
    const files: PatchFile[] = [];
    for (const name of (await readdir(out)).sort()) {
      files.push({ name, bytes: shortenIds(await readFile(path.join(out, name))) });
    }
    const [cover, ...patches] = files;
    return { patches, summary: summaryOf(cover!.bytes.toString('utf8')) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function formatArgs(
  attributes: string,
  out: string,
  { base, tip }: { readonly base: string; readonly tip: string },
  { prefix, version }: PatchStyle,
): readonly string[] {
  return [
    ...['-c', `core.attributesFile=${attributes}`, '-c', 'core.quotePath=true', 'format-patch', '--quiet'],
    ...['--zero-commit', '--no-signature', '--cover-letter', '--numbered', '--full-index', '--no-thread'],
    ...['--no-base', '--no-notes', '--no-ext-diff', '--no-textconv', '--encode-email-headers'],
    ...['--cover-from-description=none', '--diff-algorithm=myers', '--unified=3', '--find-renames'],
    ...['--src-prefix=a/', '--dst-prefix=b/', '--indent-heuristic'],
    `--subject-prefix=${prefix}`,
    ...(version === undefined ? [] : [`--reroll-count=${version}`]),
    ...['--output-directory', out, `${base}..${tip}`],
  ];
}

/** The lines of .gitattributes that say how a file is compared; none that could name a filter or a merge driver. */
function diffAttributes(text: string): string {
  return text
    .split('\n')
    .filter(line => !line.trimStart().startsWith('#') && !line.startsWith('[attr]'))
    .map(line => {
      const [pattern, ...words] = line.trim().split(/\s+/);
      const kept = words.filter(word => /^-?(diff(=[a-z]+)?|binary)$/.test(word));
      return kept.length > 0 ? `${pattern} ${kept.join(' ')}\n` : '';
    })
    .join('');
}

/** `index 40..40` in the headers of text diffs, to one length whatever else the repository holds. A binary patch keeps
 *  the whole ids: git needs them. */
function shortenIds(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  const short = text.replace(
    /^(diff --git .*\n(?:(?:old|new|deleted|similarity|dissimilarity|rename|copy) .*\n)*index )([0-9a-f]{40})\.\.([0-9a-f]{40})(.*\n)(?!GIT binary patch)/gm,
    (_all, head: string, from: string, to: string, rest: string) =>
      `${head}${from.slice(0, abbreviated)}..${to.slice(0, abbreviated)}${rest}`,
  );
  return Buffer.from(short, 'latin1');
}

/** What follows the blurb in a cover letter of format-patch. */
function summaryOf(cover: string): string {
  const blurb = '*** BLURB HERE ***\n\n';
  return cover.slice(cover.indexOf(blurb) + blurb.length).replace(/\n+$/, '\n');
}
