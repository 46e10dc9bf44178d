// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything a root can be asked to do, one fact for each: `op name=... errno=... [more]`. The payload has a folder
 * for it (src/evidence/requirement/writable-root.ts):
 *
 *   /data/plain /data/gone /data/old /data/append /data/mode /data/linked    small files
 *   /data/mapped                                                             two pages of 'a'
 *   /data/cut                                                                8192 bytes
 *   /data/tree/{one,two}  /data/dir/below
 */
#include "check.h"

#include <asm-generic/errno-base.h>
#include <linux/mman.h>
#include <linux/stat.h>

#include "../guest.h"
#include "../report.h"

static void op(const char *name, long result)
{
	fact("op");
	fact_text("name", name);
	fact_number("errno", result < 0 ? (uint64_t)-result : 0);
	fact_end();
}

/* The same, with what a file holds afterwards. */
static void op_content(const char *name, long result, const char *path)
{
	long bytes = read_text(AT_FDCWD, path);

	fact("op");
	fact_text("name", name);
	fact_number("errno", result < 0 ? (uint64_t)-result : 0);
	fact_number("read_errno", bytes < 0 ? (uint64_t)-bytes : 0);
	if (bytes >= 0)
		fact_bytes("content", scratch, bytes < 64 ? (size_t)bytes : 64);
	fact_end();
}

/* Opens with these flags and writes; the first error. */
static long write_to(const char *path, int flags, const char *text)
{
	long fd = sys(openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC | flags, 0644), result = fd;

	if (fd >= 0) {
		result = sys(write, fd, text, length(text));
		sys(close, fd);
	}
	return result < 0 ? result : 0;
}

static long look(const char *path, struct statx *status)
{
	return sys(statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, status);
}

static void map_shared(const char *path)
{
	long fd = sys(openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC), at = fd;

	if (fd >= 0)
		at = sys(mmap, NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at >= 0 || at < -4095) {
		((volatile char *)at)[1] = 'M';
		((volatile char *)at)[4097] = 'M';
		at = sys(munmap, at, 8192);
	}
	if (fd >= 0)
		sys(close, fd);
	op_content("map-shared", at, path);
}

static void names(void)
{
	struct statx status = {};

	op_content("create", write_to("/data/new", O_CREAT | O_EXCL, "new"), "/data/new");
	op("mkdir", sys(mkdirat, AT_FDCWD, "/data/made", 0755));
	op_content("rename", sys(renameat2, AT_FDCWD, "/data/old", AT_FDCWD, "/data/made/renamed", 0),
		   "/data/made/renamed");
	op("rename-source", look("/data/old", &status));
	op("rename-dir", sys(renameat2, AT_FDCWD, "/data/made", AT_FDCWD, "/data/moved", 0));
	/* Overlayfs may answer EXDEV for a directory of a lower layer; mv(1) then copies. */
	op("rename-lower-dir", sys(renameat2, AT_FDCWD, "/data/dir", AT_FDCWD, "/data/dir2", 0));
	op("unlink", sys(unlinkat, AT_FDCWD, "/data/gone", 0));
	op("unlinked", look("/data/gone", &status));
	op("unlink-in-dir", sys(unlinkat, AT_FDCWD, "/data/tree/one", 0));
	op("unlink-in-dir-2", sys(unlinkat, AT_FDCWD, "/data/tree/two", 0));
	op("rmdir", sys(unlinkat, AT_FDCWD, "/data/tree", AT_REMOVEDIR));
	op("mkdir-again", sys(mkdirat, AT_FDCWD, "/data/tree", 0700));
	op("hidden", look("/data/tree/one", &status));
	op_content("create-again", write_to("/data/gone", O_CREAT | O_EXCL, "back"), "/data/gone");
	op("link", sys(linkat, AT_FDCWD, "/data/linked", AT_FDCWD, "/data/linked2", 0));
	look("/data/linked2", &status);
	fact("op");
	fact_text("name", "links");
	fact_number("errno", 0);
	fact_number("links", status.stx_nlink);
	fact_end();
	op("symlink", sys(symlinkat, "/data/plain", AT_FDCWD, "/data/pointer"));
	op_content("through-symlink", 0, "/data/pointer");
	op("mkfifo", sys(mknodat, AT_FDCWD, "/data/fifo", S_IFIFO | 0600, 0));
	op("mknod", sys(mknodat, AT_FDCWD, "/data/null", S_IFCHR | 0600, 0x103));
	op("tmpfile", sys(openat, AT_FDCWD, "/data", O_RDWR | __O_TMPFILE | O_DIRECTORY | O_CLOEXEC, 0600));
	fact("op");
	fact_text("name", "list");
	fact_names("names", AT_FDCWD, "/data");
	fact_end();
}

static void inodes(void)
{
	struct statx before = {}, after = {};

	look("/data/mode", &before);
	op_content("chmod", sys(fchmodat, AT_FDCWD, "/data/mode", 0600), "/data/mode");
	op("chown", sys(fchownat, AT_FDCWD, "/data/mode", 7, 8, 0));
	look("/data/mode", &after);
	fact("op");
	fact_text("name", "mode");
	fact_number("errno", 0);
	fact_number("mode", after.stx_mode & 07777);
	fact_number("uid", after.stx_uid);
	fact_number("gid", after.stx_gid);
	fact_number("same_inode", before.stx_ino == after.stx_ino);
	fact_end();
	op_content("append", write_to("/data/append", O_APPEND, "+more"), "/data/append");
	op("truncate", sys(truncate, "/data/cut", 5));
	op_content("truncated", 0, "/data/cut");
	op_content("overwrite", write_to("/data/plain", O_TRUNC, "over"), "/data/plain");
	map_shared("/data/mapped");
}

static void writes(void)
{
	names();
	inodes();
}
CHECK("writes", writes);
