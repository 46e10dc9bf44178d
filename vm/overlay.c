// SPDX-License-Identifier: GPL-2.0-only
/* An overlay over an EROFS image that lies on a device. */
#include "overlay.h"

#include <asm-generic/errno-base.h>

#include "guest.h"
#include "mounts.h"
#include "report.h"

static void make_folder(const char *path)
{
	long error = sys(mkdirat, AT_FDCWD, path, 0755);

	if (error < 0 && error != -EEXIST)
		fail("mkdir", path, error);
}

/* Attaches a mount, or the error of making it, at a directory that is made if need be. */
static int mount_at(long mount, const char *path)
{
	long error = mount;

	if (error >= 0) {
		make_folder(path);
		error = attach((int)mount, AT_FDCWD, path);
	}
	if (error < 0)
		fail("mount", path, error);
	return (int)mount;
}

static uint64_t seconds_to_wait(void)
{
	const char *text = setting("INITBENCH_WAIT", "10");
	uint64_t seconds;

	if (!take_number(&text, &seconds) || *text)
		fail("INITBENCH_WAIT", setting("INITBENCH_WAIT", ""), -EINVAL);
	return seconds;
}

int mount_dev(void)
{
	int dev = mount_at(make_mount("devtmpfs", "devtmpfs", ""), "/dev");

	reopen_console(dev);
	return dev;
}

int make_overlay(const char *device)
{
	long image = make_device_mount("erofs", device, setting("INITBENCH_BOOTFLAGS", ""), seconds_to_wait());
	long upper, overlay;

	if (image < 0)
		fail("boot-partition", device, image);
	image = mount_at(image, "/image");
	upper = mount_at(make_mount("tmpfs", "tmpfs", "mode=0755"), "/upper");
	make_folder("/upper/upper");
	make_folder("/upper/work");
	overlay = make_mount("overlay", "overlay", "lowerdir=/image,upperdir=/upper/upper,workdir=/upper/work");
	if (overlay < 0)
		fail("overlay", "/image", overlay);
	/* The overlay keeps what it needs; open descriptors would keep the rest. */
	sys(close, image);
	sys(close, upper);
	return (int)overlay;
}
