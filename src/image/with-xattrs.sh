#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Gives files the extended attributes of a dump and runs a command on them: fakeroot remembers attributes for one
# process and its children only.
#
# usage: with-xattrs.sh DUMP COMMAND [ARGUMENT...]
set -eu
setfattr --no-dereference --restore="$1"
shift
exec "$@"
