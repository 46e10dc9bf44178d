// SPDX-License-Identifier: GPL-2.0-only
/*
 * Init of the root file system that --rootfs leads to, for an initrd whose own init goes there: says when it was
 * reached and what is left of the initrd, as the probe does where it goes there itself, and ends the machine.
 * INITBENCH_NONCE, INITBENCH_LOADER, INITBENCH_END and INITBENCH_DRY as for the probe.
 */
#include <asm-generic/errno-base.h>

#include "facts.h"
#include "guest.h"
#include "log.h"
#include "report.h"

void program(int argc, char **argv, uint64_t counter)
{
	uint64_t boot = boottime();
	bool dry = sys(getpid) != 1 && same(setting("INITBENCH_DRY", "0"), "1");
	int proc;

	(void)argc;
	(void)argv;
	if (sys(getpid) != 1 && !dry) {
		report_error("not-init", NULL, -EPERM);
		sys(exit_group, 2);
	}
	if (!dry)
		open_console();
	proc = open_proc(dry);
	report_rootfs(root_type(proc), "switch-root", counter, boot);
	report_memory(proc, "rootfs");
	report_mounts(proc, "mount-after");
	if (!dry) {
		report_notes(-1);
		end_machine();
	}
	for (;;)
		sys(exit_group, any_error());
}
