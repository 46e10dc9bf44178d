// SPDX-License-Identifier: GPL-2.0-only
/** What kernels look for in the initrd before anything is unpacked: an ACPI table and a microcode update in a leading
 *  archive, parameters at the very end. Pure. */

/** A table with one name in it, `Name (INBT, 0x1234)` (ACPI 6.5, 5.2.6 and 20.2.5.1). */
export function acpiTable(): Buffer {
  const body = Buffer.from('08494e42540b3412', 'hex');
  const table = Buffer.alloc(36 + body.length);
  table.write('SSDT', 0, 'latin1');
  table.writeUInt32LE(table.length, 4);
  table[8] = 2;
  table.write('INITBE', 10, 'latin1');
  table.write('INITBNCH', 16, 'latin1');
  table.writeUInt32LE(1, 24);
  table.write('INTL', 28, 'latin1');
  table.writeUInt32LE(0x20260101, 32);
  body.copy(table, 36);
  table[9] = -table.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return table;
}

/** Parameters with the trailer that makes them a bootconfig (Documentation/admin-guide/bootconfig.rst). */
export function bootconfig(text: string): Buffer {
  const bytes = Buffer.from(`${text}\0`);
  const data = Buffer.concat([bytes], Math.ceil(bytes.length / 4) * 4);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(data.length, 0);
  trailer.writeUInt32LE(
    data.reduce((sum, byte) => (sum + byte) >>> 0, 0),
    4,
  );
  return Buffer.concat([data, trailer, Buffer.from('#BOOTCONFIG\n')]);
}

/** An AMD processor of family 10h as QEMU's `phenom` shows it, CPUID 1 EAX, and a revision for it. */
export const microcodeFor = { cpuModel: 'phenom', signature: 0x0010_0f23, revision: 0x0100_2342 } as const;

/** A container with one update for that processor, as arch/x86/kernel/cpu/microcode/amd.c parses it; what is in the
 *  update nobody executes. A kernel with MICROCODE_DBG simulates the loading in a guest. */
export function microcode(): Buffer {
  const words = (...values: number[]) => {
    const buffer = Buffer.alloc(4 * values.length);
    values.forEach((value, index) => buffer.writeUInt32LE(value >>> 0, 4 * index));
    return buffer;
  };
  const equivalent = 0x1022;
  const [tableType, updateType] = [0, 1];
  // entries: processor, errata mask, errata compare, its id; an empty one ends the table
  const table = words(microcodeFor.signature, 0, 0, equivalent, 0, 0, 0, 0);
  const update = Buffer.alloc(512);
  update.writeUInt32LE(0x2026_0101, 0);
  update.writeUInt32LE(microcodeFor.revision, 4);
  update.writeUInt16LE(equivalent, 24);
  return Buffer.concat([
    words(0x0041_4d44, tableType, table.length),
    table,
    words(updateType, update.length),
    update,
  ]);
}
