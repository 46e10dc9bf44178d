// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first stage of the userspace flow, /init of a mini-initramfs: waits for the boot partition, mounts the
 * EROFS image on it, puts an overlay with a tmpfs over that, makes it the root and executes its init.
 * Parameters are environment variables, as for the probe:
 *
 *   INITBENCH_BOOT=device        the boot partition: /dev/pmem0, /dev/vda
 *   INITBENCH_BOOTFLAGS=options  for the image: dax=always
 *   INITBENCH_WAIT=seconds       how long the device may take to appear (10)
 *   INITBENCH_INIT=path          the payload's init (/init)
 *   INITBENCH_END=...            how to end the machine after a failure, as for the probe
 */
#include <asm-generic/errno-base.h>

#include "guest.h"
#include "mounts.h"
#include "report.h"

static void fail(const char *what, const char *path, long error) __attribute__((noreturn));
static void fail(const char *what, const char *path, long error)
{
	report_error(what, path, error);
	end_machine();
}

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

static int make_overlay(const char *device)
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

void program(int argc, char **argv, uint64_t counter)
{
	uint64_t boot = boottime();
	const char *device = setting("INITBENCH_BOOT", NULL), *init = setting("INITBENCH_INIT", "/init"), *how;
	const char *arguments[] = { init, NULL };
	int dev;

	(void)argc;
	(void)argv;
	if (sys(getpid) != 1) {
		report_error("not-init", NULL, -EPERM);
		sys(exit_group, 2);
	}
	open_console();
	fact("stage1");
	fact_times(counter, boot);
	fact_end();
	if (!device)
		fail("INITBENCH_BOOT", NULL, -EINVAL);

	dev = mount_at(make_mount("devtmpfs", "devtmpfs", ""), "/dev");
	reopen_console(dev);
	how = become_root(make_overlay(device), dev);
	if (!how)
		end_machine();
	fact("switch");
	fact_text("how", how);
	fact_times(arch_counter(), boottime());
	fact_end();

	fail("execve", init, sys(execve, init, arguments, environment));
}
