// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the ground of a boot costs here, so that figures can be read: as init of a guest, and as an ordinary program of
 * the host beside it.
 *
 *   INITBENCH_DRY=1    not as PID 1: measure and exit
 *   INITBENCH_END=...  how to end the machine, as for the probe
 *
 * One line, `cost`, in nanoseconds: `syscall`, one that does nothing; `fault`, the first touch of a page of anonymous
 * memory; `again`, the next one of the same page. Each is the least of some rounds: what disturbs only adds.
 */
#include <linux/mman.h>

#include "guest.h"
#include "report.h"

#define ROUNDS 5
#define CALLS 4000
#define PAGES 1024

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t calls(void)
{
	uint64_t start = boottime();

	for (int i = 0; i < CALLS; i++)
		sys(getppid);
	return (boottime() - start) / CALLS;
}

static uint64_t touches(volatile char *memory, size_t page)
{
	uint64_t start = boottime();

	for (size_t i = 0; i < PAGES; i++)
		memory[i * page]++;
	return (boottime() - start) / PAGES;
}

void program(int argc, char **argv, uint64_t counter)
{
	bool dry = same(setting("INITBENCH_DRY", "0"), "1");
	size_t page = page_size();
	uint64_t call = UINT64_MAX, fault = UINT64_MAX, again = UINT64_MAX;

	(void)argc;
	(void)argv;
	(void)counter;
	if (!dry)
		open_console();
	for (int i = 0; i < ROUNDS; i++) {
		long at = sys(mmap, NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at < 0 && at > -4096)
			fail("mmap", NULL, at);
		call = least(call, calls());
		fault = least(fault, touches((char *)at, page));
		again = least(again, touches((char *)at, page));
		sys(munmap, at, PAGES * page);
	}
	fact("cost");
	fact_number("syscall", call);
	fact_number("fault", fault);
	fact_number("again", again);
	fact_end();
	if (dry) {
		for (;;)
			sys(exit_group, 0);
	}
	fact("end");
	fact_times(arch_counter(), boottime());
	fact_end();
	end_machine();
}
