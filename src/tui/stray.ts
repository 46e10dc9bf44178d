// SPDX-License-Identifier: GPL-2.0-only
/** What anything but the screen writes while the terminal is the screen's: libraries that print, warnings of Node. */

/** Hands whole lines to `tell` until it is called. Warnings too: Node would print them past every stream. */
export function catchStray(
  streams: readonly NodeJS.WriteStream[],
  tell: (lines: readonly string[]) => void,
): () => void {
  const restorers = streams.map(stream => catchWrites(stream, tell));
  const printers = process.listeners('warning');
  process.removeAllListeners('warning');
  const onWarning = (warning: Error) => tell([`${warning.name}: ${warning.message}`]);
  process.on('warning', onWarning);
  return () => {
    process.removeListener('warning', onWarning);
    for (const printer of printers) process.on('warning', printer);
    for (const restore of restorers) restore();
  };
}

function catchWrites(stream: NodeJS.WriteStream, tell: (lines: readonly string[]) => void): () => void {
  const own = Object.getOwnPropertyDescriptor(stream, 'write');
  let rest = '';
  const caught = (chunk: Uint8Array | string, encoding?: unknown, done?: unknown): boolean => {
    const lines = (rest + (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString())).split('\n');
    rest = lines.pop()!;
    if (lines.length > 0) tell(lines);
    const after = typeof encoding === 'function' ? encoding : done;
    if (typeof after === 'function') queueMicrotask(after as () => void);
    return true;
  };
  // an own property, over the method of its class
  Object.defineProperty(stream, 'write', { configurable: true, writable: true, value: caught });
  return () => {
    if (own) Object.defineProperty(stream, 'write', own);
    else Reflect.deleteProperty(stream, 'write');
    if (rest !== '') tell([rest]);
  };
}
