// SPDX-License-Identifier: GPL-2.0-only
/** The programs initbench runs: which package has them, what needs them, what is lost without them, and how to see that
 *  one works. */

export interface Tool {
  readonly name: string;
  /** How it is called; absent when that is its name. */
  readonly command?: readonly string[];
  /** Package names. */
  readonly debian: string;
  readonly fedora: string;
  readonly version: readonly string[];
  /** A small piece of its work; absent when that it runs at all is all there is to see. */
  readonly use?: Use;
  readonly neededFor: string;
  /** What does not work without it. */
  readonly without: string;
  /** False: everything works, slower or with less. */
  readonly required: boolean;
  /** What installs it: `./setup.sh` what everybody needs, `./setup.sh --all` what few do. */
  readonly setup: './setup.sh' | './setup.sh --all';
}

/** In a folder of its own that has `file`, `folder/file`, and what the programs before it in the table have made. */
export interface Use {
  readonly argv: readonly string[];
  /** Its standard input, and the text of the file `input`. */
  readonly input?: string;
  /** A program that makes what it works on. */
  readonly after?: string;
}

type Packages = readonly [debian: string, fedora: string];
type More = Partial<Pick<Tool, 'command' | 'version' | 'use' | 'required' | 'setup'>>;

const tool = (
  name: string,
  [debian, fedora]: Packages,
  neededFor: string,
  without: string,
  more: More = {},
): Tool => ({
  ...{ name, debian, fedora, version: ['--version'], neededFor, without, required: true },
  setup: './setup.sh',
  ...more,
});

const same = (name: string): Packages => [name, name];

/** Works, as far as one can see, when this ends well. */
const use = (...argv: readonly string[]): More => ({ use: { argv } });
const feed = (input: string, ...argv: readonly string[]): More => ({ use: { argv, input } });

const optional: More = { required: false };
/** Large, and of no use to most. */
const rare: More = { required: false, setup: './setup.sh --all' };

const emptyMachine = (qemu: string): More =>
  feed('quit\n', qemu, ...['-nodefaults', '-machine', 'none', '-display', 'none', '-monitor', 'stdio']);

/** What the kernel's own scripts import, from the distribution's python. */
const pythonModule = (module: string, fedora: string): Tool =>
  tool(
    `python3-${module}`,
    [`python3-${module}`, fedora],
    'checkpatch: licences in SPDX tags',
    'SPDX tags are not checked',
    {
      command: ['/usr/bin/python3'],
      version: ['-c', `import ${module}; print(${module}.__version__)`],
      ...optional,
    },
  );

/** git's own way to send, with what it needs of perl. */
const sendEmail: Tool = tool(
  'git-send-email',
  ['git-email libmailtools-perl', 'git-email'],
  'send',
  'nothing is sent; export works',
  {
    command: ['perl'],
    version: [
      '-e',
      'require Mail::Address; my $p = `git --exec-path`; chomp $p; -x "$p/git-send-email" or exit 1; print `git version`',
    ],
    ...optional,
  },
);

