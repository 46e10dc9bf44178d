#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs what initbench needs and builds it; with --test also what its tests need, with --all also what guests of
# another architecture, boots through firmware and the longest tests need. Idempotent; prints nothing when nothing is
# missing. What cannot work here is said first, before anything takes time.
set -eu
level=start
case "$#:${1-}" in
0:) ;;
1:--test) level=test ;;
1:--all) level=all ;;
*) echo "usage: ./setup.sh [--test | --all]" >&2; exit 2 ;;
esac
cd "$(dirname "$0")"

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 4; }
have_command() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ]; }

if have_command apt-get; then family=debian
elif have_command dnf; then family=fedora
else family=other
fi

# Node: package.json's engines, checked here because npm only warns.
node_needed=$(sed -n 's/.*"node": *">=\([0-9.]*\)".*/\1/p' package.json)
suffices() { [ "$(printf '%s\n%s\n' "$node_needed" "$1" | sort -V | head -n 1)" = "$node_needed" ]; }
node_source() {
	case $family in
	debian)
		offered=$(LC_ALL=C apt-cache policy nodejs 2>/dev/null | sed -n 's/^ *Candidate: //p')
		if [ -z "$offered" ] || [ "$offered" = '(none)' ]; then
			echo 'as root: apt-get update && apt-get install nodejs npm'
		elif suffices "$offered"; then
			echo 'as root: apt-get install nodejs npm'
		else
			# The distribution's own is too old; its npm can fetch Node's own build.
			echo "as root: $(have_command npm || echo 'apt-get install npm && ')npm install --global node@22"
		fi
		;;
	fedora) echo 'as root: dnf install nodejs npm' ;;
	other) echo 'install it with your package manager, or take the build that nodejs.org offers' ;;
	esac
}
if ! have_command node; then
	die "node is missing, and $node_needed or newer is needed; $(node_source)"
fi
node_found=$(node -p process.versions.node)
suffices "$node_found" || die "node $node_found is too old, $node_needed or newer is needed; $(node_source)"
have_command npm || die "npm is missing; $(node_source)"

# The place: kbuild splits paths at blanks and colons, and the first start needs room.
cache=${INITBENCH_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/initbench}
case $cache in
*[[:space:]:]*)
	die "kbuild cannot build in $cache: the path has a blank or a colon; set INITBENCH_CACHE to a folder without"
	;;
esac
# MiB: node_modules; and sources, two worktrees and two kernels (src/kernel/room.ts has the parts).
modules_need=250
start_needs=7000
require_room() { # FOLDER MIB WHAT ADVICE
	folder=$1
	while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
	free=$(df -Pk "$folder" | awk 'NR == 2 { print int($4 / 1024) }')
	[ "$free" -ge "$2" ] || die "$3 needs $2 MiB in $1, $free are free; $4"
}
[ -e node_modules/.initbench-lock ] || require_room "$PWD" $modules_need 'node_modules' 'free some space'
[ -d "$cache/kernels" ] || require_room "$cache" $start_needs 'the first start' 'free some space, or set INITBENCH_CACHE'

# tool:debian-package:fedora-package, a header that stands for a -dev package, or a module of python or perl.
# An empty package: the distribution has none.
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
getfattr:attr:attr
fakeroot:fakeroot:fakeroot
busybox:busybox-static:busybox
qemu-system-x86_64:qemu-system-x86:qemu-system-x86-core
mkfs.erofs:erofs-utils:erofs-utils
fsck.erofs:erofs-utils:erofs-utils
mke2fs:e2fsprogs:e2fsprogs
/usr/include/gelf.h:libelf-dev:elfutils-libelf-devel
/usr/include/openssl/ssl.h:libssl-dev:openssl-devel
/usr/include/stdio.h:libc6-dev:glibc-headers
'
# Everything works without these, slower or with less: installed along with what is needed, and never a reason to stop.
optional='
ccache:ccache:ccache
sparse:sparse:sparse
bzip2:bzip2:bzip2
lzop:lzop:lzop
python3:python3:python3
python3-ply:python3-ply:python3-ply
python3-git:python3-git:python3-GitPython
git-send-email:git-email:git-email
perl-Mail/Address.pm:libmailtools-perl:perl-MailTools
perl-IO/Socket/SSL.pm:libio-socket-ssl-perl:perl-IO-Socket-SSL
perl-Authen/SASL.pm:libauthen-sasl-perl:perl-Authen-SASL
bwrap:bubblewrap:bubblewrap
gcov:gcc:gcc
taskset:util-linux:util-linux
dpkg-deb:dpkg:
apt-get:apt:
mmdebstrap:mmdebstrap:
newuidmap:uidmap:
'
# The tests need these, and all of the above but ccache.
tests='
tmux:tmux:tmux
groff:groff-base:groff-base
mount:mount:util-linux
'
# With --all. arm64 guests on hosts that are something else:
foreign='
aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu:
/usr/aarch64-linux-gnu/lib/libc.a:libc6-dev-arm64-cross:
qemu-system-aarch64:qemu-system-arm:
'
[ "$(uname -m)" != aarch64 ] || foreign='qemu-system-aarch64:qemu-system-arm:'
# Firmware, a boot loader, and what makes their disk:
firmware='
/usr/share/OVMF/OVMF_VARS_4M.fd:ovmf:
/usr/lib/systemd/boot/efi/systemd-bootx64.efi:systemd-boot-efi:
mkfs.vfat:dosfstools:
mcopy:mtools:
'
# Where a boot spends its time:
profiles='
perf:linux-perf:perf
'
# What the mails have to get along with, and the shells that complete our words:
others='
b4:b4:
zsh:zsh:zsh
fish:fish:fish
'

