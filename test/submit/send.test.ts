// SPDX-License-Identifier: GPL-2.0-only
/** Mails through the real git send-email to a real SMTP server here: what arrives is what the dry run showed. */
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { send as sendCommand } from '../../src/commands/send.ts';
import { productOf } from '../../src/events.ts';
import { exitCodes } from '../../src/host/errors.ts';
import { sendSeries, type Sent } from '../../src/submit/send.ts';
import { readSubmission, submissionFiles } from '../../src/submit/submission.ts';
import { folders } from '../../src/workspace.ts';
import { collect, copySample, discard, run, type Sample } from '../tree/sample.ts';
import {
  changeFiles,
  configureGit,
  cover,
  exportMine,
  fresh,
  makeMailSample,
  newFile,
  type Server,
  signal,
  smtpSettings,
  startServer,
  writeCover,
} from './sample.ts';
import { conforming } from '../conforms.ts';

let template: Sample & { clone: string };
let sample: Sample;
let server: Server;
let restore: () => void;

beforeAll(async () => {
  template = await makeMailSample();
});
afterAll(() => discard(template));
beforeEach(async () => {
  sample = copySample(template);
  server = await startServer();
  restore = configureGit(sample, smtpSettings(server));
});
afterEach(async () => {
  restore();
  await server.close();
  discard(sample);
});

const work = (mode: 'dry-run' | 'reflect' | 'send') =>
  sendSeries(sample.workspace, { series: 'mine', mode }, signal);
const run1 = async (mode: 'dry-run' | 'reflect' | 'send') => {
  const product = await productOf(work(mode));
  conforming(sendCommand.json(product));
  return product;
};
const files = (version = 1) => submissionFiles(sample.workspace, 'mine', version);
const shown = (version = 1) =>
  readdirSync(files(version).dryRun)
    .filter(name => name.endsWith('.patch'))
    .sort()
    .map(name => readFileSync(path.join(files(version).dryRun, name)));
