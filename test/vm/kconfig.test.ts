// SPDX-License-Identifier: GPL-2.0-only
/** Fragments as the tree's own programs read them: merge_config.sh and scripts/kconfig/conf are the judge of every
 *  generated line, on a Kconfig with an option of each type and on the tree's own. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { UserError } from '../../src/host/errors.ts';
import { capture } from '../../src/host/exec.ts';
import { readEntries } from '../../src/kconfig/entries.ts';
import { formatFragment, mergeFragments, parseDotConfig, parseFragment } from '../../src/kconfig/fragment.ts';
import { isTaken, type OptionType } from '../../src/kconfig/value.ts';
import { prepareTree } from '../../src/tree/trees.ts';
import { worktreeAt } from '../../src/tree/worktree.ts';
import { signal, workspace } from './house.ts';

let source: string;
let scratch: string;
beforeAll(async () => {
  const tree = await productOf(prepareTree(workspace, workspace.settings.tree, signal));
  source = (await productOf(worktreeAt(workspace, tree, 'base', tree.commit, signal))).path;
  scratch = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
  await mkdir(path.join(scratch, 'build'));
  await make('tinyconfig');
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const make = (target: string) =>
  capture(['make', '-s', '-C', source, `O=${path.join(scratch, 'build')}`, target], { signal });

const types: readonly OptionType[] = ['bool', 'tristate', 'string', 'int', 'hex'];
/** Options of each type, half of the bools on by default, so that a line that is not read shows. */
const options = types.flatMap(type =>
  [0, 1, 2, 3].map(index => ({
    name: `${type.toUpperCase()}_${index}`,
    type,
    byDefault: byDefault(type, index),
  })),
);

function byDefault(type: OptionType, index: number): string {
  if (type === 'bool') return index % 2 === 0 ? 'n' : 'y';
  if (type === 'tristate') return ['n', 'm', 'y', 'm'][index]!;
  return { string: `"as it was ${index}"`, int: `${1000 + index}`, hex: `0xd${index}` }[type];
}

const kconfig = [
  'config MODULES\n\tdef_bool y\n\tmodules\n',
  ...options.map(
    ({ name, type, byDefault }) => `config ${name}\n\t${type} "${name}"\n\tdefault ${byDefault}\n`,
  ),
].join('\n');
const typeOf = (option: string) => options.find(({ name }) => option === `CONFIG_${name}`)?.type;

/** What the tree's programs make of fragments: each option as the final .config has it. */
async function judged(texts: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const folder = await mkdtemp(path.join(scratch, 'case-'));
  const at = (name: string) => path.join(folder, name);
  const files = texts.map((_, index) => at(`${index}.config`));
  for (const [index, text] of texts.entries()) await writeFile(files[index]!, text);
  await writeFile(at('Kconfig'), kconfig);
  await writeFile(at('.config'), '');
  await capture(
    [path.join(source, 'scripts/kconfig/merge_config.sh'), '-m', '-O', folder, at('.config'), ...files],
    {
      signal,
    },
  );
  await capture([path.join(scratch, 'build/scripts/kconfig/conf'), '--olddefconfig', at('Kconfig')], {
    signal,
    cwd: folder,
    env: { ...process.env, KCONFIG_CONFIG: at('.config') },
  });
  const final = parseDotConfig(await readFile(at('.config'), 'utf8'));
  await rm(folder, { recursive: true });
  return final;
}

const quoted = fc
  .array(fc.constantFrom('a', ' ', '#', '\\', '"', "'", '$(X)', '\\"', '\\\\', '\\n', 'é', '=', '\t', '%s'), {
    maxLength: 6,
  })
  .map(parts => `"${parts.join('')}"`);
const number = fc.oneof(
  fc.integer({ min: -99999, max: 99999 }).map(String),
  fc.integer({ min: 0, max: 0xffffff }).map(value => `0x${value.toString(16)}`),
  fc.constantFrom(
    '0',
    '-0',
    '007',
    '0X1F',
    '0xAbC',
    'ff',
    'FF',
    'face',
    '0x',
    '-',
    '--1',
    '+1',
    '1.5',
    '1e3',
    '0b1',
  ),
);
const behind = fc.constantFrom(
  '',
  '',
  '',
  ' ',
  '\t',
  ' # why',
  '# why',
  '\t# why',
  '  ',
  '"',
  ';',
  ' y',
  '\r',
);
const value = fc
  .tuple(
    fc.constantFrom('', '', '', '', ' ', '\t'),
    fc.oneof(
      fc.constantFrom(
        'y',
        'm',
        'n',
        'Y',
        'M',
        'N',
        'yes',
        'no',
        'module',
        'none',
        'true',
        '',
        '1',
        '"y"',
        "'y'",
        '""',
        '"',
        '"open',
        'bare',
      ),
      quoted,
      number,
    ),
    behind,
  )
  .map(parts => parts.join(''));
