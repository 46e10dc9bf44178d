// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leaving the first root for a real one, as an initramfs does in the end, and what is left behind. The program that
 * runs is a user of the old root too, so the new root's /init takes over.
 *
 *   INITBENCH_ROOT=/dev/vda       the disk with the new root, and the type of its file system
 *   INITBENCH_ROOT_TYPE=ext4
 *   INITBENCH_LEAVE=pivot         pivot_root(2) and a lazy umount, or `move`: MS_MOVE and chroot(2). A root that
 *                                 cannot be left by pivot_root(2) (rootfs, before it lay on a nullfs) is emptied
 *                                 and moved over, as switch_root does
 *   INITBENCH_CONSOLE=keep        descriptors 0 to 2 stay as the kernel opened them, which is what most programs do
 *   INITBENCH_THEN=mounts         INITBENCH_CHECK for the new root's /init
 *   INITBENCH_HOLD=/data/held     the file of the old root that `hold` keeps open
 */
#include "check.h"

#include <asm-generic/errno-base.h>
#include <linux/mount.h>

#include "../guest.h"
#include "../mounts.h"
#include "../report.h"

#define UNMOUNT_LAZILY 2 /* MNT_DETACH, which no UAPI header has */
#define DISK_SECONDS 20
/* Out of the way of what is opened in between. */
#define HELD_FD 100

static long move(void)
{
	long error = sys(mount, ".", "/", NULL, MS_MOVE, NULL);

	return error < 0 ? error : sys(chroot, ".");
}

static long pivot(const char **how)
{
	long old, error = sys(pivot_root, ".", ".");

	/* The old root lies on top of the new one now. */
	if (error >= 0)
		return sys(umount2, ".", UNMOUNT_LAZILY);
	if (error != -EINVAL)
		return error;
	*how = "switch";
	old = sys(openat, AT_FDCWD, "/", O_DIRECTORY | O_CLOEXEC);
	if (old < 0)
		return old;
	empty_root((int)old);
	return move();
}

static long mount_disk(void)
{
	long dev = make_mount("devtmpfs", "devtmpfs", ""), error = dev, root;

	/* An automatic mount may be there before us. */
	if (dev >= 0)
		error = attach((int)dev, AT_FDCWD, "/dev");
	if (error < 0)
		return error;
	sys(close, dev);
	root = make_device_mount(setting("INITBENCH_ROOT_TYPE", "ext4"), setting("INITBENCH_ROOT", "/dev/vda"), "",
				 DISK_SECONDS);
	if (root < 0)
		return root;
	error = attach((int)root, AT_FDCWD, "/mnt");
	sys(close, root);
	return error;
}

/* Executes /init of the new root, with INITBENCH_CHECK for it; returns the error. */
static long take_over(void)
{
	static char checks[1024] = "INITBENCH_CHECK=";
	static char *values[64];
	char *arguments[] = { (char *)"/init", NULL };
	const char *then = setting("INITBENCH_THEN", "mounts");
	size_t used = length(checks), count = 0;

	if (used + length(then) >= sizeof(checks))
		return -E2BIG;
	memcpy(checks + used, then, length(then) + 1);
	values[count++] = checks;
	for (char **entry = environment; *entry && count < 63; entry++)
		if (!starts_with(*entry, "INITBENCH_CHECK="))
			values[count++] = *entry;
	return sys(execve, "/init", arguments, values);
}

static void renew_console(void)
{
	long dev = make_mount("devtmpfs", "devtmpfs", "");

	if (dev < 0)
		return;
	reopen_console((int)dev);
	sys(close, dev);
}

/* `leave how=pivot errno=0`, then the new root's checks. */
static void leave(void)
{
	const char *how = setting("INITBENCH_LEAVE", "pivot");
	long error;

	/* Opened in the old root, descriptors 0 to 2 would keep it. */
	if (!same(setting("INITBENCH_CONSOLE", "reopen"), "keep"))
		renew_console();
	error = mount_disk();
	if (error >= 0)
		error = sys(chdir, "/mnt");
	if (error >= 0)
		error = same(how, "move") ? move() : pivot(&how);
	if (error >= 0)
		error = sys(chdir, "/");
	fact("leave");
	fact_text("how", how);
	fact_number("errno", error < 0 ? (uint64_t)-error : 0);
	fact_end();
	if (error >= 0)
		report_error("exec", "/init", take_over());
}
CHECK("leave", leave);

/* What is no longer used goes a moment later: mounts in a worker, a super block after a grace period. */
static void settle(void)
{
	sleep_for(SECOND / 2);
}
CHECK("settle", settle);

static void hold(void)
{
	const char *path = setting("INITBENCH_HOLD", "/data/held");
	long fd = sys(openat, AT_FDCWD, path, O_RDONLY), held = fd;

	if (fd >= 0) {
		held = sys(fcntl, fd, F_DUPFD, HELD_FD);
		sys(close, fd);
	}
	report_result("hold", path, held);
}
CHECK("hold", hold);

/* `held bytes=... errno=... content=...`: reads what is held from its start to its end. */
static void held(void)
{
	char first[64];
	size_t kept = 0;
	uint64_t bytes = 0;
	long got;

	while ((got = sys(read, HELD_FD, scratch, sizeof(scratch))) > 0) {
		if (bytes == 0) {
			kept = (size_t)got < sizeof(first) ? (size_t)got : sizeof(first);
			memcpy(first, scratch, kept);
		}
		bytes += (uint64_t)got;
	}
	fact("held");
	fact_number("bytes", bytes);
	fact_number("errno", got < 0 ? (uint64_t)-got : 0);
	fact_bytes("content", first, kept);
	fact_end();
}
CHECK("held", held);

static void release(void)
{
	report_result("release", NULL, sys(close, HELD_FD));
}
CHECK("release", release);