/** As SMTP carries text. */
const onTheWire = (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
const arrived = () => server.received.map(mail => mail.bytes.toString('latin1'));
/** Message-Id or Message-ID, by the version of git send-email. */
const headerOf = (id: string) => new RegExp(`^Message-Id: <${id}>\r$`, 'im');
const exportedSubjects = async () =>
  (await readSubmission(sample.workspace, 'mine', 1)).mails.map(mail => mail.subject);
const repository = () => folders.repository(sample.workspace);

describe('sending', () => {
  test('gives the server the bytes of the dry run, and nothing else', async () => {
    const { submission } = await exportMine(sample, { signoff: true });
    const dry = (await run1('dry-run')) as Extract<Sent, { kind: 'shown' }>;
    expect(server.received).toEqual([]);
    const sent = await run1('send');
    expect(sent).toMatchObject({ kind: 'sent', resumed: 0, tag: 'sent/mine-v1' });
    expect(arrived()).toEqual(shown().map(bytes => onTheWire(bytes).toString('latin1')));
    expect(server.received.map(mail => mail.to)).toEqual(dry.dryRun.mails.map(mail => mail.envelope));
    expect(server.received.every(mail => mail.from === 'dev@example.org')).toBe(true);
    for (const [index, mail] of submission.mails.entries()) {
      expect(arrived()[index]).toMatch(headerOf(mail.messageId));
      const meant = [...mail.to, ...mail.cc].map(text => /[^<\s]+@[^>]+/.exec(text)![0]);
      expect([...server.received[index]!.to].sort()).toEqual(meant.sort());
    }
  });

  test('keeps the version: refs, tag, mails; the next one compares itself with it', async () => {
    const { submission } = await exportMine(sample);
    await run1('dry-run');
    await run1('send');
    expect(run(repository(), 'git', 'rev-parse', 'sent/mine-v1^{commit}')).toBe(submission.tip);
    expect(run(repository(), 'git', 'rev-parse', 'refs/initbench/versions/mine/v1/tip')).toBe(submission.tip);
    await expect(run1('send')).rejects.toThrow('nothing after v1 of mine has been exported');

    const clone = path.join(sample.folder, 'clone');
    changeFiles(clone, { 'init/new.c': newFile('z') });
    run(clone, 'git', 'commit', '-q', '-a', '--amend', '--no-edit');
    run(clone, 'git', 'format-patch', '-q', '-3', '-o', path.join(sample.workspace.root, 'patches', 'mine'));
    const blocked = await exportMine(sample);
    expect(blocked.submission.preflight.filter(item => item.state === 'blocks').map(item => item.id)).toEqual(
      ['changes'],
    );
    writeCover(sample, `${cover}\nChanges in v2:\n- z, not y\n`);
    const next = await exportMine(sample);
    expect(next.ready).toBe(true);
    expect(next.submission).toMatchObject({ version: 2, changeId: submission.changeId });
    const letter = readFileSync(path.join(next.files.mails, 'v2-0000-cover-letter.patch'), 'utf8');
    expect(letter).toMatch(/^Subject: \[PATCH v2 0\/3\]/m);
    expect(letter).toMatch(
      /Range-diff against v1:\n1: {2}[0-9a-f]{12} = 1: {2}[0-9a-f]{12} init: name version b\n/,
    );
    expect(letter).toMatch(/3: {2}[0-9a-f]{12} ! 3: .*\n(?:.*\n)*? +-\+int y;\n +\+\+int z;\n/);
    expect(letter).not.toContain('In-Reply-To');
  });

  test('goes on after a failure with the mails that have not gone', async () => {
    await server.close();
    let refused = 0;
    server = await startServer((_mail, before) =>
      before === 2 && refused++ === 0 ? 'no room for this' : undefined,
    );
    restore();
    restore = configureGit(sample, smtpSettings(server));
    await exportMine(sample);
    await run1('dry-run');
    const stopped = await run1('send');
    expect(stopped).toMatchObject({ kind: 'stopped', sent: 2 });
    expect(sendCommand.text(stopped, 80).join('\n')).toMatch(
      /2 of 4 mails of mine v1 were sent[^]*no room for this[^]*--yes sends the rest/,
    );
    expect(sendCommand.exitCode!(stopped)).toBe(exitCodes.failed);
    const rest = (await run1('dry-run')) as Extract<Sent, { kind: 'shown' }>;
    expect([rest.gone, rest.dryRun.mails.map(mail => mail.subject)]).toEqual([
      2,
      (await exportedSubjects()).slice(2),
    ]);
    await expect(exportMine(sample)).rejects.toThrow('some mails of v1 of mine have been sent');
    expect(await run1('send')).toMatchObject({ kind: 'sent', resumed: 2 });
    expect(arrived()).toEqual(shown().map(bytes => onTheWire(bytes).toString('latin1')));
  });

  test('after a kill between two mails sends each once; one that may have gone goes again and is said', async () => {
    const { submission } = await exportMine(sample);
    await run1('dry-run');
    const at = new Date().toISOString();
    const line = (mail: number, state: string) =>
      `${JSON.stringify({ messageId: submission.mails[mail]!.messageId, state, at })}\n`;
    appendFileSync(
      files().journal,
      `${line(0, 'handing-over')}${line(0, 'sent')}${line(1, 'handing-over')}{"messageI`,
    );
    const { events, product } = await collect(work('send'));
    expect(product).toMatchObject({ kind: 'sent', resumed: 1 });
    expect(events.filter(event => event.type === 'notice')).toMatchObject([
      { level: 'warning', message: expect.stringContaining('goes again') as string },
    ]);
    expect(arrived()).toEqual(
      shown()
        .slice(1)
        .map(bytes => onTheWire(bytes).toString('latin1')),
    );
  });

  test('to oneself alone, under other ids', async () => {
    const { submission } = await exportMine(sample);
    restore();
    restore = configureGit(sample, `${smtpSettings(server)}\tbcc = boss@example.org\n`);
    expect(await run1('reflect')).toMatchObject({ kind: 'reflected', to: 'A Developer <dev@example.org>' });
    expect(server.received.map(mail => mail.to)).toEqual([0, 1, 2, 3].map(() => ['dev@example.org']));
    expect(arrived()[1]).toContain('X-Original-Cc: init@lists.example.org');
    expect(arrived().join('\n')).not.toMatch(headerOf(submission.mails[0]!.messageId));
    expect(existsSync(files().journal)).toBe(false);
  });
});

describe('nothing is sent', () => {
  test('that was not shown, or would go otherwise than it was shown', async () => {
    await exportMine(sample);
    await expect(run1('send')).rejects.toThrow('the mails have not been looked at in a dry run');
    await run1('dry-run');
    restore();
    restore = configureGit(sample, `${smtpSettings(server)}\tbcc = boss@example.org\n`);
    await expect(run1('send')).rejects.toThrow('would not go as the dry run showed it');
    restore();
    restore = configureGit(sample, smtpSettings(server));
    writeCover(sample, `${cover}\nMore.\n`);
    await exportMine(sample);
    await expect(run1('send')).rejects.toThrow('the mails have not been looked at in a dry run');
    expect(server.received).toEqual([]);
  });

  test('that is not ready, was not exported, or was changed since; what is not ready is shown all the same', async () => {
    await expect(run1('dry-run')).rejects.toThrow('nothing of mine has been exported');
    const old = { ...fresh, boots: { fresh: false, text: 'old', hint: 'boot it' } };
    await exportMine(sample, {}, old);
    const dry = (await run1('dry-run')) as Extract<Sent, { kind: 'shown' }>;
    expect(dry.missing).toMatchObject([{ id: 'boots', text: 'old' }]);
    expect(dry.dryRun.mails).toHaveLength(4);
    const text = sendCommand.text(dry, 80).join('\n');
    expect(text).toMatch(/\[PATCH 3\/3\][^]*not ready to be sent:\nSTALE boots {2}old\n +boot it\n/);
    expect(sendCommand.exitCode!(dry)).toBe(exitCodes.done);
    expect(await run1('reflect')).toMatchObject({ kind: 'reflected', missing: [{ id: 'boots' }] });
    expect(server.received.map(mail => mail.to)).toEqual([0, 1, 2, 3].map(() => ['dev@example.org']));
    await expect(run1('send')).rejects.toThrow('v1 of mine is not ready: boots: old');
    const { files: made, submission } = await exportMine(sample);
    const patch = path.join(sample.workspace.root, 'patches', 'mine', '0001-init-name-version-b.patch');
    writeFileSync(patch, readFileSync(patch, 'utf8').replace('it is later', 'it is the last'));
    expect(await run1('dry-run')).toMatchObject({ missing: [{ id: 'patches' }] });
    await expect(run1('send')).rejects.toThrow('patches/mine has changed since v1 was exported');
    expect(server.received).toHaveLength(4);
    appendFileSync(path.join(made.mails, submission.mails[2]!.file), 'more\n');
    await expect(run1('dry-run')).rejects.toThrow('was changed after the export');
  });

  test('of a series that nobody exported: it is exported to be shown', async () => {
    // checkpatch of a small tree says nothing.
    const input = sendCommand.parse(
      { options: { dryRun: true }, words: ['mine'], rest: [] },
      sample.workspace,
    );
    const product = await productOf(sendCommand.run(sample.workspace, input, signal));
    expect(product).toMatchObject({ kind: 'shown', submission: { version: 1 } });
    if (product.kind !== 'shown') throw new Error(product.kind);
    expect(product.missing.map(item => item.id)).toEqual(expect.arrayContaining(['checks', 'boots']));
    expect(sendCommand.text(product, 80).join('\n')).toContain('not ready to be sent:');
  });

  test('but the version that was named, when it was exported last', async () => {
    await exportMine(sample);
    writeCover(sample, `${cover}\nChanges in v3:\n- none\n`);
    const third = await exportMine(sample, { version: 3 });
    expect(third.submission.mails[1]!.subject).toBe('[PATCH v3 1/3] init: name version b');
    expect(await run1('dry-run')).toMatchObject({ submission: { version: 3 } });
    await exportMine(sample, { version: 2 });
    expect(await run1('dry-run')).toMatchObject({ submission: { version: 2 } });
    await exportMine(sample, { version: 3 });
    await run1('dry-run');
    expect(await run1('send')).toMatchObject({ kind: 'sent', tag: 'sent/mine-v3' });
    await expect(exportMine(sample, { version: 2 })).rejects.toThrow(
      'v3 of mine has been sent: v2 is no next version',
    );
    await expect(run1('dry-run')).rejects.toThrow('nothing after v3 of mine has been exported');
    expect((await exportMine(sample)).submission.version).toBe(4);
  });

  test('by a program that the configuration names for more recipients', async () => {
    const mark = path.join(sample.folder, 'ran');
    restore();
    restore = configureGit(
      sample,
      `${smtpSettings(server)}\ttoCmd = touch ${mark};\n\tccCmd = touch ${mark};\n\theaderCmd = touch ${mark};\n\tsignedOffByCc = true\n\tsuppressCc = all\n`,
    );
    await exportMine(sample, { signoff: true });
    const dry = (await run1('dry-run')) as Extract<Sent, { kind: 'shown' }>;
    expect(existsSync(mark)).toBe(false);
    expect(dry.dryRun.mails[2]!.envelope).toEqual(['main@example.org', 'init@lists.example.org']);
  });

  test('without saying what', () => {
    const parse = (options: Record<string, unknown>) =>
      sendCommand.parse({ options, words: ['mine'], rest: [] }, sample.workspace);
    expect(() => parse({})).toThrow('say what to do');
    expect(() => parse({ dryRun: true, yes: true })).toThrow('say what to do');
    expect(parse({ yes: true })).toEqual({ series: 'mine', mode: 'send' });
  });
});
