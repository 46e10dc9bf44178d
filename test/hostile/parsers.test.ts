// SPDX-License-Identifier: GPL-2.0-only
/** Every parser over what strangers could hand it: real samples cut, spliced and spiked with what breaks parsers, and
 *  noise. Each gives an answer or a UserError, soon, and changes nothing but its answer.
 *
 *    INITBENCH_FUZZ_INPUTS=10000 INITBENCH_FUZZ_SEED=1 npx vitest run --project unit test/hostile
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { addNodes } from '../../src/boot/qemu/fdt.ts';
import { consoleParser, lineSplitter } from '../../src/boot/console.ts';
import { foldRun, parseRecord } from '../../src/boot/record.ts';
import { parseCheckpatch } from '../../src/campaign/check/checkpatch.ts';
import { parseWaivers } from '../../src/campaign/check/waivers.ts';
import { UserError } from '../../src/host/errors.ts';
import { parseDeb822, parsePrintedUri, parseSourcesList } from '../../src/host/apt.ts';
import { takePackets } from '../../src/host/gdb.ts';
import { parseGitProgress } from '../../src/host/git.ts';
import { takeMessages } from '../../src/host/qmp.ts';
import { bytesOf } from '../../src/image/archive/bytes.ts';
import { formatNewcHeader, formatTrailer } from '../../src/image/archive/newc.ts';
import { zstdEnd } from '../../src/image/archive/compression.ts';
import { unpackInitramfs } from '../../src/image/archive/unpack.ts';
import { erofsContent } from '../../src/image/erofs/compressed.ts';
import { erofsTree, openErofs } from '../../src/image/erofs/inodes.ts';
import { erofsSuperblock } from '../../src/image/erofs/superblock.ts';
import { decodeLz4Block } from '../../src/image/lz4.ts';
import { parseTar } from '../../src/image/tar.ts';
import { parseStatements } from '../../src/kconfig/entries.ts';
import { parseExpression } from '../../src/kconfig/expression.ts';
import { parseDotConfig, parseFragment } from '../../src/kconfig/fragment.ts';
import { parseDependencies } from '../../src/kernel/affected.ts';
import { parseBuildLine, parseBuildLog } from '../../src/kernel/log.ts';
import { parseMessages } from '../../src/kernel/messages.ts';
import { parsePairs } from '../../src/series/diff.ts';
import { addedLinesOf, diffstatOf } from '../../src/series/diffstat.ts';
import { chooseSeries } from '../../src/series/import/choose.ts';
import { readPatches } from '../../src/series/import/patches.ts';
import { parseMail, stripPrefixes, stripSignature } from '../../src/series/mail.ts';
import { productOf } from '../../src/events.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { readArchive } from '../../src/mail/archive.ts';
import { readLetters } from '../../src/mail/letters.ts';
import { parseQuiltSeries, patchAsMail } from '../../src/mail/quilt.ts';
import { parsePeople, unmaskAddresses } from '../../src/mail/sender.ts';
import { parseSubject } from '../../src/mail/subject.ts';
import { parseCover } from '../../src/submit/cover.ts';
import { parseMaintainers, parseTrailerPeople } from '../../src/submit/maintainers.ts';
import { parsePatchFile } from '../../src/submit/patchfile.ts';
import { parseReview } from '../../src/submit/review/file.ts';
import { readMailboxes } from '../../src/submit/review/mailbox.ts';
import { parseReply } from '../../src/submit/review/reply.ts';
import { parseConfig } from '../../src/submit/settings.ts';
import { parseKernelVersion } from '../../src/tree/makefile.ts';
import { parseDebianSource } from '../../src/tree/source.ts';
import { tarEntries } from '../../src/tree/tar.ts';
import { openWorkspace } from '../../src/workspace.ts';

const allInputs = Number(process.env.INITBENCH_FUZZ_INPUTS ?? 200);
const seed = Number(process.env.INITBENCH_FUZZ_SEED ?? 20261125);
const signal = new AbortController().signal;

const folder = mkdtempSync(path.join(tmpdir(), 'initbench-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const below = (top: string, end: RegExp): Buffer[] =>
  readdirSync(top, { recursive: true, encoding: 'utf8' })
    .filter(name => end.test(name))
    .sort()
    .map(name => readFileSync(path.join(top, name)).subarray(0, 65536));

/** What has broken parsers before. */
const spikes = [
  ...[
    '__proto__',
    'constructor',
    'toString',
    '{"__proto__":{"polluted":1}}',
    '__proto__=1',
    '../../../etc/passwd',
  ],
  ...[
    '\0',
    '\x1b[2J',
    '\u202e',
    '\ufeff',
    '\r\n',
    '\n\n',
    '\n ',
    '\t',
    '"',
    "'",
    '\\',
    '=?utf-8?q?=00?=',
    '=?x?b?!?=',
  ],
  ...[
    '=?UTF-8?B?////?=',
    '9'.repeat(400),
    '-1',
    '0x',
    'NaN',
    'ffffffff',
    '4294967296',
    '(',
    ')',
    '(((((((((((((((((',
  ],
  ...[
    '!'.repeat(300),
    ' && '.repeat(100),
    '[[[[',
    '{{{{',
    'From ',
    'From: ',
    '>From ',
    'Subject: [PATCH 1/99999999]',
  ],
  ...[
    'diff --git a/../x b//etc/x\n',
    '--- /dev/null\n+++ b/.git/hooks/post-checkout\n',
    '@@ -1,99999999 +1 @@\n',
  ],
  ...[
    'initbench: end nonce=',
    '[    0.000000] ',
    'Kernel panic - not syncing: ',
    'CONFIG_=',
    '# CONFIG_ is not set',
  ],
  ...[
    '\xff\xfe\xfd',
    '070701',
    'TRAILER!!!',
    '\x1f\x8b',
    '\x28\xb5\x2f\xfd',
    '\x04\x22\x4d\x18',
    '\xe2\xe1\xf5\xe0',
  ],
].map(text => Buffer.from(text, 'latin1'));

