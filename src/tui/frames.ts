// SPDX-License-Identifier: GPL-2.0-only
/** When the screen is drawn: soon after a key, else no more often than anybody sees, and on while something moves. */

export const frameMs = 66;
export const keyMs = 15;
const tickMs = 250;

export interface Frames {
  /** Draws, at the earliest so long after the last time; an earlier date stands. */
  within(ms: number): void;
  /** Draws at once. */
  now(): void;
  /** Whether a frame is due. */
  due(): boolean;
  close(): void;
}

/** `draw` returns whether something moves, and does not throw. */
export function openFrames(draw: () => boolean): Frames {
  let drawn = Number.NEGATIVE_INFINITY;
  let due = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let ticker: NodeJS.Timeout | undefined;
  const now = () => {
    clearTimeout(timer);
    due = Number.POSITIVE_INFINITY;
    const moves = draw();
    drawn = performance.now();
    if (moves) ticker ??= setInterval(() => within(frameMs), tickMs);
    else {
      clearInterval(ticker);
      ticker = undefined;
    }
  };
  const within = (ms: number) => {
    const at = Math.max(performance.now(), drawn + ms);
    if (at >= due) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(now, at - performance.now());
  };
  return {
    within,
    now,
    due: () => due !== Number.POSITIVE_INFINITY,
    close() {
      clearTimeout(timer);
      clearInterval(ticker);
    },
  };
}
