// SPDX-License-Identifier: GPL-2.0-only
/** Nodes added to a flattened device tree (Devicetree Specification 0.4, chapter 5). Pure. */

/** A node below the root. */
export interface Node {
  readonly name: string;
  readonly properties: Readonly<Record<string, Buffer>>;
}

const magic = 0xd00dfeed;
const tokens = { begin: 1, end: 2, property: 3, nop: 4, last: 9 } as const;
/** Words of the header that give places and sizes. */
const header = {
  total: 4,
  structure: 8,
  strings: 12,
  reserved: 16,
  stringsSize: 32,
  structureSize: 36,
} as const;
const headerBytes = 40;

/** The same tree with the nodes as the last ones below its root. @throws Error when it is not a device tree */
export function addNodes(tree: Buffer, nodes: readonly Node[]): Buffer {
  try {
    return withNodes(tree, nodes);
  } catch (error) {
    if (error instanceof RangeError) throw new Error('this is not a device tree', { cause: error });
    throw error;
  }
}

function withNodes(tree: Buffer, nodes: readonly Node[]): Buffer {
  if (tree.length < headerBytes || tree.readUInt32BE(0) !== magic)
    throw new Error('this is not a device tree');
  const at = (field: keyof typeof header) => tree.readUInt32BE(header[field]);
  const structure = tree.subarray(at('structure'), at('structure') + at('structureSize'));
  const reserved = tree.subarray(
    at('reserved'),
    at('reserved') + reservedBytes(tree.subarray(at('reserved'))),
  );
  let strings = tree.subarray(at('strings'), at('strings') + at('stringsSize'));

  const added: Buffer[] = [];
  for (const { name, properties } of nodes) {
    added.push(word(tokens.begin), padded(Buffer.from(`${name}\0`)));
    for (const [key, value] of Object.entries(properties)) {
      added.push(word(tokens.property), word(value.length), word(strings.length), padded(value));
      strings = Buffer.concat([strings, Buffer.from(`${key}\0`)]);
    }
    added.push(word(tokens.end));
  }
  const end = rootEnd(structure);
  const whole = Buffer.concat([structure.subarray(0, end), ...added, structure.subarray(end)]);
  const head = Buffer.from(tree.subarray(0, headerBytes));
  const places = {
    reserved: headerBytes,
    structure: headerBytes + reserved.length,
    structureSize: whole.length,
    strings: headerBytes + reserved.length + whole.length,
    stringsSize: strings.length,
    total: headerBytes + reserved.length + whole.length + strings.length,
  };
  for (const [field, value] of Object.entries(places)) {
    head.writeUInt32BE(value, header[field as keyof typeof header]);
  }
  return Buffer.concat([head, reserved, whole, strings]);
}

/** Pairs of 64-bit numbers; one of zeros ends them. */
function reservedBytes(block: Buffer): number {
  let at = 0;
  while (block.readBigUInt64BE(at) !== 0n || block.readBigUInt64BE(at + 8) !== 0n) at += 16;
  return at + 16;
}

/** Where the token that ends the root stands. */
function rootEnd(structure: Buffer): number {
  let depth = 0;
  for (let at = 0; at < structure.length;) {
    const token = structure.readUInt32BE(at);
    if (token === tokens.end && --depth === 0) return at;
    if (token === tokens.begin) {
      depth += 1;
      at = aligned(structure.indexOf(0, at + 4) + 1);
    } else if (token === tokens.property) at = aligned(at + 12 + structure.readUInt32BE(at + 4));
    else if (token === tokens.end || token === tokens.nop) at += 4;
    else break;
  }
  throw new Error('the device tree has no end');
}

const aligned = (offset: number) => (offset + 3) & ~3;
const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)]);
const word = (value: number) => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
};
