// SPDX-License-Identifier: GPL-2.0-only
/** All that the screen follows from: one frozen record. The messages that change it, the effects it asks for. */
import type { AnyCommand } from '../commands/command.ts';
import type { Failure } from '../commands/failure.ts';
import type { FlowList } from '../commands/flow.ts';
import type { KernelList } from '../commands/kernel.ts';
import type { RunsProduct } from '../commands/runs.ts';
import { option } from '../commands/options.ts';
import type { Milliseconds, WorkEvent } from '../events.ts';
import type { SeriesStatus } from '../campaign/status.ts';
import type { Series } from '../series/series.ts';
import type { Tree } from '../tree/tree.ts';
import type { TextFile } from './files.ts';
import type { Input } from './input.ts';
import type { Job } from './jobs.ts';
import type { Pager } from './pager.ts';

export const panels = ['series', 'kernels', 'flows', 'runs', 'submission'] as const;
export type PanelId = (typeof panels)[number];

/** What commands answered for the panels; absent until they did. */
export interface Data {
  readonly series?: readonly Series[];
  readonly trees?: {
    readonly trees: readonly Tree[];
    readonly configured: readonly { readonly name: string; readonly source: string }[];
  };
  readonly kernels?: KernelList;
  readonly flows?: FlowList;
  readonly runs?: RunsProduct;
  /** Of the series in use. */
  readonly status?: SeriesStatus;
}
export type DataName = keyof Data;

/** How boots are asked for; kept for the next time. */
export interface Settings {
  readonly series: string;
  readonly payload: string;
  readonly pad: string;
  readonly used: string;
  readonly clock: 'icount' | 'wall';
  readonly memory: string;
  /** By flow; without an entry the flow's own. */
  readonly formats: Readonly<Record<string, string>>;
  /** Fragments beside those that every kernel gets, in this order. */
  readonly fragments: readonly string[];
}

/** Settings that are one word of one option; formats and fragments have lists of their own. */
export type SettingName = Exclude<keyof Settings, 'series' | 'formats' | 'fragments'>;

/** A text that is read from a file, or that a command's product is. */
export type Source =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  | { readonly kind: 'job'; readonly job: number };

export type Syntax = 'plain' | 'log' | 'diff' | 'mail' | 'result';

/** `from`: what had the keys when it was opened, and gets them back. */
export type View = { readonly from?: PanelId | 'main' } & (
  | {
      readonly kind: 'boot';
      readonly jobs: readonly number[];
      /** Which console has the keys: of that run, or of a job that has booted nothing yet; absent, always the newest. */
      readonly pane?: { readonly job: number; readonly run?: string };
      /** Whether that console is alone on the screen. */
      readonly alone: boolean;
      /** Consoles that do not follow: by run the number of the line at their bottom. */
      readonly held: Readonly<Record<string, number>>;
    }
  | {
      readonly kind: 'text';
      readonly id: number;
      readonly title: string;
      readonly source: Source;
      readonly syntax: Syntax;
      /** Absent while the file is read. */
      readonly lines?: readonly string[];
      /** Of a file that is not shown whole: where each line starts in it, -1 where something is left out. */
      readonly offsets?: readonly number[];
      readonly pager: Pager;
    }
  | { readonly kind: 'work'; readonly job: number; readonly pager: Pager }
);

/** What lies over the screen and takes the keys. */
export type Overlay =
  | { readonly kind: 'help'; readonly filter: string; readonly selected: number }
  | { readonly kind: 'log'; readonly pager: Pager }
  /** `selected` is the id of a job. */
  | { readonly kind: 'jobs'; readonly selected: number }
  | {
      readonly kind: 'prompt';
      readonly what: 'command' | 'search' | 'setting';
      readonly label: string;
      readonly text: string;
      readonly cursor: number;
      readonly setting?: SettingName;
      /** Why it was not taken. */
      readonly refused?: string;
      /** Tab was pressed before the names of a folder were there. */
      readonly completing?: true;
      /** Where in the history of command lines, from its end; 0 is the line being written. */
      readonly back?: number;
    }
  | {
      readonly kind: 'choice';
      readonly title: string;
      readonly options: readonly { readonly value: string; readonly words: string }[];
      readonly selected: number;
      readonly setting: 'payload' | 'formats';
      /** For formats: whose. */
      readonly flow?: string;
    }
  | {
      readonly kind: 'question';
      readonly lines: readonly string[];
      /** The key that says yes; nothing else does. */
      readonly key: string;
      readonly effects: readonly Effect[];
      /** A command line that yes runs. */
      readonly argv?: readonly string[];
    };

