// SPDX-License-Identifier: GPL-2.0-only
/** A series' suites, found in its patches and run by a stand-in kunit.py of its tree: what is called, how it ends. */
import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type KunitRequest, kunitSeries } from '../../../src/campaign/kunit/kunit.ts';
import { kunit } from '../../../src/commands/kunit.ts';
import type { Work, WorkEvent } from '../../../src/events.ts';
import { exitCodes, Interrupted, UserError } from '../../../src/host/errors.ts';
import { folders, openWorkspace, type Workspace } from '../../../src/workspace.ts';
import { git } from '../../kernel/repository.ts';
import { collect } from '../../kernel/sample.ts';
import { makeTrial, type Trial } from '../trial.ts';
import { conforming } from '../../conforms.ts';

const never = new AbortController().signal;

/** Does as the environment says: prints a file, leaves another beside the sources, waits, ends with a code. */
const kunitPy = `import os, subprocess, sys
print('[12:00:00] Configuring KUnit Kernel ...')
environment = os.environ
for line in open(environment['INITBENCH_TEST_KUNIT']):
	print(line.rstrip('\\n'))
if 'INITBENCH_TEST_STRAY' in environment:
	open('stray.txt', 'w').write('x')
if 'INITBENCH_TEST_HANG' in environment:
	child = subprocess.Popen(['sleep', '600'])
	print('pid', os.getpid())
	print('pid', child.pid)
	child.wait()
sys.exit(int(environment.get('INITBENCH_TEST_CODE', '0')))
`;

const suite = `static struct kunit_suite trial_suite = {
	.name = "trial",
	.test_cases = trial_cases,
};
`;

const started = [
  '[12:00:01] Building KUnit Kernel ...',
  'Building with:',
  '$ make all ARCH=um',
  '[12:00:02] Starting KUnit Kernel (1/1)...',
  'Running tests with:',
  '$ ./linux kunit.enable=1',
];
const results = (...lines: readonly string[]) => [
  ...started,
  ...['KTAP version 1', '1..1', '    KTAP version 1', '    # Subtest: trial', '    1..2'],
  ...['    ok 1 trial_one', ...lines],
  '[12:00:03] Elapsed time: 3.000s total, 1.000s configuring, 1.000s building, 1.000s running',
];
const good = results(
  '    ok 2 trial_two # SKIP no memory',
  '# trial: pass:1 fail:0 skip:1 total:2',
  'ok 1 trial',
);

let trial: Trial;
let workspace: Workspace;
/** What the series changes. */
let changed: Record<string, string>;

async function begin(): Promise<void> {
  trial = await makeTrial({
    files: {
      'tools/testing/kunit/kunit.py': kunitPy,
      'arch/um/Kconfig': '\n',
      'init/Makefile': 'obj-$(CONFIG_TRIAL_TEST) += trial_test.o\n',
      'init/.kunitconfig': 'CONFIG_KUNIT=y\n',
      // another suite, which the series has nothing to do with
      'lib/other_test.c': suite.replace('"trial"', '"other"'),
    },
    process: {},
  });
  ({ workspace } = trial);
  changed = { 'init/main.c': 'int one;\n', 'init/trial_test.c': suite };
}
const end = () => trial.remove();

/** patches/trial, a patch for each file. */
async function writeSeries(): Promise<void> {
  const { tree } = trial;
  for (const [file, text] of Object.entries(changed)) {
    await mkdir(path.dirname(path.join(tree, file)), { recursive: true });
    await writeFile(path.join(tree, file), text);
    git(tree, 'add', '-A');
    git(tree, 'commit', '-q', '-m', `change ${file}`);
  }
  const count = Object.keys(changed).length;
  git(tree, 'format-patch', '-q', `-${count}`, '-o', path.join(workspace.root, 'patches/trial'));
  git(tree, 'reset', '-q', '--hard', `HEAD~${count}`);
}

interface Does {
  readonly prints?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly request?: Partial<KunitRequest>;
  readonly signal?: AbortSignal;
  readonly seen?: (event: WorkEvent) => void;
}

async function go(does: Does = {}) {
  const { prints = good, environment = {}, request = {}, signal = never, seen } = does;
  const output = path.join(path.dirname(trial.tree), 'kunit.out');
  await writeFile(output, prints.map(line => `${line}\n`).join(''));
  if (!(await readdir(path.join(workspace.root, 'patches')).catch(() => [] as string[])).length)
    await writeSeries();
  const within = openWorkspace(
    { ...workspace.environment, INITBENCH_TEST_KUNIT: output, ...environment },
    workspace.root,
  );
  const all = { series: 'trial', timeoutMs: 60_000, ...request };
  const { product, events } = await collect(watched(kunitSeries(within, all, signal), seen));
  return { product, events, text: kunit.text(product, 100).join('\n'), code: kunit.exitCode!(product) };
}

async function* watched<Product>(work: Work<Product>, seen: Does['seen']): Work<Product> {
  for (;;) {
    const next = await work.next();
    if (next.done) return next.value;
    seen?.(next.value);
    yield next.value;
  }
}

