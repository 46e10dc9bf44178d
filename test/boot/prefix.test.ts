// SPDX-License-Identifier: GPL-2.0-only
/** The same messages in whatever people paste: every wrapper with every message gives the same findings. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { messagesOf } from '../../src/boot/prefix.ts';
import { parseConsole } from '../../src/boot/saved.ts';
import { examples } from './examples.ts';

interface Line {
  readonly seconds: number;
  readonly level: number;
  readonly text: string;
}

const pad = (value: number, digits: number) => String(value).padStart(digits, '0');
const epoch = Date.UTC(2026, 10, 30, 9, 40);
const dateOf = ({ seconds }: Line) => new Date(epoch + seconds * 1000);
const isoOf = (line: Line) => dateOf(line).toISOString().slice(0, 19);
const micros = ({ seconds }: Line) => pad(Math.round((seconds % 1) * 1e6), 6);
const stamp = ({ seconds }: Line) => seconds.toFixed(6).padStart(12);
const clockOf = (line: Line) => isoOf(line).slice(11);
const bsd = (line: Line) => `Nov 30 ${clockOf(line)}`;
const printk = (line: Line) => `[${stamp(line)}] ${line.text}`;
const ctime = (line: Line) => `Mon Nov 30 ${clockOf(line)} 2026`;
const yaml = (text: string) => `'${text.replaceAll("'", "''")}'`;
const escaped = (text: string) => text.replaceAll('\\', '\\x5c');

/** What people paste from, by name: a line as each program writes it. */
const wrappers: Readonly<Record<string, (line: Line, index: number) => string>> = {
  'the serial console': printk,
  'without time stamps': ({ text }) => text,
  'with callers': line => `[${stamp(line)}][    T1] ${line.text}`,
  'a spaced caller': line => `[${stamp(line)}] [    T1] ${line.text}`,
  'a short stamp': line => `[${line.seconds.toFixed(1).padStart(7)}][    T1] ${line.text}`,
  'a processor as caller': line => `[${stamp(line)}][    C0] ${line.text}`,
  'CR LF': line => `${printk(line)}\r`,
  'several CRs': line => `${printk(line)}\r\r`,
  'a CR in front': line => `\r${printk(line)}`,
  'behind a prompt': line => `/ # ${printk(line)}`,
  'over a progress bar': line => ` 97%\r${printk(line)}`,
  'dmesg -t with callers': ({ text }) => `[    T1] ${text}`,
  'dmesg -T': line => `[${ctime(line)}] ${line.text}`,
  'dmesg -T in German': line => `[Mo 30. Nov ${clockOf(line)} 2026] ${line.text}`,
  'dmesg -T in French': line => `[lun. nov. 30 ${clockOf(line)} 2026] ${line.text}`,
  'dmesg -T -d': line => `[${ctime(line)} <    0.000123>] ${line.text}`,
  'dmesg --time-format iso': line => `${isoOf(line)},${micros(line)}+00:00 ${line.text}`,
  'dmesg --time-format delta': line => `[<    0.000123>] ${line.text}`,
  'dmesg --time-format reltime': (line, index) =>
    index === 0 ? `[Nov30 09:40] ${line.text}` : `[  +0.000123] ${line.text}`,
  'dmesg -d': line => `[${stamp(line)} <    0.000123>] ${line.text}`,
  'dmesg -x': line => `kern  :info  : ${printk(line)}`,
  'dmesg -x --time-format iso': line => `kern  :crit  : ${isoOf(line)},${micros(line)}+00:00 ${line.text}`,
  'dmesg -r': line => `<${line.level}>${printk(line)}`,
  'dmesg -J': line => `         "msg": ${JSON.stringify(line.text)}`,
  'dmesg in colours': line => `\x1b[32m[${stamp(line)}] \x1b[0m\x1b[33m\x1b[0m\x1b[1m${line.text}\x1b[0m`,
  'colours that cat -v wrote': line => `^[[32m[${stamp(line)}] ^[[0m^[[1m${line.text}^[[0m`,
  '/dev/kmsg': (line, index) =>
    `${line.level},${100 + index},${Math.round(line.seconds * 1e6)},-;${escaped(line.text)}\n SUBSYSTEM=net\n DEVICE=+net:lo`,
  '/dev/kmsg with callers': (line, index) =>
    `${line.level},${index},${Math.round(line.seconds * 1e6)},c,caller=T1;${escaped(line.text)}`,
  'netconsole, extended': (line, index) =>
    `7.3.4-x,${line.level},${index},${Math.round(line.seconds * 1e6)},-;${escaped(line.text)}`,
  'netconsole in fragments': (line, index) => {
    const head = `7.3.4,${line.level},${index},${Math.round(line.seconds * 1e6)},-`;
    const [text, half] = [escaped(line.text), 9];
    return `${head},ncfrag=0/${text.length};${text.slice(0, half)}\n${head},ncfrag=${half}/${text.length};${text.slice(half)}`;
  },
  'journalctl -o short': line => `${bsd(line)} box kernel: ${line.text}`,
  'journalctl --no-hostname': line => `${bsd(line)} kernel: ${line.text}`,
  'journalctl -o short-precise': line => `${bsd(line)}.${micros(line)} box.example.org kernel: ${line.text}`,
  'journalctl -o short-iso': line => `${isoOf(line)}+0100 box kernel: ${line.text}`,
  'journalctl -o short-iso-precise': line => `${isoOf(line)}.${micros(line)}+01:00 box kernel: ${line.text}`,
  'journalctl -o short-full': line => `Mon 2026-11-30 ${clockOf(line)} CET box kernel: ${line.text}`,
  'journalctl -o short-monotonic': line => `[${stamp(line)}] box kernel: ${line.text}`,
  'journalctl -o short-delta': line => `[${stamp(line)} <    0.000123 >] box kernel: ${line.text}`,
  'journalctl -o short-unix': line =>
    `17644956${pad(Math.floor(line.seconds), 2)}.${micros(line)} box kernel: ${line.text}`,
  'journalctl -o json': ({ text }) =>
    JSON.stringify({ _TRANSPORT: 'kernel', SYSLOG_IDENTIFIER: 'kernel', MESSAGE: text }),
  'journalctl -o json, bytes': ({ text }) =>
    JSON.stringify({ SYSLOG_IDENTIFIER: 'kernel', MESSAGE: [...Buffer.from(text)] }),
  'journalctl -o export': ({ text }) => `_BOOT_ID=${'0'.repeat(32)}\nMESSAGE=${text}\n_TRANSPORT=kernel\n`,
  'journalctl -o export, binary': ({ text }) =>
    `_BOOT_ID=${'0'.repeat(32)}\nMESSAGE\nF\0\0\0\0\0\0\0${text}\n_TRANSPORT=kernel\n`,
  'journalctl -o verbose': line =>
    `Mon 2026-11-30 09:40:00.1 CET [s=1;i=1]\n    _BOOT_ID=${'0'.repeat(32)}\n    SYSLOG_IDENTIFIER=kernel\n    MESSAGE=${line.text}`,
  'syslog with printk time': line => `${bsd(line)} box kernel: ${printk(line)}`,
  'syslog on the wire': line => `<${line.level}>${bsd(line)} box kernel: ${printk(line)}`,
  rsyslog: line => `${isoOf(line)}.${micros(line)}+01:00 box kernel: ${printk(line)}`,
  'RFC 5424': line => `<${line.level}>1 ${isoOf(line)}.${micros(line)}+01:00 box kernel - - - ${line.text}`,
  'RFC 5424 with structured data': line =>
    `<${line.level}>1 ${isoOf(line)}Z box kernel - - [timeQuality tzKnown="1" x="a\\]b"] ${printk(line)}`,
  'a console server in syslog': line => `${bsd(line)} srv conserver[42]: ${printk(line)}`,
  pstore: line => `<${line.level}>[${stamp(line)}] ${line.text}`,
  grabserial: line => `[${line.seconds.toFixed(6)} 0.000123] ${line.text}`,
  'grabserial over printk': line => `[${line.seconds.toFixed(6)} 0.000123] ${printk(line)}`,
  ts: line => `${bsd(line)} ${line.text}`,
  'ts over printk': line => `${bsd(line)} ${printk(line)}`,
  'ts -s': line => `${clockOf(line)} ${line.text}`,
  'ts %.s': line => `1764495600.${micros(line)} ${line.text}`,
  'brmake, tuxrun': line => `${isoOf(line)} ${printk(line)}`,
  minicom: line => `[${isoOf(line).replace('T', ' ')}.${micros(line).slice(0, 3)}] ${line.text}`,
  tio: line => `[${clockOf(line)}.${micros(line).slice(0, 3)}] ${line.text}`,
  Jenkins: line => `[${isoOf(line)}.${micros(line).slice(0, 3)}Z] ${printk(line)}`,
  'GitHub Actions': line => `${isoOf(line)}.${micros(line)}7Z ${line.text}`,
  'gh run view --log': line => `boot (x86)\tRun QEMU\t\ufeff${isoOf(line)}.${micros(line)}7Z ${printk(line)}`,
  'GitLab CI': line => `${isoOf(line)}.${micros(line)}Z 01O ${printk(line)}`,
  'GitLab CI, going on': line => `${isoOf(line)}.${micros(line)}Z 01E+${line.text}`,
  'GitLab CI, a section': line => `section_start:1764495600:boot\r\x1b[0K${printk(line)}`,
  LAVA: line =>
    `- {"dt": "${isoOf(line)}.${micros(line)}", "lvl": "target", "msg": ${JSON.stringify(printk(line))}}`,
  'LAVA in YAML': line => `- {dt: '${isoOf(line)}', lvl: target, msg: ${yaml(printk(line))}}`,
  'LAVA without printk time': line =>
    `- {"dt": "${isoOf(line)}", "lvl": "target", "msg": ${JSON.stringify(line.text)}}`,
  'LAVA as text': line => `${clockOf(line)}.${micros(line)}  <${line.level}>${printk(line)}`,
  Kubernetes: line => `${isoOf(line)}.${micros(line)}123Z stdout F ${printk(line)}`,
  'a mail': line => `> > ${printk(line)}`,
  'a mail without stamps': ({ text }) => `> ${text}`,
  'a report, indented': line => `    ${printk(line)}`,
  kselftest: line => `# ${printk(line)}`,
  'what nobody has heard of': line => `%%console|${line.level}|${printk(line)}`,
};

