// SPDX-License-Identifier: GPL-2.0-only
/*
 * The witness: runs as init, says what a requirement asks about the root it stands on, and ends the machine.
 * What it says are facts; whether they are good is decided by who reads them.
 *
 *   INITBENCH_CHECK=mounts,blocks         what to look at, in this order (vm/check/)
 *   INITBENCH_END=reset or poweroff       how to end the machine (reset)
 *   INITBENCH_DRY=1                       not as PID 1: for tests on the host, changes what the checks change
 */
#include <asm-generic/errno-base.h>
#include <linux/limits.h>

#include "check/check.h"
#include "facts.h"
#include "guest.h"
#include "mounts.h"
#include "report.h"

extern const struct check __start_checks[], __stop_checks[];

static bool dry;

static int folder_of(int *known, const char *type, const char *host)
{
	if (*known == 0) {
		long fd = dry ? sys(openat, AT_FDCWD, host, O_DIRECTORY | O_CLOEXEC) :
				make_mount(type, type, "");

		if (fd < 0)
			report_error("mount", type, fd);
		*known = (int)fd;
	}
	return *known;
}

int proc_folder(void)
{
	static int folder;

	return folder_of(&folder, "proc", "/proc");
}

int sys_folder(void)
{
	static int folder;

	return folder_of(&folder, "sysfs", "/sys");
}

long read_text(int folder, const char *path)
{
	long fd = sys(openat, folder, path, O_RDONLY | O_CLOEXEC), bytes = fd;

	if (fd >= 0) {
		bytes = read_fully((int)fd, scratch, sizeof(scratch) - 1);
		sys(close, fd);
	}
	scratch[bytes < 0 ? 0 : bytes] = '\0';
	return bytes;
}

void fact_names(const char *key, int folder, const char *path)
{
	static char names[8192];
	char entries[1024] __attribute__((aligned(8)));
	long fd = sys(openat, folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), bytes;
	size_t used = 0;

	while (fd >= 0 && (bytes = sys(getdents64, fd, entries, sizeof(entries))) > 0) {
		for (long at = 0; at < bytes;) {
			struct directory_entry *entry = (struct directory_entry *)(entries + at);
			size_t size = length(entry->name);

			at += entry->bytes;
			if (same(entry->name, ".") || same(entry->name, ".."))
				continue;
			if (used + size + 1 > sizeof(names))
				break;
			if (used)
				names[used++] = ',';
			memcpy(names + used, entry->name, size);
			used += size;
		}
	}
	fact_bytes(key, names, used);
	if (fd < 0)
		fact_number("errno", (uint64_t)-fd);
	else
		sys(close, fd);
}

void report_result(const char *name, const char *path, long result)
{
	fact(name);
	if (path)
		fact_text("path", path);
	fact_number("errno", result < 0 ? (uint64_t)-result : 0);
	if (result > 0)
		fact_number("result", (uint64_t)result);
	fact_end();
}

void each_path(const char *name, void (*use)(const char *path))
{
	const char *list = setting(name, "");
	char path[PATH_MAX];

	while (*list) {
		size_t bytes = 0;

		while (list[bytes] && list[bytes] != ',' && bytes < sizeof(path) - 1) {
			path[bytes] = list[bytes];
			bytes++;
		}
		path[bytes] = '\0';
		use(path);
		list += bytes + (list[bytes] == ',');
	}
}

uint64_t number_setting(const char *name, uint64_t otherwise)
{
	const char *text = setting(name, "");
	uint64_t number = otherwise;

	if (*text && (!take_number(&text, &number) || *text))
		report_error(name, setting(name, ""), -EINVAL);
	return number;
}

/* Runs the check whose name is the first `bytes` of `name`. */
static void run_check(const char *name, size_t bytes)
{
	for (const struct check *check = __start_checks; check < __stop_checks; check++) {
		if (length(check->name) != bytes || !starts_with(name, check->name))
			continue;
		fact("check");
		fact_text("name", check->name);
		fact_end();
		check->run();
		return;
	}
	report_error("check", name, -ENOENT);
}

void program(int argc, char **argv, uint64_t counter)
{
	uint64_t boot = boottime();
	const char *list = setting("INITBENCH_CHECK", "");

	(void)argc;
	(void)argv;
	dry = sys(getpid) != 1 && same(setting("INITBENCH_DRY", "0"), "1");
	if (!dry && sys(getpid) != 1) {
		report_error("not-init", NULL, -EPERM);
		sys(exit_group, 2);
	}
	if (!dry)
		open_console();
	fact("init");
	fact_times(counter, boot);
	fact_end();
	while (*list) {
		size_t bytes = 0;

		while (list[bytes] && list[bytes] != ',')
			bytes++;
		run_check(list, bytes);
		list += bytes + (list[bytes] == ',');
	}
	if (!dry)
		end_machine();
	for (;;)
		sys(exit_group, any_error());
}