export type Refusal = (argv: readonly string[]) => string | undefined;

export interface Look {
  readonly ascii: boolean;
  readonly color: boolean;
}

export interface State {
  readonly width: number;
  readonly height: number;
  readonly look: Look;
  /** Milliseconds since the program's start. */
  readonly now: Milliseconds;
  /** The verbs, once they are loaded. */
  readonly commands?: readonly AnyCommand[];
  /** Why a command line would be refused, in its own sentence; nothing is done. */
  readonly refusal?: Refusal;
  /** Keys that came before there was anything for them, in their order. */
  readonly early: readonly Input[];
  /** When what a panel shows was asked for the last time that it was answered. */
  readonly answered: Readonly<Partial<Record<DataName, Milliseconds>>>;
  readonly places: Places;
  readonly keys: Readonly<Record<string, readonly string[]>>;
  readonly focus: PanelId | 'main';
  /** The panel that had the keys last: where they go when the last view is closed. */
  readonly panel: PanelId;
  readonly selected: Readonly<Record<PanelId, Selected>>;
  readonly data: Data;
  readonly failures: Readonly<Partial<Record<DataName, Failure>>>;
  readonly settings: Settings;
  readonly marked: readonly string[];
  /** Runs to be held against each other, at most two. */
  readonly markedRuns: readonly string[];
  /** Opened views, the shown one last. */
  readonly views: readonly View[];
  /** What the selected thing looks like, while its panel has the keys. */
  readonly preview?: { readonly path: string; readonly lines?: readonly string[] };
  readonly previewTop: number;
  readonly zoomed: boolean;
  readonly overlay?: Overlay;
  /** The console that all keys but Ctrl-] go to. */
  readonly typing?: { readonly run: string; readonly socket: string };
  readonly jobs: readonly Job[];
  /** Errors that nobody has read yet, the oldest first. */
  readonly errors: readonly { readonly title: string; readonly failure: Failure }[];
  /** Said in the status line until the next key. */
  readonly said?: string;
  /** Command lines, ours and those we ran, to be pasted. */
  readonly log: readonly string[];
  readonly history: readonly string[];
  readonly searched: string;
  /** The folder that paths in the command line are completed from. */
  readonly listing?: { readonly folder: string; readonly names?: readonly string[] };
  readonly nextId: number;
  readonly quitting: boolean;
}

/** What is there again the next time. */
export type Kept = Partial<Pick<State, 'settings' | 'marked' | 'selected' | 'focus' | 'history'>>;

/** What the cursor is on, whatever comes and goes around it; `index` is where that was seen last. */
export interface Selected {
  readonly index: number;
  /** Absent until something is listed. */
  readonly id?: string;
}

/** Folders that paths are made from; empty until the workspace is open. */
export interface Places {
  readonly root: string;
  readonly runs: string;
}

