// SPDX-License-Identifier: GPL-2.0-only
/** A workspace of its own and a very small kernel, as files, as a git clone and as tarballs, with the real git and tar. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Work, WorkEvent } from '../../src/events.ts';
import { openWorkspace, type Workspace } from '../../src/workspace.ts';

export interface Sample {
  readonly folder: string;
  readonly workspace: Workspace;
  /** Folder 'linux-7.3.4' with the kernel's files; no repository. */
  readonly files: string;
}

/** The user whose git this is; what their configuration says must not reach initbench's repository. */
const user = [
  ...['-c', 'user.name=A Developer', '-c', 'user.email=dev@example.org', '-c', 'commit.gpgSign=false'],
  ...['-c', 'init.defaultBranch=master', '-c', 'core.hooksPath=/dev/null'],
];

export function run(cwd: string, ...argv: string[]): string {
  const env = { ...process.env, GIT_AUTHOR_DATE: '1700000000 +0000', GIT_COMMITTER_DATE: '1700000000 +0000' };
  const [file, ...rest] = argv[0] === 'git' ? ['git', ...user, ...argv.slice(1)] : argv;
  return execFileSync(file!, rest, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

export const makefile = (sublevel = '4', extra = '') =>
  `# SPDX-License-Identifier: GPL-2.0\nVERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = ${sublevel}\nEXTRAVERSION =${extra ? ` ${extra}` : ''}\nNAME = Sample\n`;

const freshFolder = () => realpathSync(mkdtempSync(path.join(tmpdir(), 'initbench-test-')));

export function makeSample(settings = 'tree = "k"\n'): Sample {
  const folder = freshFolder();
  const root = path.join(folder, 'checkout');
  mkdirSync(path.join(root, 'patches'), { recursive: true });
  writeFileSync(path.join(root, 'initbench.toml'), settings);
  const sample = sampleIn(folder);
  writeKernel(sample.files);
  return sample;
}

/** A sample with the trees of another one, which has no worktrees yet. */
export function copySample(from: Sample): Sample {
  const folder = freshFolder();
  cpSync(from.folder, folder, { recursive: true, verbatimSymlinks: true });
  return sampleIn(folder);
}

/** Makes a sample once for a file of tests, or a describe, and puts its folder back as it was before each of them: at the
 *  same path, so that worktrees, records and what `make` noted of it hold. */
export function restoredForEach(make: () => Sample | Promise<Sample>): void {
  let sample: Sample | undefined;
  let touched = false;
  const saved = () => `${sample!.folder}.saved`;
  const copy = (from: string, to: string) => execFileSync('cp', ['-a', '--reflink=auto', from, to]);
  beforeAll(async () => {
    sample = await make();
    copy(sample.folder, saved());
  });
  beforeEach(() => {
    if (touched) {
      discard(sample!);
      copy(saved(), sample!.folder);
    }
    touched = true;
  });
  afterAll(() => {
    if (!sample) return;
    discard(sample);
    rmSync(saved(), { recursive: true, force: true });
  });
}

function sampleIn(folder: string): Sample {
  const environment = {
    ...process.env,
    INITBENCH_CACHE: path.join(folder, 'cache'),
    INITBENCH_STATE: path.join(folder, 'state'),
  };
  const workspace = openWorkspace(environment, path.join(folder, 'checkout'));
  return { folder, workspace, files: path.join(folder, 'linux-7.3.4') };
}

/** Modes, links, ignored and oddly named files: what an import could lose. */
export function writeKernel(files: string): void {
  mkdirSync(path.join(files, 'init'), { recursive: true });
  mkdirSync(path.join(files, 'scripts', 'x'.repeat(90), 'y'.repeat(90)), { recursive: true });
  const write = (name: string, text: string, mode = 0o644) => {
    writeFileSync(path.join(files, name), text, { mode });
  };
  write('Makefile', makefile());
  write('Kbuild', 'obj-y += init/\n');
  write('Kconfig', 'mainmenu "Sample"\n');
  write('.gitignore', '*.o\n/built\n');
  write('init/main.c', 'int start_kernel(void)\n{\n\treturn 0;\n}\n');
  write('init/version.c', 'const char *version = "a";\n');
  write('init/empty.c', '');
  write('ignored.o', 'kept all the same\n');
  write('scripts/run.sh', '#!/bin/sh\n', 0o755);
  write('scripts/with "quote" and ü.txt', 'odd\n');
  write(`scripts/${'x'.repeat(90)}/${'y'.repeat(90)}/long.c`, 'long\n');
  symlinkSync('../init/main.c', path.join(files, 'scripts', 'link.c'));
}

export function makeClone(sample: Sample, name = 'clone'): string {
  const clone = path.join(sample.folder, name);
  writeKernel(clone);
  run(clone, 'git', 'init', '-q');
  run(clone, 'git', 'add', '-A', '-f');
  run(clone, 'git', 'commit', '-q', '-m', 'Linux 7.3.4');
  return clone;
}

export const discard = (sample: Sample): void => rmSync(sample.folder, { recursive: true, force: true });

/** Runs work to its end; the events on the way, and the product. */
export async function collect<Product>(
  work: Work<Product>,
): Promise<{ events: WorkEvent[]; product: Product }> {
  const events: WorkEvent[] = [];
  for (;;) {
    const next = await work.next();
    if (next.done) return { events, product: next.value };
    events.push(next.value);
  }
}

/** 'import done', 'check out cached': the steps in the order they ended. */
export const stepsOf = (events: readonly WorkEvent[]): string[] =>
  events.flatMap(event =>
    event.type === 'step' && event.state !== 'started' ? [`${event.step} ${event.state}`] : [],
  );

/** Every file below a folder with its bytes' worth: unequal when anything was written there. */
export const fingerprint = (folder: string): string =>
  run(
    folder,
    'sh',
    '-c',
    'find . -type f -printf "%p %s %T@\n" | sort; find . -type f -exec sha1sum {} + | sort; find . -type d | sort',
  );
