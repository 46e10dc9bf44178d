// SPDX-License-Identifier: GPL-2.0-only
/** A repository of the kernel's size, synthesised with git fast-import: so many commits, so many files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { makefile, run } from '../tree/sample.ts';

const inFolder = 40;

/** 'd12/s3/f27.c': 40 folders in each, so that trees are as deep and wide as the kernel's. */
export const fileAt = (index: number): string => {
  const folder = Math.floor(index / inFolder);
  return `d${Math.floor(folder / inFolder)}/s${folder % inFolder}/f${index % inFolder}.c`;
};

const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;

/** Makes `folder` a repository whose branch master has that history; files of a kernel's top, too. */
export async function synthesise(
  folder: string,
  size: { readonly commits: number; readonly files: number },
  top: Readonly<Record<string, string>> = {},
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  run(folder, 'git', 'init', '-q', '-b', 'master');
  const importer = spawn('git', ['-C', folder, 'fast-import', '--quiet', '--done'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  let parts: string[] = [];
  let held = 0;
  const put = async (text: string) => {
    parts.push(text);
    held += text.length;
    if (held < 2 ** 20) return;
    const batch = parts.join('');
    [parts, held] = [[], 0];
    if (!importer.stdin.write(batch)) await once(importer.stdin, 'drain');
  };
  const commit = (number: number) =>
    `commit refs/heads/master\ncommitter A Developer <dev@example.org> ${1_000_000_000 + number * 60} +0000\n${data(`change ${number}`)}`;
  await put('feature done\n');
  await put(commit(0));
  const own = { Makefile: makefile(), Kbuild: 'obj-y += init/\n', Kconfig: 'mainmenu "Large"\n', ...top };
  for (const [file, text] of Object.entries(own)) await put(`M 100644 inline ${file}\n${data(text)}`);
  for (let index = 0; index < size.files; index++) {
    await put(`M 100644 inline ${fileAt(index)}\n${data(`int f${index};\nint g;\nint h;\n`)}`);
  }
  for (let number = 1; number < size.commits; number++) {
    // Spread over the files, never the same two in a row.
    const file = fileAt((number * 7919) % size.files);
    await put(`${commit(number)}M 100644 inline ${file}\n${data(`int f${number};\nint g;\nint h;\n`)}`);
  }
  await put('done\n');
  importer.stdin.end(parts.join(''));
  const [code] = (await once(importer, 'close')) as [number];
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
}
