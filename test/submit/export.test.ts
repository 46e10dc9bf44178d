// SPDX-License-Identifier: GPL-2.0-only
/** A series as mails: git am gives the same tree, the same patches the same bytes, and what a person edited stays. */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Comparison } from '../../src/measure/comparison.ts';
import { splitMbox } from '../../src/mail/split.ts';
import { decodeWords } from '../../src/series/mail.ts';
import { checkStore } from '../../src/store/check.ts';
import { ourselves, tagOf } from '../../src/host/owner.ts';
import { readMails, readSubmission, submissionFiles, withSubmissions } from '../../src/submit/submission.ts';
import { copySample, discard, run, type Sample } from '../tree/sample.ts';
import {
  configureGit,
  cover,
  exportMine,
  fresh,
  makeMailSample,
  signal,
  subjects,
  writeCover,
} from './sample.ts';
import { addTree, removeTree } from '../../src/tree/trees.ts';
import { productOf, type Work } from '../../src/events.ts';

let template: Sample & { clone: string };
let sample: Sample;
let restore: () => void;

beforeAll(async () => {
  template = await makeMailSample();
});
afterAll(() => discard(template));
beforeEach(() => {
  sample = copySample(template);
  restore = configureGit(sample, '');
});
afterEach(() => {
  restore();
  discard(sample);
});

const series = (name: string) => path.join(sample.workspace.root, 'patches', 'mine', name);
const mails = () => path.join(submissionFiles(sample.workspace, 'mine', 1).folder, 'mails');
const mail = (name: string) => readFileSync(path.join(mails(), name), 'utf8');
const third = '0003-init-add-n-w.patch';