export type Message =
  | Input
  | { readonly type: 'resize'; readonly width: number; readonly height: number }
  | { readonly type: 'tick'; readonly now: Milliseconds }
  | {
      readonly type: 'ready';
      readonly commands: readonly AnyCommand[];
      readonly refusal: Refusal;
      readonly places: Places;
      /** The series of initbench.toml. */
      readonly series: string;
      /** Keys in place of ours, by action. */
      readonly keys: State['keys'];
      readonly ascii: boolean;
      readonly kept?: Kept;
    }
  | {
      readonly type: 'loaded';
      readonly name: DataName;
      readonly product: unknown;
      /** When it was asked for. */
      readonly asked: Milliseconds;
    }
  | { readonly type: 'load-failed'; readonly name: DataName; readonly failure: Failure }
  | { readonly type: 'events'; readonly job: number; readonly events: readonly WorkEvent[] }
  | { readonly type: 'job-started'; readonly job: number; readonly command: AnyCommand }
  | { readonly type: 'job-ended'; readonly job: number; readonly product: unknown; readonly code: number }
  | { readonly type: 'job-failed'; readonly job: number; readonly failure: Failure }
  /** The line asked for a text, as --help does. */
  | { readonly type: 'job-text'; readonly job: number; readonly lines: readonly string[] }
  | ({ readonly type: 'text-read'; readonly view: number } & TextFile)
  /** What a search in a file has found: the text around it and the number of the line; without, it is not in it. */
  | {
      readonly type: 'found';
      readonly view: number;
      readonly query: string;
      readonly text?: TextFile;
      readonly line?: number;
    }
  | { readonly type: 'listed'; readonly folder: string; readonly names: readonly string[] }
  | { readonly type: 'preview-read'; readonly path: string; readonly lines: readonly string[] }
  | { readonly type: 'failed'; readonly title: string; readonly failure: Failure }
  /** What became of an effect, for the status line. */
  | { readonly type: 'said'; readonly words: string }
  /** Somebody wrote to the terminal that is ours. */
  | { readonly type: 'stray'; readonly lines: readonly string[] }
  /** A program that had the terminal is back. */
  | { readonly type: 'returned'; readonly what: 'editor' | 'shell' }
  /** Nobody listens to the keys any more. */
  | { readonly type: 'hung-up'; readonly run: string; readonly why: string }
  /** A signal wants us to end. */
  | { readonly type: 'end' };

export type Effect =
  | { readonly type: 'load'; readonly names: readonly DataName[] }
  | { readonly type: 'run'; readonly job: number; readonly argv: readonly string[] }
  | { readonly type: 'cancel'; readonly job: number }
  | { readonly type: 'read'; readonly view: number; readonly path: string }
  /** Looks for a line of a file that is not shown whole; `from` is where the first line to be looked at starts. */
  | {
      readonly type: 'find';
      readonly view: number;
      readonly path: string;
      readonly query: string;
      readonly from: number;
      readonly direction: 1 | -1;
    }
  | { readonly type: 'list'; readonly folder: string }
  | { readonly type: 'preview'; readonly path: string }
  | { readonly type: 'edit'; readonly path: string; readonly line?: number }
  | { readonly type: 'page'; readonly path: string }
  | { readonly type: 'shell'; readonly folder: string }
  | { readonly type: 'copy'; readonly text: string }
  /** To the console of a guest; the first opens the line to it. */
  | { readonly type: 'type'; readonly socket: string; readonly run: string; readonly bytes: string }
  | { readonly type: 'hang-up'; readonly run: string }
  /** Of the screen as it is. */
  | { readonly type: 'picture' }
  | { readonly type: 'redraw' }
  | { readonly type: 'suspend' }
  /** Jobs are stopped first. */
  | { readonly type: 'quit' };

export type Updated = readonly [State, readonly Effect[]];

export const defaultSettings: Settings = {
  series: '',
  payload: option.payload.default,
  pad: option.pad.default,
  used: option.used.default,
  clock: 'icount',
  memory: option.mem.default,
  formats: {},
  fragments: [],
};

export function initialState(given: Pick<State, 'width' | 'height' | 'look' | 'keys'>): State {
  return {
    ...given,
    now: 0,
    places: { root: '', runs: '' },
    focus: 'flows',
    panel: 'flows',
    selected: Object.fromEntries(panels.map(id => [id, { index: 0 }])) as unknown as State['selected'],
    early: [],
    answered: {},
    data: {},
    failures: {},
    settings: defaultSettings,
    marked: ['initramfs', 'userspace', 'kernelspace'],
    markedRuns: [],
    views: [],
    previewTop: 0,
    zoomed: false,
    jobs: [],
    errors: [],
    log: [],
    history: [],
    searched: '',
    nextId: 1,
    quitting: false,
  };
}
