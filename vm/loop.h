/* SPDX-License-Identifier: GPL-2.0-only */
/* A file as a block device. */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>

/* True for a regular file, not for a device or what is not there. */
bool is_file(const char *path);

/*
 * Makes a free loop device of a file, read-only, and returns its path; it goes with its last user. The devices must
 * lie in /dev. Fails for good: see report.h.
 */
const char *loop_device(const char *file);

#endif
