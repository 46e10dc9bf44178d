// SPDX-License-Identifier: GPL-2.0-only
/** A boot to take along: kernel, images, the command, what it gave, and a script that boots them again and compares
 *  the digits. The script needs QEMU, a POSIX shell and coreutils, and nothing of initbench. */
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { list, number, object, text, texts } from '../document.ts';
import { marks } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { shellQuote } from '../host/exec.ts';
import { digestOfFile, exists } from '../host/files.ts';
import type { BootRun } from './boot.ts';
import { consoleLog } from './record.ts';

/** A mark and the guest's counter at it. */
const expectedSchema = object({
  /** 'init', 'used-10' */
  mark: text,
  counter: number,
});
export type Expected = z.infer<typeof expectedSchema>;

export const bundleSchema = object({
  folder: text,
  run: text,
  /** Names in the folder, sorted. */
  files: texts,
  bytes: number,
  /** What the boot has to give, in order. */
  expected: list(expectedSchema),
});
export type Bundle = z.infer<typeof bundleSchema>;

/** Writes the bundle into a folder that does not exist yet, or is empty.
 *  @throws UserError when the boot does not repeat, or its files are no longer in the cache */
export async function writeBundle(run: BootRun, folder: string): Promise<Bundle> {
  requireRepeatable(run);
  const { argv, files } = relocated(run);
  for (const { from } of files) {
    if (await exists(from)) continue;
    throw new UserError(`${from} is no longer there, which run ${run.id} booted`, {
      hint: 'the cache was cleaned; boot it again and make a bundle of that',
    });
  }
  if ((await readdir(folder).catch(() => [])).length > 0) {
    throw new UserError(`${folder} is not empty`, { hint: 'name another folder with --output' });
  }
  const expected = expectedOf(run);
  const entry = run.marks.kernel?.tsc ?? 0;
  await mkdir(folder, { recursive: true });
  const at = (name: string) => path.join(folder, name);
  for (const { from, to } of files) await copyFile(from, at(to), constants.COPYFILE_FICLONE);
  await copyFile(consoleLog(run.folder), at('expected-console.log'));
  const config = path.join(path.dirname(files[0]!.from), 'config');
  if (await exists(config)) await copyFile(config, at('kernel.config'));
  await writeFile(
    at('expected'),
    expected.map(({ mark, counter }) => `${mark} ${counter} ${counter - entry}\n`).join(''),
  );
  const sums: string[] = [];
  for (const name of (await readdir(folder)).sort()) sums.push(`${await digestOfFile(at(name))}  ${name}\n`);
  await writeFile(at('SHA256SUMS'), sums.join(''));
  await writeFile(at('README'), readmeOf(run));
  await writeFile(at('replay.sh'), replayScript(run, argv));
  await chmod(at('replay.sh'), 0o755);
  const names = (await readdir(folder)).sort();
  const sizes = await Promise.all(names.map(async name => (await stat(at(name))).size));
  return { folder, run: run.id, files: names, bytes: sizes.reduce((sum, size) => sum + size, 0), expected };
}

function requireRepeatable(run: BootRun): void {
  if (run.clock !== 'icount') {
    throw new UserError(`run ${run.id} was timed on the wall clock, which does not repeat`, {
      hint: 'bundle a boot of --clock icount',
    });
  }
  if (run.argv.some(word => word.startsWith('virtio-blk'))) {
    throw new UserError(`run ${run.id} has a virtio disk, whose latency is the host's: it does not repeat`, {
      hint: 'bundle a boot without --rootfs',
    });
  }
  if (!['ready', 'panic', 'incomplete'].includes(run.outcome.kind)) {
    throw new UserError(`run ${run.id} did not end by itself: ${run.outcome.kind}`, {
      hint: 'bundle one that did',
    });
  }
}

/** The run's command with its files in the bundle, its machine by the name that says which version it was, and
 *  without the console, which the script adds, and the sandbox, which not every QEMU has. The kernel is the first file. */
export function relocated({ argv, machine }: Pick<BootRun, 'argv' | 'machine'>): {
  readonly argv: readonly string[];
  readonly files: readonly { readonly from: string; readonly to: string }[];
} {
  const files: { from: string; to: string }[] = [];
  const place = (from: string, to: string) => {
    files.push({ from, to });
    return to;
  };
  let disks = 0;
  const whole: Readonly<Record<string, string>> = {
    ...{ '-kernel': 'kernel', '-initrd': 'initrd', '-dtb': 'machine.dtb', '-bios': 'firmware' },
  };
  const moved: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const [word, value] = [argv[at]!, argv[at + 1]];
    if (word === '-serial' || word === '-sandbox') at++;
    else if (whole[word] !== undefined) moved.push(word, place(argv[++at]!, whole[word]));
    else if (word === '-machine' && machine !== undefined) {
      moved.push(word, [machine, ...argv[++at]!.split(',').slice(1)].join(','));
    } else if ((word === '-device' || word === '-drive') && value !== undefined) {
      at++;
      moved.push(
        word,
        listItems(value)
          .map(item =>
            item.startsWith('file=') ? `file=${place(item.slice('file='.length), `disk${disks++}`)}` : item,
          )
          .map(item => item.replaceAll(',', ',,'))
          .join(','),
      );
    } else moved.push(word);
  }
  files.sort((a, b) => Number(b.to === 'kernel') - Number(a.to === 'kernel'));
  return { argv: moved, files };
}

/** Items of one of QEMU's option lists; a comma in a value is written twice. */
const listItems = (text: string): string[] =>
  text
    .replaceAll(',,', '\0')
    .split(',')
    .map(item => item.replaceAll('\0', ','));

