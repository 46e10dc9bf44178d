// SPDX-License-Identifier: GPL-2.0-only
/*
 * What reading costs in memory.
 *
 *   INITBENCH_PATHS=/a,/b         the files that `read` and `map` use
 *   INITBENCH_RESIDENT=/a,/c      the files that `resident` counts the pages of (INITBENCH_PATHS)
 */
#include "check.h"

#include <linux/limits.h>
#include <linux/mman.h>
#include <linux/stat.h>

#include "../guest.h"
#include "../report.h"

static void read_file(const char *path)
{
	long fd = sys(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC), got = fd;
	uint64_t bytes = 0;

	while (fd >= 0 && (got = read_fully((int)fd, scratch, sizeof(scratch))) > 0)
		bytes += (uint64_t)got;
	if (fd >= 0)
		sys(close, fd);
	fact("read");
	fact_text("path", path);
	fact_number("bytes", bytes);
	fact_number("errno", got < 0 ? (uint64_t)-got : 0);
	fact_end();
}

/* Maps a whole file; its bytes, or -errno. */
static long map_file(const char *path, unsigned long *at)
{
	long fd = sys(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC), bytes = fd;
	struct statx status = {};

	if (fd < 0)
		return fd;
	bytes = sys(statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &status);
	if (bytes == 0) {
		*at = (unsigned long)sys(mmap, NULL, status.stx_size, PROT_READ, MAP_SHARED, fd, 0);
		bytes = *at > -4096ul ? (long)*at : (long)status.stx_size;
	}
	sys(close, fd);
	return bytes;
}

/* Reads a byte of each page through a mapping, and leaves the mapping in place. */
static void touch_file(const char *path)
{
	unsigned long at = 0;
	long bytes = map_file(path, &at);
	uint64_t sum = 0;

	for (long offset = 0; offset < bytes; offset += (long)page_size())
		sum += ((volatile unsigned char *)at)[offset];
	fact("mapped");
	fact_text("path", path);
	fact_number("bytes", bytes < 0 ? 0 : (uint64_t)bytes);
	fact_number("sum", sum);
	fact_number("errno", bytes < 0 ? (uint64_t)-bytes : 0);
	fact_end();
}

/*
 * mincore(2) asks the file that is really mapped; cachestat(2) would ask the overlay's own inode, which never
 * has a page.
 */
static void count_resident(const char *path)
{
	static unsigned char pages[65536];
	unsigned long at = 0;
	long bytes = map_file(path, &at), result = bytes;
	uint64_t present = 0, total = 0;

	for (unsigned long offset = 0; bytes > 0 && offset < (unsigned long)bytes;) {
		unsigned long piece = (unsigned long)bytes - offset;

		if (piece > sizeof(pages) * page_size())
			piece = sizeof(pages) * page_size();
		result = sys(mincore, at + offset, piece, pages);
		if (result < 0)
			break;
		for (size_t i = 0; i < (piece + page_size() - 1) / page_size(); i++, total++)
			present += pages[i] & 1;
		offset += piece;
	}
	if (bytes > 0)
		sys(munmap, at, bytes);
	fact("resident");
	fact_text("path", path);
	fact_number("pages", present);
	fact_number("of", total);
	fact_number("errno", result < 0 ? (uint64_t)-result : 0);
	fact_end();
}

static void read_files(void)
{
	each_path("INITBENCH_PATHS", read_file);
}
CHECK("read", read_files);

static void map_files(void)
{
	each_path("INITBENCH_PATHS", touch_file);
}
CHECK("map", map_files);

static void resident(void)
{
	each_path(*setting("INITBENCH_RESIDENT", "") ? "INITBENCH_RESIDENT" : "INITBENCH_PATHS", count_resident);
}
CHECK("resident", resident);

/* Lets go of clean pages, dentries and inodes: what stays has an owner. */
static void drop(void)
{
	long fd, result;

	sys(sync);
	fd = sys(openat, proc_folder(), "sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	result = fd < 0 ? fd : sys(write, fd, "3", 1);
	if (fd >= 0)
		sys(close, fd);
	report_result("dropped", NULL, result < 0 ? result : 0);
}
CHECK("drop", drop);