describe('the mails', () => {
  test('apply with git am to the tree that the series has', async () => {
    const { files, ready } = await exportMine(sample, { rfc: true });
    expect(ready).toBe(true);
    const clone = path.join(sample.folder, 'clone');
    run(clone, 'git', 'checkout', '-q', '-B', 'applied', 'HEAD~3');
    run(
      clone,
      'git',
      'am',
      '-q',
      path.join(files.mails, '0001-init-name-version-b.patch'),
      path.join(files.mails, '0002-init-return-one.patch'),
      path.join(files.mails, third),
    );
    expect(run(clone, 'git', 'rev-parse', 'HEAD^{tree}')).toBe(
      run(clone, 'git', 'rev-parse', 'master^{tree}'),
    );
    expect(run(clone, 'git', 'log', '-1', '--format=%an <%ae>')).toBe('Jörg <j@example.org>');
  });

  test('as an mbox that git am takes, and one with the cover letter', async () => {
    const { files, submission } = await exportMine(sample);
    const clone = path.join(sample.folder, 'clone');
    run(clone, 'git', 'checkout', '-q', '-B', 'applied', 'HEAD~3');
    run(clone, 'git', 'am', '-q', files.mbox);
    expect(run(clone, 'git', 'rev-parse', 'HEAD^{tree}')).toBe(
      run(clone, 'git', 'rev-parse', 'master^{tree}'),
    );
    const mails = await splitMbox(readFileSync(files.thread), signal);
    expect(mails.map(bytes => /^Message-Id: <(.*)>$/m.exec(bytes.toString())![1])).toEqual(
      submission.mails.map(each => each.messageId),
    );
  });

  test('carry version, prefixes, thread and encoded names; the author stands in the body', async () => {
    await exportMine(sample, { rfc: true, prefixes: ['vfs'] });
    const letter = mail('0000-cover-letter.patch');
    expect(letter).toMatch(/^Subject: \[PATCH RFC vfs 0\/3\] init: three changes$/m);
    const id = /^Message-Id: <(\d{8}-mine-v1-0-[0-9a-f]{12}@example\.org)>$/m.exec(letter)![1];
    const text = mail(third);
    expect(text).toContain(`\nIn-Reply-To: <${id}>\nReferences: <${id}>\n`);
    expect(text).toMatch(/^From: A Developer <dev@example.org>$/m);
    expect(text).toContain('\n\nFrom: Jörg <j@example.org>\n\n---\n');
    expect(text).toMatch(/^X-Mailer: initbench \d/m);
    expect(
      text
        .split('\n\n')[0]!
        .split('\n')
        .every(line => /^[\x20-\x7e]*$/.test(line) && line.length < 100),
    ).toBe(true);
    expect(decodeWords(/^Subject: (.*)$/m.exec(text)![1]!)).toBe(`[PATCH RFC vfs 3/3] ${subjects[2]}`);
  });

  test('are the same when made again, ids included; other words are another mail', async () => {
    const { submission } = await exportMine(sample);
    const bytes = await readMails(sample.workspace, submission);
    const again = await exportMine(sample);
    expect((await readMails(sample.workspace, again.submission)).map(String)).toEqual(bytes.map(String));
    writeCover(sample, `${cover}\nOne more thing.\n`);
    const other = await exportMine(sample);
    expect(other.submission.mails[0]!.messageId).not.toBe(submission.mails[0]!.messageId);
  });

  test('of an export that was killed between its two renames are there again, for fsck and for who sends', async () => {
    const { submission, files } = await exportMine(sample);
    const { workspace } = sample;
    const before = `${files.folder}.before-${tagOf({ ...ourselves, pid: 99_999_999 })}`;
    const look = { workspace, full: false, signal };
    // What others have left in the usual place is not looked at.
    vi.stubEnv('TMPDIR', sample.folder);
    renameSync(files.folder, before);
    expect(await productOf(checkStore({ ...look, repair: false }))).toMatchObject([
      { path: files.folder, action: 'completed' },
    ]);
    expect(await readSubmission(workspace, 'mine', 1).catch(String)).toContain('has not been exported');
    await productOf(checkStore({ ...look, repair: true }));
    expect(await readSubmission(workspace, 'mine', 1)).toEqual(submission);
    renameSync(files.folder, before);
    await productOf(
      withSubmissions(workspace, 'mine', signal, async function* (): Work<void> {
        expect(await readMails(workspace, submission)).toHaveLength(4);
      }),
    );
    // Both are there: the new one stays.
    cpSync(files.folder, before, { recursive: true });
    expect(await productOf(checkStore({ ...look, repair: true }))).toMatchObject([
      { path: before, action: 'removed' },
    ]);
    expect(existsSync(before)).toBe(false);
    vi.unstubAllEnvs();
    expect(await readSubmission(workspace, 'mine', 1)).toEqual(submission);
  });

  test('tell the base, the change-id, shortlog and diffstat; the text of the person stays as it is', async () => {
    const before = readFileSync(series('0000-cover-letter.patch'));
    const { submission } = await exportMine(sample);
    expect(readFileSync(series('0000-cover-letter.patch'))).toEqual(before);
    const letter = mail('0000-cover-letter.patch');
    const base = run(template.clone, 'git', 'rev-parse', 'HEAD~3');
    expect(letter).toContain(`\nbase-commit: ${base}\nchange-id: ${submission.changeId}\n`);
    expect(letter).toContain(
      '\n\nA Developer (2):\n  init: name version b\n  init: return one\n\nJörg (1):\n  init: add néw\n\n',
    );
    expect(letter).toMatch(
      /\n init\/main\.c +\| +2 \+-\n.*\n.*\n 3 files changed, 15 insertions\(\+\), 2 deletions\(-\)\n create mode/,
    );
    expect(letter).not.toContain('${');
    expect(readFileSync(series('change-id'), 'utf8').trim()).toBe(submission.changeId);
  });

  test('have the measured table where the cover letter says; the figures are kept with the version', async () => {
    const figures = { schema: 'initbench.comparison/1' } as unknown as Comparison;
    const evidence = { ...fresh, comparison: figures, report: 'row  total\ninit  1.00' };
    const { submission } = await exportMine(sample, {}, evidence);
    expect(mail('0000-cover-letter.patch')).toContain('\n\nrow  total\ninit  1.00\n\nApplies to');
    expect(submission.comparison).toEqual(figures);
  });

  test('are signed only when that was asked for, notes stand below the rule', async () => {
    await exportMine(sample);
    expect(mail(third)).not.toContain('Signed-off-by');
    writeFileSync(series('notes'), `# not for a commit\n[${subjects[2]}]\nv1: Is néw needed?\n`);
    await exportMine(sample, { signoff: true });
    expect(mail(third)).toContain(
      '\n\nSigned-off-by: A Developer <dev@example.org>\n---\nv1: Is néw needed?\n\n init/new.c | 13 +++++++++++++\n',
    );
    expect(mail('0001-init-name-version-b.patch')).toContain(
      '\nReported-by: Rep Orter <rep@example.org>\nSigned-off-by: A Developer <dev@example.org>\n---\n',
    );
  });

  test('go under another name where a patch has no author of its own', async () => {
    const file = series('0002-init-return-one.patch');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(/^From: .*$/m, 'From: initbench <initbench@localhost>'),
    );
    const blocked = await exportMine(sample);
    expect(blocked.ready).toBe(false);
    expect(blocked.submission.preflight.find(item => item.id === 'author')).toMatchObject({
      state: 'blocks',
      text: '1 of 3 patches have no author',
    });
    const { ready } = await exportMine(sample, { author: 'Somebody Else <else@example.org>' });
    expect(ready).toBe(true);
    expect(mail('0002-init-return-one.patch')).toMatch(/^From: Somebody Else <else@example.org>$/m);
    expect(mail('0002-init-return-one.patch')).not.toContain('initbench@localhost');
    expect(mail('0001-init-name-version-b.patch')).toContain('\n\nFrom: A Developer <dev@example.org>\n\n');
  });
});

