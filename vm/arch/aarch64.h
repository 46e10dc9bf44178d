/* SPDX-License-Identifier: GPL-2.0-only */
/* arm64: entry point, system calls, virtual counter (ticks of CNTFRQ_EL0, not cycles), reset through the kernel. */
#ifndef ARCH_AARCH64_H
#define ARCH_AARCH64_H

#include <asm/unistd.h>
#include <linux/reboot.h>
#include <stdint.h>

/* The counter is read before anything else: its value is when the kernel handed over. */
#define DEFINE_START                                                                               \
	__asm__(".section .text.start,\"ax\"\n"                                                    \
		".globl _start\n"                                                                  \
		"_start:\n"                                                                        \
		"	isb\n"                                                                     \
		"	mrs	x1, cntvct_el0\n"                                                  \
		"	mov	x0, sp\n"                                                          \
		"	mov	x29, xzr\n"                                                        \
		"	mov	x30, xzr\n"                                                        \
		"	bl	start\n"                                                           \
		"	brk	#0\n"                                                              \
		".previous\n")

static inline long arch_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

static inline uint64_t arch_counter(void)
{
	uint64_t count;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory");
	return count;
}

/* Nanoseconds: what QEMU counts under icount at one per instruction, in steps of 16 at its 62.5 MHz. */
static inline uint64_t arch_reported(uint64_t count)
{
	uint64_t hertz;

	__asm__("mrs %0, cntfrq_el0" : "=r"(hertz));
	return count / hertz * 1000000000 + count % hertz * 1000000000 / hertz;
}

/* The firmware resets the machine, and only the kernel may ask it to: returns when that has failed. */
static inline void arch_reset(void)
{
	arch_syscall(__NR_reboot, (long)LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART, 0, 0, 0);
}

#endif
