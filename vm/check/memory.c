// SPDX-License-Identifier: GPL-2.0-only
/* What memory there is and who has it. */
#include "check.h"

#include "../facts.h"

/* `memory at=now`. */
static void memory(void)
{
	report_memory(proc_folder(), "now");
}
CHECK("memory", memory);
