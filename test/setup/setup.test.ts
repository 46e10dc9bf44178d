// SPDX-License-Identifier: GPL-2.0-only
/** setup.sh on machines that lack something: what it reports, how soon, and that it stops or goes on. Its PATH is a folder
 *  of links to the host's programs without some, and stand-ins for apt, df, id and node. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let top: string;
let bin: string;
let checkout: string;

const shellTools = ['sh', 'sed', 'sort', 'head', 'tail', 'awk', 'dirname', 'df', 'id', 'uname', 'tr', 'grep'];
const more = ['cat', 'cmp', 'cp', 'find', 'rm', 'touch', 'env', 'chmod', 'mkdir', 'ln'];
const script = readFileSync('setup.sh', 'utf8');
const needed = /^needed='\n([^']*)'/m
  .exec(script)![1]!
  .trim()
  .split('\n')
  .map(line => line.split(':')[0]!)
  .filter(name => !name.startsWith('/'));

const standIn = (name: string, text: string) => {
  rmSync(path.join(bin, name), { force: true });
  writeFileSync(path.join(bin, name), `#!/bin/sh\n${text}\n`);
  chmodSync(path.join(bin, name), 0o755);
};
const found = new Map<string, string>();
for (const name of [...shellTools, ...more])
  found.set(name, execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim());
const without = (...names: string[]) => {
  for (const name of names) rmSync(path.join(bin, name), { force: true });
};

beforeEach(() => {
  top = mkdtempSync(path.join(tmpdir(), 'initbench-setup-'));
  bin = path.join(top, 'bin');
  checkout = path.join(top, 'a checkout');
  for (const folder of [bin, path.join(checkout, 'node_modules'), path.join(checkout, 'dist')])
    mkdirSync(folder, { recursive: true });
  for (const [name, program] of found) symlinkSync(program, path.join(bin, name));
  // All that is needed is here, whatever this host has.
  for (const name of needed) standIn(name, 'exit 0');
  for (const name of ['apt-get', 'apt-cache', 'npm']) standIn(name, 'exit 0');
  standIn('node', 'echo 22.1.0');
  standIn('id', 'echo 1000');
  for (const file of ['setup.sh', 'package.json', 'package-lock.json'])
    copyFileSync(file, path.join(checkout, file));
  // Nothing to fetch and nothing to compile: these have tests of their own.
  copyFileSync('package-lock.json', path.join(checkout, 'node_modules/.initbench-lock'));
  for (const name of ['src', 'tsconfig.json', 'tsconfig.build.json'])
    writeFileSync(path.join(checkout, name), '');
  writeFileSync(path.join(checkout, 'dist/.built'), '');
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

function setup(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const { status, stderr } = spawnSync('sh', [path.join(checkout, 'setup.sh'), ...args], {
    env: { PATH: bin, HOME: top, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  return { code: status, lines: stderr.split('\n').filter(Boolean) };
}

test('nothing missing: nothing is printed', () => {
  expect(setup()).toEqual({ code: 0, lines: [] });
});

describe('node', () => {
  const offers = (version: string) =>
    standIn('apt-cache', `printf 'nodejs:\\n  Candidate: %s\\n' '${version}'`);

  test.each([
    [
      '18.20.4',
      '18.20.4+dfsg-1',
      /^setup: node 18\.20\.4 is too old, 20\.19 or newer is needed; as root: npm install --global node@22$/,
    ],
    ['18.20.4', '20.19.2+dfsg-1', /too old, .* as root: apt-get install nodejs npm$/],
    [
      '20.18.9',
      '(none)',
      /node 20\.18\.9 is too old, .* as root: apt-get update && apt-get install nodejs npm$/,
    ],
    ['9.11.0', '', /node 9\.11\.0 is too old/],
  ])('%s, where the distribution offers %s', (found, offered, message) => {
    standIn('node', `echo ${found}`);
    offers(offered);
    const { code, lines } = setup();
    expect({ code, count: lines.length }).toEqual({ code: 4, count: 1 });
    expect(lines[0]).toMatch(message);
  });

  test.each(['20.19.0', '20.20.2', '22.0.0', '100.1.0'])('%s is enough', found => {
    standIn('node', `echo ${found}`);
    expect(setup()).toEqual({ code: 0, lines: [] });
  });

  test('none at all, on Debian 12', () => {
    without('node', 'npm');
    offers('18.20.4+dfsg-1');
    const message =
      'setup: node is missing, and 20.19 or newer is needed; as root: apt-get install npm && npm install --global node@22';
    expect(setup()).toEqual({ code: 4, lines: [message] });
  });
});

describe('the place', () => {
  test.each([
    [
      'a blank in HOME',
      { HOME: '/home/a person' },
      /kbuild cannot build in \/home\/a person\/\.cache\/initbench: .*INITBENCH_CACHE/,
    ],
    ['a colon in the cache', { INITBENCH_CACHE: '/srv/a:b' }, /kbuild cannot build in \/srv\/a:b/],
  ])('%s', (_what, env, message) => {
    const { code, lines } = setup([], env);
    expect({ code, count: lines.length }).toEqual({ code: 4, count: 1 });
    expect(lines[0]).toMatch(message);
  });

  test('too little room is reported before anything is fetched, with the figures', () => {
    standIn('df', "printf 'Filesystem\\n/dev/x 1 1 1048576 1%% /\\n'");
    standIn('npm', `: > '${top}/fetched'`);
    without('flex');
    const { code, lines } = setup();
    expect({ code, count: lines.length }).toEqual({ code: 4, count: 1 });
    expect(lines[0]).toMatch(
      /^setup: the first start needs \d+ MiB in .*\.cache\/initbench, 1024 are free; /,
    );
    expect(existsSync(path.join(top, 'fetched'))).toBe(false);
  });

  test('with kernels built there the first start is over', () => {
    standIn('df', "printf 'Filesystem\\n/dev/x 1 1 1048576 1%% /\\n'");
    mkdirSync(path.join(top, '.cache/initbench/kernels'), { recursive: true });
    expect(setup()).toEqual({ code: 0, lines: [] });
  });
});

describe('programs', () => {
  test('without sudo: one line to paste, each package once, what is optional along with it', () => {
    without('flex', 'mkfs.erofs', 'fsck.erofs', 'ccache');
    const { code, lines } = setup();
    expect({ code, count: lines.length }).toEqual({ code: 4, count: 1 });
    expect(lines[0]).toMatch(
      /^setup: missing: flex mkfs\.erofs fsck\.erofs; as root: apt-get install --no-install-recommends /,
    );
    const packages = lines[0]!.split('--no-install-recommends ')[1]!.split(' ');
    expect(packages).toEqual(expect.arrayContaining(['flex', 'erofs-utils', 'ccache']));
    expect(packages).toEqual([...new Set(packages)]);
  });

  test('what is optional alone is no reason to stop, nor to call apt', () => {
    without('ccache', 'sparse', 'bzip2');
    standIn('id', 'echo 0');
    standIn('apt-get', 'echo called >&2');
    expect(setup()).toEqual({ code: 0, lines: [] });
  });

  test('as root they are installed, and then they are there', () => {
    without('flex');
    standIn('id', 'echo 0');
    standIn('apt-get', `echo "$@" >> '${top}/calls'; ln -s /bin/true '${bin}/flex'`);
    const { code, lines } = setup();
    expect(code).toBe(0);
    expect(lines).toEqual([expect.stringMatching(/^setup: apt-get install .*\bflex\b/)]);
    expect(readFileSync(path.join(top, 'calls'), 'utf8').split('\n')).toHaveLength(2);
  });

  test('a package that has not what it is installed for is named, and ends it', () => {
    without('flex');
    standIn('id', 'echo 0');
    const { code, lines } = setup();
    expect(code).toBe(4);
    expect(lines.at(-1)).toBe('setup: flex is still missing: the package flex of this system has none');
  });

  test('an optional package that is not to be had is not in the way', () => {
    without('flex', 'ccache');
    standIn('id', 'echo 0');
    standIn('apt-get', `case "$*" in *ccache*) exit 100 ;; install*) ln -s /bin/true '${bin}/flex' ;; esac`);
    expect(setup().code).toBe(0);
  });

  test('sudo that would ask for a password where nobody can type is not called', () => {
    without('flex');
    standIn('sudo', '[ "$1" != -n ] || exit 1; echo "asked" >&2');
    const { code, lines } = setup();
    expect(code).toBe(4);
    expect(lines).toEqual([expect.stringMatching(/^setup: missing: flex; as root: apt-get install /)]);
  });
});

test('a build leaves main.js executable, so that a link to it goes on to work', () => {
  expect(JSON.parse(readFileSync('package.json', 'utf8'))).toMatchObject({
    scripts: { build: expect.stringMatching(/chmod \+x dist\/main\.js/) },
  });
  without('tsc');
  standIn('npm', `case "$*" in *build*) mkdir -p dist; : > dist/main.js ;; esac`);
  rmSync(path.join(checkout, 'dist'), { recursive: true });
  expect(setup().code).toBe(0);
  expect(existsSync(path.join(checkout, 'dist/.built'))).toBe(true);
});
