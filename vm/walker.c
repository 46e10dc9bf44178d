// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walker: runs as init on a root that may be damaged, looks at all there is in every way that a file system can
 * be looked at, changes some of it, leaves that root, and ends the machine. Errors are counted, not reported one by
 * one: on a damaged root they are what is expected. Parameters are environment variables:
 *
 *   INITBENCH_BOOT=device  as for storage-init: mount the image on that device and walk there
 *   INITBENCH_WALK=path    where the first round starts (/)
 *   INITBENCH_END=...      how to end the machine, as for the probe
 *   INITBENCH_DRY=1        not as PID 1: walk only, change nothing, exit
 *
 * Of files with more than 8 links neither attributes nor content are looked at: there it is the names that matter.
 *
 * One line for each round: `walk` has read all; `rewalk` starts at the root, after the caches were dropped, reads a
 * third again and changes it.
 * `sum` adds up checksums (checksum.h). One for each entry: its path below the start, then the words mode, owner and
 * group, size (0 for directories), device numbers, then its content or target. One for each extended attribute: it
 * goes on from the words of its entry with name and value.
 */
#include <asm-generic/errno.h>
#include <asm-generic/fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <linux/mman.h>
#include <linux/stat.h>

#include "checksum.h"
#include "facts.h"
#include "guest.h"
#include "mounts.h"
#include "overlay.h"
#include "report.h"

#ifndef MFD_EXEC /* headers before 6.3 */
#define MFD_EXEC 0x10u
#endif
#ifndef MADV_POPULATE_READ /* headers before 5.14 */
#define MADV_POPULATE_READ 22
#endif

/* Sizes come from the image: none of them may keep the walker busy. */
#define MOST_ENTRIES 8192
#define MOST_DEPTH 24
#define WHOLE_BYTES (256u * 1024) /* a larger file is read at some places only */
#define COPY_BYTES (1024u * 1024)
#define MOST_SECONDS 60
#define MOST_LINKS 8 /* a file of more names is known by some of them */
#define PATH_BYTES 4096
#define LIST_BYTES 8192
#define DIRECT_BYTES 4096
#define MOST_ERRNO 134

static struct round {
	uint64_t directories, files, links, others, bytes, attributes, changed, errors, sum;
	uint32_t errnos[MOST_ERRNO];
	const char *what; /* of the first error */
	char where[64];
} seen;

static bool dry;
static bool again; /* the second round */
static bool cut;
static uint64_t entries, deadline;
static int pipe_end; /* a file in memory that spliced data goes to */
static char path[PATH_BYTES];
static size_t path_bytes, start_bytes;
static char list[LIST_BYTES];
static char page[DIRECT_BYTES] __attribute__((aligned(DIRECT_BYTES)));

static void failed(const char *what, long error)
{
	size_t number = error < 0 && -error < MOST_ERRNO ? (size_t)-error : 0;

	seen.errnos[number]++;
	if (seen.errors++)
		return;
	seen.what = what;
	for (size_t i = 0; i < sizeof(seen.where) - 1 && path[i]; i++)
		seen.where[i] = path[i];
}

/* Bytes and their number; `scratch` is overwritten. */
static uint64_t mix_text(uint64_t sum, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		scratch[i] = text[i];
	return mix(mix_bytes(sum, scratch, bytes), bytes);
}

/* Each attribute of what `path` names; asked for in ways that do not fit, too. */
static void look_at_attributes(uint64_t entry)
{
	static const char *const others[] = { "system.posix_acl_access", "system.posix_acl_default",
					      "security.capability", "trusted.overlay.opaque", "user.none" };
	long bytes = sys(llistxattr, path, list, sizeof(list));

	sys(llistxattr, path, NULL, 0);
	sys(llistxattr, path, scratch, 3);
	if (bytes < 0)
		failed("listxattr", bytes);
	for (long at = 0; at < bytes; at += (long)length(list + at) + 1) {
		uint64_t sum = mix_text(entry, list + at, length(list + at));
		long value;

		sys(lgetxattr, path, list + at, NULL, 0);
		sys(lgetxattr, path, list + at, page, 1);
		value = sys(lgetxattr, path, list + at, scratch, sizeof(scratch));
		if (value < 0) {
			failed("getxattr", value);
			continue;
		}
		seen.sum += mix(mix_bytes(sum, scratch, (size_t)value), (uint64_t)value);
		seen.attributes++;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		bytes = sys(lgetxattr, path, others[i], scratch, sizeof(scratch));
		if (bytes < 0 && bytes != -ENODATA && bytes != -EOPNOTSUPP)
			failed("getxattr", bytes);
	}
}

