/* SPDX-License-Identifier: GPL-2.0-only */
/* What initoverlayfs is without kernel changes: an overlay over an EROFS image that lies on a device. */
#ifndef OVERLAY_H
#define OVERLAY_H

/* Mounts a devtmpfs at /dev, takes its console, and returns the mount. Ends the machine on failure. */
int mount_dev(void);

/*
 * The overlay as a mount that is attached nowhere: the image on `device` below, a tmpfs on top. Waits
 * INITBENCH_WAIT seconds (10) for the device; INITBENCH_BOOTFLAGS are options for the image. Ends the machine on
 * failure.
 */
int make_overlay(const char *device);

#endif
