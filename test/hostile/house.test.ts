// SPDX-License-Identifier: GPL-2.0-only
/** The house itself: licences of every file and dependency, nothing that runs when a dependency is installed. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const files = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0').filter(Boolean);

/** Recorded or generated, data without comments, or prose under the licence of the whole. */
const without =
  /^(LICENSE|package(-lock)?\.json|tsconfig.*\.json|\.prettierrc\.json|\.prettierignore|\.gitignore|\.npmrc)$|\.md$|^test\/fixtures\/|^patches\/.*\.(patch|waivers)$|^patches\/[^/]+\/notes$|^vm\/recorded\.json$|^docs\/workbench\.svg$/;

test('every file names its licence', () => {
  const silent = files
    .filter(file => !without.test(file))
    .filter(
      file => !readFileSync(file, 'utf8').slice(0, 400).includes('SPDX-License-Identifier: GPL-2.0-only'),
    );
  expect(silent).toEqual([]);
});

interface Locked {
  readonly license?: string;
  readonly hasInstallScript?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Readonly<Record<string, Locked>>;
};
const dependencies = Object.entries(packages).filter(([name]) => name !== '');

test('dependencies are pinned by their digest, and those of the program run nothing when installed', () => {
  expect(dependencies.length).toBeGreaterThan(50);
  expect(dependencies.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([]);
  const scripts = dependencies.filter(([, { hasInstallScript, dev }]) => hasInstallScript && !dev);
  expect(scripts).toEqual([]);
});

test('dependencies of the program are under licences that SECURITY.md lists', () => {
  const listed = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'MIT-0'];
  const shipped = dependencies.filter(([, { dev }]) => !dev);
  expect(shipped.length).toBeGreaterThan(10);
  expect(shipped.filter(([, { license }]) => !listed.includes(license ?? ''))).toEqual([]);
});
