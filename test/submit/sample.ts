// SPDX-License-Identifier: GPL-2.0-only
/** A small tree with a get_maintainer.pl of its own, a series of three patches on it, and a git configuration that leads
 *  to a server here. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SMTPServer } from 'smtp-server';
import { vi } from 'vitest';
import { productOf } from '../../src/events.ts';
import { commitSeries } from '../../src/series/apply.ts';
import { readSeries } from '../../src/series/read.ts';
import { type Evidence, type Exported, type ExportRequest, exportSeries } from '../../src/submit/export.ts';
import { addTree, prepareTree } from '../../src/tree/trees.ts';
import { makeClone, makeSample, run, type Sample } from '../tree/sample.ts';

// Dozens of git processes a test: on a busy machine they take their time.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

export const { signal } = new AbortController();

/** Says of a patch what the real script would say, by the files it touches. */
const script = `use strict;
my $patch = pop @ARGV;
open(my $in, '<', $patch) or die "$patch: $!";
my $text = join '', <$in>;
print "Main Tainer <main\\@example.org> (maintainer:INIT)\\n" if $text =~ m{b/init/main};
print "Jos\\xc3\\xa9 Versi\\xc3\\xb3n <jose\\@example.org> (reviewer:VERSION)\\n" if $text =~ m{b/init/version};
print "init\\@lists.example.org (open list:INIT)\\n";
`;

export const subjects = ['init: name version b', 'init: return one', 'init: add néw'] as const;

export const cover = `init: three changes

Why they are made.

\${report}

Applies to Linux 7.3.4.
`;

export const changeFiles = (clone: string, lines: Readonly<Record<string, string>>): void => {
  for (const [file, text] of Object.entries(lines)) writeFileSync(path.join(clone, file), text);
};

/** Long enough for range-diff to know it again. */
export const newFile = (last: string): string =>
  `${Array.from({ length: 12 }, (_, i) => `int x${i};\n`).join('')}int ${last};\n`;

/** The series 'mine' on the tree 'k'. */
export async function makeMailSample(): Promise<Sample & { readonly clone: string }> {
  const sample = makeSample('tree = "k"\n');
  const clone = makeClone(sample);
  writeFileSync(path.join(clone, 'scripts', 'get_maintainer.pl'), script);
  // Finds nothing.
  writeFileSync(path.join(clone, 'scripts', 'checkpatch.pl'), 'exit 0;\n');
  run(clone, 'git', 'add', '-A');
  run(clone, 'git', 'commit', '-q', '-m', 'scripts');
  await productOf(addTree(sample.workspace, 'k', { kind: 'git', location: clone }, signal));
  const base = run(clone, 'git', 'rev-parse', 'HEAD');
  const commit = (message: string, ...more: string[]) => {
    run(clone, 'git', 'add', '-A');
    run(clone, 'git', 'commit', '-q', '-m', message, ...more);
  };
  changeFiles(clone, { 'init/version.c': 'const char *version = "b";\n' });
  commit(`${subjects[0]}\n\nWhy: it is later.\n\nReported-by: Rep Orter <rep@example.org>`);
  changeFiles(clone, { 'init/main.c': 'int start_kernel(void)\n{\n\treturn 1;\n}\n' });
  commit(`${subjects[1]}\n\nFrom here on it is one.`);
  changeFiles(clone, { 'init/new.c': newFile('y') });
  commit(subjects[2], '--author', 'Jörg <j@example.org>');
  const patches = path.join(sample.workspace.root, 'patches', 'mine');
  run(clone, 'git', 'format-patch', '-q', '--cover-letter', '-o', patches, base);
  writeCover(sample, cover);
  return { ...sample, clone };
}

export function writeCover(sample: Sample, text: string): void {
  const file = path.join(sample.workspace.root, 'patches', 'mine', '0000-cover-letter.patch');
  const [subject, ...body] = text.split('\n');
  const head = readFileSync(file, 'utf8').split('\nSubject:')[0]!;
  writeFileSync(file, `${head}\nSubject: [PATCH 0/3] ${subject}\n${body.join('\n')}`);
}

/** As if everything had been checked and booted. */
export const fresh: Evidence = {
  check: { fresh: true, text: 'checked' },
  boots: { fresh: true, text: 'booted' },
  lint: () => Promise.resolve({ findings: [], waived: 0 }),
};

export const request: ExportRequest = {
  rfc: false,
  prefixes: [],
  signoff: false,
  force: false,
  again: false,
};

export async function exportMine(
  sample: Sample,
  asked: Partial<ExportRequest> = {},
  evidence: Evidence = fresh,
): Promise<Exported> {
  const { workspace } = sample;
  const series = await readSeries(workspace, 'mine');
  const tree = await productOf(prepareTree(workspace, 'k', signal));
  const commits = await productOf(commitSeries(workspace, tree, series, signal));
  if ('kind' in commits) throw new Error(commits.details);
  return productOf(
    exportSeries(workspace, { series, tree, commits }, { ...request, ...asked }, evidence, signal),
  );
}

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly bytes: Buffer;
}

export interface Server {
  readonly port: number;
  readonly received: ReceivedMail[];
  close(): Promise<void>;
}

/** A real SMTP server on loopback; `refuse` says of a mail why it is not taken. */
export async function startServer(
  refuse: (mail: ReceivedMail, before: number) => string | undefined | Promise<undefined> = () => undefined,
): Promise<Server> {
  const received: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const mail = {
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          bytes: Buffer.concat(chunks),
        };
        void Promise.resolve(refuse(mail, received.length)).then(why => {
          if (why === undefined) received.push(mail);
          callback(why === undefined ? null : new Error(why));
        });
      });
    },
  });
  // Who is killed while it talks to us hangs up.
  server.on('error', () => {});
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { port, received, close: () => new Promise(resolve => server.close(() => resolve())) };
}

/** The user's git configuration for the time of a test; returns what puts the old one back. */
export function configureGit(sample: Sample, text: string): () => void {
  const file = path.join(sample.folder, 'gitconfig');
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `[user]\n\tname = A Developer\n\temail = dev@example.org\n${text}`);
  const before = process.env.GIT_CONFIG_GLOBAL;
  process.env.GIT_CONFIG_GLOBAL = file;
  return () => {
    if (before === undefined) delete process.env.GIT_CONFIG_GLOBAL;
    else process.env.GIT_CONFIG_GLOBAL = before;
  };
}

export const smtpSettings = ({ port }: Server): string =>
  `[sendemail]\n\tsmtpServer = 127.0.0.1\n\tsmtpServerPort = ${port}\n\tsmtpDomain = localhost\n`;
