// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe: runs as init, says when it was reached and what it finds, reads part of the payload, and then
 * moves to the real root, hands over to the next init, or ends the machine.
 *
 * It leaves the root as it found it: what it needs of proc and devtmpfs it mounts nowhere. Parameters are
 * environment variables, which is what the kernel makes of KEY=value on its command line:
 *
 *   INITBENCH_USED=10 or 1,10,50,100      percent of the payload's bytes to read (0)
 *   INITBENCH_SPIN=rounds                 a loop of that many rounds before the reading: a slow-down to be found
 *   INITBENCH_FILES=path                  the list of them (/.initbench/files)
 *   INITBENCH_ROOTFS=device               a file system to become, read-only, of INITBENCH_ROOTFSTYPE (ext4)
 *   INITBENCH_WAIT=seconds                how long that device may take to appear (10)
 *   INITBENCH_NEXT=path                   without a ROOTFS: the init to execute
 *   INITBENCH_NEXT_ENDS=1                 says `end` itself: handing over to it is not the end
 *   INITBENCH_LOADER=1                    report the boot loader's times (EFI variables)
 *   INITBENCH_END=reset or poweroff       how to end the machine (reset)
 *   INITBENCH_STARTED=counter,boottime    when init was reached: an init that has executed this program says so
 *   INITBENCH_DRY=1                       not as PID 1: report and read only, change nothing, exit
 */
#include <asm-generic/errno-base.h>
#include <linux/memfd.h>

#include "facts.h"
#include "guest.h"
#include "log.h"
#include "mounts.h"
#include "reading.h"
#include "report.h"

#ifndef MFD_EXEC /* headers before 6.3 */
#define MFD_EXEC 0x10u
#endif

static bool dry;

static void finish(void) __attribute__((noreturn));
static void finish(void)
{
	if (!dry)
		end_machine();
	for (;;)
		sys(exit_group, any_error());
}

/*
 * Executes a copy of this program that lies in no file system: a process keeps the file it runs from, and
 * with it the root it came from. Returns only on failure (reported).
 */
static void leave_image(int proc)
{
	static const char *const arguments[] = { "probe", "rootfs", NULL };
	long self = sys(openat, proc, "self/exe", O_RDONLY | O_CLOEXEC);
	long copy = sys(memfd_create, "probe", MFD_CLOEXEC | MFD_EXEC);
	long bytes = self < 0 ? self : read_fully((int)self, scratch, sizeof(scratch));

	if (copy == -EINVAL)
		copy = sys(memfd_create, "probe", MFD_CLOEXEC);
	if (bytes >= 0 && copy >= 0) {
		bytes = sys(write, copy, scratch, bytes);
		if (bytes >= 0)
			bytes = sys(execveat, copy, "", arguments, environment, AT_EMPTY_PATH);
	}
	report_error("copy", "/proc/self/exe", copy < 0 ? copy : bytes);
}

static uint64_t seconds_to_wait(void)
{
	const char *text = setting("INITBENCH_WAIT", "10");
	uint64_t seconds = 10;

	if (!take_number(&text, &seconds) || *text)
		report_error("INITBENCH_WAIT", setting("INITBENCH_WAIT", ""), -EINVAL);
	return seconds;
}

/* Makes `device` the root. Whatever fails is reported, and the machine ends. */
static void move_to_rootfs(int proc, const char *device)
{
	const char *type = setting("INITBENCH_ROOTFSTYPE", "ext4");
	uint64_t seconds = seconds_to_wait();
	long dev, root;
	const char *how;

	if (dry) {
		root = wait_for_path(device, seconds);
		if (root < 0)
			report_error("wait", device, root);
		else
			report_rootfs(type, "dry", arch_counter(), boottime());
		return;
	}
	dev = make_mount("devtmpfs", "devtmpfs", "");
	if (dev >= 0)
		reopen_console((int)dev);
	/* A root that has the device already, or cannot have a /dev: then this is no matter. */
	if (dev >= 0 && sys(faccessat, AT_FDCWD, device, 0) != 0) {
		sys(mkdirat, AT_FDCWD, "/dev", 0755);
		attach((int)dev, AT_FDCWD, "/dev");
	}
	root = make_device_mount(type, device, "", seconds);
	if (root < 0) {
		report_error("rootfs", device, root);
		return;
	}
	how = become_root((int)root, (int)dev);
	if (!how)
		return;
	report_rootfs(type, how, arch_counter(), boottime());
	report_memory(proc, "rootfs");
	report_mounts(proc, "mount-after");
	report_notes((int)dev);
}

static void execute_next(const char *path, bool ends)
{
	const char *arguments[] = { path, NULL };
	long error;

	if (ends) {
		fact("reached");
		fact_text("what", "own-init");
	} else {
		if (!dry)
			report_notes(-1);
		fact("end");
	}
	fact_times(arch_counter(), boottime());
	fact_end();
	error = sys(execve, path, arguments, environment);
	report_error("execve", path, error);
}

/* Takes over what an earlier init has noted; a text that is none is reported and changes nothing. */
static void take_start(const char *text, uint64_t *counter, uint64_t *boot)
{
	const char *at = text;
	uint64_t started, since;

	if (take_number(&at, &started) && *at++ == ',' && take_number(&at, &since) && !*at) {
		*counter = started;
		*boot = since;
	} else {
		report_error("INITBENCH_STARTED", text, -EINVAL);
	}
}

/* Does nothing for a while. */
static void spin(const char *text)
{
	const char *at = text;
	uint64_t rounds = 0;

	if (!take_number(&at, &rounds) || *at)
		report_error("INITBENCH_SPIN", text, -EINVAL);
	while (rounds--)
		__asm__ volatile("");
}

void program(int argc, char **argv, uint64_t counter)
{
	uint64_t boot = boottime();
	const char *device = setting("INITBENCH_ROOTFS", NULL), *next = setting("INITBENCH_NEXT", NULL);
	const char *started = setting("INITBENCH_STARTED", NULL);
	int proc;

	if (sys(getpid) != 1) {
		dry = same(setting("INITBENCH_DRY", "0"), "1");
		if (!dry) {
			report_error("not-init", NULL, -EPERM);
			sys(exit_group, 2);
		}
	} else {
		open_console();
	}
	/* Come back from leave_image(). */
	if (!dry && device && argc > 1 && same(argv[1], "rootfs")) {
		proc = open_proc(dry);
		move_to_rootfs(proc, device);
		finish();
	}

	if (started)
		take_start(started, &counter, &boot);
	fact("init");
	fact_times(counter, boot);
	fact_end();
	proc = open_proc(dry);
	report_root(proc);
	report_mounts(proc, "mount");
	report_memory(proc, "init");
	/* What is still to be sent would be sent during the reading. */
	drain_console();
	spin(setting("INITBENCH_SPIN", "0"));
	read_payload(setting("INITBENCH_FILES", "/.initbench/files"), setting("INITBENCH_USED", "0"));
	report_memory(proc, "used");

	if (device) {
		if (!dry)
			leave_image(proc);
		move_to_rootfs(proc, device);
	} else if (next) {
		execute_next(next, same(setting("INITBENCH_NEXT_ENDS", "0"), "1"));
	} else if (!dry) {
		report_notes(-1);
	}
	finish();
}
