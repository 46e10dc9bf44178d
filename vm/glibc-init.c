// SPDX-License-Identifier: GPL-2.0-only
/*
 * An init as large as a small ordinary one: static, with the C library of the host's compiler. It notes the
 * counter and CLOCK_BOOTTIME at the first line of main() and leaves the reporting to the probe, so that what
 * is added to the probe's own figure is the exec of this file and the start of its library.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
static uint64_t counter(void)
{
	return __builtin_ia32_rdtsc();
}
#elif defined(__aarch64__)
static uint64_t counter(void)
{
	uint64_t count;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory");
	return count;
}
#endif

int main(int argc, char **argv)
{
	uint64_t count = counter();
	struct timespec boot = { 0 };
	char text[64];

	(void)argc;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	snprintf(text, sizeof(text), "%llu,%llu", (unsigned long long)count,
		 boot.tv_sec * 1000000000ull + (unsigned long long)boot.tv_nsec);
	setenv("INITBENCH_STARTED", text, 1);
	execv("/.initbench/probe", argv);
	perror("/.initbench/probe");
	return 1;
}