export const tools: readonly Tool[] = [
  tool(
    'git',
    ['git', 'git-core'],
    'trees, series',
    'nothing works',
    use('git', 'init', '--quiet', 'repository'),
  ),
  tool(
    'make',
    same('make'),
    'kernel builds',
    'no kernel can be built',
    feed('all:\n\t@true\n', 'make', '-f', '-'),
  ),
  tool(
    'gcc',
    same('gcc'),
    'kernel builds, guest programs',
    'nothing can be built',
    feed(
      '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n',
      ...['gcc', '-x', 'c', '-o', 'program', '-'],
    ),
  ),
  tool(
    'ld',
    same('binutils'),
    'kernel builds',
    'no kernel can be built',
    use('ld', '-r', '-b', 'binary', '-o', 'file.o', 'file'),
  ),
  tool('flex', same('flex'), 'kconfig', 'no kernel can be configured', feed('%%\n', 'flex', '-t')),
  tool(
    'bison',
    same('bison'),
    'kconfig',
    'no kernel can be configured',
    feed('%%\nrule: ;\n', 'bison', '-o', 'grammar.c', 'input'),
  ),
  tool('bc', same('bc'), 'kernel builds', 'no kernel can be built', feed('1 + 1\n', 'bc', '-q')),
  tool('perl', ['perl', 'perl-interpreter'], 'kernel builds, checkpatch', 'no kernel can be built', {
    version: ['-e', 'print "$^V\\n"'],
  }),
  tool('sparse', same('sparse'), 'series check', 'no messages of sparse, no series check', {
    ...feed('static int one;\n', 'sparse', '-'),
    ...optional,
  }),
  tool(
    'python3',
    same('python3'),
    'series check, kunit, cpio:FILE',
    'no series check, no kunit, no archives packed with bzip2, lzma or xz',
    optional,
  ),
  sendEmail,
  pythonModule('ply', 'python3-ply'),
  pythonModule('git', 'python3-GitPython'),
  tool(
    'ccache',
    same('ccache'),
    'kernel builds',
    'the patched kernel builds as slowly as the base',
    optional,
  ),
  tool(
    'qemu-system-x86_64',
    ['qemu-system-x86', 'qemu-system-x86-core'],
    'boots',
    'nothing can be booted',
    emptyMachine('qemu-system-x86_64'),
  ),
  tool(
    'aarch64-linux-gnu-gcc',
    ['gcc-aarch64-linux-gnu libc6-dev-arm64-cross', 'gcc-aarch64-linux-gnu'],
    'arm64 kernels and guest programs',
    'no --machine arm64',
    {
      ...feed('int one;\n', 'aarch64-linux-gnu-gcc', '-x', 'c', '-c', '-o', 'unit.o', '-'),
      ...rare,
    },
  ),
  tool(
    'qemu-system-aarch64',
    ['qemu-system-arm', 'qemu-system-aarch64-core'],
    'boots of arm64',
    'no --machine arm64',
    { ...emptyMachine('qemu-system-aarch64'), ...rare },
  ),
  tool('mkfs.vfat', same('dosfstools'), 'boot --via uefi', 'no boots through firmware', {
    ...{ version: [], ...use('mkfs.vfat', '-C', 'disk.vfat', '64') },
    ...rare,
  }),
  tool('mcopy', same('mtools'), 'boot --via uefi', 'no boots through firmware', {
    use: { argv: ['mcopy', '-i', 'disk.vfat', 'file', '::'], after: 'mkfs.vfat' },
    ...rare,
  }),
  tool('perf', ['linux-perf', 'perf'], 'profile', 'no profiles', rare),
  tool('gcov', same('gcc'), 'series coverage', 'no coverage', optional),
  tool('taskset', same('util-linux'), '--machine um', 'no --machine um', optional),
  tool('bwrap', same('bubblewrap'), '--machine um', 'a guest of User-Mode Linux is not confined', optional),
  tool('mkfs.erofs', same('erofs-utils'), 'erofs formats', 'no userspace, no kernelspace flow', {
    version: ['-V'],
    ...use('mkfs.erofs', '-zlz4hc', 'image.erofs', 'folder'),
  }),
  tool('fsck.erofs', same('erofs-utils'), 'checking erofs images', 'no erofs image is trusted', {
    version: ['-V'],
    use: { argv: ['fsck.erofs', 'image.erofs'], after: 'mkfs.erofs' },
  }),
  tool('mke2fs', same('e2fsprogs'), 'ext4 root file systems', 'no --rootfs', {
    version: ['-V'],
    ...use('mke2fs', '-q', '-t', 'ext4', '-O', '^has_journal', '-d', 'folder', 'image.ext4', '256'),
  }),
  tool('mkfs.cramfs', same('util-linux'), 'the format cramfs', 'no R34 of initoverlayfs-demo', {
    version: ['-V'],
    ...use('mkfs.cramfs', 'folder', 'image.cramfs'),
    ...optional,
  }),
  tool(
    'getfattr',
    same('attr'),
    'payload dir:PATH',
    'no dir:PATH',
    use('getfattr', '--dump', '--match=-', 'file'),
  ),
  tool(
    'cpio',
    same('cpio'),
    'staging erofs and ext4 images',
    'no erofs, no ext4 image',
    feed('file\n', 'cpio', '-o', '-H', 'newc', '--quiet'),
  ),
  tool(
    'fakeroot',
    same('fakeroot'),
    'owners and device nodes in images',
    'no erofs, no ext4 image',
    use('fakeroot', '--', 'true'),
  ),
  tool('busybox', ['busybox-static', 'busybox'], 'payload busybox', 'no default payload', {
    version: ['--help'],
    ...use('busybox', 'true'),
  }),
  tool('gzip', same('gzip'), 'cpio-gzip, cpio:FILE', 'no gzip', use('gzip', '-c', 'file')),
  tool('lz4', same('lz4'), 'cpio-lz4, cpio:FILE', 'no lz4', use('lz4', '-q', '-c', 'file')),
  tool('zstd', same('zstd'), 'cpio-zstd, cpio:FILE', 'no zstd', use('zstd', '-q', '-c', 'file')),
  tool('xz', ['xz-utils', 'xz'], 'source archives', 'trees from .tar.xz', use('xz', '-c', 'file')),
  tool('tar', same('tar'), 'source archives', 'trees from archives', use('tar', '-cf', 'file.tar', 'file')),
  tool('bzip2', same('bzip2'), 'source archives', 'no trees from .tar.bz2', {
    ...use('bzip2', '-c', 'file'),
    ...optional,
  }),
  tool('lzop', same('lzop'), 'cpio:FILE', 'no archives packed with lzo', {
    ...use('lzop', '-c', 'file'),
    ...optional,
  }),
  tool('apt-get', same('apt'), 'trees debian:..., payload debian', 'no Debian sources', optional),
  tool('dpkg-deb', same('dpkg'), 'trees debian:...', 'no Debian sources', optional),
  tool('mmdebstrap', same('mmdebstrap'), 'payload debian', 'no systemd payload', optional),
];

/** Debian's and Fedora's package of a program, and what installs it; a program that is not in the table is its own
 *  package. */
export function packagesOf(name: string): readonly [debian: string, fedora: string, setup: string] {
  const found = tools.find(t => t.name === name);
  return found ? [found.debian, found.fedora, found.setup] : [name, name, './setup.sh'];
}