have() {
	case "$1" in
	/*) [ -e "$1" ] ;;
	git-send-email) [ -x "$(git --exec-path 2>/dev/null)/git-send-email" ] ;;
	perl-*) perl -e 'require $ARGV[0]' "${1#perl-}" 2>/dev/null ;;
	python3-*) /usr/bin/python3 -c "import ${1#python3-}" 2>/dev/null ;;
	*) have_command "$1" ;;
	esac
}
# Tools of a list that are not here, as 'tool:package' words.
missing_of() {
	for entry in $1; do
		rest=${entry#*:}
		case $family in
		fedora) package=${rest#*:} ;;
		*) package=${rest%%:*} ;;
		esac
		[ -z "$package" ] || have "${entry%%:*}" || echo "${entry%%:*}:$package"
	done
}
packages_of() { printf '%s\n' "$@" | sed 's/.*://' | sort -u | tr '\n' ' ' | sed 's/ $//'; }
tools_of() { printf '%s\n' "$@" | sed 's/:[^:]*$//' | tr '\n' ' ' | sed 's/ $//'; }

case $level in
start) required=$needed ;;
test) required="$needed $tests $(printf '%s' "$optional" | grep -v '^ccache:')" ;;
all) required="$needed $tests $(printf '%s' "$optional" | grep -v '^ccache:') $foreign $firmware $profiles $others" ;;
esac

install_argv() {
	case $family in
	debian) echo "apt-get install --no-install-recommends $*" ;;
	fedora) echo "dnf install $*" ;;
	other) echo "your package manager (Debian's names: $*)" ;;
	esac
}
install_packages() {
	# shellcheck disable=SC2086  # a list of words
	case $family in
	debian) $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ;;
	fedora) $sudo dnf install -y -q "$@" >&2 ;;
	esac
}

# shellcheck disable=SC2086  # lists of words, throughout
{
	missing=$(missing_of "$required")
	if [ -n "$missing" ]; then
		extra=$(missing_of "$optional")
		line=$(install_argv $(packages_of $missing $extra))
		sudo=
		if [ "$(id -u)" != 0 ]; then
			# sudo asks for a password where somebody can type one.
			if ! have_command sudo || ! { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
				die "missing: $(tools_of $missing); as root: $line"
			fi
			sudo=sudo
		fi
		[ $family != other ] || die "missing: $(tools_of $missing); install them with $line"
		say "${sudo:+sudo }$line"
		if ! install_packages $(packages_of $missing $extra) 2>/dev/null; then
			[ $family != debian ] || $sudo apt-get update -qq >&2 || die "apt-get update failed"
			# What is only wanted must not be in the way of what is required.
			install_packages $(packages_of $missing $extra) ||
				install_packages $(packages_of $missing) || die "that failed: $line"
		fi
		for word in $missing; do
			have "${word%:*}" || die "${word%:*} is still missing: the package ${word##*:} of this system has none"
		done
	fi
}

# npm packages: again when the lock file is not the one that was installed.
if ! cmp -s package-lock.json node_modules/.initbench-lock 2>/dev/null; then
	say "npm ci"
	npm ci --loglevel=error >&2 || die "npm ci failed; run ./setup.sh again when its cause is gone"
	cp package-lock.json node_modules/.initbench-lock
fi

# The TypeScript build: again when a source is newer than it.
if [ ! -e dist/.built ] || [ -n "$(find src package.json tsconfig.json tsconfig.build.json -newer dist/.built -print | head -n 1)" ]; then
	rm -rf dist
	npm run --silent build >&2 || die "the TypeScript build failed"
	touch dist/.built
fi
