/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel says about mounts and memory. `proc` is an open directory of a proc file system. */
#ifndef FACTS_H
#define FACTS_H

/* `root`: the mount at / that is on top. */
void report_root(int proc);
/* One line per mount, called `name`. */
void report_mounts(int proc, const char *name);
/* `memory at=...`, in KiB; pcp is free memory too, on the per-CPU lists, which MemFree does not count. */
void report_memory(int proc, const char *at);

#endif
