// SPDX-License-Identifier: GPL-2.0-only
/** The programs initbench runs: which package has them, what needs them, what is lost without them. */

export interface Tool {
  readonly name: string;
  /** How it is called; absent when that is its name. */
  readonly command?: readonly string[];
  /** Package names. */
  readonly debian: string;
  readonly fedora: string;
  readonly version: readonly string[];
  readonly neededFor: string;
  /** What does not work without it. */
  readonly without: string;
  /** False: everything works, slower or with less. */
  readonly required: boolean;
  /** What installs it: `./setup.sh` what everybody needs, `./setup.sh --all` what few do. */
  readonly setup: './setup.sh' | './setup.sh --all';
}

const tool = (
  name: string,
  packages: readonly [debian: string, fedora: string],
  version: readonly string[],
  neededFor: string,
  without: string,
  required = true,
): Tool => ({
  ...{ name, debian: packages[0], fedora: packages[1], version, neededFor, without, required },
  setup: './setup.sh',
});

/** For guests of another architecture: large, and of no use to the rest. */
const foreign = (
  name: string,
  packages: readonly [debian: string, fedora: string],
  neededFor: string,
): Tool => ({
  ...tool(name, packages, ['--version'], neededFor, 'no --arch arm64', false),
  setup: './setup.sh --all',
});

/** git's own way to send, with what it needs of perl. */
const sendEmail: Tool = {
  ...{ name: 'git-send-email', debian: 'git-email libmailtools-perl', fedora: 'git-email' },
  command: ['perl'],
  version: [
    '-e',
    'require Mail::Address; my $p = `git --exec-path`; chomp $p; -x "$p/git-send-email" or exit 1; print `git version`',
  ],
  neededFor: 'send',
  without: 'nothing is sent; export works',
  required: false,
  setup: './setup.sh',
};

/** For the disk that firmware boots from. */
const diskMaker = (name: string, debian: string, version: readonly string[]): Tool => ({
  ...tool(name, [debian, debian], version, 'boot --via uefi', 'no boots through firmware', false),
  setup: './setup.sh --all',
});

/** What the kernel's own scripts import, from the distribution's python. */
const pythonModule = (module: string, fedora: string): Tool => ({
  ...{ name: `python3-${module}`, debian: `python3-${module}`, fedora },
  command: ['/usr/bin/python3'],
  version: ['-c', `import ${module}; print(${module}.__version__)`],
  neededFor: 'checkpatch: licences in SPDX tags',
  without: 'SPDX tags are not looked at',
  required: false,
  setup: './setup.sh',
});

const same = (name: string) => [name, name] as const;

export const tools: readonly Tool[] = [
  tool('git', ['git', 'git-core'], ['--version'], 'trees, series', 'nothing works'),
  tool('make', same('make'), ['--version'], 'kernel builds', 'no kernel can be built'),
  tool('gcc', same('gcc'), ['--version'], 'kernel builds, guest programs', 'nothing can be built'),
  tool('ld', same('binutils'), ['--version'], 'kernel builds', 'no kernel can be built'),
  tool('flex', same('flex'), ['--version'], 'kconfig', 'no kernel can be configured'),
  tool('bison', same('bison'), ['--version'], 'kconfig', 'no kernel can be configured'),
  tool('bc', same('bc'), ['--version'], 'kernel builds', 'no kernel can be built'),
  tool(
    'perl',
    ['perl', 'perl-interpreter'],
    ['-e', 'print "$^V\\n"'],
    'checkpatch',
    'patches are not checked',
  ),
  tool('sparse', same('sparse'), ['--version'], 'series check', 'no messages of sparse, no series check'),
  tool('python3', same('python3'), ['--version'], 'series check', 'no kernel-doc under W=1, no series check'),
  sendEmail,
  pythonModule('ply', 'python3-ply'),
  pythonModule('git', 'python3-GitPython'),
  tool(
    'ccache',
    same('ccache'),
    ['--version'],
    'kernel builds',
    'the patched kernel builds as slowly as the base',
    false,
  ),
  tool(
    'qemu-system-x86_64',
    ['qemu-system-x86', 'qemu-system-x86-core'],
    ['--version'],
    'boots',
    'nothing can be booted',
  ),
  foreign(
    'aarch64-linux-gnu-gcc',
    ['gcc-aarch64-linux-gnu libc6-dev-arm64-cross', 'gcc-aarch64-linux-gnu'],
    'arm64 kernels and guest programs',
  ),
  foreign('qemu-system-aarch64', ['qemu-system-arm', 'qemu-system-aarch64-core'], 'boots of arm64'),
  diskMaker('mkfs.vfat', 'dosfstools', []),
  diskMaker('mcopy', 'mtools', ['--version']),
  tool('mkfs.erofs', same('erofs-utils'), ['-V'], 'erofs formats', 'no userspace, no kernelspace flow'),
  tool('fsck.erofs', same('erofs-utils'), ['-V'], 'checking erofs images', 'no erofs image is trusted'),
  tool('mke2fs', same('e2fsprogs'), ['-V'], 'ext4 root file systems', 'no --rootfs'),
  tool('cpio', same('cpio'), ['--version'], 'staging erofs and ext4 images', 'no erofs, no ext4 image'),
  tool(
    'fakeroot',
    same('fakeroot'),
    ['--version'],
    'owners and device nodes in images',
    'no erofs, no ext4 image',
  ),
  tool('busybox', ['busybox-static', 'busybox'], ['--help'], 'payload busybox', 'no default payload'),
  tool('gzip', same('gzip'), ['--version'], 'cpio-gzip, cpio:FILE', 'no gzip'),
  tool('lz4', same('lz4'), ['--version'], 'cpio-lz4, cpio:FILE', 'no lz4'),
  tool('zstd', same('zstd'), ['--version'], 'cpio-zstd, cpio:FILE', 'no zstd'),
  tool('xz', ['xz-utils', 'xz'], ['--version'], 'source archives', 'trees from .tar.xz'),
  tool('tar', same('tar'), ['--version'], 'source archives', 'trees from archives'),
  tool(
    'apt-get',
    ['apt', 'apt'],
    ['--version'],
    'trees debian:..., payload debian',
    'no Debian sources',
    false,
  ),
  tool('dpkg-deb', ['dpkg', 'dpkg'], ['--version'], 'trees debian:...', 'no Debian sources', false),
  tool('mmdebstrap', same('mmdebstrap'), ['--version'], 'payload debian', 'no systemd payload', false),
];

/** Debian's and Fedora's package of a program, and what installs it; a program that is not in the table is its own
 *  package. */
export function packagesOf(name: string): readonly [debian: string, fedora: string, setup: string] {
  const found = tools.find(t => t.name === name);
  return found ? [found.debian, found.fedora, found.setup] : [name, name, './setup.sh'];
}
