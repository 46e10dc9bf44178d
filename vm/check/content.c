// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is in the root, and what is in the initrd.
 *
 *   INITBENCH_PATHS=/a,/b         the files that `content` tells of
 *   INITBENCH_TREE=/,/x           where `tree` starts; it does not leave a mount
 */
#include "check.h"

#include <asm-generic/errno.h>
#include <linux/limits.h>
#include <linux/stat.h>

#include "../guest.h"
#include "../report.h"
#include "../sha256.h"

static const char *kind_of(uint16_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "dir";
	case S_IFLNK:
		return "symlink";
	case S_IFCHR:
		return "char";
	case S_IFBLK:
		return "block";
	case S_IFIFO:
		return "fifo";
	default:
		return "socket";
	}
}

static void fact_digest(const uint8_t digest[SHA256_BYTES])
{
	char text[2 * SHA256_BYTES];

	for (size_t i = 0; i < SHA256_BYTES; i++) {
		text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
	fact_bytes("sha256", text, sizeof(text));
}

/* Adds `bytes=` and `sha256=` of what can be read from a file, `errno=` where that ends. */
static void fact_content(int folder, const char *path)
{
	long fd = sys(openat, folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), got = fd;
	uint8_t digest[SHA256_BYTES];
	struct sha256 hash;
	uint64_t bytes = 0;

	sha256_start(&hash);
	while (fd >= 0 && (got = read_fully((int)fd, scratch, sizeof(scratch))) > 0) {
		sha256_add(&hash, scratch, (size_t)got);
		bytes += (uint64_t)got;
	}
	if (fd >= 0)
		sys(close, fd);
	sha256_end(&hash, digest);
	fact_number("bytes", bytes);
	fact_digest(digest);
	fact_number("errno", got < 0 ? (uint64_t)-got : 0);
}

/* `initbench: file path=...`, all that can be known of a name in an open directory; `path` is what it is called. */
static void report_entry(int folder, const char *name, const char *path)
{
	struct statx status = {};
	long error = sys(statx, folder, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &status);

	fact("file");
	fact_text("path", path);
	if (error < 0) {
		fact_number("errno", (uint64_t)-error);
		fact_end();
		return;
	}
	fact_text("kind", kind_of(status.stx_mode));
	fact_number("mode", status.stx_mode & 07777);
	fact_number("uid", status.stx_uid);
	fact_number("gid", status.stx_gid);
	fact_number("links", status.stx_nlink);
	fact_number("inode", status.stx_ino);
	fact_number("mtime", (uint64_t)status.stx_mtime.tv_sec);
	if ((status.stx_mode & S_IFMT) == S_IFREG) {
		fact_content(folder, name);
	} else if ((status.stx_mode & S_IFMT) == S_IFLNK) {
		long bytes = sys(readlinkat, folder, name, scratch, sizeof(scratch));

		fact_bytes("target", scratch, bytes < 0 ? 0 : (size_t)bytes);
	} else if ((status.stx_mode & S_IFMT) == S_IFCHR || (status.stx_mode & S_IFMT) == S_IFBLK) {
		fact_number("major", status.stx_rdev_major);
		fact_number("minor", status.stx_rdev_minor);
	}
	fact_end();
}

static void report_file(const char *path)
{
	report_entry(AT_FDCWD, path, path);
}

static void content(void)
{
	each_path("INITBENCH_PATHS", report_file);
}
CHECK("content", content);

/* Longer than any path that a system call takes: directories are opened one from the other. */
static char walked[8 * PATH_MAX];
#define MOST_DEPTH 256

static long open_folder(int at, const char *name)
{
	return sys(openat, at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/*
 * `used` bytes of `walked` name the open directory; the names below it are reported, directories before what they
 * hold.
 */
static void walk(long folder, size_t used, uint64_t mount, unsigned int depth)
{
	char entries[1024] __attribute__((aligned(8)));
	long bytes;

	while (folder >= 0 && (bytes = sys(getdents64, folder, entries, sizeof(entries))) > 0) {
		for (long at = 0; at < bytes;) {
			struct directory_entry *entry = (struct directory_entry *)(entries + at);
			struct statx status = {};
			size_t size = length(entry->name);

			at += entry->bytes;
			if (same(entry->name, ".") || same(entry->name, ".."))
				continue;
			if (used + size + 2 > sizeof(walked) || depth > MOST_DEPTH) {
				report_error("walk", entry->name, -ENAMETOOLONG);
				continue;
			}
			walked[used] = '/';
			memcpy(walked + used + 1, entry->name, size + 1);
			report_entry((int)folder, entry->name, walked);
			sys(statx, folder, entry->name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_MNT_ID,
			    &status);
			if ((status.stx_mode & S_IFMT) == S_IFDIR && status.stx_mnt_id == mount)
				walk(open_folder((int)folder, entry->name), used + 1 + size, mount, depth + 1);
			walked[used] = '\0';
		}
	}
	if (folder >= 0)
		sys(close, folder);
	else
		report_result("walk", walked, folder);
}

static void walk_from(const char *top)
{
	struct statx status = {};
	size_t used = length(top);

	if (used >= sizeof(walked))
		return;
	while (used && top[used - 1] == '/')
		used--;
	memcpy(walked, top, used);
	walked[used] = '\0';
	sys(statx, AT_FDCWD, used ? walked : "/", 0, STATX_MNT_ID, &status);
	walk(open_folder(AT_FDCWD, used ? walked : "/"), used, status.stx_mnt_id, 0);
}

static void tree(void)
{
	each_path("INITBENCH_TREE", walk_from);
}
CHECK("tree", tree);

/* `initrd`: the buffer the loader handed over, as retain_initrd keeps it for user space. */
static void initrd(void)
{
	fact("initrd");
	fact_content(sys_folder(), "firmware/initrd");
	fact_end();
}
CHECK("initrd", initrd);