/** The counter at each mark the guest reported, in order, as the script reads them from the console. */
export function expectedOf(run: Pick<BootRun, 'facts'>): Expected[] {
  const names: readonly string[] = marks;
  return run.facts.flatMap(({ name, values }) => {
    const counter = values.tsc;
    if (!names.includes(name) || counter === undefined || !/^\d{1,15}$/.test(counter)) return [];
    const percent = values.percent;
    return [{ mark: percent === undefined ? name : `${name}-${percent}`, counter: Number(counter) }];
  });
}

/** What our programs put into their lines, from the command line; '' in boots of before there was one. */
const nonceOf = (argv: readonly string[]): string =>
  [...argv.join(' ').matchAll(/INITBENCH_NONCE=([0-9a-f]+)/g)].at(-1)?.[1] ?? '';

/** One option and its value a line, as the command is read. */
function commandLines(argv: readonly string[]): string {
  const lines: string[] = [];
  for (const word of argv.slice(1)) {
    if (word.startsWith('-') || lines.length === 0) lines.push(shellQuote([word]));
    else lines[lines.length - 1] += ` ${shellQuote([word])}`;
  }
  return lines.map(line => `  ${line} \\\n`).join('');
}

/** POSIX sh; of programs only QEMU, and of coreutils timeout, sha256sum, mktemp, rm, dirname. */
export function replayScript(run: BootRun, argv: readonly string[]): string {
  const version = (run.qemuVersion ?? '').split(' ')[0]!;
  return `#!/bin/sh
# Boots what initbench booted as ${run.id} and compares the digits. Needs QEMU, a shell and coreutils.
# Exit code: 0 the same, 1 not the same, 2 it could not be booted. QEMU=... names another QEMU.
set -uf
cd "$(dirname "$0")" || exit 2
qemu=\${QEMU:-${argv[0]}}
command -v "$qemu" >/dev/null || { echo "$qemu is not installed; set QEMU to it" >&2; exit 2; }
sha256sum --check --quiet SHA256SUMS || exit 2
version=$("$qemu" --version) || exit 2
out=$(mktemp -d) || exit 2

timeout 1800 "$qemu" \\
${commandLines(argv)}  -chardev "file,id=console,path=$out/console.log" -serial chardev:console
code=$?
if [ $code -ne 0 ]; then
  echo "QEMU ended with $code; its console: $out/console.log" >&2
  exit 2
fi

# What the guest printed: initbench: used percent=10 ... tsc=310000000
# Lines without the nonce of its command line are not from initbench's programs.
cr=$(printf '\\r')
nonce=${nonceOf(argv)}
reported() {
  while IFS= read -r line; do
    line=\${line%"$cr"}
    case $line in *'initbench: '*) ;; *) continue ;; esac
    set -- \${line#*'initbench: '}
    mark=\${1-} counter= said=
    case $mark in ${marks.join('|')}) ;; *) continue ;; esac
    for word; do
      case $word in
        tsc=*) counter=\${word#tsc=} ;;
        percent=*) mark=$mark-\${word#percent=} ;;
        nonce=*) said=\${word#nonce=} ;;
      esac
    done
    [ "$said" = "$nonce" ] || continue
    case $mark$counter in *[!a-z0-9-]*) continue ;; esac
    [ -n "$counter" ] && echo "$mark $counter"
  done <"$out/console.log"
}
reported >"$out/reported"

# Counter at each mark, and instructions since start_kernel, which was entered at ${run.marks.kernel?.tsc ?? 0}
entry=${run.marks.kernel?.tsc ?? 0}
same=yes
printf '%-10s %16s %16s   instructions since start_kernel\\n' mark expected measured
exec 3<"$out/reported"
while read -r mark counter since; do
  IFS=' ' read -r got value <&3 || { got=nothing; value=$entry; }
  verdict=
  [ "$mark $counter" = "$got $value" ] || { same=no; verdict="  differs"; }
  printf '%-10s %16s %16s%s\\n' "$mark" "$since" "$((value - entry))" "$verdict"
done <expected
read -r more <&3 && { same=no; echo "more than expected: $more"; }
if [ "$(sha256sum <"$out/console.log")" = "$(sha256sum <expected-console.log)" ]; then
  echo 'console: identical'
else
  echo 'console: differs from expected-console.log'
fi

if [ $same = yes ]; then
  echo 'the same digits'
  rm -r "$out"
  exit 0
fi
echo 'NOT the same digits; the console is in' "$out"
case $version in
  *' version ${version}'*) ;;
  *) echo "recorded with QEMU ${version}, this is another one, whose firmware may take other steps before the kernel" ;;
esac
exit 1
`;
}

function readmeOf(run: BootRun): string {
  const { kernel, images, row, id, memoryMiB, qemuVersion } = run;
  return `One boot of initbench, to be repeated: ./replay.sh

run       ${id}
row       ${row}
kernel    ${kernel.name}, ${kernel.release}, ${kernel.digest}
config    ${kernel.configDigest}
${images.map(({ role, format, digest }) => `image     ${role}, ${format}, ${digest}`).join('\n')}
guest     ${memoryMiB} MiB, 1 CPU, ${run.machine ?? 'pc'}
QEMU      ${qemuVersion ?? ''}

QEMU counts the guest's instructions (-icount shift=0): its clock is the count, so the same machine gives the same
digits on any host. The guest reads its time stamp counter at each mark and prints it; replay.sh boots, reads what
was printed, and compares. "since start_kernel" takes off the counter at the kernel's entry, which initbench
measured with a debugger: it is in replay.sh. It is a count and no time.

expected              mark, counter, instructions since start_kernel
expected-console.log  what the boot printed
kernel.config         the kernel's configuration
SHA256SUMS            of the above, of kernel and images
`;
}