describe('recipients', () => {
  const head = (text: string) => text.split('\n\n')[0]!.replaceAll('\n ', ' ');

  test('are those the tree names, each with its reason, per patch; the cover letter goes to all', async () => {
    await exportMine(sample);
    const lines = readFileSync(series('recipients'), 'utf8')
      .split('\n')
      .filter(line => line && !line.startsWith('#'));
    expect(lines.map(line => line.replace(/ +/g, ' '))).toEqual([
      'to 1 José Versión <jose@example.org> # reviewer:VERSION',
      'cc 1-3 init@lists.example.org # open list:INIT',
      'to 2 Main Tainer <main@example.org> # maintainer:INIT',
      'cc 1 Rep Orter <rep@example.org> # Reported-by',
    ]);
    expect(head(mail('0000-cover-letter.patch'))).toContain(
      'To: =?UTF-8?q?Jos=C3=A9_Versi=C3=B3n?= <jose@example.org>, Main Tainer <main@example.org>',
    );
    expect(head(mail('0002-init-return-one.patch'))).toMatch(
      /^To: Main Tainer <main@example.org>\nCc: init@lists.example.org$/m,
    );
  });

  test('stay as they were edited, also when they are found again', async () => {
    await exportMine(sample);
    const text = readFileSync(series('recipients'), 'utf8');
    writeFileSync(
      series('recipients'),
      `${text.replace(/^to( +2)/m, '- $1').replace(/^cc( +1 )/m, 'to$1')}to * Extra <extra@example.org>\n`,
    );
    await exportMine(sample, { again: true });
    expect(head(mail('0000-cover-letter.patch'))).not.toContain('main@example.org');
    expect(head(mail('0001-init-name-version-b.patch'))).toMatch(
      /^To:.*Rep Orter <rep@example.org>, Extra <extra@example.org>$/m,
    );
    expect(readFileSync(series('recipients'), 'utf8')).toMatch(/^- +2 +Main Tainer/m);
  });

  test('of git are there too; programs that git would run for more are not run', async () => {
    const mark = path.join(sample.folder, 'ran');
    restore();
    restore = configureGit(
      sample,
      `[sendemail]\n\tto = always@example.org\n\ttoCmd = touch ${mark};\n\tccCmd = touch ${mark};\n[format]\n\tcc = Team <team@example.org>\n\tsubjectPrefix = PATCH x\n`,
    );
    const { refused } = await exportMine(sample);
    expect(refused).toEqual(['sendemail.tocmd', 'sendemail.cccmd']);
    expect(existsSync(mark)).toBe(false);
    expect(head(mail('0002-init-return-one.patch'))).toMatch(
      /^To: .*always@example.org\nCc: .*Team <team@example.org>\nSubject: \[PATCH x 2\/3\]/m,
    );
  });

  test('a setting of the tree that could name a program stops it', async () => {
    const clone = path.join(sample.folder, 'clone');
    run(clone, 'git', 'checkout', '-q', '-B', 'evil', 'HEAD~3');
    const mark = path.join(sample.folder, 'ran');
    writeFileSync(path.join(clone, '.get_maintainer.conf'), `--git\n--git-since=1.year;touch ${mark}\n`);
    run(clone, 'git', 'add', '-A');
    run(clone, 'git', 'commit', '-q', '-m', 'evil');
    await productOf(removeTree(sample.workspace, 'k', signal));
    await productOf(
      addTree(sample.workspace, 'k', { kind: 'git', location: clone, revision: 'evil' }, signal),
    );
    await expect(exportMine(sample)).rejects.toThrow(/get_maintainer\.conf:2: .* is not taken from a tree/);
    expect(existsSync(mark)).toBe(false);
  });
});

