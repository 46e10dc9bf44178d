// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starting another kernel from this one: /boot/kernel with /boot/initrd and the words in /boot/cmdline.
 */
#include "check.h"

#include <linux/kexec.h>
#include <linux/reboot.h>

#include "../guest.h"
#include "../report.h"

/* Loads it; `load errno=...`. */
static long load(unsigned long flags)
{
	long kernel = sys(openat, AT_FDCWD, "/boot/kernel", O_RDONLY | O_CLOEXEC);
	long initrd = sys(openat, AT_FDCWD, "/boot/initrd", O_RDONLY | O_CLOEXEC);
	long bytes = read_text(AT_FDCWD, "/boot/cmdline"), error;

	/* Its length counts the NUL that ends it. */
	error = bytes < 0 ? bytes : sys(kexec_file_load, kernel, initrd, bytes + 1, scratch, flags);
	fact("load");
	fact_number("errno", error < 0 ? (uint64_t)-error : 0);
	fact_end();
	return error;
}

/* Straight into the other kernel. */
static void kexec(void)
{
	if (load(0) < 0)
		return;
	drain_console();
	report_error("kexec", NULL,
		     sys(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL));
}
CHECK("kexec", kexec);

/* This kernel dies, the other one captures: sysrq-trigger `c`. */
static void crash(void)
{
	long trigger;

	if (load(KEXEC_FILE_ON_CRASH) < 0)
		return;
	trigger = sys(openat, proc_folder(), "sysrq-trigger", O_WRONLY | O_CLOEXEC);
	drain_console();
	report_error("crash", "sysrq-trigger", trigger < 0 ? trigger : sys(write, trigger, "c", 1));
}
CHECK("crash", crash);