/** One of the samples with some of its pieces cut out, doubled, flipped or replaced; or noise. */
function hostile(samples: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const change = fc.record({
    kind: fc.constantFrom('cut', 'double', 'flip', 'spike', 'ones', 'swap'),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    bytes: fc.nat({ max: 300 }),
    spike: fc.constantFrom(...spikes),
  });
  const spoilt = fc
    .tuple(fc.constantFrom(...samples), fc.array(change, { maxLength: 8 }))
    .map(([sample, list]) => {
      let text = Buffer.from(sample);
      for (const { kind, at, bytes, spike } of list) {
        const from = Math.floor(at * text.length);
        const piece = text.subarray(from, from + bytes);
        const [head, tail] = [text.subarray(0, from), text.subarray(from + bytes)];
        if (kind === 'cut') text = Buffer.concat([head, tail]);
        else if (kind === 'double') text = Buffer.concat([head, piece, piece, tail]);
        else if (kind === 'spike') text = Buffer.concat([head, spike, text.subarray(from)]);
        else if (kind === 'swap') text = Buffer.concat([tail, piece, head]);
        else
          for (let i = 0; i < Math.min(8, piece.length); i++)
            piece[i] = kind === 'ones' ? 255 : piece[i]! ^ (1 << (i % 8));
      }
      return text;
    });
  const noise = fc.array(
    fc.oneof(
      fc.constantFrom(...spikes),
      fc.uint8Array({ maxLength: 40 }).map(b => Buffer.from(b)),
    ),
    {
      maxLength: 40,
    },
  );
  return fc.oneof(
    { weight: 4, arbitrary: spoilt },
    { weight: 1, arbitrary: noise.map(list => Buffer.concat(list)) },
  );
}

const consoles = below('test/fixtures/console', /\.log$/);
const patches = below('patches', /\.patch$/);
const builds = below('test/fixtures/kernel', /\.log$/);
const configs = below('kconfigs', /\.config$/);
const utf8 = (bytes: Buffer) => bytes.toString('utf8');
const lines = (bytes: Buffer) => utf8(bytes).split('\n');
const mbox = [
  Buffer.concat(patches.slice(0, 4)),
  Buffer.from(`From x\n${utf8(patches[1]!)}\nFrom y\nSubject: Re: a\n\n> b\nc\n`),
];

const header = { ino: 1, uid: 0, gid: 0, nlink: 1, mtime: 0, major: 0, minor: 0, rmajor: 0, rminor: 0 };
const member = (name: string, mode: number, data = '') =>
  Buffer.concat([
    formatNewcHeader(name, { ...header, mode, filesize: data.length }),
    Buffer.from(data),
    Buffer.alloc((4 - (data.length % 4)) % 4),
  ]);
