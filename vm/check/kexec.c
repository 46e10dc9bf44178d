// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starting another kernel from this one: /boot/kernel with /boot/initrd and the words in /boot/cmdline.
 */
#include "check.h"

#include <linux/kexec.h>
#include <linux/reboot.h>

#include "../guest.h"
#include "../report.h"

/* Adds to the text in `scratch`, which has `bytes`; returns how many it has then. */
static long add(long bytes, const char *text)
{
	while (*text && bytes < SCRATCH_BYTES - 1)
		scratch[bytes++] = *text++;
	scratch[bytes] = '\0';
	return bytes;
}

/* The words for it in `scratch`: those in the file, and the nonce, since its lines belong to the same run. */
static long read_words(void)
{
	const char *nonce = setting("INITBENCH_NONCE", NULL);
	long bytes = read_text(AT_FDCWD, "/boot/cmdline");

	return bytes < 0 || !nonce ? bytes : add(add(bytes, " INITBENCH_NONCE="), nonce);
}

/* Loads it; `load errno=...`. */
static long load(unsigned long flags)
{
	long kernel = sys(openat, AT_FDCWD, "/boot/kernel", O_RDONLY | O_CLOEXEC);
	long initrd = sys(openat, AT_FDCWD, "/boot/initrd", O_RDONLY | O_CLOEXEC);
	long bytes = read_words(), error;

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
