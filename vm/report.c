// SPDX-License-Identifier: GPL-2.0-only
/* The lines on the console, and the end of the machine. */
#include "report.h"

#include <asm-generic/errno-base.h>
#include <asm/ioctls.h>
#include <linux/reboot.h>

#include "guest.h"
#include "mounts.h"

/* One write per line keeps the kernel's messages out of it; longer ones go in pieces. */
static char line[2048];
static size_t line_bytes;
static bool errors;

static void flush(void)
{
	size_t done = 0;

	while (done < line_bytes) {
		long wrote = sys(write, 1, line + done, line_bytes - done);

		if (wrote <= 0)
			break;
		done += (size_t)wrote;
	}
	line_bytes = 0;
}

static void put(char byte)
{
	if (line_bytes == sizeof(line))
		flush();
	line[line_bytes++] = byte;
}

static void put_text(const char *text)
{
	while (*text)
		put(*text++);
}

static void put_key(const char *key)
{
	put(' ');
	put_text(key);
	put('=');
}

/* The nonce is what tells our lines from those that another program of the guest has made up. */
void fact(const char *name)
{
	const char *nonce = setting("INITBENCH_NONCE", NULL);

	put_text("initbench: ");
	put_text(name);
	if (nonce)
		fact_text("nonce", nonce);
}

void fact_number(const char *key, uint64_t value)
{
	char digits[20];
	size_t count = 0;

	do
		digits[count++] = (char)('0' + value % 10);
	while (value /= 10);
	put_key(key);
	while (count)
		put(digits[--count]);
}

void fact_hex(const char *key, uint64_t value)
{
	put_key(key);
	for (int shift = 60; shift >= 0; shift -= 4)
		put("0123456789abcdef"[value >> shift & 15]);
}

void fact_bytes(const char *key, const char *value, size_t bytes)
{
	put_key(key);
	for (size_t i = 0; i < bytes; i++) {
		unsigned char byte = (unsigned char)value[i];

		if (byte >= '!' && byte <= '~' && byte != '\\' && byte != '=') {
			put((char)byte);
		} else {
			put('\\');
			put((char)('0' + (byte >> 6)));
			put((char)('0' + (byte >> 3 & 7)));
			put((char)('0' + (byte & 7)));
		}
	}
}

void fact_text(const char *key, const char *value)
{
	fact_bytes(key, value, length(value));
}

void fact_times(uint64_t counter, uint64_t boot)
{
	fact_number("tsc", arch_reported(counter));
	fact_number("boottime", boot);
}

void fact_end(void)
{
	put('\n');
	flush();
}

void report_error(const char *what, const char *path, long error)
{
	errors = true;
	fact("error");
	fact_text("what", what);
	if (path)
		fact_text("path", path);
	fact_number("errno", (uint64_t)-error);
	fact_end();
}

bool any_error(void)
{
	return errors;
}

void reopen_console(int dev)
{
	long console = sys(openat, dev, "console", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (console < 0) {
		report_error("open", "/dev/console", console);
		return;
	}
	for (int fd = 0; fd <= 2; fd++)
		if (fd != console)
			sys(dup3, console, fd, 0);
		else
			sys(fcntl, fd, F_SETFD, 0);
	if (console > 2)
		sys(close, console);
}

void open_console(void)
{
	long dev;

	if (sys(ioctl, 1, TCGETS, scratch) == 0)
		return;
	dev = make_mount("devtmpfs", "devtmpfs", "");
	reopen_console(dev >= 0 ? (int)dev : AT_FDCWD);
	if (dev > 2)
		sys(close, dev);
}

void drain_console(void)
{
	sys(ioctl, 1, TCSBRK, 1);
}

void fail(const char *what, const char *path, long error)
{
	report_error(what, path, error);
	end_machine();
}

static void power_off(void)
{
	sys(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, NULL);
}

void end_machine(void)
{
	drain_console();
	fact("end");
	fact_times(arch_counter(), boottime());
	fact_end();
	drain_console();
	if (same(setting("INITBENCH_END", "reset"), "poweroff"))
		power_off();
	arch_reset();
	/* A real machine takes a moment to notice. */
	sleep_for(SECOND / 5);
	power_off();
	sys(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART, NULL);
	/* A machine that cannot be ended: the kernel's panic says so, waiting would say nothing. */
	for (;;)
		sys(exit_group, 1);
}
