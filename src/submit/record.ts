// SPDX-License-Identifier: GPL-2.0-only
/** A version that has been sent, kept: its commits under refs and a tag, its mails where they were exported. */
import { git } from '../host/git.ts';
import { writeWhole } from '../host/files.ts';
import { archiveIdentity } from '../tree/import.ts';
import { refs } from '../tree/repository.ts';
import { folders, type Workspace } from '../workspace.ts';
import { type Submission, submissionFiles } from './submission.ts';

/** Carried out again, it changes nothing: a send that was stopped here ends here. Returns the tag's name. */
export async function recordVersion(
  workspace: Workspace,
  submission: Submission,
  signal: AbortSignal,
): Promise<string> {
  const { series, version, tip, tree } = submission;
  const repository = folders.repository(workspace);
  await git(repository, ['update-ref', refs.version(series, version, 'base'), tree.commit], signal);
  await git(repository, ['update-ref', refs.version(series, version, 'tip'), tip], signal);
  const tag = `sent/${series}-v${version}`;
  const options = { env: archiveIdentity, input: formatTag(submission) };
  await git(repository, ['tag', '--annotate', '--force', '--file=-', tag, tip], signal, options);
  const { sent } = submissionFiles(workspace, series, version);
  await writeWhole(sent, `${JSON.stringify({ at: new Date().toISOString(), tag }, null, 2)}\n`);
  return tag;
}

/** What was forced stands in it. */
function formatTag({ series, version, changeId, mails, forced, tree }: Submission): string {
  return [
    `${series} v${version}`,
    '',
    ...mails.map(mail => `${mail.subject}\n  <${mail.messageId}>`),
    ...(forced.length > 0 ? ['', 'Sent with --force:', ...forced.map(text => `  ${text}`)] : []),
    '',
    `change-id: ${changeId}`,
    `base: ${tree.commit} (${tree.name}, Linux ${tree.version})`,
    '',
  ].join('\n');
}
