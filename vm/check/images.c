// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other EROFS mounts beside the root's: from a disk, from a file, from nothing, many at once. The payload has
 * /mnt/disk, /mnt/file, /mnt/none and /mnt/copy; the disk is /dev/vda.
 */
#include "check.h"

#include <asm-generic/errno-base.h>
#include <linux/signal.h>
#include <linux/wait.h>

#include "../guest.h"
#include "../mounts.h"
#include "../report.h"

static const char disk[] = "/dev/vda";
static const char copy[] = "/mnt/copy/image";

/* Makes a mount and attaches it; the error, or 0. */
static long mount_at(const char *type, const char *source, const char *options, const char *path)
{
	long mount = make_mount(type, source, options), error = mount;

	if (mount >= 0) {
		error = attach((int)mount, AT_FDCWD, path);
		sys(close, mount);
	}
	return error < 0 ? error : 0;
}

/* /dev with the disk in it. */
static long need_devices(void)
{
	static bool there;
	long error = 0;

	if (!there) {
		error = mount_at("devtmpfs", "devtmpfs", "", "/dev");
		there = error == 0;
	}
	return error ? error : wait_for_path(disk, 10);
}

/* The disk's bytes as a file of a ramfs: EROFS takes no file of a tmpfs. */
static long copy_disk(void)
{
	static bool there;
	long from, to, got, error;

	if (there)
		return 0;
	error = mount_at("ramfs", "ramfs", "", "/mnt/copy");
	if (error)
		return error;
	from = sys(openat, AT_FDCWD, disk, O_RDONLY | O_CLOEXEC);
	to = sys(openat, AT_FDCWD, copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (from < 0 || to < 0)
		return from < 0 ? from : to;
	while ((got = read_fully((int)from, scratch, sizeof(scratch))) > 0)
		if ((error = sys(write, to, scratch, got)) != got)
			return error < 0 ? error : -EIO;
	sys(close, from);
	sys(close, to);
	there = got == 0;
	return got;
}

/* `image-mount path=/mnt/disk`: from a block device. */
static void mount_disk(void)
{
	long error = need_devices();

	report_result("image-mount", "/mnt/disk", error ? error : mount_at("erofs", disk, "ro", "/mnt/disk"));
}
CHECK("mount-disk", mount_disk);

/* `image-mount path=/mnt/file`: from a file. */
static void mount_file(void)
{
	long error = need_devices();

	if (!error)
		error = copy_disk();
	report_result("image-mount", "/mnt/file", error ? error : mount_at("erofs", copy, "ro", "/mnt/file"));
}
CHECK("mount-file", mount_file);

/* `source-mount path=SOURCE`: names that might be taken for the image of the root. */
static void mount_names(void)
{
	static const char *const sources[] = { "initramfs", "initrd", "image", "none", "rootfs", "/dev/ram0", "" };

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		report_result("source-mount", sources[i], mount_at("erofs", sources[i], "ro", "/mnt/none"));
}
CHECK("mount-names", mount_names);

#define CHILDREN 4
#define ROUNDS 50

/* Mounts the disk's image over and over and looks for a file that is in it, and not in the root's. */
static int mount_often(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		long mount = make_mount("erofs", disk, "ro"), fd;

		if (mount < 0)
			return 1;
		fd = sys(openat, mount, "data/second", O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return 2;
		sys(close, fd);
		sys(close, mount);
	}
	return 0;
}

static uint64_t read_meanwhile;

static void read_through(const char *path)
{
	long fd = sys(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC), got;

	while (fd >= 0 && (got = read_fully((int)fd, scratch, sizeof(scratch))) > 0)
		read_meanwhile += (uint64_t)got;
	if (fd >= 0)
		sys(close, fd);
}

/* `race rounds=N failed=N read=BYTES`: mounts at once while the files of INITBENCH_PATHS are read from the root. */
static void mount_race(void)
{
	unsigned int failed = 0, started = 0;
	long error = need_devices();

	for (int child = 0; !error && child < CHILDREN; child++) {
		long id = sys(clone, SIGCHLD);

		if (id == 0)
			for (;;)
				sys(exit_group, mount_often());
		started += id > 0;
	}
	each_path("INITBENCH_PATHS", read_through);
	for (unsigned int ended = 0; ended < started; ended++) {
		int status = 0;

		sys(wait4, -1, &status, __WALL);
		failed += status != 0;
	}
	fact("race");
	fact_number("rounds", started * ROUNDS);
	fact_number("failed", failed);
	fact_number("read", read_meanwhile);
	fact_number("errno", error < 0 ? (uint64_t)-error : 0);
	fact_end();
}
CHECK("mount-race", mount_race);
