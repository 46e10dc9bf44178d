// SPDX-License-Identifier: GPL-2.0-only
/*
 * Says on standard output that the boot has reached something, for what runs behind the probe: a unit of systemd
 * whose StandardOutput= is the console.
 *
 *   mark WHAT   `reached what=WHAT` and both clocks
 *   mark end    what the kernel and the boot loader have noted of the boot, then `end`; the machine goes on
 *
 * INITBENCH_NONCE, INITBENCH_LOADER and INITBENCH_DRY as for the probe; systemd hands them on with PassEnvironment=.
 */
#include <asm-generic/errno-base.h>

#include "guest.h"
#include "log.h"
#include "report.h"

void program(int argc, char **argv, uint64_t counter)
{
	uint64_t boot = boottime();

	if (argc != 2) {
		report_error("mark", NULL, -EINVAL);
		sys(exit_group, 2);
	}
	if (same(argv[1], "end")) {
		if (!same(setting("INITBENCH_DRY", "0"), "1"))
			report_notes(-1);
		fact("end");
		fact_times(arch_counter(), boottime());
	} else {
		fact("reached");
		fact_text("what", argv[1]);
		fact_times(counter, boot);
	}
	fact_end();
	for (;;)
		sys(exit_group, any_error());
}
