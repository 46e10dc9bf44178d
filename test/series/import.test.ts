// SPDX-License-Identifier: GPL-2.0-only
/** Somebody's mails: real ones made by git format-patch, and what a hostile or a broken mailbox may hold. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { seriesImport } from '../../src/commands/series-import.ts';
import { productOf } from '../../src/events.ts';
import { git } from '../../src/host/git.ts';
import { commitSeries } from '../../src/series/apply.ts';
import { draftFragment } from '../../src/series/import/fragment.ts';
import { type Imported, importSeries } from '../../src/series/import/import.ts';
import { undo } from '../../src/series/operations.ts';
import { listSeries, readSeries } from '../../src/series/read.ts';
import { addTree } from '../../src/tree/trees.ts';
import { folders } from '../../src/workspace.ts';
import { restoredForEach, run } from '../tree/sample.ts';
import { type Bench, commitFile, filesIn, makeBench, patchFolder, reopened, signal } from './bench.ts';

let bench: Bench;
let mails: string[];
restoredForEach(async () => {
  bench = await makeBench();
  const out = path.join(bench.folder, 'out');
  const options = ['--cover-letter', '--thread=shallow', '-v2', '--subject-prefix=PATCH RFC', '-o', out];
  run(bench.clone, 'git', 'format-patch', '-q', ...options, bench.tree.commit);
  mails = Object.values(filesIn(out)).map(text =>
    text
      .replace('*** SUBJECT HERE ***', 'init: three of théirs')
      .replace('*** BLURB HERE ***', 'Their words.'),
  );
  return bench;
});

const place = (name: string) => path.join(bench.folder, name);
function mbox(messages: readonly (string | Buffer)[], name = 'their.mbox'): string {
  writeFileSync(
    place(name),
    Buffer.concat(messages.map(each => Buffer.concat([Buffer.from(each), Buffer.from('\n')]))),
  );
  return place(name);
}
const take = (where: string, name?: string) =>
  productOf(importSeries(bench.workspace, { place: where, ...(name ? { name } : {}) }, signal));
const refList = () => git(folders.repository(bench.workspace), ['for-each-ref'], signal);
const treeIds = (range: string) => run(bench.clone, 'git', 'log', '--format=%T %an %s', '--reverse', range);

describe('series import', () => {
  test('an mbox becomes a series: same trees, same authors, the letter kept; undo takes it away', async () => {
    const imported = (await take(mbox(mails))) as Imported;
    expect(imported).toMatchObject({
      kind: 'imported',
      series: 'init-three-of-the-irs',
      tree: 'k',
      reason: 'the newest tree that takes all of it',
      subjects: ['init: name versión b', 'init: add new', 'init: return 1'],
    });
    const { workspace } = { workspace: reopened(bench) };
    const series = await readSeries(workspace, imported.series);
    expect(series.cover).toMatchObject({
      subject: 'init: three of théirs',
      body: expect.stringContaining('Their words.'),
    });
    const commits = (await productOf(commitSeries(workspace, bench.tree, series, signal))) as string[];
    const range = `${bench.tree.commit}..${commits.at(-1)}`;
    const made = await git(
      folders.repository(workspace),
      ['log', '--format=%T %an %s', '--reverse', range],
      signal,
    );
    expect(made).toBe(treeIds(`${bench.tree.commit}..master`));
    const files = filesIn(patchFolder(workspace, imported.series));
    expect(files['0002-init-add-new.patch']).toContain('Subject: [PATCH RFC v2 2/3] init: add new');
    await productOf(undo(workspace, imported.series, signal));
    expect(existsSync(patchFolder(workspace, imported.series))).toBe(false);
  });

  test('a folder, a maildir, a .mbx of b4 and answers between them give the same', async () => {
    const answer = `From x@y Thu Jan  1 00:00:00 1970\nFrom: R <r@example.org>\nSubject: Re: [PATCH RFC v2 2/3] init: add new\nMessage-ID: <a@b>\n\n> diff --git a/x b/x\nNo.\n`;
    const first = (await take(mbox([mails[0]!, mails[3]!, answer, mails[1]!, mails[2]!]), 'a')) as Imported;
    mkdirSync(place('folder'));
    mails.forEach((mail, index) => writeFileSync(place(`folder/${index}.patch`), mail));
    writeFileSync(place('folder/notes.txt'), 'not a patch\n');
    mkdirSync(place('maildir/cur'), { recursive: true });
    mkdirSync(place('maildir/new'));
    mails.forEach((mail, index) =>
      writeFileSync(
        place(`maildir/${index % 2 ? 'cur' : 'new'}/17.${9 - index}:2,S`),
        mail.replace(/^From .*\n/, ''),
      ),
    );
    const am = mails.slice(1).map(mail => mail.replace(/^From .*/, 'From git@z Thu Jan  1 00:00:00 1970'));
    const second = (await take(place('folder'), 'b')) as Imported;
    const third = (await take(place('maildir'), 'c')) as Imported;
    const fourth = (await take(mbox(am, 'v2.mbx'), 'd')) as Imported;
    expect([first, second, third, fourth].map(({ subjects }) => subjects)).toEqual(
      Array.from({ length: 4 }, () => first.subjects),
    );
    const digests = (await listSeries(reopened(bench))).filter(({ name }) => name.length === 1);
    expect(new Set(digests.map(({ digest }) => digest)).size).toBe(1);
  });

  test('the base is what base-commit says, from a clone that has it; else the newest tree that takes it', async () => {
    const newer = commitFile(bench.clone, 'init/new.c', 'int q;\n', 'init: q');
    run(bench.clone, 'sh', '-c', 'sed -i s/SUBLEVEL\\ =\\ 4/SUBLEVEL\\ =\\ 9/ Makefile');
    run(bench.clone, 'git', 'commit', '-q', '-am', 'Linux 7.3.9');
    await productOf(addTree(bench.workspace, 'newest', { kind: 'git', location: bench.clone }, signal));
    expect(await take(mbox(mails), 'a')).toMatchObject({ tree: 'k' });
    run(bench.clone, 'git', 'checkout', '-q', newer);
    commitFile(bench.clone, 'init/new.c', 'int r;\n', 'init: r');
    run(bench.clone, 'git', 'format-patch', '-q', `--base=${newer}`, '-1', '-o', place('based'));
    expect(await take(place('based'), 'b')).toMatchObject({
      tree: `base-${newer.slice(0, 12)}`,
      reason: `its base-commit is ${newer.slice(0, 12)}`,
    });
    commitFile(bench.clone, 'init/new.c', 'int s;\n', 'init: s');
    run(bench.clone, 'git', 'format-patch', '-q', '-1', '-o', place('lost'));
    const nowhere = await take(place('lost'), 'c');
    expect(nowhere).toMatchObject({ kind: 'nowhere', total: 1 });
    expect(seriesImport.exitCode!(nowhere)).toBe(3);
    expect(seriesImport.text(nowhere, 80).join('\n')).toContain('newest: 0 of 1 apply, then: init: s');
  });

  test('what it adds to Kconfig is drafted as its fragment', async () => {
    run(bench.clone, 'git', 'checkout', '-q', bench.tree.commit);
    const kconfig =
      'mainmenu "Sample"\nconfig THEIRS\n\tbool "Their option"\n\nconfig THEIRS_KUNIT_TEST\n\tbool "t"\n\nconfig HIDDEN\n\tbool\n';
    commitFile(bench.clone, 'Kconfig', kconfig, 'init: option');
    run(bench.clone, 'git', 'format-patch', '-q', '-1', '-o', place('option'));
    expect(await take(place('option'), 'theirs')).toMatchObject({ fragment: ['THEIRS'] });
    const fragment = path.join(folders.kconfigs(bench.workspace), 'theirs.config');
    expect(readFileSync(fragment, 'utf8')).toContain('\nCONFIG_THEIRS=y\n');
    await productOf(undo(bench.workspace, 'theirs', signal));
    expect(existsSync(fragment)).toBe(false);
  });
});

