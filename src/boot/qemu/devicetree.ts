// SPDX-License-Identifier: GPL-2.0-only
/** The device tree of a machine that has more than QEMU tells the kernel of: QEMU's own, and nodes of ours. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../../events.ts';
import { exec } from '../../host/exec.ts';
import { digestOf, exists, publishFolder, scratchFolder } from '../../host/files.ts';
import type { Workspace } from '../../workspace.ts';
import type { Vm } from '../machine.ts';
import { dumpTreeArgv, qemuVersion } from './argv.ts';
import { addNodes } from './fdt.ts';
import type { QemuVm } from './spec.ts';

/** The machine with its tree, made once for each machine and QEMU; as it is where nothing has to be added.
 *  @throws UserError when QEMU is not installed, ToolError when it gives no tree */
export async function* withDeviceTree(
  workspace: Workspace,
  vm: QemuVm,
  job: string,
  signal: AbortSignal,
): Work<Vm> {
  const { node } = vm.machine.memoryDisk;
  const nodes = vm.disks.flatMap(disk => (disk.kind === 'pmem' && node ? [node(disk.carveOut)] : []));
  if (nodes.length === 0) return vm;
  const added = nodes.map(({ name, properties }) => ({
    name,
    properties: Object.entries(properties).map(([key, value]) => [key, value.toString('hex')]),
  }));
  const version = await qemuVersion(vm.machine.qemu, signal);
  const key = digestOf({ argv: dumpTreeArgv(vm, ''), version, added });
  const folder = path.join(workspace.cache, 'devicetrees', key);
  const step = { job, type: 'step', step: 'device tree' } as const;
  if (await exists(folder)) {
    yield { ...step, state: 'cached' };
  } else if (workspace.dryRun) {
    yield { ...step, state: 'planned' };
  } else {
    yield { ...step, state: 'started' };
    const scratch = await scratchFolder('devicetree');
    try {
      const own = path.join(scratch, 'own.dtb');
      yield* exec(dumpTreeArgv(vm, own), { job, signal });
      const tree = addNodes(await readFile(own), nodes);
      yield* publishFolder(folder, async function* (target): Work<void> {
        await writeFile(path.join(target, 'machine.dtb'), tree);
      });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
    yield { ...step, state: 'done' };
  }
  return { ...vm, deviceTree: path.join(folder, 'machine.dtb') };
}
