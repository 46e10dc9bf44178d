// SPDX-License-Identifier: GPL-2.0-only
/** Process groups that must not outlive us: a small process of its own holds a pipe from us and kills, when
 *  the pipe closes for whatever reason (SIGKILL included), every group that has not been forgotten. */
import { type ChildProcess, spawn } from 'node:child_process';

const reaperSource = `
  const groups = new Set();
  let rest = '';
  const kill = () => { for (const g of groups) { try { process.kill(-g, 'SIGKILL'); } catch {} } process.exit(0); };
  for (const s of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(s, () => {});
  process.stdin.on('data', d => {
    const lines = (rest + d).split('\\n');
    rest = lines.pop();
    for (const l of lines) l[0] === '+' ? groups.add(+l.slice(1)) : groups.delete(+l.slice(1));
  });
  process.stdin.on('end', kill).on('error', kill);
`;

let reaper: ChildProcess | undefined;

function tell(line: string): void {
  if (!reaper) {
    reaper = spawn(process.execPath, ['-e', reaperSource], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    reaper.unref();
    (reaper.stdin as unknown as { unref(): void }).unref();
    reaper.stdin?.on('error', () => {});
    reaper.on('error', () => {});
  }
  reaper.stdin?.write(`${line}\n`);
}

/** From now on the group dies with us. */
export function guardGroup(pgid: number): void {
  tell(`+${pgid}`);
}

/** The group has ended by itself; its number may be used again by others. */
export function forgetGroup(pgid: number): void {
  tell(`-${pgid}`);
}
