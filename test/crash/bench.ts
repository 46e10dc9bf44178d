// SPDX-License-Identifier: GPL-2.0-only
/** A checkout of its own with a small kernel and a series, the built program in it, and what is looked at after a kill:
 *  processes that are left, fsck, text that a person wrote. Stand-ins for make and QEMU; git, tar and mkfs are real. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface Ended {
  /** It was still at work when it was told to end. */
  readonly hit: boolean;
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Around {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly before?: readonly string[];
}

/** How a run is ended before its own end. */
export type Ending = 'SIGKILL' | 'SIGTERM' | 'SIGHUP' | 'SIGINT' | 'SIGINT twice' | 'closed terminal';
export const endings: readonly Ending[] = [
  ...(['SIGKILL', 'SIGTERM', 'SIGHUP', 'SIGINT', 'SIGINT twice', 'closed terminal'] as const),
];

export interface Bench {
  readonly folder: string;
  /** Where its programs come from. */
  readonly path: string;
  /** The kernel's git repository, as a user has one. */
  readonly clone: string;
  /** `around`: variables in place of its own, and words before the command. */
  run(words: readonly string[], around?: Around): Promise<Ended>;
  /** Ends it after so many lines of its events, or milliseconds. Returns how far it got. */
  kill(words: readonly string[], ending: Ending, when: { lines: number } | { ms: number }): Promise<Ended>;
  /** Processes that carry this bench's mark, without those that are just ending; waits for them a while. */
  survivors(): Promise<string[]>;
  /** Cache, state and checkout as they are now, to come back to. */
  save(name: string): void;
  restore(name: string): void;
  /** Files of the checkout, by name, with their text. */
  human(): Readonly<Record<string, string>>;
  remove(): void;
}

const kconfig =
  'config 64BIT\n\tbool "64-bit"\nconfig X86_64\n\tbool "x86-64"\nconfig EROFS_FS\n\tbool "EROFS"\nconfig KERNEL_LZ4\n\tbool "lz4"\n';
const mergeConfig =
  '#!/bin/sh\nout=$3/.config; shift 4; cat "$out" "$@" > "$out.merged"; mv "$out.merged" "$out"\n';
const toml = (clone: string) =>
  `tree = "t"\nseries = "trial"\nfragments = ["base"]\n# a note of mine\n[trees]\nt = "${clone}"\n`;

const copy = (from: readonly string[], into: string) =>
  from.length > 0 && execFileSync('cp', ['-a', '--reflink=auto', ...from, into]);
/** In the checkout, beside what a command may change. */
const program = ['dist', 'vm', 'package.json', 'node_modules'];

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

