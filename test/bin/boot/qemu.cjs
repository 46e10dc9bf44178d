// SPDX-License-Identifier: GPL-2.0-only
/* Stand-in for QEMU: replays a recorded console into the serial file and speaks as much QMP and gdb as a boot needs.
 * Told what to do by the environment:
 *   INITBENCH_TEST_CONSOLE  the recorded console
 *   INITBENCH_TEST_REFUSES  a console for machines whose initrd has an EROFS image at the start of a page and whose kernel
 *                           holds not this word, which follows a colon: FILE:WORD
 *   INITBENCH_TEST_FAULT    a console for machines whose kernel holds this word: FILE:WORD
 *   INITBENCH_TEST_LINE_MS  pause before each line (0)
 *   INITBENCH_TEST_END      what follows the console: reset (default), hang, exit (QEMU fails), killed, pause (the
 *                           guest is stopped for another reason)
 *   INITBENCH_TEST_ENTRY    never: the kernel is not entered
 *   INITBENCH_TEST_KVM      the canary: runs, hangs, fails, by-chance (not each third one)
 *   INITBENCH_TEST_CALLS    a file that gets each command line but --version and what asks for a sandbox
 *   INITBENCH_TEST_QEMU     which version it is (7.2.22)
 *   INITBENCH_TEST_SANDBOX  no: it knows none
 *   INITBENCH_TEST_FLOOD    so many MiB without a newline before the console's end
 * A console on a socket has a shell at its end, which says what was typed; `poweroff` ends the machine.
 * Lines of our programs get the nonce of the command line; in a recording that says nonce=@ only those that do.
 * -machine dumpdtb=FILE writes a recorded device tree.
 */
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');

const { env } = process;
const argv = process.argv.slice(2);
const after = option => argv[argv.indexOf(option) + 1];
const socketOf = option => (argv.includes(option) ? /^unix:([^,]+)/.exec(after(option))[1] : undefined);
const icount = 35913360;
const [major, minor, micro] = (env.INITBENCH_TEST_QEMU ?? '7.2.22').split('.').map(Number);
let status = 'running';
const clients = [];

if (argv.includes('none') && argv[argv.indexOf('none') - 1] === '-machine') {
  if (env.INITBENCH_TEST_SANDBOX === 'no')
    console.error('-sandbox support is not enabled in this QEMU binary');
  process.exit(env.INITBENCH_TEST_SANDBOX === 'no' ? 1 : 0);
}
if (env.INITBENCH_TEST_CALLS) fs.appendFileSync(env.INITBENCH_TEST_CALLS, `${argv.join(' ')}\n`);
refuse();
const dump = argv.map(word => /^dumpdtb=(.*)$/.exec(word)?.[1]).find(Boolean);
if (argv.some(word => word.startsWith('isa-debug-exit'))) {
  canary();
} else if (dump) {
  fs.copyFileSync(path.resolve(__dirname, '../../fixtures/virt.dtb'), dump);
} else {
  if (socketOf('-gdb')) listen('-gdb', gdb);
  if (socketOf('-qmp')) listen('-qmp', qmp);
  if (argv.includes('-chardev')) replay(/(?:logfile|path)=([^,]*)$/.exec(after('-chardev'))[1]);
}

/** Options that this version does not have (QEMU docs/about/removed-features.rst and its ChangeLog). */
function refuse() {
  const removed = ['-no-hpet', '-no-acpi', '-chroot', '-singlestep'];
  const later = ['-run-with', '-async-teardown', '-action'];
  const bad = argv.find(
    word =>
      (major >= 9 && removed.includes(word)) ||
      (major < 6 && later.includes(word)) ||
      (major < 8 && later.slice(0, 2).includes(word)) ||
      /,(server|nowait)(,|$)/.test(word),
  );
  if (bad === undefined) return;
  console.error(`qemu-system-x86_64: ${bad}: invalid option`);
  process.exit(1);
}

function canary() {
  const calls = fs.readFileSync(env.INITBENCH_TEST_CALLS, 'utf8').split('\n');
  const lucky = calls.filter(call => call.includes('isa-debug-exit')).length % 3 !== 0;
  if (env.INITBENCH_TEST_KVM === 'runs' || (env.INITBENCH_TEST_KVM === 'by-chance' && lucky))
    process.exit(33);
  if (env.INITBENCH_TEST_KVM !== 'hangs') {
    console.error('failed to set MSR 0x10a');
    process.exit(1);
  }
  setInterval(() => {}, 1000);
}

function listen(option, serve) {
  const server = net.createServer(serve);
  server.listen(socketOf(option));
}

/** The recorded console of this machine. */
function recorded() {
  const [fault, sign] = (env.INITBENCH_TEST_FAULT ?? '').split(':');
  if (fault && fs.readFileSync(after('-kernel')).includes(sign)) return fault;
  const [refusal, word] = (env.INITBENCH_TEST_REFUSES ?? '').split(':');
  if (!refusal) return env.INITBENCH_TEST_CONSOLE;
  const initrd = fs.readFileSync(after('-initrd'));
  let hasErofs = false;
  for (let at = 1024; at + 4 <= initrd.length; at += 4096)
    hasErofs ||= initrd.readUInt32LE(at) === 0xe0f5e1e2;
  return hasErofs && !fs.readFileSync(after('-kernel')).includes(word) ? refusal : env.INITBENCH_TEST_CONSOLE;
}

