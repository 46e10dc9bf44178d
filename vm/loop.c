// SPDX-License-Identifier: GPL-2.0-only
/* A file as a block device: loop(4). */
#include "loop.h"

#include <linux/loop.h>
#include <linux/stat.h>

#include "guest.h"
#include "report.h"

#define CONTROL "/dev/loop-control"

static char path[32] = "/dev/loop";

/* Held until the program ends or executes another: a device that goes with its last user has to have one. */
static long held;

bool is_file(const char *name)
{
	struct statx status = {};

	return sys(statx, AT_FDCWD, name, 0, STATX_TYPE, &status) == 0 && S_ISREG(status.stx_mode);
}

/* The number behind the path's stem. */
static void name_device(long number)
{
	size_t stem = length("/dev/loop");

	path[stem + put_number(path + stem, (uint64_t)number)] = '\0';
}

const char *loop_device(const char *file)
{
	long backing = sys(openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC);
	struct loop_config config = { .info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR };
	long control, number, error;

	if (backing < 0)
		fail("open", file, backing);
	control = sys(openat, AT_FDCWD, CONTROL, O_RDWR | O_CLOEXEC);
	if (control < 0)
		fail("open", CONTROL, control);
	number = sys(ioctl, control, LOOP_CTL_GET_FREE);
	if (number < 0)
		fail("loop-free", CONTROL, number);
	sys(close, control);
	name_device(number);
	held = sys(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (held < 0)
		fail("open", path, held);
	config.fd = (unsigned int)backing;
	error = sys(ioctl, held, LOOP_CONFIGURE, &config);
	if (error < 0)
		fail("loop-configure", file, error);
	sys(close, backing);
	return path;
}
