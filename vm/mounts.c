// SPDX-License-Identifier: GPL-2.0-only
/* Mounting, waiting for a device without polling, and becoming another root. */
#include "mounts.h"

#include <asm-generic/errno.h>
#include <asm/statfs.h>
#include <linux/inotify.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/poll.h>
#include <linux/stat.h>
#include <linux/time_types.h>

#include "guest.h"
#include "report.h"

#define OPTION_BYTES 256 /* what fsconfig(2) takes as a value */
#define UNMOUNT_LAZILY 2 /* MNT_DETACH, which no UAPI header has */

static long set_option(int context, const char *option, size_t bytes)
{
	char key[OPTION_BYTES];
	char *value = NULL;

	if (bytes >= sizeof(key))
		return -E2BIG;
	for (size_t i = 0; i < bytes; i++) {
		key[i] = option[i];
		if (key[i] == '=' && !value) {
			key[i] = '\0';
			value = key + i + 1;
		}
	}
	key[bytes] = '\0';
	return sys(fsconfig, context, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value);
}

static long configure(int context, const char *source, const char *first, const char *options)
{
	long error = sys(fsconfig, context, FSCONFIG_SET_STRING, "source", source);

	if (error == 0 && first)
		error = sys(fsconfig, context, FSCONFIG_SET_FLAG, first, NULL);

	while (error == 0 && *options) {
		size_t bytes = 0;

		while (options[bytes] && options[bytes] != ',')
			bytes++;
		if (bytes)
			error = set_option(context, options, bytes);
		options += bytes + (options[bytes] == ',');
	}
	if (error == 0)
		error = sys(fsconfig, context, FSCONFIG_CMD_CREATE);
	return error;
}

static long make(const char *type, const char *source, const char *first, const char *options)
{
	long context = sys(fsopen, type, FSOPEN_CLOEXEC);
	long result;

	if (context < 0)
		return context;
	result = configure((int)context, source, first, options);
	if (result == 0)
		result = sys(fsmount, context, FSMOUNT_CLOEXEC);
	sys(close, context);
	return result;
}

long make_mount(const char *type, const char *source, const char *options)
{
	return make(type, source, NULL, options);
}

static bool exists(const char *path)
{
	return sys(faccessat, AT_FDCWD, path, 0) == 0;
}

/* `seconds` may be anything the user wrote: a century is for ever. */
static uint64_t deadline_in(uint64_t seconds)
{
	return boottime() + (seconds < 3000000000ull ? seconds : 3000000000ull) * SECOND;
}

static long wait_until(const char *path, uint64_t deadline)
{
	char folder[256];
	size_t slash = 0, i;
	long result = 0, notify;

	if (exists(path))
		return 0;
	for (i = 0; path[i]; i++) {
		if (i == sizeof(folder) - 1)
			return -ENAMETOOLONG;
		folder[i] = path[i];
		if (path[i] == '/')
			slash = i;
	}
	/* "/x" lies in "/"; "x" lies in no folder this program knows. */
	if (path[0] != '/')
		return -ENOENT;
	folder[slash ? slash : 1] = '\0';

	notify = sys(inotify_init1, IN_CLOEXEC | IN_NONBLOCK);
	if (notify < 0)
		return notify;
	result = sys(inotify_add_watch, notify, folder, IN_CREATE | IN_MOVED_TO);
	/* Looked at once more after the watch is set, or a node made in between would be missed. */
	while (result >= 0 && !exists(path)) {
		uint64_t now = boottime();
		struct pollfd event = { .fd = (int)notify, .events = POLLIN };
		struct __kernel_timespec left = {};

		if (now >= deadline) {
			result = -ETIMEDOUT;
			break;
		}
		left.tv_sec = (long long)((deadline - now) / SECOND);
		left.tv_nsec = (long long)((deadline - now) % SECOND);
		sys(ppoll, &event, 1, &left);
		sys(read, notify, scratch, sizeof(scratch));
	}
	sys(close, notify);
	return result < 0 ? result : 0;
}

long wait_for_path(const char *path, uint64_t seconds)
{
	return wait_until(path, deadline_in(seconds));
}

long make_device_mount(const char *type, const char *device, const char *options, uint64_t seconds)
{
	uint64_t deadline = deadline_in(seconds);
	long result = wait_until(device, deadline);

	if (result < 0)
		return result;
	/* A disk's node is made a moment before the disk can be opened; nothing announces the latter. */
	while ((result = make(type, device, "ro", options)) == -ENXIO && boottime() < deadline)
		sleep_for(SECOND / 1000);
	return result;
}

long attach(int mount, int at, const char *path)
{
	return sys(move_mount, mount, "", at, path, MOVE_MOUNT_F_EMPTY_PATH);
}

static bool lives_in_memory(int fd)
{
	struct statfs status = {};

	return sys(fstatfs, fd, &status) == 0 && (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC);
}

static uint64_t mount_of(int fd)
{
	struct statx status = {};

	sys(statx, fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status);
	return status.stx_mnt_id;
}

/* Removes what lies in a directory, but nothing of other mounts. Closes `folder`. */
static void empty(int folder, uint64_t mount, unsigned int depth)
{
	char entries[1024] __attribute__((aligned(8)));
	long bytes;

	while ((bytes = sys(getdents64, folder, entries, sizeof(entries))) > 0) {
		for (long at = 0; at < bytes;) {
			struct directory_entry *entry = (struct directory_entry *)(entries + at);
			long below;

			at += entry->bytes;
			if (same(entry->name, ".") || same(entry->name, ".."))
				continue;
			if (sys(unlinkat, folder, entry->name, 0) != -EISDIR || depth == 0)
				continue;
			below = sys(openat, folder, entry->name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (below < 0)
				continue;
			if (mount_of((int)below) != mount) {
				sys(close, below);
				continue;
			}
			empty((int)below, mount, depth - 1);
			sys(unlinkat, folder, entry->name, AT_REMOVEDIR);
		}
	}
	sys(close, folder);
}

void empty_root(int old)
{
	if (lives_in_memory(old))
		empty(old, mount_of(old), 64);
	else
		sys(close, old);
}

const char *become_root(int root, int dev)
{
	long old = sys(openat, AT_FDCWD, "/", O_DIRECTORY | O_CLOEXEC);
	/* On top of "/": this needs no directory, and it is where a root that cannot be replaced is hidden. */
	long error = attach(root, AT_FDCWD, "/");
	const char *how = "pivot_root";

	if (error == 0)
		error = sys(fchdir, root);
	if (error < 0) {
		report_error("move_mount", "/", error);
		return NULL;
	}
	if (dev >= 0) {
		error = attach(dev, root, "dev");
		if (error < 0 && error != -ENOENT)
			report_error("move_mount", "/dev", error);
	}
	/* pivot_root(2), "pivot_root(".", ".")": the old root then lies on top of the new one. */
	if (sys(pivot_root, ".", ".") == 0) {
		if (old >= 0)
			sys(close, old);
		error = sys(umount2, ".", UNMOUNT_LAZILY);
	} else {
		how = "move";
		if (old >= 0)
			empty_root((int)old);
		error = sys(chroot, ".");
	}
	if (error < 0) {
		report_error(how, "/", error);
		return NULL;
	}
	sys(chdir, "/");
	return how;
}
