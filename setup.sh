#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs what initbench needs and builds it; with --all also what guests of another architecture and the longest
# tests need. Idempotent; prints nothing when nothing is missing.
set -eu
all=
case "$#:${1-}" in
0:) ;;
1:--all) all=1 ;;
*) echo "usage: ./setup.sh [--all]" >&2; exit 2 ;;
esac
cd "$(dirname "$0")"

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 4; }

# Node: package.json's engines, checked here because npm only warns.
command -v node >/dev/null 2>&1 || die "node is missing: install Node.js 20.19 or newer"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
	die "node $(node --version) is too old: install Node.js 20.19 or newer"

# tool:debian-package:fedora-package, a header that stands for a -dev package, or a module of python or perl.
needed='
git:git:git-core
make:make:make
gcc:gcc:gcc
ld:binutils:binutils
flex:flex:flex
bison:bison:bison
bc:bc:bc
perl:perl:perl-interpreter
xz:xz-utils:xz
tar:tar:tar
gzip:gzip:gzip
lz4:lz4:lz4
zstd:zstd:zstd
cpio:cpio:cpio
fakeroot:fakeroot:fakeroot
ccache:ccache:ccache
busybox:busybox-static:busybox
qemu-system-x86_64:qemu-system-x86:qemu-system-x86-core
mkfs.erofs:erofs-utils:erofs-utils
fsck.erofs:erofs-utils:erofs-utils
mke2fs:e2fsprogs:e2fsprogs
setpriv:util-linux:util-linux
mkfs.cramfs:util-linux:util-linux
sparse:sparse:sparse
tmux:tmux:tmux
python3:python3:python3
python3-ply:python3-ply:python3-ply
python3-git:python3-git:python3-GitPython
git-send-email:git-email:git-email
perl-Mail/Address.pm:libmailtools-perl:perl-MailTools
perl-IO/Socket/SSL.pm:libio-socket-ssl-perl:perl-IO-Socket-SSL
perl-Authen/SASL.pm:libauthen-sasl-perl:perl-Authen-SASL
/usr/include/gelf.h:libelf-dev:elfutils-libelf-devel
/usr/include/openssl/ssl.h:libssl-dev:openssl-devel
/usr/include/stdio.h:libc6-dev:glibc-headers
'
# Debian only: payloads made from packages, sources from the archive.
debian_only='
mmdebstrap:mmdebstrap
newuidmap:uidmap
dpkg-deb:dpkg
apt-get:apt
'
# With --all, Debian only: arm64 guests on hosts that are something else.
foreign='
aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu
/usr/aarch64-linux-gnu/lib/libc.a:libc6-dev-arm64-cross
qemu-system-aarch64:qemu-system-arm
'
# With --all, Debian only: firmware, a boot loader, and what makes their disk.
firmware='
/usr/share/OVMF/OVMF_VARS_4M.fd:ovmf
/usr/lib/systemd/boot/efi/systemd-bootx64.efi:systemd-boot-efi
mkfs.vfat:dosfstools
mcopy:mtools
'
[ "$(uname -m)" != aarch64 ] || foreign='qemu-system-aarch64:qemu-system-arm'
# With --all, Debian only: what the mails have to get along with.
others='
b4:b4
'

have() {
	case "$1" in
	/*) [ -e "$1" ] ;;
	git-send-email) [ -x "$(git --exec-path 2>/dev/null)/git-send-email" ] ;;
	perl-*) perl -e 'require $ARGV[0]' "${1#perl-}" 2>/dev/null ;;
	python3-*) /usr/bin/python3 -c "import ${1#python3-}" 2>/dev/null ;;
	*) command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] ;;
	esac
}

if command -v apt-get >/dev/null 2>&1; then family=debian
elif command -v dnf >/dev/null 2>&1; then family=fedora
else family=other
fi

missing= packages=
for entry in $needed; do
	tool=${entry%%:*} rest=${entry#*:}
	have "$tool" && continue
	missing="$missing $tool"
	case $family in
	fedora) packages="$packages ${rest#*:}" ;;
	*) packages="$packages ${rest%%:*}" ;;
	esac
done
if [ $family = debian ]; then
	for entry in $debian_only ${all:+$foreign $firmware $others}; do
		have "${entry%%:*}" && continue
		missing="$missing ${entry%%:*}" packages="$packages ${entry#*:}"
	done
fi

if [ -n "$missing" ]; then
	sudo=
	if [ "$(id -u)" != 0 ]; then
		[ $family = other ] || command -v sudo >/dev/null 2>&1 ||
			die "missing:$missing; install as root:$packages"
		sudo=sudo
	fi
	case $family in
	debian)
		say "installing with ${sudo:+sudo }apt-get:$packages"
		export DEBIAN_FRONTEND=noninteractive
		# shellcheck disable=SC2086  # a list of words
		$sudo apt-get install -y -qq --no-install-recommends $packages >/dev/null 2>&1 || {
			$sudo apt-get update -qq >&2
			$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null ||
				die "apt-get could not install:$packages"
		}
		;;
	fedora)
		say "installing with ${sudo:+sudo }dnf:$packages"
		# shellcheck disable=SC2086
		$sudo dnf install -y -q $packages >&2 || die "dnf could not install:$packages"
		;;
	other)
		die "missing:$missing; install them with your package manager (Debian's names:$packages)"
		;;
	esac
fi

# npm packages: again when the lock file is not the one that was installed.
if ! cmp -s package-lock.json node_modules/.initbench-lock 2>/dev/null; then
	say "npm ci"
	npm ci --loglevel=error >&2
	cp package-lock.json node_modules/.initbench-lock
fi

# The TypeScript build: again when a source is newer than it.
if [ ! -e dist/.built ] || [ -n "$(find src package.json tsconfig.json tsconfig.build.json -newer dist/.built -print | head -n 1)" ]; then
	rm -rf dist
	node_modules/.bin/tsc -p tsconfig.build.json
	touch dist/.built
fi
