// SPDX-License-Identifier: GPL-2.0-only
/* Mounts, block devices and EROFS instances: what the root stands on. */
#include "check.h"

#include "../facts.h"
#include "../guest.h"
#include "../report.h"

/* `root` and `mount` lines. */
static void mounts(void)
{
	report_root(proc_folder());
	report_mounts(proc_folder(), "mount");
}
CHECK("mounts", mounts);

/* A column of a file with a line per device, from the line behind `heading`. */
static void fact_column(const char *key, const char *file, const char *heading, unsigned int column)
{
	static char names[4096];
	size_t used = 0;
	const char *at;

	if (read_text(proc_folder(), file) < 0)
		return;
	for (at = scratch; *at && !starts_with(at, heading);) {
		while (*at && *at != '\n')
			at++;
		at += *at == '\n';
	}
	while (*at && *at != '\n')
		at++;
	while (*at) {
		size_t start;

		at += *at == '\n';
		for (unsigned int skip = column; skip; skip--) {
			while (*at == ' ')
				at++;
			while (*at && *at != ' ' && *at != '\n')
				at++;
		}
		while (*at == ' ')
			at++;
		if (used && used < sizeof(names))
			names[used++] = ',';
		start = used;
		while (*at && *at != '\n' && used < sizeof(names))
			names[used++] = *at++;
		if (used == start && used)
			used--;
		while (*at && *at != '\n')
			at++;
	}
	fact_bytes(key, names, used);
}

/* `devices`: /proc/partitions, /sys/block, the block majors of /proc/devices, /sys/fs/erofs; lists with commas. */
static void blocks(void)
{
	fact("devices");
	fact_column("partitions", "partitions", "major", 3);
	fact_names("block", sys_folder(), "block");
	fact_column("majors", "devices", "Block devices:", 1);
	fact_names("erofs", sys_folder(), "fs/erofs");
	fact_end();
}
CHECK("blocks", blocks);
