// SPDX-License-Identifier: GPL-2.0-only
/* How much the root can take: of an overlay that is what its upper layer says. */
#include "check.h"

#include <asm/statfs.h>

#include "../guest.h"
#include "../report.h"

/* `space errno=0 block_bytes=... blocks=... left=... inodes=...`, as df(1) of the root. */
static void space(void)
{
	struct statfs status = {};
	long error = sys(statfs, "/", &status);

	fact("space");
	fact_number("errno", error < 0 ? (uint64_t)-error : 0);
	fact_number("block_bytes", (uint64_t)status.f_bsize);
	fact_number("blocks", (uint64_t)status.f_blocks);
	fact_number("left", (uint64_t)status.f_bfree);
	fact_number("inodes", (uint64_t)status.f_files);
	fact_end();
}
CHECK("space", space);