const name = fc.constantFrom(...options.map(each => `CONFIG_${each.name}`));
const unset = fc.constantFrom('', '', '', ' ', '\t', ' (to save space)', '.', ' # why', '\r');
const gap = fc.constantFrom(' ', ' ', ' ', '', '  ', '\t');
const line = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(name, value).map(([option, text]) => `${option}=${text}`) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(gap, name, unset)
      .map(([space, option, end]) => `#${space}${option} is not set${end}`),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(gap, name, value).map(([space, option, text]) => `#${space}${option}=${text}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '   ',
      '# a comment',
      '#',
      'CONFIG_NOT_KNOWN=y',
      '# CONFIG_NOT_KNOWN is not set',
    ),
  },
);
const fragment = fc
  .tuple(fc.array(line, { minLength: 3, maxLength: 10 }), fc.constantFrom('\n', '\n', '\r\n'), fc.boolean())
  .map(([lines, end, last]) => lines.join(end) + (last ? end : ''));

test('what we say is requested is what merge_config.sh and olddefconfig read', async () => {
  const seed = Number(process.env.INITBENCH_FUZZ_SEED ?? 15);
  const sets = fc.sample(fc.array(fragment, { minLength: 1, maxLength: 3 }), { seed, numRuns: 120 });
  let lines = 0;
  const differing: unknown[] = [];
  for (const texts of sets) {
    const final = await judged(texts);
    const { requested } = mergeFragments(
      texts.map((text, index) => parseFragment(text, `${index}`)),
      typeOf,
    );
    for (const { name, type, byDefault } of options) {
      const asked = requested.get(`CONFIG_${name}`)?.value;
      const read = asked !== undefined && isTaken(asked, type) ? asked : byDefault;
      const actual = final.get(`CONFIG_${name}`);
      if (actual !== read) differing.push({ name, read, actual, texts });
    }
    lines += texts.join('\n').split(/\n/).length;
  }
  expect(differing).toEqual([]);
  expect(lines).toBeGreaterThan(1000);
  process.stderr.write(
    `  ${lines} lines in ${sets.length} sets of fragments, ${differing.length} differences\n`,
  );
});

test('a line that we refuse is one that Kconfig does not read', async () => {
  const bad = fc.oneof(
    fc
      .tuple(fc.constantFrom(' ', '\t', '\ufeff', 'export ', 'config ', '-', '+', '> '), name, value)
      .map(([start, option, text]) => `${start}${option}=${text}`),
    name,
    fc.tuple(name, fc.constantFrom(' =y', ' y', ':y', ' = y', '-X=y', '.=y')).map(parts => parts.join('')),
    fc.constantFrom('PRINTK=y', 'config_bool_0=y', 'include other.config', 'y', '=y', 'CONFIG_=y'),
  );
  const lines = fc.sample(bad, { seed: 15, numRuns: 100 });
  for (const text of lines) {
    expect(() => parseFragment(`${text}\n`, 'f'), text).toThrow(UserError);
    const final = await judged([`${text}\n`]);
    for (const { name, byDefault } of options) expect(final.get(`CONFIG_${name}`), text).toBe(byDefault);
  }
  expect(lines).toHaveLength(100);
});

test('in the tree: hundreds of its options, as people write them and as we say they are requested', async () => {
  const dotConfig = () => readFile(path.join(scratch, 'build/.config'), 'utf8');
  const entries = await readEntries(source, 'x86');
  const prompted = [...entries].flatMap(([option, definitions]) => {
    const [first] = definitions;
    const type =
      first?.prompt && definitions.length === 1 && first.choice === undefined ? first.type : undefined;
    return type === undefined ? [] : [{ option: `CONFIG_${option}`, type }];
  });
  const some = fc.sample(fc.shuffledSubarray(prompted, { minLength: 600, maxLength: 600 }), {
    seed: 15,
    numRuns: 1,
  })[0]!;
  const written = some.map(({ option, type }, index) => {
    const end = ['', ' # as asked on the list', '\t', 'es'][index % 4]!;
    if (type === 'bool' || type === 'tristate')
      return [`${option}=y${end}`, `${option}=n${end}`, `# ${option} is not set`][index % 3]!;
    if (type === 'string') return `${option}="a \\"b\\" ${index}"${end}`;
    return `${option}=${index}${index % 8 === 0 ? end : ''}`;
  });
  const finals: string[] = [];
  const tiny = await dotConfig();
  const { requested } = mergeFragments([parseFragment(written.join('\n'), 'f')]);
  const said = formatFragment([...requested].map(([name, { value }]) => ({ name, value })));
  for (const text of [written.join('\n'), said]) {
    await writeFile(path.join(scratch, 'build/.config'), tiny);
    const file = path.join(scratch, 'f.config');
    await writeFile(file, text);
    const folder = path.join(scratch, 'build');
    await capture(
      [
        path.join(source, 'scripts/kconfig/merge_config.sh'),
        '-m',
        '-O',
        folder,
        path.join(folder, '.config'),
        file,
      ],
      {
        signal,
        cwd: source,
      },
    );
    await make('olddefconfig');
    finals.push(await dotConfig());
  }
  expect(written.length).toBe(600);
  expect(said).not.toBe(`${written.join('\n')}\n`);
  expect(finals[1]).toBe(finals[0]);
});
