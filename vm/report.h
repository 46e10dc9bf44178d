/* SPDX-License-Identifier: GPL-2.0-only */
/* The lines on the console, the contract with src/boot/console.ts, and the end of the machine. */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A fact is one line: `initbench: NAME key=value key=value ...`. Values have no spaces: bytes outside
 * [!-~] and `\` and `=` are \ooo, as in /proc/mounts. With INITBENCH_NONCE=... in the environment the first
 * pair is nonce=..., and the reader takes no such line for ours without it.
 */
void fact(const char *name);
void fact_number(const char *key, uint64_t value);
void fact_hex(const char *key, uint64_t value);
void fact_text(const char *key, const char *value);
void fact_bytes(const char *key, const char *value, size_t bytes);
/*
 * `tsc=... boottime=...`: cycles since reset, nanoseconds where the counter ticks slower, and ns of
 * CLOCK_BOOTTIME. Takes the counter as arch_counter() read it.
 */
void fact_times(uint64_t counter, uint64_t boot);
void fact_end(void);

/* `initbench: error what=... path=... errno=...`; takes a negative errno, path may be NULL. */
void report_error(const char *what, const char *path, long error);
bool any_error(void);

/*
 * If standard output is no terminal (not open, or a payload's /dev/console is no device): opens the console,
 * from a devtmpfs that is mounted nowhere.
 */
void open_console(void);
/*
 * Opens the console of the devtmpfs mount `dev` in place of fds 0 to 2: what the kernel opened for init
 * lies on the first root and would keep that alive.
 */
void reopen_console(int dev);
/* Waits until the console has sent everything. */
void drain_console(void);

/*
 * Ends the machine: reset first, because it stops the processor at that instruction, unless
 * INITBENCH_END=poweroff asks for the kernel's way.
 */
void end_machine(void) __attribute__((noreturn));
/* report_error(), and that is the end. */
void fail(const char *what, const char *path, long error) __attribute__((noreturn));

#endif