/** `port`: where an SMTP server listens on loopback, for those who send. */
export function openBench(port: number): Bench {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'initbench-crash-')));
  const [root, clone, work] = ['work/root', 'clone', 'work'].map(name => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  const identity = { GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.org' };
  const times = { GIT_AUTHOR_DATE: '1700000000 +0000', GIT_COMMITTER_DATE: '1700000000 +0000' };
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', clone, ...words], {
      encoding: 'utf8',
      env: {
        ...{ PATH: process.env.PATH, HOME: folder, ...identity, ...times },
        ...{ GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example.org', GIT_CONFIG_NOSYSTEM: '1' },
      },
    });
  const write = (file: string, text: string, mode = 0o644) => {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text, { mode });
  };
  write(path.join(clone, 'Makefile'), 'VERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\nEXTRAVERSION =\n');
  write(path.join(clone, 'Kbuild'), 'obj-y += init/\n');
  write(path.join(clone, 'Kconfig'), kconfig);
  write(path.join(clone, 'init/main.c'), 'int main(void)\n{\n\treturn 0;\n}\n');
  write(path.join(clone, 'scripts/kconfig/merge_config.sh'), mergeConfig, 0o755);
  const people = 'print "A B <a\\@example.org> (maintainer:X)\\n";\n';
  write(path.join(clone, 'scripts/get_maintainer.pl'), `#!/usr/bin/perl\n${people}`, 0o755);
  write(path.join(clone, 'scripts/checkpatch.pl'), 'exit 0;\n', 0o755);
  for (let i = 0; i < 200; i++)
    write(path.join(clone, `drivers/d${i % 10}/f${i}.c`), `int f${i};\n`.repeat(50));
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'Linux 7.3.4');
  const change = (text: string, subject: string) => {
    write(path.join(clone, 'init/main.c'), `int main(void)\n{\n\treturn ${text};\n}\n`);
    git('commit', '-q', '-a', '-m', subject);
  };
  change('1', 'init: try something');
  change('2', 'init: try more');
  git('format-patch', '-q', '-2', '-o', path.join(root, 'patches/trial'));
  git('reset', '-q', '--hard', 'HEAD~2');
  git('checkout', '-q', '-b', 'next');
  write(path.join(clone, 'init/next.c'), 'int next;\n');
  git('add', '-A');
  git('commit', '-q', '-m', 'Linux 7.3.4 and more');
  git('checkout', '-q', 'main');
  write(
    path.join(folder, '.gitconfig'),
    `[user]\n\tname = A\n\temail = a@example.org\n[sendemail]\n\tsmtpServer = 127.0.0.1\n\tsmtpServerPort = ${port}\n\tsmtpDomain = localhost\n`,
  );
  execFileSync('tar', ['-czf', path.join(folder, 'linux.tar.gz'), '--exclude=.git', '-C', folder, 'clone']);
  write(path.join(root, 'patches/trial/0000-cover-letter.patch'), 'Subject: [PATCH 0/2] trial\n\nMine.\n');
  write(
    path.join(root, 'kconfigs/base.config'),
    'CONFIG_X86_64=y\nCONFIG_EROFS_FS=y\nCONFIG_KERNEL_LZ4=y\n# mine\n',
  );
  write(path.join(root, 'initbench.toml'), toml(clone));
  const payload = path.join(folder, 'payload');
  write(path.join(payload, 'init'), '#!/bin/sh\n', 0o755);
  for (let i = 0; i < 20; i++) write(path.join(payload, `data/${i}`), `${i}`.repeat(4000));
  const layProgram = () => {
    copy(
      ['dist', 'vm', 'package.json'].map(name => path.resolve(name)),
      root,
    );
    symlinkSync(path.resolve('node_modules'), path.join(root, 'node_modules'));
  };
  layProgram();

  const mark = `INITBENCH_CRASH=${path.basename(folder)}`;
  const env = {
    ...process.env,
    PATH: `${path.resolve('test/bin/crash')}:${path.resolve('test/bin/boot')}:${process.env.PATH}`,
    HOME: folder,
    TMPDIR: path.join(folder, 'tmp'),
    INITBENCH_CACHE: path.join(work, 'cache'),
    INITBENCH_STATE: path.join(work, 'state'),
    INITBENCH_CRASH: path.basename(folder),
    INITBENCH_OWNER: undefined,
    INITBENCH_TEST_CONSOLE: path.resolve('test/fixtures/console/ready-initramfs.log'),
    INITBENCH_TEST_BUILD_LOG: path.resolve('test/fixtures/kernel/warnings.log'),
    INITBENCH_TEST_LINE_MS: '1',
  };
  mkdirSync(env.TMPDIR);
  const main = path.join(root, 'dist/main.js');
  /** The program is the same in every store, and most of the files: it stays where it is. */
  const changing = () => ({
    around: readdirSync(work).flatMap(name => (name === 'root' ? [] : [path.join(work, name)])),
    inside: readdirSync(root).flatMap(name => (program.includes(name) ? [] : [path.join(root, name)])),
  });
  const start = (argv: readonly string[], more: Around['env'] = {}): ChildProcess =>
    spawn(argv[0]!, argv.slice(1), {
      ...{ cwd: root, env: { ...env, ...more }, detached: true },
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  const ended = (child: ChildProcess, onLine: () => void = () => {}): Promise<Ended> => {
    let [out, err] = ['', ''];
    child.stdout!.on('data', (data: Buffer) => {
      out += data.toString();
      for (const byte of data) if (byte === 10) onLine();
    });
    child.stderr!.on('data', (data: Buffer) => {
      err += data.toString();
    });
    return new Promise(resolve => child.once('close', code => resolve({ hit: false, code, out, err })));
  };

  const marked = (): string[] =>
    readdirSync('/proc').flatMap(pid => {
      if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(mark)) return [];
        return [
          `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').slice(0, 200)}`,
        ];
      } catch {
        return [];
      }
    });

  return {
    ...{ folder, path: env.PATH, clone },
    run: (words, around = {}) =>
      ended(start([...(around.before ?? []), process.execPath, main, ...words], around.env)),
    async kill(words, ending, when) {
      const plain = [process.execPath, main, ...words, '--jsonl'];
      const quoted = plain.map(word => `'${word}'`).join(' ');
      const terminal = ending === 'closed terminal';
      const child = start(terminal ? ['script', '-qefc', quoted, '/dev/null'] : plain);
      const send = (signal: NodeJS.Signals) => {
        try {
          child.kill(signal);
        } catch {
          // it has ended by itself
        }
      };
      let over = false;
      const end = () => {
        if (over) return;
        over = true;
        if (terminal) send('SIGKILL');
        else if (ending === 'SIGINT twice') {
          send('SIGINT');
          setTimeout(() => send('SIGINT'), 30);
        } else send(ending);
      };
      let lines = 0;
      const whole = ended(child, () => {
        lines += 1;
        if ('lines' in when && lines >= when.lines) end();
      });
      const timer = 'ms' in when ? setTimeout(end, when.ms) : undefined;
      const result = await whole;
      clearTimeout(timer);
      const hit = over;
      over = true;
      return { ...result, hit };
    },
    async survivors() {
      for (let i = 0; i < 160; i++) {
        if (marked().length === 0) return [];
        await pause(50);
      }
      return marked();
    },
    save(name) {
      const saved = path.join(folder, `saved-${name}`);
      mkdirSync(path.join(saved, 'root'), { recursive: true });
      const { around, inside } = changing();
      copy(around, saved);
      copy(inside, path.join(saved, 'root'));
    },
    restore(name) {
      const { around, inside } = changing();
      for (const place of [...around, ...inside, env.TMPDIR]) rmSync(place, { recursive: true, force: true });
      mkdirSync(env.TMPDIR);
      copy([`${path.join(folder, `saved-${name}`)}/.`], work);
      if (!existsSync(main)) layProgram();
    },
    human() {
      const files: Record<string, string> = {};
      for (const top of ['patches', 'kconfigs']) {
        for (const entry of readdirSync(path.join(root, top), { recursive: true, withFileTypes: true })) {
          const file = path.join(entry.parentPath, entry.name);
          if (entry.isFile()) files[path.relative(root, file)] = readFileSync(file, 'utf8');
        }
      }
      files['initbench.toml'] = readFileSync(path.join(root, 'initbench.toml'), 'utf8');
      return files;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