static uint64_t read_content(int fd, uint64_t size, uint64_t sum)
{
	const uint64_t places[] = { size / 2, size - 1, size - 1 - size % 4096, size, size + 65536 };
	uint64_t done = 0;
	long got;

	do {
		got = read_fully(fd, scratch, sizeof(scratch));
		if (got < 0) {
			failed("read", got);
			break;
		}
		sum = mix_bytes(sum, scratch, (size_t)got);
		done += (uint64_t)got;
	} while (got == sizeof(scratch) && done < WHOLE_BYTES);
	seen.bytes += done;
	for (size_t i = 0; size > WHOLE_BYTES && i < sizeof(places) / sizeof(places[0]); i++) {
		got = sys(pread64, fd, scratch, 8192, places[i]);
		if (got < 0)
			failed("pread", got);
	}
	return mix(sum, done);
}

/* Where its data and its holes are, by both ways to ask. */
static void look_at_extents(int fd)
{
	struct fiemap *map = (struct fiemap *)(void *)page;
	long data = 0, hole, error = 0;

	for (size_t i = 0; i < 64; i++) {
		data = sys(lseek, fd, data, SEEK_DATA);
		hole = data < 0 ? data : sys(lseek, fd, data, SEEK_HOLE);
		if (hole < 0 && hole != -ENXIO)
			failed("seek", hole);
		if (hole <= data)
			break;
		data = hole;
	}
	for (uint64_t start = 0, i = 0; i < 16; i++) {
		*map = (struct fiemap){
			.fm_start = start,
			.fm_length = ~start,
			.fm_extent_count = (sizeof(page) - sizeof(*map)) / sizeof(map->fm_extents[0]),
		};
		error = sys(ioctl, fd, FS_IOC_FIEMAP, map);
		if (error < 0 || map->fm_mapped_extents == 0)
			break;
		const struct fiemap_extent *last = &map->fm_extents[map->fm_mapped_extents - 1];

		start = last->fe_logical + last->fe_length;
		if (last->fe_flags & FIEMAP_EXTENT_LAST)
			break;
	}
	if (error < 0 && error != -EOPNOTSUPP)
		failed("fiemap", error);
}

/* Through page faults, without the signal that a page which cannot be read would cost. */
static void look_at_mapping(int fd, uint64_t offset, uint64_t bytes)
{
	long error = sys(mmap, 0, bytes, PROT_READ, MAP_PRIVATE, fd, offset);

	if (error < 0 && error > -4096) {
		failed("mmap", error);
		return;
	}
	long address = error;

	error = sys(madvise, address, bytes, MADV_POPULATE_READ);
	if (error < 0 && error != -EINVAL)
		failed("populate", error);
	sys(munmap, address, bytes);
}