/** An orphan stays a zombie until init has seen to it. */
async function gone(pid: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise(done => setTimeout(done, 20));
  }
  throw new Error(`process ${pid} is still there`);
}

const argvOf = (events: readonly WorkEvent[]) =>
  events.flatMap(event => (event.type === 'command' && event.argv[0] === 'python3' ? [event.argv] : []));

describe('what is run', () => {
  beforeEach(begin);
  afterEach(end);

  test('the nearest .kunitconfig, and the option of the Makefile that it has not', async () => {
    const { product, events, text, code } = await go();
    expect(product.files).toEqual([{ file: 'init/trial_test.c', suites: ['trial'], patch: '0002' }]);
    expect(product.switches).toEqual({
      kunitconfigs: ['init/.kunitconfig'],
      options: ['CONFIG_TRIAL_TEST=y'],
    });
    const [argv] = argvOf(events);
    expect(argv!.slice(0, 4)).toEqual(['python3', 'tools/testing/kunit/kunit.py', 'run', '--arch=um']);
    expect(argv).toContain('--kunitconfig=init/.kunitconfig');
    expect(argv).toContain('--kconfig_add=CONFIG_TRIAL_TEST=y');
    expect(argv).toContain('--make_options=SUBARCH=x86_64');
    expect(argv!.some(word => /^--kernel_args=uml_dir=build-\w{8}\/uml\/$/.test(word))).toBe(true);
    expect(argv!.some(word => word.startsWith('--make_options=ARCH='))).toBe(false);
    expect(code).toBe(exitCodes.done);
    expect(text).toMatch(/^trial on 7\.3 \(Linux 7\.3\.4\), User-Mode Linux: built in .* s, run in .* s$/m);
    expect(text).toMatch(/^trial +0002 +2 +1 +0 +1 +-$/m);
    expect(text).toContain('skipped: trial.trial_two: no memory');
    expect(conforming(kunit.json(product))).toMatchObject({ schema: 'initbench.kunit/1', passed: true });
  });

  test("without a .kunitconfig: the series' own fragment", async () => {
    changed = { 'lib/trial_test.c': suite, 'lib/Makefile': 'obj-$(CONFIG_TRIAL_TEST) += trial_test.o\n' };
    await writeFile(
      path.join(workspace.root, 'kconfigs/trial.config'),
      'CONFIG_EROFS_FS=y\n# CONFIG_CRYPTO is not set\n',
    );
    const { events, product } = await go();
    expect(product.switches.options).toEqual([
      ...['CONFIG_EROFS_FS=y', '# CONFIG_CRYPTO is not set', 'CONFIG_KUNIT=y', 'CONFIG_TRIAL_TEST=y'],
    ]);
    expect(argvOf(events)[0]).toContain('--kunitconfig=/dev/null');
  });

  test('a suite that the tree has already and a patch changes is of the series as well', async () => {
    changed = { 'lib/other_test.c': suite.replace('"trial"', '"other"').replace('_cases', '_more') };
    expect((await go()).product.files).toEqual([
      { file: 'lib/other_test.c', suites: ['other'], patch: '0001' },
    ]);
  });

  test('a series without a suite says so; nothing is run', async () => {
    changed = { 'init/main.c': 'int kunit_suite;\n' };
    const { events, text, code } = await go();
    expect(text).toBe('trial brings no KUnit suite: none of the files it changes has one');
    expect(argvOf(events)).toEqual([]);
    expect(code).toBe(exitCodes.done);
  });
});

const late = "Command '['./linux']' timed out after 60 seconds";
const panic = [
  ...results().slice(0, -1),
  '[    0.300000] Kernel panic - not syncing: the disk is gone',
  '[    0.300100] Call Trace:',
];

