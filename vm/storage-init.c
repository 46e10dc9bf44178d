// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first stage of the flows in user space, /init of a mini-initramfs: waits for the boot partition, mounts
 * the EROFS image on it, puts an overlay with a tmpfs over that, makes it the root and executes its init.
 * Parameters are environment variables, as for the probe:
 *
 *   INITBENCH_BOOT=path          the boot partition, /dev/pmem0 or /dev/vda, or a file with the image
 *   INITBENCH_LOOP=0             mounts such a file as it is, not through a loop device
 *   INITBENCH_BOOTFLAGS=options  for the image: dax=always
 *   INITBENCH_WAIT=seconds       how long the device may take to appear (10)
 *   INITBENCH_INIT=path          the payload's init (/init)
 *   INITBENCH_END=...            how to end the machine after a failure, as for the probe
 */
#include <asm-generic/errno-base.h>

#include "guest.h"
#include "loop.h"
#include "mounts.h"
#include "overlay.h"
#include "report.h"

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

	dev = mount_dev();
	if (is_file(device) && !same(setting("INITBENCH_LOOP", "1"), "0"))
		device = loop_device(device);
	how = become_root(make_overlay(device), dev);
	if (!how)
		end_machine();
	fact("switch");
	fact_text("how", how);
	fact_times(arch_counter(), boottime());
	fact_end();

	fail("execve", init, sys(execve, init, arguments, environment));
}
