// SPDX-License-Identifier: GPL-2.0-only
/** Where things are: the checkout, the cache, the state and the project's defaults; read once at the start. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import envPaths from 'env-paths';
import { parse as parseToml } from 'smol-toml';
import { z } from 'zod';
import { object, text } from './document.ts';
import { UserError } from './host/errors.ts';

const settingsSchema = z.strictObject({
  /** The tree `initbench start` prepares first. */
  tree: z.string().default('7.3'),
  /** The series compared with base. */
  series: z.string().default('initoverlayfs'),
  /** Where the named trees come from (see `initbench tree add`). */
  trees: z.record(z.string(), z.string()).default({}),
  /** Which tree a series is for; without an entry: `tree` above. */
  seriesTrees: z.record(z.string(), z.string()).default({}),
  /** Fragments of every kernel, by name, in order. */
  fragments: z.array(z.string()).default(['base', 'memmap']),
  /** Commits of a series that are not in patches/ yet are written there before a kernel of it is built or booted, as
   *  `series refresh` writes them. */
  refresh: z.boolean().default(false),
  /** Keys of the workbench in place of its own: [keys] boot = ["b", "C-b"], "flows.mark" = "m". */
  keys: z
    .record(
      z.string(),
      z
        .union([z.string(), z.array(z.string())])
        .transform(keys => (typeof keys === 'string' ? [keys] : keys)),
    )
    .default({}),
  /** How the workbench looks. */
  tui: z
    .strictObject({
      /** Borders and bars in ASCII; so they are where the locale is not UTF-8. */
      ascii: z.boolean().default(false),
      mouse: z.boolean().default(true),
    })
    .optional(),
});
export type Settings = z.infer<typeof settingsSchema>;

/** One value of the settings, and the file it is from. */
export const originSchema = object({
  /** 'tree', or of a table 'trees.7.3'. */
  key: text,
  value: z.unknown(),
  /** Undefined: no file sets it. */
  file: text.exactOptional(),
});
export type Origin = z.infer<typeof originSchema>;

/** Paths only; no methods. */
export interface Workspace {
  /** The initbench checkout: patches/, kconfigs/, vm/, initbench.toml. */
  readonly root: string;
  /** Sources, worktrees, build directories, kernels, payloads, images by digest; safe to delete. */
  readonly cache: string;
  /** The git repository, runs, reports: a person's work; never deleted without being asked. */
  readonly state: string;
  readonly settings: Settings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Nothing is fetched, checked out, built or packed: what is not there yet is an event `planned`, and its product
   *  stands for what there would be, with `notMade` in place of what only making it tells. */
  readonly dryRun?: true;
}

/** The digest, commit or path of something that a dry run has not made. */
export const notMade = 'not-made';

/** Folders of the workspace that several stages name. */
export const folders = {
  patches: (w: Workspace) => path.join(w.root, 'patches'),
  kconfigs: (w: Workspace) => path.join(w.root, 'kconfigs'),
  vm: (w: Workspace) => path.join(w.root, 'vm'),
  repository: (w: Workspace) => path.join(w.state, 'linux.git'),
  trees: (w: Workspace) => path.join(w.state, 'trees'),
  runs: (w: Workspace) => path.join(w.state, 'runs'),
  comparisons: (w: Workspace) => path.join(w.state, 'comparisons'),
  sweeps: (w: Workspace) => path.join(w.state, 'sweeps'),
  reports: (w: Workspace) => path.join(w.state, 'reports'),
  profiles: (w: Workspace) => path.join(w.state, 'profiles'),
  campaigns: (w: Workspace) => path.join(w.state, 'campaigns'),
  series: (w: Workspace) => path.join(w.state, 'series'),
  sources: (w: Workspace) => path.join(w.cache, 'sources'),
  debian: (w: Workspace) => path.join(w.cache, 'sources', 'debian'),
  worktrees: (w: Workspace) => path.join(w.cache, 'worktrees'),
  configs: (w: Workspace) => path.join(w.cache, 'configs'),
  kernels: (w: Workspace) => path.join(w.cache, 'kernels'),
  payloads: (w: Workspace) => path.join(w.cache, 'payloads'),
  images: (w: Workspace) => path.join(w.cache, 'images'),
  padded: (w: Workspace) => path.join(w.cache, 'padded'),
  ccache: (w: Workspace) => path.join(w.cache, 'ccache'),
} as const;

