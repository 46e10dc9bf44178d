// SPDX-License-Identifier: GPL-2.0-only
/** What kernels look for in the initrd before anything is unpacked: an ACPI table in a leading archive, parameters at
 *  the very end. Pure. */

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
