// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's log, syslog(2), and the variables of the boot loader interface. */
#include "log.h"

#include <asm-generic/errno-base.h>
#include <linux/fcntl.h>

#include "guest.h"
#include "mounts.h"
#include "report.h"

#define READ_ALL 3 /* SYSLOG_ACTION_READ_ALL, which no UAPI header has */

/* https://systemd.io/BOOT_LOADER_INTERFACE */
#define LOADER "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

static const char *const worth_telling[] = {
	"tsc: Detected ",
	"npacking initramfs",
	"to unpack rootfs image",
	"reeing initrd memory",
	"] initramfs: ",
	": mounted with root inode",
	"VFS: Mounted root",
	"as init process",
	"initbench: sync",
};

static bool holds(const char *line, size_t bytes, const char *text)
{
	for (size_t at = 0, size = length(text); at + size <= bytes; at++)
		if (starts_with(line + at, text))
			return true;
	return false;
}

static bool is_worth_telling(const char *line, size_t bytes)
{
	for (size_t i = 0; i < sizeof(worth_telling) / sizeof(*worth_telling); i++)
		if (holds(line, bytes, worth_telling[i]))
			return true;
	return false;
}

/* A line is `<PRIORITY>[ SECONDS] TEXT`, or `<PRIORITY>[ SECONDS][ CALLER] TEXT`. */
static void report_line(const char *line, size_t bytes)
{
	size_t from = 0, to, text;

	while (from < bytes && line[from] != '[')
		from++;
	while (++from < bytes && line[from] == ' ')
		;
	for (to = from; to < bytes && line[to] != ']'; to++)
		;
	for (text = to + 1; text < bytes && line[text] == '['; text++)
		while (text < bytes && line[text] != ']')
			text++;
	if (text++ >= bytes)
		return;
	fact("log");
	fact_bytes("at", line + from, to - from);
	fact_bytes("text", line + text, bytes - text);
	fact_end();
}

static void write_sync(int dev)
{
	static char line[96] = "<7>initbench: sync tsc=";
	size_t at = length(line);
	long log = sys(openat, dev, "kmsg", O_WRONLY | O_CLOEXEC);

	if (log < 0)
		return;
	at += put_number(line + at, arch_reported(arch_counter()));
	for (const char *key = " boottime="; *key;)
		line[at++] = *key++;
	at += put_number(line + at, boottime());
	/* Without this the kernel waits for more of the line, and shows it to nobody. */
	line[at++] = '\n';
	sys(write, log, line, at);
	sys(close, log);
}

static void report_log(int dev)
{
	int own = dev < 0 ? (int)make_mount("devtmpfs", "devtmpfs", "") : -1;
	long bytes;

	if (dev >= 0 || own >= 0)
		write_sync(dev < 0 ? own : dev);
	if (own >= 0)
		sys(close, own);
	/* The end of it, in whole lines. */
	bytes = sys(syslog, READ_ALL, scratch, sizeof(scratch) - 1);
	/* A kernel without a log has nothing to tell. */
	if (bytes < 0)
		return;
	scratch[bytes] = '\0';
	for (long start = 0, end; start < bytes; start = end + 1) {
		for (end = start; end < bytes && scratch[end] != '\n'; end++)
			;
		if (is_worth_telling(scratch + start, (size_t)(end - start)))
			report_line(scratch + start, (size_t)(end - start));
	}
}

/* A variable is four bytes of attributes and a number in UTF-16. */
static void report_time(int variables, const char *key, const char *name)
{
	char value[64], digits[32];
	size_t count = 0;
	long fd = sys(openat, variables, name, O_RDONLY | O_CLOEXEC);
	long bytes = fd;

	if (fd >= 0) {
		bytes = read_fully((int)fd, value, sizeof(value));
		sys(close, fd);
	}
	if (bytes < 0) {
		report_error("variable", name, bytes);
		return;
	}
	for (long at = 4; at + 1 < bytes && value[at] >= '0' && value[at] <= '9'; at += 2)
		digits[count++] = value[at];
	fact_bytes(key, digits, count);
}

static void report_loader(void)
{
	long variables = make_mount("efivarfs", "efivarfs", "");

	if (variables < 0) {
		report_error("efivarfs", NULL, variables);
		return;
	}
	fact("loader");
	report_time((int)variables, "init", "LoaderTimeInitUSec" LOADER);
	report_time((int)variables, "exec", "LoaderTimeExecUSec" LOADER);
	fact_end();
	sys(close, variables);
}

void report_notes(int dev)
{
	report_log(dev);
	if (same(setting("INITBENCH_LOADER", "0"), "1"))
		report_loader();
}
