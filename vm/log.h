/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel and the boot loader have written down of the boot, told when nothing is measured any more. */
#ifndef LOG_H
#define LOG_H

/*
 * Nothing of this is measured.
 *
 * `log at=SECONDS text=...` for each line of the kernel's log that says when the initrd was handled or a mount made,
 * and for one written just now, `sync tsc=... boottime=...`: the log's time stamps are those of a clock that no
 * program can read, this is how to tell them from the others. `dev` is a devtmpfs mount; negative: makes its own.
 *
 * With INITBENCH_LOADER=1 `loader init=USEC exec=USEC`: when the boot loader started, and when it executed the kernel.
 */
void report_notes(int dev);

#endif
