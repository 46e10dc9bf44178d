#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# chroot.sh FOLDER UID COMMAND: a shell command in another Debian, with its own processes and mounts, this host's network
# and nothing of its environment but what reaches the network.
set -eu
folder=$1 uid=$2 command=$3
case ${INSIDE-} in
'') INSIDE=1 exec unshare --mount --pid --fork --kill-child --propagation private sh "$0" "$@" ;;
esac
# The root is a mount of its own, as it is in a container and on a machine.
mount --bind "$folder" "$folder"
mount -t proc proc "$folder/proc"
mount -t sysfs sysfs "$folder/sys"
mount --rbind /dev "$folder/dev"
cat /etc/resolv.conf > "$folder/etc/resolv.conf"
cat /etc/hosts > "$folder/etc/hosts"
home=$(awk -F: -v uid="$uid" '$3 == uid { print $6 }' "$folder/etc/passwd")
set -- PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME="$home" TERM=dumb LANG=C.UTF-8 CI=true
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
	eval "value=\${$name-}"
	[ -z "$value" ] || set -- "$@" "$name=$value"
done
# The host may trust authorities of its own.
authorities=/etc/ssl/certs/host.crt
[ ! -e "$folder$authorities" ] || set -- "$@" NODE_EXTRA_CA_CERTS=$authorities npm_config_cafile=$authorities
# No exec: this shell is the first process here, and waits for those that lose their parent.
env -i "$@" chroot --userspec="$uid:$uid" "$folder" sh -c "cd && $command"
exit $?
