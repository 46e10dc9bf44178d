/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel says about mounts and memory. `proc` is an open directory of a proc file system. */
#ifndef FACTS_H
#define FACTS_H

#include <stdbool.h>
#include <stdint.h>

/* One that is mounted nowhere; in a dry run the host's. -errno (reported). */
int open_proc(bool dry);
/* The type of the file system at /, in `scratch`; empty on failure (reported). */
const char *root_type(int proc);
/* `root`: the mount at / that is on top. */
void report_root(int proc);
/* One line per mount, called `name`. */
void report_mounts(int proc, const char *name);
/* `rootfs`: the real root was reached at these times. */
void report_rootfs(const char *type, const char *how, uint64_t counter, uint64_t boot);
/* `memory at=...`, in KiB; pcp is free memory too, on the per-CPU lists, which MemFree does not count. */
void report_memory(int proc, const char *at);

#endif
