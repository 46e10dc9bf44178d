// SPDX-License-Identifier: GPL-2.0-only
/** `initbench export`: the mails of a series' next version, and the list of what is not ready. */
import { checkPatch } from '../campaign/check/checkpatch.ts';
import { isWaived, readWaivers } from '../campaign/check/waivers.ts';
import { type Applied, keptBoots, keptCheck } from '../campaign/kept.ts';
import { document } from '../document.ts';
import type { Work } from '../events.ts';
import { formatShort } from '../evidence/verify/matrix.ts';
import { savedMatrix } from '../evidence/verify/saved.ts';
import { exitCodes } from '../host/errors.ts';
import { commitSeries } from '../series/apply.ts';
import { readSeries } from '../series/read.ts';
import type { Conflict } from '../series/series.ts';
import {
  type Evidence,
  type Exported,
  exportedSchema,
  type ExportRequest,
  exportSeries,
} from '../submit/export.ts';
import { formatPreflight } from '../submit/preflight.ts';
import { prepareTree } from '../tree/trees.ts';
import type { Workspace } from '../workspace.ts';
import { command } from './command.ts';
import { option } from './options.ts';
import { conflictLines, shortConflictSchema } from './series.ts';
import { whole } from './typed.ts';

const exportDocument = document(
  'initbench.export/1',
  'export: the mails, and what is not ready; or the conflict',
  exportedSchema,
  shortConflictSchema,
);

interface ExportInput extends ExportRequest {
  readonly series: string;
}

export const exportMails = command({
  id: 'export',
  summary: "write the mails of a series' next version, with recipients and a list of what is not ready",
  changes: ['series', 'trees'],
  examples: [
    'export initoverlayfs --rfc',
    "export initoverlayfs --rfc --author 'A Developer <dev@example.org>' --signoff",
    'export initoverlayfs --prefix vfs -o outgoing',
    'export initoverlayfs --version 3',
  ],
  positional: [{ usage: '<series>', summary: 'the series' }],
  options: [
    { usage: '--rfc', summary: "'PATCH RFC' in the subjects" },
    {
      usage: '--prefix <word>',
      summary: "one more word in the subjects, as in 'PATCH net-next'",
      repeat: true,
    },
    {
      usage: '--version <number>',
      summary: 'which version it is (default: the next after the last one sent)',
      type: whole(1, 999),
    },
    {
      ...option.output,
      summary: 'a copy of the mails goes there, with series.mbox (git am) and thread.mbox (b4)',
    },
    {
      usage: '--author <address>',
      summary: "the sender, and the author of patches that are initbench's own",
    },
    { usage: '--signoff', summary: "add the sender's Signed-off-by to each patch" },
    { usage: '--recipients', summary: 'ask get_maintainer.pl again though the patches are the same' },
    { usage: '--force', summary: 'make it ready to be sent though something is stale; its record says so' },
  ],
  parse: ({ options, words: [series] }): ExportInput => ({
    series,
    rfc: options.rfc,
    prefixes: options.prefix,
    version: options.version,
    out: options.output,
    author: options.author,
    signoff: options.signoff,
    force: options.force,
    again: options.recipients,
  }),
  async *run(workspace, input, signal): Work<Exported | Conflict> {
    const series = await readSeries(workspace, input.series);
    const tree = yield* prepareTree(workspace, series.tree, signal);
    const commits = yield* commitSeries(workspace, tree, series, signal);
    if ('kind' in commits) return commits;
    const subject = { series, tree, commits };
    const evidence = yield* evidenceOf(workspace, subject, signal);
    return yield* exportSeries(workspace, subject, input, evidence, signal);
  },
  text: product => ('kind' in product ? conflictLines(product) : exportedLines(product)),
  json: product =>
    'kind' in product
      ? exportDocument.of({ conflict: product.patch, details: product.details })
      : exportDocument.of(product),
  exitCode(product) {
    if ('kind' in product) return exitCodes.conflict;
    return product.ready ? exitCodes.done : exitCodes.failed;
  },
});

/** What check, boots and verification have kept of these patches. */
async function* evidenceOf(workspace: Workspace, subject: Applied, signal: AbortSignal): Work<Evidence> {
  const { fragments } = workspace.settings;
  const boots = await keptBoots(workspace, subject, signal);
  const matrix = await savedMatrix(workspace, subject.series, subject.tree.name);
  const waivers = await readWaivers(subject.series);
  return {
    check: yield* keptCheck(workspace, subject, fragments, signal),
    boots,
    ...(boots.comparison && { comparison: boots.comparison }),
    ...(boots.report !== undefined && { report: boots.report }),
    ...(matrix && { matrix, requirements: formatShort(matrix).join('\n') }),
    async lint(base, files, signoff) {
      const found = await Promise.all(files.map(file => checkPatch(base, file, workspace, signal, signoff)));
      const all = found.flat();
      const findings = all.filter(finding => !waivers.some(waiver => isWaived(finding, waiver)));
      return { findings, waived: all.length - findings.length };
    },
  };
}

function exportedLines({ submission, files, out, ready, refused }: Exported): readonly string[] {
  const { series, version, mails, preflight, forced } = submission;
  return [
    `${series} v${version}: ${mails.length} mails from ${submission.sender}`,
    ...mails.map(mail => `  ${mail.subject}`),
    '',
    ...formatPreflight(preflight),
    ...refused.map(name => `note: ${name} is not run: whom it would add, nobody has seen`),
    '',
    ...(out === undefined ? [] : [`copied to ${out}`]),
    `saved in ${files.folder}: series.mbox is for git am, thread.mbox for b4 and mail programs`,
    ...(forced.length > 0
      ? [`forced: ${forced.map(text => text.split(':')[0]!).join(', ')}; its record says so`]
      : []),
    ready ? `next: initbench send ${series} --dry-run` : 'not ready: put right what is stale, or --force',
  ];
}
