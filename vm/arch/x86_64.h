/* SPDX-License-Identifier: GPL-2.0-only */
/* x86-64: entry point, system calls, time stamp counter, reset through the keyboard controller. */
#ifndef ARCH_X86_64_H
#define ARCH_X86_64_H

#include <asm/unistd.h>
#include <stdint.h>

/* The counter is read before anything else: its value is when the kernel handed over. */
#define DEFINE_START                                                                               \
	__asm__(".section .text.start,\"ax\"\n"                                                    \
		".globl _start\n"                                                                  \
		"_start:\n"                                                                        \
		"	rdtsc\n"                                                                   \
		"	shl	$32, %rdx\n"                                                       \
		"	or	%rdx, %rax\n"                                                      \
		"	mov	%rax, %rsi\n"                                                      \
		"	mov	%rsp, %rdi\n"                                                      \
		"	and	$-16, %rsp\n"                                                      \
		"	xor	%ebp, %ebp\n"                                                      \
		"	call	start\n"                                                           \
		"	ud2\n"                                                                     \
		".previous\n")

static inline long arch_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline uint64_t arch_counter(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* Cycles, as they are. */
static inline uint64_t arch_reported(uint64_t count)
{
	return count;
}

/*
 * Ends the machine at this very instruction where ports may be written: 0xfe makes the keyboard
 * controller pull the reset line. Returns where they may not, or where nothing listens.
 */
static inline void arch_reset(void)
{
	if (arch_syscall(__NR_iopl, 3, 0, 0, 0, 0, 0) == 0)
		__asm__ volatile("outb %0, %1" : : "a"((uint8_t)0xfe), "Nd"((uint16_t)0x64));
}

#endif