const archive = Buffer.concat([
  ...[
    member('etc', 0o040755),
    member('etc/x', 0o100644, 'text'),
    member('link', 0o120777, '../../etc/passwd'),
  ],
  ...[member('dev/null', 0o020666), formatTrailer()],
]);
/** A ustar header and its data. */
function tarMember(name: string, type: string, data = ''): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, 100);
  block.write('0000644 0000000 0000000 ', 100);
  block.write(`${data.length.toString(8).padStart(11, '0')} ${'0'.padStart(11, '0')}         ${type}`, 124);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}  `, 148);
  return Buffer.concat([block, Buffer.from(data), Buffer.alloc((512 - (data.length % 512)) % 512)]);
}
const tar = Buffer.concat([
  ...[
    tarMember('k/', '5'),
    tarMember('k/Makefile', '0', 'VERSION = 7\n'),
    tarMember('k/l', '2'),
    tarMember('x', 'L', 'long'),
  ],
  ...[tarMember('pax', 'x', '20 path=../../../x\n\n'), Buffer.alloc(1024)],
]);
/** A superblock of an image with one block; what follows is noise. */
const erofs = Buffer.alloc(8192);
erofs.writeUInt32LE(0xe0f5e1e2, 1024);
erofs[1024 + 12] = 12;
erofs.writeUInt16LE(36, 1024 + 14);
erofs.writeUInt32LE(2, 1024 + 36);
for (let i = 1152; i < 2048; i++) erofs[i] = (i * 37) & 0xff;

/** What is wrong with an initramfs is an answer. */
async function unpackFile(bytes: Buffer): Promise<void> {
  const scratch = mkdtempSync(path.join(folder, 'initramfs-'));
  try {
    writeFileSync(path.join(scratch, 'x'), bytes);
    await unpackInitramfs(path.join(scratch, 'x'), { folder: scratch, signal });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

const record = Buffer.from(
  [
    '{"initbenchRun":1,"header":{"id":"x","flow":"floor","host":{}}}',
    '{"job":"a","type":"mark","run":"x","mark":"init","host":5,"guest":{"clock":"tsc","value":9}}',
    '{"job":"a","type":"fact","run":"x","fact":{"name":"used","values":{"percent":"10"}}}',
    '{"job":"a","type":"boot-ended","run":"x","host":1,"outcome":{"kind":"ready"}}',
    '{"closing":{"loadAfter":1}}\n',
  ].join('\n'),
);
const toml = [
  readFileSync('initbench.toml'),
  Buffer.from('tree = "a"\n[trees]\n"b" = "c"\n[seriesTrees]\nx = "y"\n'),
];
const fdt = [readFileSync('test/fixtures/virt.dtb')];

async function drained(stream: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _item of stream) count += 1;
  return count;
}

/** Walks an image that is all lies, as `compare` and `fuzz` do; not for ever. */
function walkErofs(bytes: Buffer): void {
  const image = openErofs((offset, length) => {
    if (offset < 0 || length < 0 || length > 2 ** 26 || offset + length > bytes.length)
      throw new UserError('no such bytes');
    return bytes.subarray(offset, offset + length);
  });
  let seen = 0;
  for (const { inode } of erofsTree(image)) {
    if (inode.bytes < 2 ** 20) erofsContent(image, inode);
    if (++seen > 200) return;
  }
}

/** A real user's machine is slower than ours, and waits for no parser. */
const slowMs = 2000;
/** Some processes for each input: one input of ten, with the patience that processes need on a busy machine. */
const byGit = { share: 10, slow: 30_000 };

/** Name, samples, and what is done with an input. */
const parsers: Readonly<
  Record<
    string,
    readonly [samples: readonly Buffer[], parse: (bytes: Buffer) => unknown, pace?: typeof byGit]
  >
> = {
  console: [
    consoles,
    bytes => {
      const [splitter, parser] = [lineSplitter(), consoleParser()];
      const signs = splitter.push(bytes).flatMap(line => parser.line(line));
      return [...signs, ...splitter.rest().flatMap(line => parser.rest(line))];
    },
  ],
  marks: [consoles, bytes => lines(bytes).flatMap(line => consoleParser('0123456789abcdef').line(line))],
  kconfig: [configs, bytes => [parseFragment(utf8(bytes), 'x'), parseDotConfig(utf8(bytes))]],
  'kconfig expression': [
    [Buffer.from('A && (B || !C) && D = "y" || E != n')],
    bytes => parseExpression(utf8(bytes)),
  ],
  'kconfig entries': [
    [
      Buffer.from(
        'config A\n\tbool "a" if B\n\tdepends on C && !D\n\thelp\n\t  x\nif E\nmenu "m"\nsource "f"\n',
      ),
    ],
    bytes => parseStatements(utf8(bytes)),
  ],
  'build log': [
    builds,
    bytes => [parseBuildLog(utf8(bytes)), parseMessages(utf8(bytes)), lines(bytes).map(parseBuildLine)],
  ],
  dependencies: [
    [Buffer.from('source_a.o := ../a.c\n\ndeps_a.o := \\\n  ../a.h \\\n\n')],
    bytes => parseDependencies(utf8(bytes)),
  ],
  checkpatch: [below('test/fixtures/check', /\.log$/), bytes => parseCheckpatch(utf8(bytes), 'a.patch')],
  waivers: [below('patches', /waivers$/), bytes => parseWaivers(utf8(bytes), 'waivers')],
  cpio: [[archive, Buffer.concat([archive, Buffer.alloc(512), archive])], bytes => unpackFile(bytes)],
  'zstd frames': [[Buffer.from('28b52ffd2400010000', 'hex')], bytes => zstdEnd(bytesOf(bytes), 0)],
  'tar of a payload': [[tar], bytes => [...parseTar(bytes, 'x')]],
  'tar of a tree': [
    [tar],
    bytes =>
      drained(
        tarEntries(
          (async function* () {
            yield bytes.subarray(0, 700);
            yield bytes.subarray(700);
          })(),
        ),
      ),
  ],
  'EROFS superblock': [[erofs.subarray(0, 4096)], bytes => erofsSuperblock(bytes)],
  'EROFS tree': [[erofs], walkErofs],
  'lz4 block': [
    [Buffer.from('1f610100ffffffff0050616161616161', 'hex')],
    bytes => decodeLz4Block(bytes, 0, bytes.length, Buffer.alloc(4096), 0, 4096),
  ],
  'device tree': [fdt, bytes => addNodes(bytes, [{ name: 'a', properties: { b: Buffer.from('c') } }])],
  mail: [
    patches,
    bytes => {
      const { subject, body } = parseMail(utf8(bytes));
      return [stripPrefixes(subject), stripSignature(body), addedLinesOf(body), diffstatOf(body)];
    },
  ],
  subject: [
    [Buffer.from('Re: [list] [PATCH RFC v2.1 03/10] fs: a (1/2)\nPATCH 1/8: x\n[v6,19/24] y\n')],
    bytes => lines(bytes).map(parseSubject),
  ],
  sender: [
    [Buffer.from('A via L <l@x.org>\nb at x.org (B)\n"C, D" <c@x.org>, =?UTF-8?q?=C3=BC?= <u@x.org>\n')],
    bytes => lines(bytes).map(line => [parsePeople(line), unmaskAddresses(line)]),
  ],
  quilt: [
    [
      Buffer.from(
        'a.patch -p1\nb.patch -R # c\nDescription: x\n y\n .\nAuthor: A <a@x>\n---\n--- a/f\n+++ b/f\n',
      ),
    ],
    bytes => [parseQuiltSeries(utf8(bytes)), patchAsMail(bytes, 'x.patch')],
  ],
  letters: [
    mbox,
    async bytes => chooseSeries({ place: 'x', ...(await readLetters([{ place: 'x', bytes }])) }),
  ],
  'an mbox as a series': [
    mbox,
    async bytes => {
      const place = path.join(folder, 'x.mbox');
      writeFileSync(place, bytes);
      const { messages, setAside } = await readArchive(place, signal);
      const { letters } = await readLetters(messages);
      return readPatches(chooseSeries({ place, letters, setAside }).patches, signal);
    },
    byGit,
  ],
  'review replies': [
    mbox,
    async bytes => {
      const place = path.join(folder, 'replies.mbox');
      writeFileSync(place, bytes);
      return (await productOf(readMailboxes([place], signal))).letters.length;
    },
    byGit,
  ],
  reply: [mbox, bytes => parseReply(utf8(bytes))],
  review: [[Buffer.from('# review\n\n## open\n\n> a\nb\n')], bytes => parseReview(utf8(bytes), 'review')],
  'patch file': [patches, bytes => parsePatchFile(bytes)],
  cover: [patches.slice(0, 1), bytes => parseCover(utf8(bytes))],
  people: [
    [Buffer.from('A B <a@b.c> (maintainer:X)\nl@k.org (open list)\n"Q, R" <q@r.s> (supporter)\n')],
    bytes => [
      parseMaintainers(utf8(bytes), 1),
      parseTrailerPeople(utf8(bytes), 1),
      lines(bytes).map(parseAddress),
    ],
  ],
  'git config': [[Buffer.from('sendemail.to\na@b.c\0user.name\nX\0')], bytes => parseConfig(utf8(bytes))],
  'range-diff': [
    [
      Buffer.from(
        '1:  0123456 = 1:  89abcde a\n2:  0123456 ! 2:  89abcde b\n    @@ x\n-:  ------- > 3:  fedcba9 c\n',
      ),
    ],
    bytes => parsePairs(lines(bytes)),
  ],
  records: [[record], bytes => foldRun(parseRecord(utf8(bytes), 'x'), 'x')],
  toml: [
    toml,
    bytes => {
      writeFileSync(path.join(folder, 'initbench.toml'), bytes);
      return openWorkspace(
        { INITBENCH_CACHE: path.join(folder, 'c'), INITBENCH_STATE: path.join(folder, 's') },
        folder,
      ).settings;
    },
  ],
  'apt sources': [
    [
      Buffer.from(
        'Types: deb\nURIs: http://x/\nSuites: a\nComponents: main\n\ndeb [signed-by=/k] http://y z main\n',
      ),
    ],
    bytes => [parseDeb822(utf8(bytes)), parseSourcesList(utf8(bytes)), parsePrintedUri(utf8(bytes))],
  ],
  'QMP and gdb': [
    [Buffer.from('{"return": {}}\r\n{"event": "STOP"}\r\n'), Buffer.from('+$T05thread:01;#00$OK#9a')],
    bytes => {
      const packets = takePackets(bytes.toString('latin1'));
      try {
        return [packets, takeMessages(utf8(bytes))];
      } catch (error) {
        // What is no JSON closes the connection.
        if (error instanceof SyntaxError) return packets;
        throw error;
      }
    },
  ],
  'git and make words': [
    [
      Buffer.from('VERSION = 7\nPATCHLEVEL = 3\n'),
      Buffer.from('Updating files:  45% (43/96)'),
      Buffer.from('debian:a/b=1'),
    ],
    bytes => [
      parseKernelVersion(utf8(bytes)),
      lines(bytes).map(parseGitProgress),
      parseDebianSource(utf8(bytes)),
    ],
  ],
};

const isAnswer = (error: Error) =>
  error instanceof UserError ||
  /^(this is not a device tree|the device tree has no end|no EROFS superblock)$/.test(error.message);

describe(`${allInputs} hostile inputs of seed ${seed} each`, () => {
  test.each(Object.entries(parsers))(
    '%s',
    { timeout: 60_000 + allInputs * 60 },
    async (name, [samples, parse, { share, slow } = { share: 1, slow: slowMs }]) => {
      expect(samples.length).toBeGreaterThan(0);
      const inputs = Math.ceil(allInputs / share);
      const atOnce = 50;
      for (let done = 0; done < inputs; done += atOnce) {
        const some = fc.sample(hostile(samples), {
          numRuns: Math.min(atOnce, inputs - done),
          seed: seed + done,
        });
        for (const [index, bytes] of some.entries()) {
          const started = performance.now();
          const failure = await (async () => parse(bytes))().then(
            () => undefined,
            (error: Error) => (isAnswer(error) ? undefined : error),
          );
          const took = performance.now() - started;
          if (failure || took > slow) {
            const file = path.join(tmpdir(), `hostile-${name.replaceAll(' ', '-')}`);
            writeFileSync(file, bytes);
            throw new Error(`input ${done + index} took ${Math.round(took)} ms and is kept in ${file}`, {
              cause: failure,
            });
          }
        }
        expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
        expect(Object.keys(Object.prototype)).toEqual([]);
      }
    },
  );
});