const start: readonly Line[] = [
  { seconds: 0, level: 5, text: 'Linux version 7.3.4-case (case@case) (gcc 14) #1 SMP' },
  { seconds: 0, level: 6, text: "Command line: console=ttyS0 quiet case.opt='1'" },
];

const found = (lines: readonly string[]) => {
  const { version, commandLine, outcome, troubles, cause } = parseConsole(
    Buffer.from(`${lines.join('\n')}\n`),
  );
  return {
    version,
    commandLine,
    panic: outcome.kind === 'panic' && outcome.message,
    troubles: troubles.map(({ kind, message }) => `${kind}: ${message}`),
    cause: cause?.message,
  };
};

const bodies = examples.map(([kind, text], index) => ({
  kind,
  line: { seconds: 1.5 + index / 1000, level: 4, text },
}));

describe.each(Object.entries(wrappers))('%s', (_name, wrap) => {
  test('every message is found as on a serial console', () => {
    for (const { kind, line } of bodies) {
      const lines = [...start, line];
      const plain = found(lines.map(printk));
      expect(plain.troubles, line.text).toEqual(kind === 'panic' ? [] : [`${kind}: ${line.text}`]);
      expect(plain.version).toBe(start[0]!.text);
      expect(found(lines.map(wrap)), line.text).toEqual(plain);
    }
    expect(bodies.length).toBeGreaterThan(100);
  });

  test('and a whole console at once', () => {
    const lines = [...start, ...bodies.map(({ line }) => line)];
    expect(found(lines.map(wrap))).toEqual(found(lines.map(printk)));
  });
});

