/* SPDX-License-Identifier: GPL-2.0-only */
/* The ground a guest program stands on: system calls, strings, time, environment. No C library. */
#ifndef GUEST_H
#define GUEST_H

#include <linux/fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* sys(openat, AT_FDCWD, "x", 0): the result, or a negative errno. */
#define sys(...) SYS_CALL(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SYS_CALL(name, a, b, c, d, e, f, ...)                                                      \
	arch_syscall(__NR_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#define SECOND 1000000000ull

/* Each program defines this; `counter` was read at the first instruction. It must not return. */
void program(int argc, char **argv, uint64_t counter) __attribute__((noreturn));

extern char **environment;

/* What one thing at a time may use: a whole file of /proc, a piece of the payload. */
#define SCRATCH_BYTES 65536
extern char scratch[SCRATCH_BYTES];

void *memcpy(void *restrict target, const void *restrict source, size_t bytes);

size_t length(const char *text);
bool same(const char *a, const char *b);
bool starts_with(const char *text, const char *prefix);

/* The value of an environment variable, `otherwise` without one. */
const char *setting(const char *name, const char *otherwise);

/* The page size in bytes, as the kernel says it. */
size_t page_size(void);

/* Reads decimal digits and moves *text behind them; false without a digit or past 64 bits. */
bool take_number(const char **text, uint64_t *number);

/* Writes it in decimal, at most 20 bytes, no NUL behind; returns how many. */
size_t put_number(char *text, uint64_t number);

/* Undoes \ooo as in /proc/mounts, in place; returns the new length. */
size_t unescape(char *text, size_t bytes);

/* CLOCK_BOOTTIME in nanoseconds. */
uint64_t boottime(void);
void sleep_for(uint64_t nanoseconds);

/* What getdents64(2) fills a buffer with, one behind the other. */
struct directory_entry {
	uint64_t inode;
	int64_t offset;
	uint16_t bytes;
	uint8_t type;
	char name[];
};

/* Bytes read until the buffer is full or the file ends, or a negative errno. */
long read_fully(int fd, char *buffer, size_t bytes);

#endif
