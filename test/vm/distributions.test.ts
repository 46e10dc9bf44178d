// SPDX-License-Identifier: GPL-2.0-only
/** Debian 12, 13 and sid as minimal as they come, each a chroot with its own compiler, QEMU and erofs-utils: a clone, and
 *  then what README.md says, as root and as an ordinary user. Hours, and 15 GB at a time: `npm run test:all`, as root. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatDeb822, parseDeb822, parseSourcesList, sourcesFor } from '../../src/host/apt.ts';
import { parseCodename } from '../../src/image/debian/packages.ts';
import { everything } from './house.ts';

const isRoot = process.getuid?.() === 0;
const here = parseCodename(readFileSync('/etc/os-release', 'utf8'));
/** What git clones: a file, which has no owner to be suspicious of. */
const bundle = 'srv/initbench.bundle';
const person = 1000;
const hours = 3_600_000;

/** The host's own sources, asked for another suite. */
function sourcesOf(suite: string): string {
  const parts = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list', ...readdirSync(parts).map(name => path.join(parts, name))];
  const sources = files.flatMap(file => {
    if (!existsSync(file)) return [];
    const text = readFileSync(file, 'utf8');
    return file.endsWith('.sources')
      ? parseDeb822(text)
      : file.endsWith('.list')
        ? parseSourcesList(text)
        : [];
  });
  return formatDeb822(sourcesFor(suite, here ?? '', sources));
}

describe.runIf(everything && isRoot && here !== undefined).each(['bookworm', 'trixie', 'sid'])(
  '%s',
  suite => {
    let top: string;
    let root: string;
    const within = (uid: number, command: string) => {
      const started = performance.now();
      const { status, stdout, stderr } = spawnSync(
        'sh',
        [path.resolve('test/vm/chroot.sh'), root, `${uid}`, command],
        { encoding: 'utf8', maxBuffer: 2 ** 28 },
      );
      const took = `${((performance.now() - started) / 1000).toFixed(0)} s`;
      process.stderr.write(`  ${suite}, uid ${uid}: ${command}: exit ${status}, ${took}\n`);
      return { status, text: `${stdout}${stderr}` };
    };
    /** What has to work, with its last lines where it does not. */
    const works = (uid: number, command: string): string => {
      const { status, text } = within(uid, command);
      expect({ command, status, said: status === 0 ? '' : text.slice(-8000) }).toMatchObject({ status: 0 });
      return text;
    };

    beforeAll(() => {
      top = mkdtempSync(path.join(tmpdir(), 'initbench-debian-'));
      root = path.join(top, suite);
      const sources = path.join(top, 'archive.sources');
      writeFileSync(sources, sourcesOf(suite));
      // A mirror that stands still is as good for this.
      const settings = path.join(top, 'apt.conf');
      writeFileSync(settings, 'Acquire::Check-Valid-Until "false";\nAPT::Sandbox::User "root";\n');
      const options = ['--mode=root', '--variant=apt', '--quiet', `--aptopt=${settings}`];
      execFileSync('mmdebstrap', [...options, suite, root, sources], { stdio: 'inherit' });
      appendFileSync(path.join(root, 'etc/passwd'), `dev:x:${person}:${person}::/home/dev:/bin/sh\n`);
      appendFileSync(path.join(root, 'etc/group'), `dev:x:${person}:\n`);
      mkdirSync(path.join(root, 'home/dev'));
      mkdirSync(path.join(root, 'etc/ssl/certs'), { recursive: true });
      const authorities = '/etc/ssl/certs/ca-certificates.crt';
      if (existsSync(authorities)) copyFileSync(authorities, path.join(root, 'etc/ssl/certs/host.crt'));
      execFileSync('git', ['bundle', 'create', '--quiet', path.join(root, bundle), 'HEAD']);
      works(0, `chown ${person}:${person} /home/dev`);
      // README.md: git, Node.js with npm.
      works(0, 'apt-get update -qq && apt-get install -qq --no-install-recommends git nodejs npm');
      for (const uid of [0, person]) works(uid, `git clone --quiet /${bundle} initbench`);
    }, hours);
    afterAll(() => rmSync(top, { recursive: true, force: true, maxRetries: 3 }));

    test('a Node that is too old: the line that gets another, and it does', () => {
      const { status, text } = within(0, 'cd initbench && node -p process.versions.node && npm start');
      if (!text.includes('too old')) return;
      const line = /as root: (.*)$/m.exec(text)![1]!;
      expect({ status, line }).toEqual({ status: 4, line: 'npm install --global node@22' });
      works(0, line);
    });

    test('an ordinary user gets one line for root to paste', () => {
      const { status, text } = within(person, 'cd initbench && npm start');
      expect(status).toBe(4);
      const [line, ...others] = text.split('\n').filter(each => each.startsWith('setup: '));
      expect(others).toEqual([]);
      works(0, `${/as root: (apt-get install .*)$/.exec(line!)![1]!} -qq`);
    });

    test.each([
      ['root', 0],
      ['an ordinary user', person],
    ])(
      '%s: npm start, doctor',
      (_who, uid) => {
        if (uid !== 0) {
          // What this compiler has made of this source before: everything else is this user's own work.
          const theirs = '/home/dev/.cache/initbench';
          works(0, `mkdir -p ${theirs} && cp -r .cache/initbench/ccache .cache/initbench/sources ${theirs}`);
          works(0, `chown -R ${person}:${person} /home/dev/.cache`);
        }
        const table = works(uid, 'cd initbench && npm start');
        for (const row of ['floor@base', 'initramfs', 'userspace', 'kernelspace'])
          expect(table).toMatch(new RegExp(`^${row} .*ready$`, 'm'));
        expect(table).toMatch(/^kernels compiled by gcc/m);
        expect(table).toMatch(/^digits: /m);
        works(uid, 'cd initbench && npm start');
        expect(works(uid, 'cd initbench && node dist/main.js doctor')).not.toMatch(/MISSING/);
      },
      3 * hours,
    );

    test.each([
      ['root', 0],
      ['an ordinary user', person],
    ])(
      '%s: npm run test:quick',
      (_who, uid) => {
        // The user has no sudo: what the tests need, root has installed by then.
        expect(works(uid, 'cd initbench && npm run test:quick')).toMatch(/Tests .*passed/);
      },
      3 * hours,
    );
  },
);
