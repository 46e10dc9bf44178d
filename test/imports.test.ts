// SPDX-License-Identifier: GPL-2.0-only
/** The import table of the house: which room may import what, and no circle between files. A wrong edge is a wrong arrow,
 *  not an exception to make. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const src = path.resolve('src');

interface Room {
  readonly packages: readonly string[];
  readonly ours: readonly string[];
  /** Types only. */
  readonly types?: readonly string[];
  /** Packages that one file of the room alone may import. */
  readonly only?: Readonly<Record<string, string>>;
}

const stages = [
  'tree',
  'series',
  'kconfig',
  'kernel',
  'image',
  'boot',
  'measure',
  'campaign',
  'evidence',
  'submit',
];
/** The stages before one. */
const before = (stage: string) => stages.slice(0, stages.indexOf(stage));
const table: Readonly<Record<string, Room>> = {
  'document.ts': { packages: ['zod'], ours: [] },
  'events.ts': { packages: ['zod'], ours: [] },
  'workspace.ts': { packages: ['zod', 'env-paths', 'smol-toml'], ours: ['host'] },
  'main.ts': { packages: [], ours: ['cli', 'commands', 'host', 'tui', 'workspace.ts'] },
  host: {
    packages: [],
    ours: ['events.ts'],
    only: { execa: 'exec.ts', 'simple-git': 'git.ts' },
  },
  mail: { packages: ['postal-mime', 'html-to-text', 'zod'], ours: ['host', 'events.ts'] },
  tree: { packages: ['zod'], ours: ['host', 'events.ts', 'workspace.ts'] },
  series: { packages: ['diff', 'zod'], ours: ['host', 'events.ts', 'workspace.ts', 'mail', 'tree'] },
  kconfig: { packages: ['zod'], ours: ['host', 'events.ts', 'workspace.ts', 'tree'] },
  kernel: { packages: ['zod'], ours: ['host', 'events.ts', 'workspace.ts', 'tree', 'series', 'kconfig'] },
  image: { packages: ['zod'], ours: ['host', 'events.ts', 'workspace.ts', 'kernel'] },
  boot: { packages: ['zod'], ours: ['host', 'events.ts', 'workspace.ts', 'kernel', 'image'] },
  measure: {
    packages: ['zod', 'simple-statistics', 'pure-rand', 'd3-scale', 'd3-shape', 'diff', 'csv-stringify'],
    ours: ['events.ts'],
    types: ['boot'],
  },
  campaign: { packages: ['zod'], ours: ['host', 'events.ts', 'workspace.ts', ...before('campaign')] },
  evidence: { packages: ['zod'], ours: ['host', 'events.ts', 'workspace.ts', ...before('evidence')] },
  store: { packages: ['zod'], ours: ['host', 'events.ts', 'workspace.ts', ...before('campaign')] },
  submit: {
    packages: ['zod'],
    ours: ['host', 'events.ts', 'workspace.ts', 'mail', 'tree', 'series', 'measure'],
    types: ['campaign'],
  },
  commands: { packages: ['zod'], ours: ['host', 'events.ts', 'workspace.ts', 'store', ...stages] },
  cli: {
    packages: ['commander'],
    ours: ['commands', 'events.ts', 'host'],
    types: ['workspace.ts', ...stages],
  },
  tui: {
    packages: [],
    ours: ['commands', 'events.ts'],
    types: ['workspace.ts', ...stages],
    only: { blessed: 'screen.ts', diff: 'diff.ts', 'string-width': 'cells.ts' },
  },
};

interface Edge {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function sourceFiles(): string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
}

