// SPDX-License-Identifier: GPL-2.0-only
/** A whole check of a small series: real git, perl and images, stand-ins for make, sparse and QEMU. */
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CheckRequest, checkSeries, passed } from '../../../src/campaign/check/series.ts';
import { seriesCheck } from '../../../src/commands/check.ts';
import { productOf } from '../../../src/events.ts';
import { exitCodes, Interrupted } from '../../../src/host/errors.ts';
import { folders, type Workspace } from '../../../src/workspace.ts';
import { recorded as consoleOf } from '../../boot/machine.ts';
import { git } from '../../kernel/repository.ts';
import { makeTrial, type Trial } from '../trial.ts';
import { conforming } from '../../conforms.ts';

const never = new AbortController().signal;
let trial: Trial;
let workspace: Workspace;
let tree: string;

/** Says what it was taught to look for, and that it is the base's. */
const checkpatch = `use strict;
my $file = pop @ARGV;
open(my $patch, '<', $file) or die;
while (<$patch>) {
	print "WARNING:TYPO_SPELLING: 'teh' may be misspelled\\n#$.: FILE: init/main.c:1:\\n\\n" if /^\\+.*teh/;
}
`;

/** What each patch of the series makes of the tree. */
const changes: readonly { subject: string; files: Readonly<Record<string, string>> }[] = [
  { subject: 'init: prepare', files: { 'init/main.c': 'int main(void)\n{\n\treturn 1;\n}\n' } },
  {
    subject: 'init: add an option for teh feature',
    files: {
      Kconfig: 'config TRIAL\n\tbool "trial"\n',
      'init/main.c': '/* teh feature */\nint main(void)\n{\n\treturn 2;\n}\n',
      'scripts/checkpatch.pl': 'die "the script of the patched tree\\n";\n',
    },
  },
  {
    subject: 'init: complete the feature',
    files: { 'init/main.h': 'extern int complete;\n', 'init/main.c': 'int complete;\n' },
  },
];

async function writeSeries(): Promise<void> {
  for (const { subject, files: changed } of changes) {
    for (const [file, text] of Object.entries(changed)) {
      if (file === 'Kconfig') await appendFile(path.join(tree, file), text);
      else await writeFile(path.join(tree, file), text);
    }
    git(tree, 'commit', '-q', '-a', '-m', subject);
  }
  await rm(path.join(workspace.root, 'patches/trial'), { recursive: true, force: true });
  git(tree, 'format-patch', '-q', `-${changes.length}`, '-o', path.join(workspace.root, 'patches/trial'));
  git(tree, 'reset', '-q', '--hard', `HEAD~${changes.length}`);
}

const logsOf = ({ environment }: Workspace) => environment.INITBENCH_TEST_OBJECT_LOGS!;
const say = (worktree: string, log: string) =>
  writeFile(path.join(logsOf(workspace), `${worktree}.log`), log);

beforeEach(async () => {
  const logs = await mkdtemp(path.join(tmpdir(), 'initbench-logs-'));
  trial = await makeTrial({
    files: { 'scripts/checkpatch.pl': checkpatch },
    fragments: { 'trial.config': 'CONFIG_TRIAL=y\n', 'debug.config': 'CONFIG_CRYPTO=y\n' },
    environment: { INITBENCH_TEST_OBJECT_LOGS: logs },
    process: { INITBENCH_TEST_REFUSES: `${consoleOf('panic-no-root')}:complete` },
  });
  ({ workspace, tree } = trial);
  await say('base', '  CC      init/main.o\n  CHECK   init/main.c\n');
  await say('check-trial', '  CC      init/main.o\n  CHECK   init/main.c\n');
  await writeSeries();
});
afterEach(async () => {
  await rm(logsOf(workspace), { recursive: true });
  await trial.remove();
});

const go = (more: Partial<CheckRequest> = {}, signal = never) =>
  productOf(
    checkSeries(workspace, { series: 'trial', fragments: ['base'], only: [], again: false, ...more }, signal),
  );

type Checked = Awaited<ReturnType<typeof go>>;
const shown = ({ questions, patches }: Checked) =>
  Object.fromEntries(
    questions.map(question => [question, patches.map(({ cells }) => cells[question]!.verdict).join(' ')]),
  );
const good = {
  applies: 'pass pass pass',
  off: 'pass pass pass',
  on: 'n/a pass pass',
  'W=1': 'pass pass pass',
  sparse: 'pass pass pass',
  checkpatch: 'pass fail pass',
  floor: 'pass pass pass',
  initramfs: 'pass pass pass',
  loop: 'pass pass pass',
  'file-backed': 'pass pass pass',
  memmap: 'pass pass pass',
  userspace: 'pass pass pass',
  kernelspace: 'n/a n/a pass',
  'kernelspace-segments': 'n/a n/a pass',
  kunit: 'n/a n/a n/a',
  debug: 'n/a n/a pass',
};

