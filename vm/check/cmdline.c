// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel was told, by the loader and by a bootconfig, and the ACPI tables it has. */
#include "check.h"

#include "../guest.h"
#include "../report.h"

static void fact_file(const char *key, int folder, const char *path)
{
	long bytes = read_text(folder, path);

	fact_bytes(key, scratch, bytes < 0 ? 0 : (size_t)bytes);
}

/* `told cmdline=... bootconfig=...` */
static void told(void)
{
	fact("told");
	fact_file("cmdline", proc_folder(), "cmdline");
	fact_file("bootconfig", proc_folder(), "bootconfig");
	fact_end();
}
CHECK("told", told);

/* `acpi tables=DSDT,...` */
static void acpi(void)
{
	fact("acpi");
	fact_names("tables", sys_folder(), "firmware/acpi/tables");
	fact_end();
}
CHECK("acpi", acpi);