describe('what is not ready', () => {
  test('stale checks and boots, an unedited cover and open comments block; force is written down', async () => {
    writeCover(sample, '*** SUBJECT HERE ***\n\n*** BLURB HERE ***\n');
    writeFileSync(
      series('review'),
      '[1] open\n  patch    2 init: return one\n  message  <r1@example.org> 1 v1\n  place    init/main.c:3\n  from     R <r@example.org>\n| Why one?\n',
    );
    const stale = {
      ...fresh,
      check: { fresh: false, text: '3 not asked', hint: 'initbench series check mine' },
    };
    const { ready, submission } = await exportMine(sample, {}, stale);
    expect(ready).toBe(false);
    expect(submission.preflight.filter(item => item.state === 'blocks').map(item => item.id)).toEqual([
      'cover',
      'checks',
      'comments',
    ]);
    const forced = await exportMine(sample, { force: true }, stale);
    expect(forced.ready).toBe(true);
    expect(forced.submission.forced).toEqual([
      'cover: not edited: *** SUBJECT HERE ***',
      'checks: 3 not asked',
      'comments: 1 open',
    ]);
  });

  test('a placeholder there is not, a note for no patch, a note that would end the mail', async () => {
    writeCover(sample, `${cover}\n\${figures}\n`);
    await expect(exportMine(sample)).rejects.toThrow(/\$\{figures\}, which is not a placeholder/);
    writeCover(sample, cover);
    writeFileSync(series('notes'), '[init: gone]\ntext\n');
    await expect(exportMine(sample)).rejects.toThrow(/no patch is called 'init: gone'/);
    writeFileSync(series('notes'), `[${subjects[1]}]\n---\ndiff --git a/x b/x\n`);
    await expect(exportMine(sample)).rejects.toThrow(/a note has the line '---'/);
  });

  test('a copy goes into a folder that holds no other patches', async () => {
    const out = path.join(sample.folder, 'out');
    await exportMine(sample, { out });
    expect(readFileSync(path.join(out, third))).toEqual(readFileSync(path.join(mails(), third)));
    mkdirSync(path.join(sample.folder, 'other'));
    writeFileSync(path.join(sample.folder, 'other', '0009-x.patch'), '');
    await expect(exportMine(sample, { out: path.join(sample.folder, 'other') })).rejects.toThrow(
      /is not of this export/,
    );
  });

  test('a header of the configuration that would make two is refused', async () => {
    restore();
    restore = configureGit(sample, '[format]\n\theaders = "X-A: b\\nBcc: everybody@example.org"\n');
    await expect(exportMine(sample)).rejects.toThrow(/header/);
  });
});
