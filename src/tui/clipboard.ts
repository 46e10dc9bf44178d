// SPDX-License-Identifier: GPL-2.0-only
/** How text gets into the clipboard of the person's terminal from where we run: OSC 52, through what lies between. Pure. */

type Environment = Readonly<Record<string, string | undefined>>;

/** Terminals refuse more; what is copied here is a line. */
const mostBytes = 74_994;
/** screen(1) takes device control strings up to 768 bytes. */
const screenChunk = 500;

/** What to write to the terminal, and what can be said of its effect. */
export interface Written {
  readonly kind: 'write';
  readonly bytes: string;
  readonly words: string;
}

export type Copy =
  | Written
  /** tmux keeps applications away from the clipboard unless told otherwise; its own command may use it. */
  | { readonly kind: 'tmux'; readonly argv: readonly string[]; readonly otherwise: Written }
  | { readonly kind: 'none'; readonly words: string };

const sequence = (encoded: string) => `\x1b]52;c;${encoded}\x07`;

export function copyOf(text: string, environment: Environment): Copy {
  const bytes = Buffer.from(text, 'utf8');
  const encoded = bytes.toString('base64');
  if (encoded.length > mostBytes) {
    return { kind: 'none', words: `not copied: ${bytes.length} bytes are more than terminals take` };
  }
  const term = environment.TERM ?? '';
  if (environment.TMUX) {
    const wrapped = `\x1bPtmux;${sequence(encoded).replaceAll('\x1b', '\x1b\x1b')}\x1b\\`;
    const words = 'sent to the clipboard; tmux passes it on with set-clipboard on';
    return {
      kind: 'tmux',
      argv: ['tmux', 'load-buffer', '-w', '-'],
      otherwise: { kind: 'write', bytes: sequence(encoded) + wrapped, words },
    };
  }
  if (environment.STY) {
    const whole = sequence(encoded);
    const chunks = whole.match(new RegExp(`[^]{1,${screenChunk}}`, 'g')) ?? [];
    const passed = chunks.map(chunk => `\x1bP${chunk}\x1b\\`).join('');
    return { kind: 'write', bytes: passed, words: 'sent to the clipboard through screen (OSC 52)' };
  }
  const without = withoutClipboard(term, environment);
  if (without !== undefined) return { kind: 'none', words: `not copied: ${without}` };
  return { kind: 'write', bytes: sequence(encoded), words: 'sent to the clipboard of the terminal (OSC 52)' };
}

/** What is known of terminals that take no OSC 52. */
function withoutClipboard(term: string, environment: Environment): string | undefined {
  if (/^(linux|vt\d|ansi|cons25|dumb)/.test(term)) return `a terminal of type ${term} has no clipboard`;
  if (environment.TERM_PROGRAM === 'Apple_Terminal') return 'Terminal.app does not take OSC 52';
  if (environment.VTE_VERSION) return 'terminals of VTE (GNOME, Xfce) do not take OSC 52; select with Shift';
  return undefined;
}

/** What tmux knows of the terminal that it is shown in. */
export const tmuxQuestion: readonly string[] = ['tmux', 'display-message', '-p', '#{client_termfeatures}'];

/** The words for a copy that `load-buffer -w` took. */
export const tmuxWords = (features: string): string =>
  features.trim().split(',').includes('clipboard')
    ? 'copied: the buffer of tmux and the clipboard'
    : 'copied to the buffer of tmux alone: it knows no clipboard of its terminal';