function edgesOf(file: string): Edge[] {
  const text = readFileSync(path.join(src, file), 'utf8');
  const found = text.matchAll(
    /^\s*(?:import|export)\s+(type\s)?([^'"`;]*?from\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm,
  );
  return [...found].map(match => {
    const names = match[2] ?? '';
    const allTypes = /^\{[^}]*\}\s*from/.test(names.trim())
      ? names
          .slice(names.indexOf('{') + 1, names.indexOf('}'))
          .split(',')
          .filter(name => name.trim() !== '')
          .every(name => name.trim().startsWith('type '))
      : false;
    return { file, target: (match[3] ?? match[4])!, typeOnly: match[1] !== undefined || allTypes };
  });
}

const roomOf = (relative: string) => relative.split('/')[0]!;

function verdict({ file, target, typeOnly }: Edge): string | undefined {
  const room = roomOf(file);
  const rule = table[room];
  if (!rule) return `src/${room} is no room of the table`;
  if (target.startsWith('node:')) return undefined;
  if (!target.startsWith('.')) {
    const name = target.startsWith('@') ? target.split('/').slice(0, 2).join('/') : target.split('/')[0]!;
    if (rule.packages.includes(name) || rule.only?.[name] === path.basename(file)) return undefined;
    return `package ${name}`;
  }
  const to = roomOf(path.relative(src, path.resolve(src, path.dirname(file), target)));
  // What documents are made of is everybody's, as node: is.
  if (to === 'document.ts' || to === room || rule.ours.includes(to) || (typeOnly && rule.types?.includes(to)))
    return undefined;
  return `${to}${rule.types?.includes(to) ? ' (types only)' : ''}`;
}

describe('imports point one way', () => {
  test.each(sourceFiles())('%s', file => {
    const wrong = edgesOf(file)
      .map(edge => ({ edge, why: verdict(edge) }))
      .filter(({ why }) => why !== undefined)
      .map(({ edge, why }) => `${file} imports ${edge.target}: ${why}`);
    expect(wrong).toEqual([]);
  });

  test('the checker sees edges and judges them', () => {
    expect(edgesOf('main.ts').map(edge => edge.target)).toContain('./cli/run.ts');
    expect(verdict({ file: 'boot/x.ts', target: '../series/series.ts', typeOnly: true })).toBe('series');
    expect(verdict({ file: 'measure/x.ts', target: '../boot/boot.ts', typeOnly: false })).toBe(
      'boot (types only)',
    );
    expect(verdict({ file: 'measure/x.ts', target: '../boot/boot.ts', typeOnly: true })).toBeUndefined();
    expect(verdict({ file: 'host/files.ts', target: 'execa', typeOnly: false })).toBe('package execa');
    expect(verdict({ file: 'host/exec.ts', target: 'execa', typeOnly: false })).toBeUndefined();
  });
});

test('docs/design.md has the same table', () => {
  const rooms = (names: readonly string[] = []) => names.filter(name => !name.endsWith('.ts')).join(', ');
  const cells = Object.entries(table)
    .filter(([room]) => !room.endsWith('.ts') && room !== 'host')
    .map(([room, { ours, types }]) => [`\`${room}\``, rooms(ours), rooms(types)]);
  const printed = readFileSync('docs/design.md', 'utf8')
    .split('\n')
    .flatMap(line => {
      const row = /^\| (`[a-z]+`) +\|([^|]*)\|([^|]*)\|$/.exec(line);
      return row ? [row.slice(1).map(cell => cell.trim())] : [];
    });
  expect(new Set(printed)).toEqual(new Set(cells));
});

/** The files of src that a file imports, for values or for types: those that it names, and a folder that it registers. */
function neighboursOf(file: string): string[] {
  const resolved = (target: string) => path.relative(src, path.resolve(src, path.dirname(file), target));
  const named = edgesOf(file).flatMap(({ target }) => (target.startsWith('.') ? [resolved(target)] : []));
  const text = readFileSync(path.join(src, file), 'utf8');
  const registered = [...text.matchAll(/loadRegistry<\w+>\(new URL\('([^']+)'/g)].map(([, name]) =>
    resolved(name!),
  );
  return [...named, ...registered.flatMap(filesIn)];
}

const filesIn = (folder: string) =>
  readdirSync(path.join(src, folder))
    .map(name => path.join(folder, name))
    .filter(file => statSync(path.join(src, file)).isFile());

/** Circles of a graph, each as the path around it: empty only where there is none. */
function circlesIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, before: readonly string[]) => {
    if (before.includes(file)) found.push([...before.slice(before.indexOf(file)), file].join(' -> '));
    if (done.has(file) || before.includes(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...before, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return found;
}

describe('files import each other in no circle, not for types either', () => {
  const graph = new Map(sourceFiles().map(file => [file, neighboursOf(file)]));

  test('none is there', () => {
    expect(circlesIn(graph)).toEqual([]);
  });

  test('every import leads to a file of src, and the checker sees values, types and registries', () => {
    const lost = [...graph].flatMap(([file, next]) =>
      next.filter(to => !graph.has(to) && to.endsWith('.ts')).map(to => `${file}: ${to}`),
    );
    expect(lost).toEqual([]);
    expect(graph.get('boot/plan.ts')).toContain('image/pack.ts');
    expect(graph.get('boot/plan.ts')).toContain('boot/request.ts');
    expect(graph.get('boot/registry.ts')).toContain('boot/flow/floor.ts');
    expect(graph.get('commands/verbs.ts')).toContain('commands/schema.ts');
  });

  test('a circle is told as a path', () => {
    const made = (...edges: readonly (readonly [string, readonly string[]])[]) => circlesIn(new Map(edges));
    expect(made(['a', ['b', 'c']], ['b', ['c']], ['c', []])).toEqual([]);
    expect(made(['a', ['b']], ['b', ['c']], ['c', ['b']])).toEqual(['b -> c -> b']);
    expect(made(['a', ['a']])).toEqual(['a -> a']);
    expect(made(['a', ['b']], ['b', ['a']], ['c', ['d']], ['d', ['c']])).toEqual([
      'a -> b -> a',
      'c -> d -> c',
    ]);
  });
});

test('every source file names its licence and says in its first lines what it owns', () => {
  const without = sourceFiles().filter(file => {
    const lines = readFileSync(path.join(src, file), 'utf8')
      .split('\n')
      .filter(line => !line.startsWith('#!'));
    return !(lines[0]!.includes('SPDX-License-Identifier: GPL-2.0-only') && lines[1]!.startsWith('/** '));
  });
  expect(without).toEqual([]);
});

test('no test replaces a module: real parts only', () => {
  const tests = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter(file =>
    file.endsWith('.ts'),
  );
  const word = ['vi', 'mock('].join('.');
  expect(tests.filter(file => readFileSync(path.join('test', file), 'utf8').includes(word))).toEqual([]);
});
