// SPDX-License-Identifier: GPL-2.0-only
/** R16: what the kernel takes from an initrd before it is unpacked (asked about by Gao, done by Ruiz): a table and a
 *  microcode update from an archive in front of the image, a bootconfig behind everything. */
import { acpiTable, bootconfig, microcode, microcodeFor } from '../verify/early.ts';
import { type Segment, witnessRoot } from '../verify/files.ts';
import { type Claim, claim, kernels, requirement, type Shown, type Trial } from '../verify/requirement.ts';
import { endsWell, factOf, filesOf, linesWith, listOf, noTrouble, overlayRoot } from '../verify/shown.ts';

const early: Segment = {
  files: [
    { path: 'kernel/firmware/acpi/ssdt.aml', bytes: acpiTable() },
    { path: 'kernel/x86/microcode/AuthenticAMD.bin', bytes: microcode() },
    { path: 'before', text: 'from the archive before' },
  ],
  format: 'cpio',
};
const image: Segment = { files: witnessRoot, format: 'erofs-lz4hc' };
const archive: Segment = { files: witnessRoot, format: 'cpio' };
const late: Segment = { files: [{ path: 'after', text: 'from the archive after' }], format: 'cpio-zstd' };
const parameters: Segment = { raw: bootconfig('kernel.initbench.mark = "here"\n'), what: 'bootconfig' };

const trial = (initrd: readonly Segment[]): Trial => ({
  kernel: kernels.verify,
  needs: ['ACPI_TABLE_UPGRADE', 'BOOT_CONFIG'],
  options: ['MICROCODE_DBG'],
  cpuModel: microcodeFor.cpuModel,
  initrd,
  checks: ['mounts', 'acpi', 'told', 'content'],
  append: ['bootconfig', 'INITBENCH_PATHS=/before,/after'],
});

const installs = /ACPI: Table Upgrade: install \[SSDT-INITBE-INITBNCH\]/;
const hasTable = (shown: Shown) =>
  linesWith(shown, installs).length === 1 &&
  listOf(factOf(shown, 'acpi'), 'tables').some(name => name.startsWith('SSDT'));
const hasParameters = (shown: Shown) => {
  const { cmdline = '', bootconfig: given = '' } = factOf(shown, 'told');
  return /initbench\.mark="?here/.test(cmdline) && given.includes('kernel.initbench.mark');
};

function table(what: string, shown: Shown): Claim {
  const seen = linesWith(shown, /ACPI.*(initrd|Upgrade)/)[0] ?? 'not in the log';
  return claim(`${what}: the table in front is found and installed`, hasTable(shown), seen);
}

const updates = /^microcode: Updated early from/;

function update(what: string, shown: Shown): Claim[] {
  const lines = linesWith(shown, /^microcode: (Current revision|Updated early)/);
  const revision = `Current revision: 0x${microcodeFor.revision.toString(16).padStart(8, '0')}`;
  const holds = lines.some(line => updates.test(line)) && lines.some(line => line.includes(revision));
  // without the simulation a kernel loads none in a guest
  if (shown.options.MICROCODE_DBG === 'n') return [];
  return [claim(`${what}: the microcode in front is loaded`, holds, lines.join(' | ') || 'not in the log')];
}

function told(what: string, shown: Shown): Claim {
  const seen = factOf(shown, 'told').bootconfig || linesWith(shown, /bootconfig/i)[0] || 'none';
  return claim(`${what}: the parameters at the end are read`, hasParameters(shown), seen.trim());
}

export default requirement({
  id: 'r16',
  title: 'tables in front of it, bootconfig behind',
  askedBy: 'Gao, Ruiz',
  weight: 'hard',
  boots: {
    usual: trial([early, archive, late, parameters]),
    plain: trial([image]),
    front: trial([early, 'align', image]),
    unaligned: trial([early, { zeros: 8 }, image]),
    tail: trial([image, parameters]),
    both: trial([early, 'align', image, late, parameters]),
  },
  judge(shown) {
    const { usual, plain, front, unaligned, tail, both } = shown;
    const text = (boot: Shown, path: string) => filesOf(boot).get(path)?.bytes;
    const images = { plain, front, unaligned, tail, both };
    return [
      endsWell('archives alone', usual),
      table('archives alone', usual),
      ...update('archives alone', usual),
      told('archives alone', usual),
      claim(
        'without them there is none of it: the signs can be missing',
        !hasTable(plain) && !hasParameters(plain) && linesWith(plain, updates).length === 0,
        listOf(factOf(plain, 'acpi'), 'tables').join(' '),
      ),
      ...Object.entries(images).flatMap(([name, boot]) => [
        endsWell(`image, ${name}`, boot),
        overlayRoot(`image, ${name}`, boot),
      ]),
      table('archive, image', front),
      ...update('archive, image', front),
      table('archive, image not aligned', unaligned),
      ...update('archive, image not aligned', unaligned),
      told('image, parameters', tail),
      table('archive, image, archive, parameters', both),
      ...update('archive, image, archive, parameters', both),
      told('archive, image, archive, parameters', both),
      claim(
        'files of the archives around it are in the root',
        text(both, '/before') === text(usual, '/before') && text(both, '/after') === text(usual, '/after'),
        `${text(both, '/before')} and ${text(both, '/after')} bytes`,
      ),
      noTrouble(shown),
    ];
  },
});