describe('nothing is applied, and it is said why', () => {
  const diff = (name: string, mode = '100644', text = '+x\n') =>
    `From 0 Mon Sep 17 00:00:00 2001\nFrom: M <m@example.org>\nDate: Tue, 14 Nov 2023 22:13:20 +0000\nSubject: [PATCH] bad\nMessage-ID: <${mode}${name.length}@x>\n\nWords.\n---\n\ndiff --git a/${name} b/${name}\nnew file mode ${mode}\nindex 0000000..257cc56\n--- /dev/null\n+++ b/${name}\n@@ -0,0 +1 @@\n${text}-- \n2.39.5\n\n`;
  const cases: [string, () => string, string | RegExp][] = [
    ['a path out of the tree', () => mbox([diff('../../out')]), 'reaches out of the tree: ../../out'],
    ['an absolute path', () => mbox([diff('/etc/x')]), 'reaches from the root'],
    ['a path into git', () => mbox([diff('.git/config')]), 'reaches into git'],
    ['a quoted path out', () => mbox([diff('x').replaceAll('b/x', '"b/\\056\\056/x"')]), 'out of the tree'],
    [
      'a link out',
      () => mbox([diff('init/l', '120000', '+../../etc\n\\ No newline at end of file\n')]),
      'a link out of the tree, to ../../etc',
    ],
    [
      'an absolute link',
      () => mbox([diff('l', '120000', '+/etc/passwd\n\\ No newline at end of file\n')]),
      'a link out of the tree, to /etc/passwd',
    ],
    [
      'a repository in it',
      () => mbox([diff('sub', '160000', '+Subproject commit 1111111111111111111111111111111111111111\n')]),
      'another repository at sub',
    ],
    ['a part missing', () => mbox([mails[0]!, mails[1]!, mails[3]!]), 'lacks 2/3'],
    [
      'a number of parts that no memory holds',
      () => mbox([mails[1]!.replace('1/3]', '1/99999999]')]),
      '20/99999999, 21/99999999 and more',
    ],
    [
      'two of one number',
      () =>
        mbox([
          ...mails,
          mails[2]!.replace(/Message-Id: <[^>]*>/i, 'Message-ID: <other@x>').replace('int y', 'int other'),
        ]),
      'two mails for 2/3',
    ],
    [
      'one id, two mails',
      () => mbox([...mails, mails[2]!.replace('int y', 'int other')]),
      'have one Message-ID',
    ],
    ['two series', () => mbox([...mails, diff('a').replace('[PATCH]', '[PATCH v2 1/7]')]), 'holds 2 series'],
    [
      'no patch',
      () => mbox(['From a@b Thu Jan  1 00:00:00 1970\nSubject: hello\n\nhi\n']),
      'there is no patch',
    ],
    ['an empty file', () => mbox(['']), 'there is no message'],
    ['no file', () => place('nothing'), 'there is no'],
    [
      'a link in a folder',
      () => {
        mkdirSync(place('links'));
        symlinkSync('/etc/passwd', place('links/a.patch'));
        return place('links');
      },
      'there is no patch',
    ],
    [
      'a message that is no UTF-8',
      () =>
        mbox([
          Buffer.from(
            diff('init/a')
              .replace('Words.', 'W\xf6rds.')
              .replace('Message-ID', 'Content-Type: text/plain; charset=UTF-8\nMessage-ID'),
            'latin1',
          ),
        ]),
      'no UTF-8',
    ],
    [
      '50 MB',
      () => mbox([diff('init/big', '100644', `+${'x'.repeat(50 * 2 ** 20)}\n`)]),
      /more than the 16 MiB/,
    ],
    ['a name that is a path', () => mbox(mails), "'../x' cannot be the name"],
    ['a name that is taken', () => mbox(mails), 'there is a series called mine'],
  ];
  test.each(cases)('%s', async (what, make, message) => {
    const where = make();
    const before = [filesIn(folders.patches(bench.workspace)), await refList()];
    const name = what.includes('is taken') ? 'mine' : what.includes('is a path') ? '../x' : 'theirs';
    await expect(take(where, name)).rejects.toThrow(message);
    expect([filesIn(folders.patches(bench.workspace)), await refList()]).toEqual(before);
    expect(existsSync(place('out-of-it'))).toBe(false);
  });

  test('a second copy of a mail is said and left', async () => {
    const { notes } = (await take(mbox([...mails, mails[2]!]), 'theirs')) as Imported;
    expect(notes).toEqual(['their.mbox, mail 5 is their.mbox, mail 3 again']);
  });

  test('a message in another encoding is read as it says', async () => {
    const text = diff('init/a').replace('Words.', 'W\xf6rds.');
    const mail = text.replace(
      'Message-ID',
      'Content-Type: text/plain; charset=ISO-8859-1\nContent-Transfer-Encoding: 8bit\nMessage-ID',
    );
    await take(mbox([Buffer.from(mail, 'latin1')]), 'theirs');
    const [file] = Object.values(filesIn(patchFolder(bench.workspace, 'theirs')));
    expect(file).toContain('Wörds.');
  });
});

test('draftFragment() takes options with a prompt that are no tests', () => {
  const text =
    'diff --git a/a/Kconfig.x b/a/Kconfig.x\n--- a/a/Kconfig.x\n+++ b/a/Kconfig.x\n@@ -0,0 +1,7 @@\n+config A\n+\ttristate "A"\n+config B\n+\tdef_bool y\n+config C\n+\tbool "C"\n+\tdepends on KUNIT\n';
  expect(draftFragment([{ text }])).toEqual(['A']);
});
