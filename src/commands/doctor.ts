// SPDX-License-Identifier: GPL-2.0-only
/** `initbench doctor`: each tool, whether it works, what needs it and what is lost without it. */
import { statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { acceleratorSchema } from '../boot/boot.ts';
import { findMachine } from '../boot/registry.ts';
import { document, flag, list, number, object, text } from '../document.ts';
import { exitCodes } from '../host/errors.ts';
import { hostMemory } from '../host/memory.ts';
import { type Probed, probedStates, probeTools } from '../host/probe.ts';
import { tools } from '../host/tools.ts';
import { command } from './command.ts';

const hostSchema = object({
  node: text,
  cpus: number,
  memoryBytes: number,
  /** By a control group: the host has more. */
  memoryLimited: flag,
  cacheFreeBytes: number,
  cache: text,
  state: text,
  /** Whether QEMU confines itself (-sandbox). Absent without QEMU. */
  sandbox: flag.exactOptional(),
  accelerator: object({ accelerator: acceleratorSchema, reason: text }).exactOptional(),
});
const doctorDocument = document(
  'initbench.doctor/1',
  'doctor: each tool, and the host',
  object({
    tools: list(
      object({
        name: text,
        state: z.enum(probedStates),
        version: text.nullable(),
        problem: text.nullable(),
        required: flag,
        neededFor: text,
        without: text,
        package: object({ debian: text, fedora: text }),
      }),
    ),
    ...hostSchema.unwrap().shape,
  }),
);

export const doctor = command({
  id: 'doctor',
  summary: 'list the tools, their versions and what is lost without them',
  examples: ['doctor', 'doctor --json'],
  parse: () => null,
  async *run(workspace, _input, signal) {
    const found = yield* probeTools(tools, signal);
    const { bavail, bsize } = await statfs(workspace.cache);
    const qemu = found.some(f => f.tool.name === 'qemu-system-x86_64' && f.state === 'works');
    const pc = findMachine('x86_64');
    const sandbox = qemu ? await pc.sandboxed(signal) : undefined;
    const probed = qemu ? yield* pc.accelerate(workspace, 'wall', signal) : undefined;
    const { bytes, limited } = hostMemory();
    return {
      tools: found,
      node: process.version,
      cpus: availableParallelism(),
      memoryBytes: bytes,
      memoryLimited: limited,
      cacheFreeBytes: bavail * bsize,
      cache: workspace.cache,
      state: workspace.state,
      ...(sandbox !== undefined && { sandbox }),
      ...(probed && { accelerator: { accelerator: probed.accelerator, reason: probed.reason } }),
    };
  },
  text(diagnosis, width) {
    const rows = diagnosis.tools.map(probed => [probed.tool.name, stateOf(probed), remarkOf(probed)]);
    const widths = [0, 1].map(i => Math.max(...rows.map(row => row[i]!.length)));
    const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
    return [
      ...rows.map(row =>
        `${row[0]!.padEnd(widths[0]!)}  ${row[1]!.padEnd(widths[1]!)}  ${row[2]!}`.slice(0, width),
      ),
      '',
      `node ${diagnosis.node}, ${diagnosis.cpus} ${diagnosis.cpus === 1 ? 'CPU' : 'CPUs'}, ${gib(diagnosis.memoryBytes)} memory`,
      ...(diagnosis.memoryLimited
        ? ['memory is limited by a control group: a build or a guest that needs more is killed']
        : []),
      `cache ${diagnosis.cache}, ${gib(diagnosis.cacheFreeBytes)} free`,
      `state ${diagnosis.state}`,
      ...(diagnosis.sandbox === false
        ? ['sandbox: no; this QEMU, or this host, has no seccomp: a guest that breaks out of QEMU is you']
        : []),
      ...(diagnosis.accelerator
        ? [`accelerator ${diagnosis.accelerator.accelerator}: ${diagnosis.accelerator.reason}`]
        : []),
    ];
  },
  json: diagnosis =>
    doctorDocument.of({
      ...diagnosis,
      tools: diagnosis.tools.map(({ tool, state, version, problem }) => ({
        name: tool.name,
        state,
        version: version ?? null,
        problem: problem ?? null,
        required: tool.required,
        neededFor: tool.neededFor,
        without: tool.without,
        package: { debian: tool.debian, fedora: tool.fedora },
      })),
    }),
  exitCode: diagnosis =>
    diagnosis.tools.some(({ tool, state }) => tool.required && state !== 'works')
      ? exitCodes.environment
      : exitCodes.done,
});

/** '1.5', 'found' where the version is not known, 'MISSING' and 'BROKEN' where nothing goes on without it. */
function stateOf({ tool, state, version }: Probed): string {
  if (state === 'works') return version === undefined ? 'found' : shortVersion(version);
  return tool.required ? state.toUpperCase() : state;
}

function remarkOf({ tool, state, problem }: Probed): string {
  if (state === 'works') return tool.neededFor;
  const said = problem === undefined ? '' : `; it failed: ${problem}`;
  return `without: ${tool.without} (${tool.debian})${said}`;
}

/** '1.5' out of 'mkfs.erofs 1.5', '7.2.22' out of QEMU's line. */
const shortVersion = (line: string): string => /\d+(\.\d+)+/.exec(line)?.[0] ?? line.slice(0, 20);