test('two wrappers, one in the other', () => {
  const outer = [
    'GitHub Actions',
    'GitLab CI, going on',
    'ts',
    'ts -s',
    'ts %.s',
    'tio',
    'minicom',
    'a mail without stamps',
    'grabserial',
    'LAVA without printk time',
  ];
  const inner = [
    'the serial console',
    'with callers',
    'a spaced caller',
    'dmesg -T',
    'dmesg -x',
    'pstore',
    'grabserial',
    'journalctl -o short',
    'journalctl -o short-monotonic',
    'journalctl -o short-iso',
    '/dev/kmsg with callers',
    'dmesg --time-format iso',
    'rsyslog',
    'a report, indented',
  ];
  let runs = 0;
  for (const around of outer) {
    for (const within of inner) {
      const wrap = (line: Line, index: number) =>
        wrappers[around]!({ ...line, text: wrappers[within]!(line, index) }, index);
      const lines = [...start, ...bodies.map(({ line }) => line)];
      expect(found(lines.map(wrap)), `${within} in ${around}`).toEqual(found(lines.map(printk)));
      runs += 1;
    }
  }
  expect(runs).toBe(outer.length * inner.length);
});

describe('what real programs wrote around one console', () => {
  const folder = path.resolve('test/fixtures/console/wrapped');
  const files = readdirSync(folder).filter(name => name.endsWith('.log'));
  const read = (name: string) => {
    const { version, commandLine, outcome, troubles, cause } = parseConsole(
      readFileSync(path.join(folder, name)),
    );
    return {
      version,
      commandLine,
      outcome,
      troubles: troubles.map(({ message }) => message),
      cause: cause && [cause.message, cause.where],
    };
  };

  test.each(files)('%s', name => {
    expect(read(name)).toEqual(read('plain.log'));
  });

  test('there are many of them, and the console has something to find', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(read('plain.log')).toMatchObject({
      outcome: { kind: 'panic', message: 'Fatal exception' },
      cause: ['BUG: kernel NULL pointer dereference, address: 0000000000000008', 'erofs_wrapped'],
    });
    expect(read('plain.log').troubles).toHaveLength(6);
  });
});

