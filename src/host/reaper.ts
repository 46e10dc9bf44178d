// SPDX-License-Identifier: GPL-2.0-only
/** Processes that must not outlive us: a small process of its own holds a pipe from us and ends, when the pipe closes
 *  for whatever reason (SIGKILL included), every group that has not been forgotten, and every process that carries our
 *  mark in its environment: one that was just being started, or has left its group. Asked first, then killed: make
 *  removes what it has half written, git its locks. */
import { type ChildProcess, spawn } from 'node:child_process';
import { type Owner, ourselves, ownerOf, tagOf } from './owner.ts';

/** The environment variable by which our children, and theirs, are known. */
export const ownerVariable = 'INITBENCH_OWNER';

/** What every child gets in its environment. */
export const ownerEnvironment: Readonly<Record<string, string>> = { [ownerVariable]: tagOf(ourselves) };

const reaperSource = `
  const fs = require('node:fs');
  const mark = process.argv[1];
  const groups = new Set();
  let rest = '';
  for (const s of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(s, () => {});
  const send = (target, signal) => { try { process.kill(target, signal); return true; } catch { return false; } };
  const marked = () => fs.readdirSync('/proc').filter(name => {
    if (!/^\\d+$/.test(name) || +name === process.pid) return false;
    try { return ('\\0' + fs.readFileSync('/proc/' + name + '/environ', 'latin1')).includes('\\0' + mark + '\\0'); }
    catch { return false; }
  }).map(Number);
  const targets = () => [...[...groups].map(g => -g), ...marked()];
  const left = () => targets().filter(target => send(target, 0));
  const pause = ms => new Promise(done => setTimeout(done, ms));
  const end = async () => {
    for (const target of targets()) send(target, 'SIGTERM');
    for (let i = 0; i < 20 && left().length > 0; i++) await pause(50);
    for (let i = 0; i < 20 && left().length > 0; i++) {
      for (const target of targets()) send(target, 'SIGKILL');
      await pause(50);
    }
    process.exit(0);
  };
  process.stdin.on('data', d => {
    const lines = (rest + d).split('\\n');
    rest = lines.pop();
    for (const l of lines) l[0] === '+' ? groups.add(+l.slice(1)) : groups.delete(+l.slice(1));
  });
  process.stdin.on('end', end).on('error', end);
`;

let reaper: ChildProcess | undefined;

/** Started before the first child: in between nobody would see to it. */
function running(): ChildProcess {
  if (reaper) return reaper;
  const mark = `${ownerVariable}=${tagOf(ourselves)}`;
  reaper = spawn(process.execPath, ['-e', reaperSource, mark], {
    cwd: '/',
    detached: true,
    // It is no child of the kind it looks for.
    env: { ...process.env, [ownerVariable]: undefined, NODE_OPTIONS: undefined },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  reaper.unref();
  (reaper.stdin as unknown as { unref(): void }).unref();
  reaper.stdin?.on('error', () => {});
  reaper.on('error', () => {});
  return reaper;
}

/** The reaper as an owner: when it is gone, all our children are. Undefined when it could not be started. */
export function reaperOwner(): Owner | undefined {
  const { pid } = running();
  return pid === undefined ? undefined : ownerOf(pid);
}

/** Makes sure that somebody sees to what is about to be started. */
export function expectGroup(): void {
  running();
}

/** From now on the group dies with us. */
export function guardGroup(pgid: number): void {
  running().stdin?.write(`+${pgid}\n`);
}

/** The group has ended by itself; its number may be used again by others. */
export function forgetGroup(pgid: number): void {
  running().stdin?.write(`-${pgid}\n`);
}