/** With the nonce that this boot's programs would have put in. */
function signed(bytes) {
  const nonce = /INITBENCH_NONCE=([0-9a-f]+)/.exec(argv.includes('-append') ? after('-append') : '')?.[1];
  const text = bytes.toString('latin1');
  if (text.includes('nonce=@')) return Buffer.from(text.replaceAll('nonce=@', `nonce=${nonce}`), 'latin1');
  if (nonce === undefined) return bytes;
  return Buffer.from(text.replace(/initbench: [a-z][a-z0-9-]*(?=[ \r\n])/g, `$& nonce=${nonce}`), 'latin1');
}

async function replay(file) {
  const source = recorded();
  const bytes = source ? signed(fs.readFileSync(source)) : Buffer.alloc(0);
  const out = fs.openSync(file, 'w');
  const socket = /^socket,.*path=([^,]+),/.exec(after('-chardev'))?.[1];
  const left = socket && shell(socket, out);
  for (let start = 0; start < bytes.length;) {
    const next = bytes.indexOf(10, start) + 1 || bytes.length;
    if (env.INITBENCH_TEST_LINE_MS) await new Promise(done => setTimeout(done, +env.INITBENCH_TEST_LINE_MS));
    fs.writeSync(out, bytes.subarray(start, next));
    start = next;
  }
  const flood = Buffer.alloc(2 ** 20, 'x');
  for (let i = 0; i < Number(env.INITBENCH_TEST_FLOOD ?? 0); i++) fs.writeSync(out, flood);
  if (socket) {
    fs.writeSync(out, '/ # ');
    await left;
  }
  const end = env.INITBENCH_TEST_END ?? 'reset';
  if (end === 'hang') return;
  if (end === 'killed') process.kill(process.pid, 'SIGKILL');
  if (end === 'exit') {
    console.error('qemu-system-x86_64: it broke\nfor \x1b[31mgood');
    process.exit(3);
  }
  status = end === 'pause' ? 'internal-error' : 'shutdown';
  if (status === 'shutdown') tell({ event: 'SHUTDOWN', data: { guest: true, reason: 'guest-reset' } });
  tell({ event: 'STOP' });
}

/** Until somebody types poweroff. */
function shell(socket, out) {
  let typed = '';
  return new Promise(ended => {
    const server = net.createServer(client => {
      client.on('error', () => {});
      client.on('data', bytes => {
        for (const letter of bytes.toString('latin1')) {
          if (letter !== '\r') {
            typed += letter;
            fs.writeSync(out, letter);
            continue;
          }
          fs.writeSync(out, `\r\ntyped: ${JSON.stringify(typed)}\r\n/ # `);
          if (typed === 'poweroff') ended();
          typed = '';
        }
      });
    });
    server.listen(socket);
  });
}

function tell(message) {
  for (const client of clients) client.write(`${JSON.stringify(message)}\r\n`);
}

function qmp(client) {
  const greeting = JSON.stringify({
    QMP: { version: { qemu: { major, minor, micro } }, capabilities: [] },
  });
  // in two pieces: what is received need not be a whole message
  client.write(greeting.slice(0, 9));
  setTimeout(() => client.write(`${greeting.slice(9)}\r\n`), 5);
  client.on('error', () => {});
  const answers = {
    qmp_capabilities: () => {
      clients.push(client);
      return {};
    },
    'query-status': () => ({ status, running: status === 'running' }),
    'query-replay': () => ({ mode: 'none', icount: argv.includes('-gdb') ? icount : 308821393 }),
    'qom-get': ({ property }) =>
      // the guest's clock, a hundred times as fast as ours
      property === 'rtc-time'
        ? { tm_hour: 0, tm_min: 0, tm_sec: Math.floor(performance.now() / 10) }
        : `pc-i440fx-${major}.${minor}-machine`,
    quit: () => {
      setTimeout(() => process.exit(0), 5);
      return {};
    },
  };
  let rest = '';
  client.on('data', chunk => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const { execute, arguments: given } = JSON.parse(line);
      const answer = answers[execute]
        ? { return: answers[execute](given) }
        : { error: { class: 'CommandNotFound', desc: `The command ${execute} has not been found` } };
      client.write(`${JSON.stringify(answer)}\r\n`);
    }
  });
}

function gdb(client) {
  client.on('error', () => {});
  const send = payload => {
    const sum = [...payload].reduce((total, character) => (total + character.charCodeAt(0)) & 0xff, 0);
    client.write(`+$${payload}#${sum.toString(16).padStart(2, '0')}`);
  };
  // the registers of `g`: rax or x0 holds the clock, which has skipped to the next microsecond, and one instruction;
  // on arm64 in ticks of 16 ns
  const clock = Buffer.alloc(8);
  clock.writeUInt32LE(argv[argv.indexOf('-machine') + 1].startsWith('virt') ? 35914001 >> 4 : 35914001);
  const registers = clock.toString('hex') + '0'.repeat(16 * 23);
  client.on('data', chunk => {
    const packet = /\$([^#]*)#/.exec(String(chunk))?.[1];
    if (packet === undefined) return;
    if (packet === 'g') send(registers);
    else if (packet === 's') send('T05thread:01;');
    else if (packet === 'c') send(env.INITBENCH_TEST_ENTRY === 'never' ? 'W00' : 'T05thread:01;');
    else if (/^[ZzM]/.test(packet)) send('OK');
    else send('');
  });
}
