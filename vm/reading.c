// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads a given share of the payload.
 *
 * The list: first line `total BYTES`, then one absolute path per line, escaped as in /proc/mounts. The
 * checksum (checksum.h) goes on from file to file.
 */
#include "reading.h"

#include <asm-generic/errno.h>

#include "checksum.h"
#include "guest.h"
#include "report.h"

#define MOST_MARKS 16
#define PATH_BYTES 4096

struct mark {
	uint64_t percent, counter, boot, files, bytes, sum;
};

static uint64_t files, bytes, sum;

static char list_buffer[8192];
static size_t list_at, list_end;
static char path[PATH_BYTES];

static void read_file(void)
{
	/* Neither a link nor a pipe: the list names regular files, and nothing may block here. */
	long fd = sys(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	uint64_t length_of_file = 0;
	long got;

	if (fd < 0) {
		report_error("open", path, fd);
		return;
	}
	/* A short piece is the last one; asking again would only hear that. */
	do {
		got = read_fully((int)fd, scratch, sizeof(scratch));
		if (got < 0) {
			report_error("read", path, got);
			break;
		}
		sum = mix_bytes(sum, scratch, (size_t)got);
		length_of_file += (uint64_t)got;
	} while (got == sizeof(scratch));
	sys(close, fd);
	sum = mix(sum, length_of_file);
	bytes += length_of_file;
	files++;
}

/* The next line of the list in `path`, NUL-terminated: its bytes, -ENODATA at the end, -errno. */
static long next_line(int list)
{
	size_t count = 0;

	for (;;) {
		if (list_at == list_end) {
			long got = read_fully(list, list_buffer, sizeof(list_buffer));

			if (got < 0)
				return got;
			if (got == 0 && count == 0)
				return -ENODATA;
			if (got == 0)
				break;
			list_at = 0;
			list_end = (size_t)got;
		}
		char byte = list_buffer[list_at++];

		if (byte == '\n')
			break;
		if (count == sizeof(path) - 1)
			return -ENAMETOOLONG;
		path[count++] = byte;
	}
	path[count] = '\0';
	return (long)count;
}

/* `percent` of `total`, rounded up, without overflow. */
static uint64_t share(uint64_t total, uint64_t percent)
{
	return total / 100 * percent + (total % 100 * percent + 99) / 100;
}

static size_t parse_percents(const char *text, struct mark *marks)
{
	const char *at = text;
	size_t count = 0;

	while (count < MOST_MARKS && take_number(&at, &marks[count].percent) && marks[count].percent <= 100) {
		count++;
		if (*at == '\0')
			return count;
		if (*at++ != ',')
			break;
	}
	report_error("INITBENCH_USED", text, -EINVAL);
	return 0;
}

static void pass(struct mark *mark)
{
	mark->counter = arch_counter();
	mark->boot = boottime();
	mark->files = files;
	mark->bytes = bytes;
	mark->sum = sum;
}

static bool open_list(const char *name, int *list, uint64_t *total)
{
	long fd = sys(openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC), error = fd;
	const char *number = path + 6;

	if (fd >= 0) {
		error = next_line((int)fd);
		if (error >= 0 && !(starts_with(path, "total ") && take_number(&number, total) && !*number))
			error = -EINVAL;
	}
	if (error < 0)
		report_error("list", name, error);
	*list = (int)fd;
	return error >= 0;
}

void read_payload(const char *name, const char *percents)
{
	struct mark marks[MOST_MARKS] = {};
	size_t count = parse_percents(percents, marks), passed = 0;
	uint64_t start = arch_counter(), total = 0;
	int list = -1;
	bool more = false;

	/* Nothing to read needs no list. */
	while (passed < count && marks[passed].percent == 0)
		pass(&marks[passed++]);
	if (passed < count)
		more = open_list(name, &list, &total);
	while (more && passed < count) {
		long line;

		if (bytes >= share(total, marks[passed].percent)) {
			pass(&marks[passed++]);
			continue;
		}
		line = next_line(list);
		if (line < 0) {
			report_error(line == -ENODATA ? "short" : "list", name, line);
			more = false;
		} else {
			path[unescape(path, (size_t)line)] = '\0';
			read_file();
		}
	}
	while (passed < count)
		pass(&marks[passed++]);
	if (list >= 0)
		sys(close, list);

	fact("start-read");
	fact_number("tsc", arch_reported(start));
	fact_end();
	for (size_t i = 0; i < count; i++) {
		fact("used");
		fact_number("percent", marks[i].percent);
		fact_times(marks[i].counter, marks[i].boot);
		fact_number("files", marks[i].files);
		fact_number("bytes", marks[i].bytes);
		fact_hex("sum", marks[i].sum);
		fact_end();
	}
}
