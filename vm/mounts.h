/* SPDX-License-Identifier: GPL-2.0-only */
/* Mounting, waiting for a device without polling, and becoming another root. Errors are negative errno. */
#ifndef MOUNTS_H
#define MOUNTS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Makes a mount that is attached nowhere and returns its file descriptor (close-on-exec).
 * `options` are comma-separated: `mode=0755,size=10%`. A mount nobody attaches needs no directory, works on a
 * read-only root, shows in no list, and goes when the descriptor is closed.
 */
long make_mount(const char *type, const char *source, const char *options);

/*
 * The same, read-only (a disk that cannot be written refuses anything else), for a device that may still
 * have to appear: waits for it, at most so many seconds.
 */
long make_device_mount(const char *type, const char *device, const char *options, uint64_t seconds);

/* 0 as soon as `path` exists, -ETIMEDOUT after so many seconds; sleeps in between (inotify). */
long wait_for_path(const char *path, uint64_t seconds);

/* Attaches a mount at a directory below the directory `at`. */
long attach(int mount, int at, const char *path);

/* Removes what lies in a root that lives in memory, but nothing of other mounts. Closes `old`. */
void empty_root(int old);

/*
 * Makes the mount `root` the root of this process and of all that follow, lets go of the old one, and
 * says how: `pivot_root` where the kernel allows it (7.x keeps the initramfs on a nullfs), or `move`,
 * which leaves the old root hidden below: emptied, if it lives in memory. NULL on failure (reported).
 * The mount `dev` (none: negative) moves to /dev of the new root where there is such a directory.
 */
const char *become_root(int root, int dev);

#endif
