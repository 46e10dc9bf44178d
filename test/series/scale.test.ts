// SPDX-License-Identifier: GPL-2.0-only
/** At the kernel's size, 1,000,000 commits and 80,000 files: what a person asks again and again takes under two
 *  seconds, and nothing asks the whole history. Stand-ins for make and QEMU; git is real. A history that was made before
 *  can be given with INITBENCH_TEST_HISTORY. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkSeries } from '../../src/campaign/check/series.ts';
import { seriesStatus } from '../../src/campaign/status.ts';
import { productOf, type Work } from '../../src/events.ts';
import { diffSeries } from '../../src/series/diff.ts';
import { type Editing, editSeries } from '../../src/series/edit.ts';
import { refreshSeries } from '../../src/series/refresh.ts';
import { trackSeries } from '../../src/series/track.ts';
import { addTree } from '../../src/tree/trees.ts';
import { openWorkspace, type Workspace } from '../../src/workspace.ts';
import { recorded as consoleOf } from '../boot/machine.ts';
import { recorded } from '../kernel/sample.ts';
import { run } from '../tree/sample.ts';
import { commitFile, patchFolder, signal } from './bench.ts';
import { fileAt, synthesise } from './history.ts';
import { putBack } from '../variables.ts';

const size = { commits: 1_000_000, files: 80_000 };
const limitMs = 2000;
const options = ['64BIT', 'EROFS_FS', 'KERNEL_LZ4', 'X86_64'];
const top = {
  Kconfig: options.map(name => `config ${name}\n\tbool "x"\n`).join(''),
  'init/main.c': 'int main(void)\n{\n\treturn 0;\n}\n',
  'init/main.h': '\n',
  'scripts/checkpatch.pl': 'exit 0;\n',
  'scripts/kconfig/merge_config.sh':
    '#!/bin/sh\nout=$3/.config; shift 4; cat "$out" "$@" > "$out.merged"; mv "$out.merged" "$out"\n',
};

describe.skipIf(process.env.INITBENCH_TEST_ALL !== '1')('1,000,000 commits, 80,000 files', () => {
  const before = { ...process.env };
  let folder: string;
  let clone: string;
  let workspace: Workspace;
  let place: string;

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'initbench-test-')));
    const given = process.env.INITBENCH_TEST_HISTORY;
    clone = path.join(folder, 'clone');
    if (given !== undefined && existsSync(given)) cpSync(given, clone, { recursive: true });
    else await synthesise(clone, size);
    run(clone, 'git', 'reset', '-q', '--hard', 'master');
    for (const [file, text] of Object.entries(top)) commitFile(clone, file, text, `top: ${file}`);
    run(clone, 'git', 'update-index', '--chmod=+x', 'scripts/kconfig/merge_config.sh');
    run(clone, 'git', 'commit', '-q', '-m', 'top: run it');
    const base = run(clone, 'git', 'rev-parse', 'HEAD');
    const root = path.join(folder, 'root');
    mkdirSync(path.join(root, 'kconfigs'), { recursive: true });
    mkdirSync(path.join(root, 'logs'));
    writeFileSync(path.join(root, 'initbench.toml'), 'tree = "big"\nfragments = ["base"]\n');
    const wanted = 'CONFIG_EROFS_FS=y\nCONFIG_KERNEL_LZ4=y\nCONFIG_X86_64=y\n';
    writeFileSync(path.join(root, 'kconfigs/base.config'), wanted);
    for (const name of ['base', 'check-mine'])
      writeFileSync(path.join(root, 'logs', `${name}.log`), '  CC      init/main.o\n  CHECK   init/main.c\n');
    cpSync('vm', path.join(root, 'vm'), { recursive: true });
    Object.assign(process.env, {
      // The guest's programs are made by the real make and gcc.
      PATH: ['crash', 'boot']
        .map(name => path.resolve('test/bin', name))
        .concat(process.env.PATH!)
        .join(':'),
      INITBENCH_CACHE: path.join(folder, 'cache'),
      INITBENCH_STATE: path.join(folder, 'state'),
      INITBENCH_TEST_BUILD_LOG: recorded('warnings.log'),
      INITBENCH_TEST_OBJECT_LOGS: path.join(root, 'logs'),
      INITBENCH_TEST_CONSOLE: consoleOf('ready-initramfs'),
    });
    workspace = openWorkspace({ ...process.env }, root);
    await productOf(addTree(workspace, 'big', { kind: 'git', location: clone, revision: base }, signal));
    for (let number = 1; number <= 10; number++) {
      const text = `int main(void)\n{\n\treturn ${number};\n}\n`;
      commitFile(clone, number % 2 ? 'init/main.c' : fileAt(number * 4001), text, `init: change ${number}`);
    }
    run(clone, 'git', 'format-patch', '-q', '-o', patchFolder(workspace), base);
    ({ path: place } = (await productOf(editSeries(workspace, 'mine', signal))) as Editing);
  }, 3_600_000);

  afterAll(() => {
    putBack(before);
    rmSync(folder, { recursive: true, force: true });
  });

  /** The second time: the first fills the disk's cache. */
  async function timed<Product>(what: string, work: () => Work<Product>, limit = limitMs): Promise<Product> {
    await productOf(work());
    const started = performance.now();
    const product = await productOf(work());
    const took = performance.now() - started;
    process.stdout.write(`${what}: ${took.toFixed(0)} ms\n`);
    expect(took, what).toBeLessThan(limit);
    return product;
  }
  const check = () =>
    checkSeries(workspace, { series: 'mine', fragments: ['base'], only: [], again: false }, signal);

  test('check, cached', async () => {
    const first = await productOf(check());
    expect(first.ran).toBeGreaterThan(30);
    expect(await timed('check', check)).toMatchObject({ ran: 0, known: first.ran });
  }, 3_600_000);

  test('status, refresh and diff of a series that was edited', async () => {
    commitFile(place, 'init/main.h', 'int more;\n', 'init: more');
    const status = await timed('status', () => seriesStatus(workspace, 'mine', ['base'], signal));
    expect(status.patches.at(-1)).toMatchObject({ branch: 'new' });
    const diff = await timed('diff', () => diffSeries(workspace, 'mine', {}, true, signal));
    expect(diff.pairs).toHaveLength(11);
    await productOf(refreshSeries(workspace, 'mine', { overwrite: false }, signal));
    await timed('refresh', () => refreshSeries(workspace, 'mine', { overwrite: false }, signal), 5000);
  }, 600_000);

  test('a branch in the clone, followed and written', async () => {
    const base = run(clone, 'git', 'rev-parse', 'HEAD~10');
    const request = { path: clone, branch: 'master', base, name: 'theirs' };
    await timed('track', () => trackSeries(workspace, request, signal), 5000);
    await productOf(refreshSeries(workspace, 'theirs', { overwrite: false }, signal));
    await timed('refresh', () => refreshSeries(workspace, 'theirs', { overwrite: false }, signal), 5000);
  }, 600_000);
});