test(
  'each patch by itself; a second time nothing is run; only what changed is run again',
  { timeout: 300_000 },
  async () => {
    const first = await go();
    expect(shown(first)).toEqual(good);
    expect(first.patches[0]!.cells.kunit!.reason).toBe('the tree has no tools/testing/kunit/kunit.py');
    expect(first.patches[1]!.cells.checkpatch!.findings).toEqual([
      {
        level: 'warning',
        type: 'TYPO_SPELLING',
        file: 'init/main.c',
        line: 1,
        text: "'teh' may be misspelled",
      },
    ]);
    expect(first.patches[2]!.cells['W=1']!.objects).toBe(1);
    expect(first.known).toBe(0);
    expect(passed(first)).toBe(false);
    expect(seriesCheck.exitCode!(first)).toBe(exitCodes.failed);
    expect(conforming(seriesCheck.json(first))).toMatchObject({ schema: 'initbench.check/1', passed: false });

    const calls = await trial.calls();
    const runs = await readdir(folders.runs(workspace));
    const again = await go();
    expect(again).toEqual({ ...first, ran: 0, known: first.ran });
    expect(await trial.calls()).toEqual(calls);
    expect(await readdir(folders.runs(workspace))).toEqual(runs);

    // The same tree in other words: only the mail is looked at again. A waiver runs nothing.
    const patches = path.join(workspace.root, 'patches/trial');
    const file = path.join(patches, '0003-init-complete-the-feature.patch');
    await writeFile(
      file,
      (await readFile(file, 'utf8')).replace('complete the feature', 'finish the feature'),
    );
    await writeFile(path.join(patches, 'checkpatch.waivers'), 'TYPO_SPELLING init/main.c teh name of it\n');
    const reworded = await go();
    expect(reworded.ran).toBe(1);
    expect(shown(reworded)).toEqual({ ...good, checkpatch: 'pass pass pass' });
    expect(passed(reworded)).toBe(true);
    expect(await trial.calls()).toEqual(calls);

    // The cache may be deleted at any time: a kernel that is gone is built again where something must be booted.
    await rm(folders.kernels(workspace), { recursive: true });
    const reboot = await go({ only: ['2', 'floor'], again: true });
    expect(shown(reboot)).toMatchObject({ floor: 'open pass open', off: 'open open open' });
  },
);

test(
  'messages count when the base does not say them; a failed build is said once',
  { timeout: 300_000 },
  async () => {
    const old = '../init/main.c:3:2: warning: unused variable [-Wunused]\n';
    await say('base', `  CC      init/main.o\n${old}  CHECK   init/main.c\n`);
    await say(
      'check-trial',
      `  CC      init/main.o\n${old.replace(':3:', ':9:')}../init/main.c:12:5: warning: no previous prototype for 'foo'\n  CHECK   init/main.c\n../init/main.c:12:5: warning: symbol 'foo' was not declared. Should it be static?\n`,
    );
    const checked = await go({ only: ['1', 'W=1', 'sparse'] });
    expect(checked.patches[0]!.cells['W=1']!.findings).toEqual([
      {
        level: 'warning',
        type: 'W=1',
        file: 'init/main.c',
        line: 12,
        text: "no previous prototype for 'foo'",
      },
    ]);
    expect(checked.patches[0]!.cells.sparse!.findings).toHaveLength(1);
    expect((await trial.calls()).at(-1)).toMatch(
      / C=2 .*CHECK=sparse -D__typeof_unqual__=__typeof__ .*W=1 init\/main\.o$/,
    );

    const file = path.join(workspace.root, 'patches/trial/0001-init-prepare.patch');
    await writeFile(file, (await readFile(file, 'utf8')).replace('+\treturn 1;', '+#error'));
    await rm(path.join(workspace.root, 'patches/trial/0002-init-add-an-option-for-teh-feature.patch'));
    await rm(path.join(workspace.root, 'patches/trial/0003-init-complete-the-feature.patch'));
    const broken = await go();
    expect(shown(broken)).toMatchObject({ off: 'fail', 'W=1': 'n/a', floor: 'n/a', checkpatch: 'pass' });
    expect(broken.patches[0]!.cells.off!.findings).toEqual([
      { level: 'error', type: 'kbuild', file: 'init/main.c', line: 1, text: 'error: #error' },
    ]);
  },
);

test('a check that is stopped goes on where it was', { timeout: 300_000 }, async () => {
  const stop = new AbortController();
  const work = checkSeries(
    workspace,
    { series: 'trial', fragments: ['base'], only: ['off', 'on'], again: false },
    stop.signal,
  );
  for (;;) {
    const next = await work.next();
    if (next.done) throw new Error('ended too early');
    if (next.value.type === 'progress' && next.value.label === '0001 off') break;
  }
  stop.abort();
  await expect(productOf(work)).rejects.toThrow(Interrupted);
  const rest = await go({ only: ['off', 'on'] });
  expect(rest).toMatchObject({ known: 1, ran: 4 });
});

test('a series that does not apply', async () => {
  await writeFile(path.join(tree, 'init/main.h'), 'int other;\n');
  git(tree, 'commit', '-q', '-a', '-m', 'something else');
  const checked = await go();
  expect(shown(checked).applies).toBe('pass pass fail');
  expect(seriesCheck.exitCode!(checked)).toBe(exitCodes.failed);
});
