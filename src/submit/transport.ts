// SPDX-License-Identifier: GPL-2.0-only
/** One mail through the user's `git send-email`: its command line, and a run of it that writes the mail to a file instead,
 *  byte for byte what the transport would get. */
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { ToolError } from '../host/errors.ts';
import { capture, exec, missingTool, shellQuote } from '../host/exec.ts';
import { exists, scratchFolder } from '../host/files.ts';
import { gitArgv, gitEnvironment } from '../host/git.ts';
import { encodeAddress, readAddress } from '../mail/address.ts';

/** What git send-email needs to know of a mail; everything else stands in the file. */
export interface Parcel {
  readonly file: string;
  readonly sender: string;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  /** Nobody else gets it, whatever the configuration says. */
  readonly only?: true;
}

/** Recipients are those that are given and no others; nothing is asked, for the question was `--yes`. A `bcc` of the
 *  user's configuration stays: it shows in no mail. */
export function sendEmailArgv(
  repository: string,
  parcel: Parcel,
  more: readonly string[] = [],
): readonly string[] {
  const address = (text: string) => encodeAddress(readAddress(text, 'a recipient'));
  return gitArgv(repository, [
    // 'true' adds nobody; an empty command would run the mail itself.
    ...['-c', 'sendemail.headerCmd=true', 'send-email', '--to-cmd=true', `--from=${address(parcel.sender)}`],
    ...parcel.to.map(text => `--to=${address(text)}`),
    ...(parcel.cc.length > 0 ? parcel.cc.map(text => `--cc=${address(text)}`) : ['--no-cc']),
    ...['--suppress-cc=all', '--no-signed-off-by-cc', '--suppress-from'],
    ...[
      '--confirm=never',
      '--no-annotate',
      '--no-xmailer',
      '--no-thread',
      '--no-chain-reply-to',
      '--no-format-patch',
    ],
    ...['--no-to-cover', '--no-cc-cover', '--transfer-encoding=auto', '--validate', '--quiet'],
    ...(parcel.only ? ['--no-bcc'] : []),
    ...more,
    parcel.file,
  ]);
}

/** git send-email writes the Date itself. What it calls now is told here, to it alone: the same bytes come out when they
 *  are shown and when they are sent. Modules that it loads (TLS) see the real time. */
const clockModule = `package InitbenchClock;
sub now { caller eq 'main' ? $ENV{INITBENCH_MAIL_TIME} : CORE::time() }
BEGIN { *CORE::GLOBAL::time = \\&now }
1;
`;

export interface Transport {
  readonly repository: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the clock lies. */
  readonly scratch: string;
}

/** @throws UserError when it is not installed, or not all of it */
async function requireSendEmail(signal: AbortSignal): Promise<void> {
  const folder = await capture(['git', '--exec-path'], { env: gitEnvironment(), signal });
  const modules = capture(['perl', '-MMail::Address', '-e', '1'], { signal });
  const whole = await modules.then(
    () => exists(path.join(folder, 'git-send-email')),
    error => {
      if (error instanceof ToolError) return false;
      throw error;
    },
  );
  if (!whole) throw missingTool('git-send-email', 'send');
}

/** For the time of some work. @throws UserError when git send-email is not installed */
export async function* withTransport<Product>(
  repository: string,
  environment: Readonly<Record<string, string | undefined>>,
  work: (transport: Transport) => Work<Product>,
  signal: AbortSignal,
): Work<Product> {
  await requireSendEmail(signal);
  const scratch = await scratchFolder('mail');
  try {
    await writeFile(path.join(scratch, 'InitbenchClock.pm'), clockModule);
    return yield* work({ repository, environment, scratch });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** `second`: what the mail's Date says, in seconds since 1970. */
function environmentOf(
  { environment, scratch }: Transport,
  second: number,
): Record<string, string | undefined> {
  const own = environment.PERL5OPT;
  return {
    ...gitEnvironment(),
    PERL5LIB: [scratch, environment.PERL5LIB].filter(Boolean).join(':'),
    PERL5OPT: [own, '-MInitbenchClock'].filter(Boolean).join(' '),
    INITBENCH_MAIL_TIME: String(second),
  };
}

export interface Captured {
  /** As the transport gets it; it makes CRLF of line ends. */
  readonly bytes: Buffer;
  /** Who gets it, in the order of git send-email. */
  readonly envelope: readonly string[];
}

/** What would be handed over, from git send-email itself with a program in place of the transport. */
export async function captureMail(
  transport: Transport,
  parcel: Parcel,
  second: number,
  signal: AbortSignal,
): Promise<Captured> {
  const place = path.join(transport.scratch, 'captured');
  await mkdir(place, { recursive: true });
  const program = path.join(transport.scratch, 'keep');
  await writeFile(
    program,
    '#!/bin/sh\nprintf "%s\\n" "$@" >"$INITBENCH_MAIL_KEEP/envelope"\nexec cat >"$INITBENCH_MAIL_KEEP/mail"\n',
  );
  await chmod(program, 0o700);
  const argv = sendEmailArgv(transport.repository, parcel, [`--sendmail-cmd=${shellQuote([program])}`]);
  const env = { ...environmentOf(transport, second), INITBENCH_MAIL_KEEP: place };
  await capture(argv, { env, signal });
  const said = (await readFile(path.join(place, 'envelope'), 'utf8')).split('\n').filter(Boolean);
  const envelope = said.filter(
    (word, index) => word !== '-i' && word !== '-f' && said[index - 1] !== '-f' && word.includes('@'),
  );
  return { bytes: await readFile(path.join(place, 'mail')), envelope };
}

/** Hands the mail over. @throws ToolError with what git send-email or the server said */
export function sendMail(
  job: string,
  transport: Transport,
  parcel: Parcel,
  second: number,
  signal: AbortSignal,
): Work<unknown> {
  const argv = sendEmailArgv(transport.repository, parcel);
  return exec(argv, { job, env: environmentOf(transport, second), signal });
}