/** Reads environment and settings. @throws UserError on a setting that is unknown or of the wrong type */
export function openWorkspace(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  root: string = fileURLToPath(new URL('..', import.meta.url)),
): Workspace {
  const standard = envPaths('initbench', { suffix: '' });
  const cache = path.resolve(environment.INITBENCH_CACHE || standard.cache);
  const state = path.resolve(environment.INITBENCH_STATE || stateFolder(environment));
  for (const folder of [cache, state]) {
    try {
      mkdirSync(folder, { recursive: true });
    } catch (error) {
      throw new UserError(`cannot make ${folder}: ${(error as Error).message}`, {
        hint: 'set INITBENCH_CACHE and INITBENCH_STATE to folders you can write to',
        exitCode: 4,
      });
    }
  }
  return {
    root: path.resolve(root),
    cache,
    state,
    settings: settingsOf(readLayers(root, environment)),
    environment,
  };
}

function stateFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const base = environment.XDG_STATE_HOME || path.join(environment.HOME || homedir(), '.local', 'state');
  return path.join(base, 'initbench');
}

/** What a series says of itself in patches/<series>/series.toml; it beats initbench.toml. */
export const seriesFile = 'series.toml';
const seriesSchema = z.strictObject({
  /** The tree it is for. */
  tree: z.string(),
});

/** One file of settings, as it was written. */
interface Layer {
  readonly file: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The nearest one last: a person's own for all checkouts, the checkout's, that of each series. */
function readLayers(root: string, environment: Readonly<Record<string, string | undefined>>): Layer[] {
  const files = [path.join(configFolder(environment), 'config.toml'), path.join(root, 'initbench.toml')];
  const layers = files.map(file => ({ file, data: readToml(file, settingsSchema) }));
  for (const name of foldersIn(path.join(root, 'patches'))) {
    const file = path.join(root, 'patches', name, seriesFile);
    const { tree } = readToml(file, seriesSchema.partial());
    if (tree !== undefined) layers.push({ file, data: { seriesTrees: { [name]: tree } } });
  }
  return layers;
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The nearest value of each key; tables are merged key by key. */
function settingsOf(layers: readonly Layer[]): Settings {
  const merged: Record<string, unknown> = {};
  for (const { data } of layers) {
    for (const [key, value] of Object.entries(data)) {
      const before = merged[key];
      merged[key] = isTable(value) && isTable(before) ? { ...before, ...value } : value;
    }
  }
  return settingsSchema.parse(merged);
}

/** Each setting as it is in effect, and where it is from. @throws UserError as openWorkspace() */
export function originsOf({ root, environment }: Pick<Workspace, 'root' | 'environment'>): Origin[] {
  const layers = readLayers(root, environment);
  return Object.entries(settingsOf(layers)).flatMap(([name, value]) => {
    if (!isTable(value)) return [originOf(layers, name, value, ({ data }) => Object.hasOwn(data, name))];
    return Object.entries(value).map(([key, inner]) =>
      originOf(layers, `${name}.${key}`, inner, ({ data }) => Object.hasOwn(data[name] ?? {}, key)),
    );
  });
}

function originOf(
  layers: readonly Layer[],
  key: string,
  value: unknown,
  sets: (layer: Layer) => boolean,
): Origin {
  const layer = layers.findLast(sets);
  return { key, value, ...(layer && { file: layer.file }) };
}

function foldersIn(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter(entry => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

const configFolder = (environment: Readonly<Record<string, string | undefined>>): string =>
  path.join(environment.XDG_CONFIG_HOME ?? path.join(environment.HOME ?? '/', '.config'), 'initbench');

/** What stands in the file, without defaults; a file that is not there is an empty one. */
function readToml<Schema extends z.ZodObject>(file: string, schema: Schema): Partial<z.input<Schema>> {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  let data: unknown;
  try {
    data = parseToml(text);
  } catch (error) {
    throw new UserError(`${file}: ${(error as Error).message}`, { hint: 'correct the file' });
  }
  const result = schema.safeParse(data);
  if (result.success) return data as Partial<z.input<Schema>>;
  const issue = result.error.issues[0]!;
  throw new UserError(`${file}: ${issue.path.join('.') || 'file'}: ${issue.message}`, {
    hint: `the settings are ${Object.keys(schema.shape).sort().join(', ')}`,
  });
}

/** The error for a name that does not exist: the sorted list of what does. */
export function unknownName(kind: string, name: string, known: readonly string[]): UserError {
  const list = [...known].sort().join(', ');
  return new UserError(`no ${kind} is called '${name}'`, {
    hint: list ? `there is: ${list}` : `there is no ${kind} yet`,
  });
}
