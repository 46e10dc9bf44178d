// SPDX-License-Identifier: GPL-2.0-only
/** Units that make systemd in an initrd say where it is (vm/mark.c), by systemd.unit(5) and bootup(7): on the way to a
 *  real root initrd.target and the switch, otherwise a target of initbench's own, where the boot ends. */

export const markProgram = 'usr/lib/initbench/mark';

interface MarkUnit {
  readonly description: string;
  /** The target that it speaks of: what was not reached is not reported. */
  readonly after: string;
  readonly before?: string;
  /** Command lines, one after the other. */
  readonly run: readonly string[];
}

const service = ({ description, after, before, run }: MarkUnit) => `[Unit]
Description=${description}
DefaultDependencies=no
Requires=${after}
After=${after}
${before === undefined ? '' : `Before=${before}\n`}
[Service]
Type=oneshot
StandardOutput=file:/dev/console
PassEnvironment=INITBENCH_NONCE INITBENCH_LOADER
${run.map(command => `ExecStart=${command}\n`).join('')}`;

/** By the name of the file. */
export const units: Readonly<Record<string, string>> = {
  'initbench-initrd.service': service({
    description: 'Report that initrd.target is reached',
    after: 'initrd.target',
    before: 'initrd-cleanup.service',
    run: [`/${markProgram} initrd.target`],
  }),
  'initbench-switch-root.service': service({
    description: 'Report that the root is about to be switched',
    after: 'initrd-switch-root.target',
    before: 'initrd-switch-root.service',
    run: [`/${markProgram} switch-root`],
  }),
  'initbench.service': service({
    description: 'Report that systemd runs, and end',
    after: 'sysinit.target',
    run: [
      `/${markProgram} sysinit.target`,
      `/${markProgram} end`,
      '/usr/bin/systemctl --force --force reboot',
    ],
  }),
  'initbench.target': `[Unit]
Description=initbench
DefaultDependencies=no
Requires=initbench.service
After=initbench.service
AllowIsolate=yes
`,
};

/** Which target starts which of them, beside what names it itself. */
export const wanted: Readonly<Record<string, string>> = {
  'initrd.target': 'initbench-initrd.service',
  'initrd-switch-root.target': 'initbench-switch-root.service',
};
