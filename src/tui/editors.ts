// SPDX-License-Identifier: GPL-2.0-only
/** How editors are told the line to start at. Pure. */
import path from 'node:path';

/** `editor +LINE FILE`; names as Debian's alternatives end in them have a suffix: vim.basic, vim.tiny, emacs-gtk. */
const plusLine =
  /^(?:n?vi|vi|g?vim|nvim|rvim|rview|view|elvis|nano|rnano|pico|emacs|emacsclient|e3|e3vi|jed|joe|jmacs|jpico|jstar|rjoe|kak|le|mcedit|mg|micro|ne|qemacs|qe|tilde|ed|levee|vile|zile|sensible-editor|jove|vis|dte)(?:[.-][\w.+-]*)?$/;

/** The words that open a file at a line; none when it is not known how. */
export function lineWords(program: string, file: string, line: number): readonly string[] {
  const name = path.basename(program);
  if (/^(?:code|codium|code-insiders|cursor|zed)$/.test(name))
    return name === 'zed' ? [`${file}:${line}`] : ['--goto', `${file}:${line}`];
  if (/^(?:hx|helix|subl)$/.test(name)) return [`${file}:${line}`];
  return plusLine.test(name) ? [`+${line}`, file] : [];
}
