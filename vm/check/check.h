/* SPDX-License-Identifier: GPL-2.0-only */
/* What the witness can be asked: each file of this folder adds its checks, the witness runs those it is told to. */
#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>

/*
 * A check reports facts and judges nothing: an errno that may be right is a value of a fact, not an `error`.
 * What it takes beside its name are environment variables, written at the top of its file.
 */
struct check {
	const char *name;
	void (*run)(void);
};

#define CHECK(name, run)                                                                           \
	static const struct check check_##run __attribute__((section("checks"), used)) = { name, run }

/* Open directories of a proc and of a sysfs that are mounted nowhere; -errno (reported). */
int proc_folder(void);
int sys_folder(void);

/* A whole small file in `scratch`, NUL-terminated: its bytes, or -errno (not reported). */
long read_text(int folder, const char *path);

/* Adds `key=a,b,c` to a fact: the names in a directory, in its order; `key_errno=N` when it cannot be read. */
void fact_names(const char *key, int folder, const char *path);

/* `initbench: NAME [path=P] errno=N [bytes=N]`: what a system call gave, negative errno or a number. */
void report_result(const char *name, const char *path, long result);

/* Calls `use` with each path of a list with commas in an environment variable. */
void each_path(const char *name, void (*use)(const char *path));

/* The number behind INITBENCH_<name>, or `otherwise`. */
uint64_t number_setting(const char *name, uint64_t otherwise);

#endif
