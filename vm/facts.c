// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel says about mounts and memory; follows Documentation/filesystems/proc.rst. */
#include "facts.h"

#include <asm-generic/errno-base.h>

#include "guest.h"
#include "mounts.h"
#include "report.h"

int open_proc(bool dry)
{
	long proc = dry ? sys(openat, AT_FDCWD, "/proc", O_DIRECTORY | O_CLOEXEC) : make_mount("proc", "proc", "");

	if (proc < 0)
		report_error("proc", NULL, proc);
	return (int)proc;
}

/* Reads a file of /proc into `scratch`, NUL-terminated; NULL on failure (reported). */
static char *read_proc(int proc, const char *path)
{
	long fd = sys(openat, proc, path, O_RDONLY | O_CLOEXEC);
	long bytes = fd;

	if (fd >= 0) {
		bytes = read_fully((int)fd, scratch, sizeof(scratch) - 1);
		sys(close, fd);
	}
	if (bytes < 0) {
		report_error("read", path, bytes);
		return NULL;
	}
	scratch[bytes] = '\0';
	return scratch;
}

/* Cuts the next piece off *rest at a separator; NULL when nothing is left. */
static char *take(char **rest, char separator)
{
	char *piece = *rest, *at = piece;

	if (!piece || !*piece)
		return NULL;
	while (*at && *at != separator)
		at++;
	*rest = *at ? at + 1 : NULL;
	*at = '\0';
	return piece;
}

struct mount {
	char *device, *path, *options, *type, *source, *super;
};

/* A line of mountinfo: ID PARENT MAJOR:MINOR ROOT PATH OPTIONS [TAGS] - TYPE SOURCE SUPER-OPTIONS. */
static bool parse_mount(char *line, struct mount *mount)
{
	char *tag;

	take(&line, ' ');
	take(&line, ' ');
	mount->device = take(&line, ' ');
	take(&line, ' ');
	mount->path = take(&line, ' ');
	mount->options = take(&line, ' ');
	while ((tag = take(&line, ' ')) && !same(tag, "-"))
		;
	mount->type = take(&line, ' ');
	/* The source may be empty, which take() knows nothing of. */
	mount->source = line && *line == ' ' ? (*line++ = '\0', line - 1) : take(&line, ' ');
	mount->super = take(&line, ' ');
	return mount->super != NULL;
}

/* mountinfo has its own escapes. */
static void fact_escaped(const char *key, char *value)
{
	fact_bytes(key, value, unescape(value, length(value)));
}

/* False without one (reported). */
static bool find_root(int proc, struct mount *root)
{
	char *rest = read_proc(proc, "self/mountinfo"), *line;
	struct mount mount;

	if (!rest)
		return false;
	*root = (struct mount){};
	while ((line = take(&rest, '\n')))
		if (parse_mount(line, &mount) && same(mount.path, "/"))
			*root = mount;
	if (!root->type)
		report_error("root", "/", -ENOENT);
	return root->type != NULL;
}

const char *root_type(int proc)
{
	struct mount root;

	return find_root(proc, &root) ? root.type : "";
}

void report_rootfs(const char *type, const char *how, uint64_t counter, uint64_t boot)
{
	fact("rootfs");
	fact_times(counter, boot);
	fact_text("fstype", type);
	fact_text("how", how);
	fact_end();
}

void report_root(int proc)
{
	struct mount root;

	if (!find_root(proc, &root))
		return;
	fact("root");
	fact_escaped("fstype", root.type);
	fact_escaped("source", root.source);
	fact_escaped("options", root.options);
	fact_escaped("super", root.super);
	fact_end();
}

void report_mounts(int proc, const char *name)
{
	char *rest = read_proc(proc, "self/mountinfo"), *line;
	struct mount mount;

	while ((line = take(&rest, '\n'))) {
		if (!parse_mount(line, &mount))
			continue;
		fact(name);
		fact_escaped("at", mount.path);
		fact_escaped("fstype", mount.type);
		fact_escaped("source", mount.source);
		fact_text("dev", mount.device);
		fact_end();
	}
}

/* Skips blanks, the key and the blanks behind it; false if the line has another key. */
static bool has_key(const char **line, const char *key)
{
	const char *at = *line;

	while (*at == ' ')
		at++;
	if (!starts_with(at, key) || at[length(key)] != ':')
		return false;
	at += length(key) + 1;
	while (*at == ' ')
		at++;
	*line = at;
	return true;
}

/* Pages on the free lists of all CPUs in all zones. */
static uint64_t pages_on_lists(int proc)
{
	char *rest = read_proc(proc, "zoneinfo");
	uint64_t pages = 0, count;
	const char *line;

	while ((line = take(&rest, '\n')))
		if (has_key(&line, "count") && take_number(&line, &count))
			pages += count;
	return pages;
}

void report_memory(int proc, const char *at)
{
	static const char *const keys[] = { "MemTotal", "MemFree", "MemAvailable",
					    "Buffers",  "Cached",  "Shmem" };
	uint64_t pages = pages_on_lists(proc);
	char *rest = read_proc(proc, "meminfo");
	const char *line;

	fact("memory");
	fact_text("at", at);
	while ((line = take(&rest, '\n'))) {
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			const char *value = line;
			uint64_t kib;

			if (has_key(&value, keys[i]) && take_number(&value, &kib))
				fact_number(keys[i], kib);
		}
	}
	fact_number("pcp", pages * (page_size() / 1024));
	fact_end();
}