static uint64_t look_at_file(uint64_t size, uint64_t sum)
{
	long fd = sys(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	long direct, got;

	if (fd < 0) {
		failed("open", fd);
		return sum;
	}
	look_at_extents((int)fd);
	sys(lseek, fd, 0, SEEK_SET);
	/* Half of the files are met by a page fault first, the others by a read. */
	if (size && entries % 2)
		look_at_mapping((int)fd, 0, size < WHOLE_BYTES ? size : WHOLE_BYTES);
	sum = read_content((int)fd, size, sum);
	if (size)
		look_at_mapping((int)fd, (size - 1) & ~(uint64_t)65535, size - ((size - 1) & ~(uint64_t)65535));

	sys(lseek, pipe_end, 0, SEEK_SET);
	sys(lseek, fd, 0, SEEK_SET);
	got = sys(sendfile, pipe_end, fd, NULL, 65536);
	if (got < 0)
		failed("sendfile", got);
	direct = sys(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_DIRECT);
	got = direct < 0 ? 0 : sys(pread64, direct, page, sizeof(page), 0);
	if (got < 0 && got != -EINVAL)
		failed("direct", got);
	if (direct >= 0)
		sys(close, direct);
	sys(close, fd);
	return sum;
}

static uint64_t look_at_link(uint64_t sum)
{
	long bytes = sys(readlinkat, AT_FDCWD, path, scratch, sizeof(scratch));
	struct statx status;

	if (bytes < 0) {
		failed("readlink", bytes);
		return sum;
	}
	sum = mix(mix_bytes(sum, scratch, (size_t)bytes), (uint64_t)bytes);
	/* Where it leads to matters to the kernel alone. */
	sys(statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &status);
	return sum;
}

/* Appends a name to the path; false when there is no room. */
static bool descend(const char *name)
{
	size_t bytes = length(name);

	if (path_bytes + 1 + bytes >= sizeof(path))
		return false;
	if (path_bytes == 0 || path[path_bytes - 1] != '/')
		path[path_bytes++] = '/';
	for (size_t i = 0; i <= bytes; i++)
		path[path_bytes + i] = name[i];
	path_bytes += bytes;
	return true;
}

static void ascend(size_t bytes)
{
	path_bytes = bytes;
	path[bytes] = '\0';
}

/* The ways in which something of a lower layer is copied up, or hidden. */
static void change(uint64_t number, const struct statx *status)
{
	long error = 0, fd;
	char other[PATH_BYTES];

	for (size_t i = 0; i <= path_bytes; i++)
		other[i] = path[i];
	other[path_bytes - 1] = other[path_bytes - 1] == '~' ? '!' : '~';

	switch (number % 7) {
	case 0:
	case 1:
		if ((status->stx_mode & S_IFMT) != S_IFREG || status->stx_size > COPY_BYTES)
			break;
		fd = sys(openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
		error = fd < 0 ? fd : sys(write, fd, "more\n", 5);
		if (fd >= 0)
			sys(close, fd);
		break;
	case 2:
		if ((status->stx_mode & S_IFMT) != S_IFLNK)
			error = sys(fchmodat, AT_FDCWD, path, 0700);
		break;
	case 3:
		error = sys(fchownat, AT_FDCWD, path, 1, 1, AT_SYMLINK_NOFOLLOW);
		break;
	case 4:
		error = sys(renameat2, AT_FDCWD, path, AT_FDCWD, other, 0);
		break;
	case 5:
		error = sys(linkat, AT_FDCWD, path, AT_FDCWD, other, 0);
		break;
	default:
		error = sys(unlinkat, AT_FDCWD, path, 0);
	}
	/* Directories are not linked, unlinked or renamed so easily. */
	if (error >= 0)
		seen.changed++;
	else if (error != -EPERM && error != -EISDIR && error != -EXDEV && error != -EEXIST)
		failed("change", error);
}

static void walk(unsigned int depth);

/* What `path` names, and what is below it. */
static void look(unsigned int depth)
{
	struct statx status = {};
	uint64_t number = entries++, sum = 0, mode;
	/* The second round looks at every third only. */
	bool closely = !again || number % 3 == 0, named;
	long error = sys(statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
			 STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID | STATX_DIOALIGN, &status);

	if (error < 0) {
		failed("stat", error);
		return;
	}
	mode = status.stx_mode & S_IFMT;
	named = mode == S_IFREG && status.stx_nlink > MOST_LINKS;
	if (closely) {
		sum = mix_text(sum, path + start_bytes, path_bytes - start_bytes);
		sum = mix(sum, status.stx_mode);
		sum = mix(sum, (uint64_t)status.stx_uid << 32 | status.stx_gid);
		sum = mix(sum, mode == S_IFDIR ? 0 : status.stx_size);
		sum = mix(sum, (uint64_t)status.stx_rdev_major << 32 | status.stx_rdev_minor);
		if (!named)
			look_at_attributes(sum);
	}
	if (mode == S_IFDIR) {
		seen.directories++;
	} else if (mode == S_IFLNK) {
		seen.links++;
		sum = closely ? look_at_link(sum) : sum;
	} else if (mode == S_IFREG) {
		seen.files++;
		sum = closely && !named ? look_at_file(status.stx_size, sum) : sum;
	} else {
		seen.others++;
	}
	seen.sum += sum;
	if (mode == S_IFDIR)
		walk(depth + 1);
	if (again && closely)
		change(number / 3, &status);
}

/* Everything below `path`. */
static void walk(unsigned int depth)
{
	char names[2048] __attribute__((aligned(8)));
	long fd = sys(openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), bytes;
	size_t before = path_bytes;

	if (fd < 0) {
		failed("opendir", fd);
		return;
	}
	while ((bytes = sys(getdents64, fd, names, sizeof(names))) > 0 && !cut) {
		for (long at = 0; at < bytes && !cut;) {
			struct directory_entry *entry = (struct directory_entry *)(names + at);

			at += entry->bytes;
			if (same(entry->name, ".") || same(entry->name, ".."))
				continue;
			cut = entries >= MOST_ENTRIES || depth >= MOST_DEPTH || boottime() > deadline;
			if (descend(entry->name))
				look(depth);
			ascend(before);
		}
	}
	if (bytes < 0)
		failed("readdir", bytes);
	sys(close, fd);
}

static void report_round(const char *name)
{
	fact(name);
	fact_number("directories", seen.directories);
	fact_number("files", seen.files);
	fact_number("links", seen.links);
	fact_number("others", seen.others);
	fact_number("bytes", seen.bytes);
	fact_number("attributes", seen.attributes);
	fact_number("changed", seen.changed);
	fact_hex("sum", seen.sum);
	if (cut)
		fact_text("cut", "1");
	fact_number("errors", seen.errors);
	if (seen.errors) {
		fact_text("first", seen.what);
		fact_text("at", seen.where);
	}
	fact_end();
	for (size_t i = 0; i < MOST_ERRNO; i++) {
		if (seen.errnos[i]) {
			fact("errors");
			fact_number("errno", i);
			fact_number("times", seen.errnos[i]);
			fact_end();
		}
	}
}

static void walk_round(const char *name, const char *start)
{
	seen = (struct round){};
	cut = false;
	entries = 0;
	deadline = boottime() + MOST_SECONDS * SECOND;
	ascend(0);
	descend(*start == '/' ? start + 1 : start);
	start_bytes = path_bytes;
	walk(0);
	report_round(name);
}

static void drop_caches(int proc)
{
	long fd = sys(openat, proc, "sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || sys(write, fd, "3\n", 2) != 2)
		report_error("drop-caches", NULL, fd < 0 ? fd : -EIO);
	if (fd >= 0)
		sys(close, fd);
}

/* The kernel's own memory of what went wrong (Documentation/admin-guide/tainted-kernels.rst). */
static void report_taint(int proc)
{
	long fd = sys(openat, proc, "sys/kernel/tainted", O_RDONLY | O_CLOEXEC);
	long bytes = fd < 0 ? fd : read_fully((int)fd, page, sizeof(page) - 1);

	if (bytes <= 0) {
		report_error("tainted", NULL, bytes);
		return;
	}
	page[bytes - (page[bytes - 1] == '\n')] = '\0';
	fact("taint");
	fact_text("bits", page);
	fact_end();
	sys(close, fd);
}

/* A copy of this program that lies in no file system: what runs from it keeps no root. */
static int copy_self(int proc)
{
	long self = sys(openat, proc, "self/exe", O_RDONLY | O_CLOEXEC);
	long copy = sys(memfd_create, "walker", MFD_CLOEXEC | MFD_EXEC);
	long bytes = self < 0 ? self : read_fully((int)self, scratch, sizeof(scratch));

	if (copy == -EINVAL)
		copy = sys(memfd_create, "walker", MFD_CLOEXEC);
	if (bytes >= 0 && copy >= 0)
		bytes = sys(write, copy, scratch, bytes);
	if (copy < 0 || bytes < 0)
		report_error("copy", "/proc/self/exe", copy < 0 ? copy : bytes);
	if (self >= 0)
		sys(close, self);
	return (int)copy;
}

/* Goes to an empty root; the old one, with image and overlay, has no user any more. */
static void leave_root(int proc)
{
	long dev = make_mount("devtmpfs", "devtmpfs", "");
	long root = make_mount("tmpfs", "tmpfs", "mode=0755");
	const char *how;

	if (dev >= 0)
		reopen_console((int)dev);
	how = root < 0 ? NULL : become_root((int)root, (int)dev);
	fact("left");
	fact_text("how", how ? how : "not");
	fact_end();
	report_taint(proc);
}

void program(int argc, char **argv, uint64_t counter)
{
	uint64_t boot = boottime();
	static const char *const arguments[] = { "walker", "left", NULL };
	const char *device = setting("INITBENCH_BOOT", NULL), *start = setting("INITBENCH_WALK", "/");
	int proc, copy;

	dry = same(setting("INITBENCH_DRY", "0"), "1");
	if (!dry && sys(getpid) != 1) {
		report_error("not-init", NULL, -EPERM);
		sys(exit_group, 2);
	}
	pipe_end = (int)sys(memfd_create, "spliced", MFD_CLOEXEC);
	if (dry) {
		walk_round("walk", start);
		sys(exit_group, any_error());
	}
	open_console();
	proc = open_proc(dry);
	if (argc > 1 && same(argv[1], "left")) {
		leave_root(proc);
		end_machine();
	}
	fact("init");
	fact_times(counter, boot);
	fact_end();
	if (device) {
		int dev = mount_dev();

		if (!become_root(make_overlay(device), dev))
			end_machine();
	}
	report_root(proc);
	/* Now, since the second round may take the program's name away. */
	copy = copy_self(proc);
	walk_round("walk", start);
	drop_caches(proc);
	again = true;
	walk_round("rewalk", "/");
	report_taint(proc);
	sys(close, pipe_end);
	fail("execveat", NULL, sys(execveat, copy, "", arguments, environment, AT_EMPTY_PATH));
}
