// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended attributes of files, before and after a copy to the upper layer.
 *
 *   INITBENCH_PATHS=/a,/b         as for `content`
 */
#include "check.h"

#include <linux/limits.h>

#include "../guest.h"
#include "../report.h"

static void fact_hexadecimal(const char *key, const char *bytes, size_t count)
{
	char text[512];

	for (size_t i = 0; i < count && i < sizeof(text) / 2; i++) {
		text[2 * i] = "0123456789abcdef"[(unsigned char)bytes[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	fact_bytes(key, text, 2 * count);
}

/* `xattr path=... name=... errno=... value=HEX`, one for each that can be seen; `xattrs path=... names=N`. */
static void report_xattrs(const char *path)
{
	static char names[4096], value[256];
	long bytes = sys(llistxattr, path, names, sizeof(names));
	uint64_t count = 0;

	for (long at = 0; at < bytes; at += (long)length(names + at) + 1) {
		long got = sys(lgetxattr, path, names + at, value, sizeof(value));

		fact("xattr");
		fact_text("path", path);
		fact_text("name", names + at);
		fact_number("errno", got < 0 ? (uint64_t)-got : 0);
		fact_hexadecimal("value", value, got < 0 ? 0 : (size_t)got);
		fact_end();
		count++;
	}
	fact("xattrs");
	fact_text("path", path);
	fact_number("errno", bytes < 0 ? (uint64_t)-bytes : 0);
	fact_number("names", count);
	fact_end();
}

/* The next of a list with commas into `path`; false at its end. */
static bool next_path(const char **list, char path[PATH_MAX])
{
	size_t bytes = 0;

	while ((*list)[bytes] && (*list)[bytes] != ',' && bytes < PATH_MAX - 1) {
		path[bytes] = (*list)[bytes];
		bytes++;
	}
	path[bytes] = '\0';
	*list += bytes + ((*list)[bytes] == ',');
	return bytes > 0;
}

static void xattrs(void)
{
	const char *list = setting("INITBENCH_PATHS", "");
	static char path[PATH_MAX];

	while (next_path(&list, path))
		report_xattrs(path);
}
CHECK("xattrs", xattrs);

/* Makes the upper layer have a copy of each, by a new time stamp: `copy-up path=... errno=...`. */
static void copy_up(void)
{
	const char *list = setting("INITBENCH_PATHS", "");
	static char path[PATH_MAX];

	while (next_path(&list, path))
		report_result("copy-up", path, sys(utimensat, AT_FDCWD, path, NULL, 0));
}
CHECK("copy-up", copy_up);