/** What is printed, the exit code of kunit.py, ours, and what it reads as. */
const ends: readonly (readonly [string, readonly string[], number, number, RegExp])[] = [
  [
    'a test fails',
    results(
      '    # trial_two: EXPECTATION FAILED at init/trial_test.c:7',
      '    not ok 2 trial_two',
      'not ok 1 trial',
    ),
    ...([0, exitCodes.failed] as const),
    /failed: trial\.trial_two\n {2}# trial_two: EXPECTATION FAILED at init\/trial_test\.c:7\n(.*\n)*FAILED: 1 test\n/,
  ],
  [
    'the kernel panics in the middle',
    ...([panic, 1, exitCodes.failed] as const),
    /failed: trial: 1 of 2 tests have a result, and the suite has no result\nthe tests did not come to their end: the kernel panicked in the middle of trial: the disk is gone\n/,
  ],
  [
    'the kernel ends in the middle, silently',
    results().slice(0, -1),
    ...([1, exitCodes.failed] as const),
    /the kernel ended in the middle of trial; its last line: .*ok 1 trial_one\n/,
  ],
  [
    'the kernel prints nothing of the tests',
    [...started, '/dev/shm must be not mounted noexec'],
    ...([1, exitCodes.failed] as const),
    /the kernel printed no results; its last line: \/dev\/shm must be not mounted noexec\n/,
  ],
  [
    'kunit.py stops the kernel',
    [...results().slice(0, -1), late],
    1,
    exitCodes.failed,
    /stopped after 60 s \(--timeout\)\n/,
  ],
  [
    'a suite of the series does not run',
    good.map(line => line.replace('trial', 'other')),
    ...([0, exitCodes.failed] as const),
    /^trial did not run: init\/\.kunitconfig, CONFIG_TRIAL_TEST=y does not switch it on$/m,
  ],
  [
    'an option is lost',
    [
      'ERROR:root:Not all Kconfig options selected in kunitconfig were in the generated .config.',
      'Missing: CONFIG_B=y, CONFIG_A=y',
    ],
    ...([1, exitCodes.failed] as const),
    /the tests cannot be switched on: CONFIG_A=y, CONFIG_B=y did not survive\n/,
  ],
  [
    'it does not build',
    [
      ...started.slice(0, 3),
      'ERROR:root:../init/trial_test.c:3:9: error: expected expression',
      'make: *** [Makefile:1] Error 2',
    ],
    ...([1, exitCodes.build] as const),
    /does not build for User-Mode Linux:\n {2}init\/trial_test\.c:3:9: error: expected expression\nthe whole log is .*build-\w{8}\/initbench-kunit\.log$/,
  ],
  [
    'the kernel reports something, and the tests pass',
    [...good.slice(0, -1), '[    0.2] WARNING: CPU: 0 PID: 1 at init/main.c:1 x+0x1/0x2'],
    ...([0, exitCodes.done] as const),
    /the kernel reported:\n {2}WARNING: CPU: 0/,
  ],
];

const refused = (does: Does) =>
  go(does).then(
    ({ text }) => text,
    (error: unknown) => error as UserError,
  );

describe('one tree, one series', () => {
  beforeAll(begin);
  afterAll(end);

  test.each(ends)('%s', async (_what, prints, theirs, ours, reads) => {
    const { text, code } = await go({ prints, environment: { INITBENCH_TEST_CODE: String(theirs) } });
    expect(text).toMatch(reads);
    expect(code).toBe(ours);
  });

  test('a filter that nothing matches', async () => {
    const none = [...started, 'KTAP version 1', '1..0'];
    const error = await refused({ prints: none, request: { filter: 'nonsense*' } });
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      message: 'no suite and no test is called nonsense*',
      hint: 'the suites of the series are trial',
    });
  });

  test('interrupted: kunit.py and what it started are gone, and the next run goes on', async () => {
    const stop = new AbortController();
    const pids: number[] = [];
    const seen = (event: WorkEvent) => {
      const pid = event.type === 'output' ? /^pid (\d+)$/.exec(event.line)?.[1] : undefined;
      if (pid !== undefined) pids.push(Number(pid));
      if (pids.length === 2) stop.abort();
    };
    const environment = { INITBENCH_TEST_HANG: '1' };
    await expect(go({ environment, signal: stop.signal, seen })).rejects.toThrow(Interrupted);
    expect(pids).toHaveLength(2);
    for (const pid of pids) await gone(pid);
    expect((await go()).code).toBe(exitCodes.done);
  });

  test('what is left in the cache: a build directory that cleaning knows, in a worktree that is clean', async () => {
    await go();
    const worktree = path.join(folders.worktrees(workspace), '7.3/trial');
    expect((await readdir(worktree)).filter(name => /^build-[0-9a-f]{8}$/.test(name))).toHaveLength(1);
    expect(git(worktree, 'status', '--porcelain')).toBe('');
  });

  test('a file that appears beside the sources: no result', async () => {
    expect(await refused({ environment: { INITBENCH_TEST_STRAY: '1' } })).toMatchObject({
      message: expect.stringMatching(/was changed while it was in use: stray\.txt/) as string,
    });
  });
});

describe('trees and series that cannot be tested', () => {
  beforeEach(begin);
  afterEach(end);

  test('a tree without kunit.py', async () => {
    git(trial.tree, 'rm', '-q', '-r', 'tools/testing/kunit');
    git(trial.tree, 'commit', '-q', '-m', 'drop kunit.py');
    expect(await refused({})).toMatchObject({
      message: 'the tree has no tools/testing/kunit/kunit.py: KUnit cannot be run on User-Mode Linux there',
      exitCode: exitCodes.environment,
    });
  });

  test('a series that does not apply', async () => {
    await writeSeries();
    await appendFile(path.join(trial.tree, 'init/main.c'), 'int two;\n');
    git(trial.tree, 'commit', '-q', '-a', '-m', 'something else');
    expect(await refused({})).toMatchObject({ exitCode: exitCodes.conflict });
  });

  test('kunit.py itself fails', async () => {
    await writeFile(path.join(trial.tree, 'tools/testing/kunit/kunit.py'), 'raise Exception("too old")\n');
    git(trial.tree, 'commit', '-q', '-a', '-m', 'break kunit.py');
    expect(await refused({})).toMatchObject({ name: 'ToolError', exitCode: 1 });
  });
});