describe('what is no message of the kernel', () => {
  test.each([
    'Nov 30 09:40:00 box shell[77]: WARNING: a program says so',
    'Nov 30 09:40:00 box shell: BUG: a program says so',
    '[    5.123456] box shell[77]: BUG: a program says so',
    '2026-11-30T09:40:00+0100 box shell[77]: Oops: a program says so',
    '<12>1 2026-11-30T09:40:00Z box shell 77 - - WARNING: a program says so',
    JSON.stringify({ SYSLOG_IDENTIFIER: 'shell', MESSAGE: 'WARNING: a program says so' }),
    '[    1.234567] rcu: a line that says BUG: not at its start',
    '[    1.234567] [Firmware Bug]: TSC ADJUST differs',
    '[    1.234567] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on',
    '[    1.234567] nmi: INFO: NMI handler (x) took too long to run: 1.000 msecs',
    '[    1.234567] INFO: lockdep is turned off.',
    'debug: all fine',
  ])('%s', line => {
    expect(found([line]).troubles).toEqual([]);
  });

  test('entries of programs in an export', () => {
    const entry = (transport: string) =>
      `MESSAGE=WARNING: x\n_TRANSPORT=${transport}\n_BOOT_ID=${'0'.repeat(32)}\n`;
    expect(found([entry('syslog'), entry('kernel')]).troubles).toEqual(['warning: WARNING: x']);
  });
});

describe('messagesOf()', () => {
  test('blanks in front of a text are its own', () => {
    expect(messagesOf('[    1.234567]  erofs_read+0x12/0x80')).toEqual([
      { text: ' erofs_read+0x12/0x80', kernel: true, seconds: 1.234567 },
    ]);
    expect(messagesOf('   two  words ')).toMatchObject([{ text: '   two  words ', kernel: false }]);
  });

  test('a record of /dev/kmsg with line ends in it is several messages', () => {
    expect(messagesOf('4,1,2000000,-;one\\x0atwo \\xc3\\xa4').map(({ text }) => text)).toEqual([
      'one',
      'two ä',
    ]);
  });

  test('any line: nothing throws, and no control character stays', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '[',
        ']',
        '[    1.234567] ',
        '<6>',
        '{',
        '"msg": "',
        '- {',
        "msg: '",
        '\\x0a',
        '\r',
        '\x1b[1m',
        '09:40:00',
        '2026-11-30T09:40:00Z ',
        'Nov 30 ',
        'box kernel: ',
        '6,1,2,-;',
        '> ',
        '\t',
        '\0',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
        const texts = messagesOf(pieces.join('').replaceAll('\n', '')).map(({ text }) => text);
        expect(texts.join('')).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/);
      }),
      { numRuns: 200 },
    );
  });
});
