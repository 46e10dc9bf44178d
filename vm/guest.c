// SPDX-License-Identifier: GPL-2.0-only
/* The ground a guest program stands on: entry, strings, time, environment. */
#include "guest.h"

#include <linux/auxvec.h>
#include <linux/time.h>
#include <linux/time_types.h>

DEFINE_START;

char **environment;
char scratch[SCRATCH_BYTES] __attribute__((aligned(16)));

void start(long *stack, uint64_t counter) __attribute__((noreturn, used));

/* The stack as the kernel left it: argc, argv, NULL, envp, NULL (ELF ABI, "Initial Process Stack"). */
void start(long *stack, uint64_t counter)
{
	int argc = (int)stack[0];
	char **argv = (char **)(stack + 1);

	environment = argv + argc + 1;
	program(argc, argv, counter);
}

/* The compiler may call these two by itself. */
void *memcpy(void *restrict target, const void *restrict source, size_t bytes)
{
	char *to = target;
	const char *from = source;

	while (bytes--)
		*to++ = *from++;
	return target;
}

void *memset(void *target, int byte, size_t bytes)
{
	char *to = target;

	while (bytes--)
		*to++ = (char)byte;
	return target;
}

size_t length(const char *text)
{
	size_t bytes = 0;

	while (text[bytes])
		bytes++;
	return bytes;
}

bool starts_with(const char *text, const char *prefix)
{
	while (*prefix)
		if (*text++ != *prefix++)
			return false;
	return true;
}

bool same(const char *a, const char *b)
{
	return starts_with(a, b) && a[length(b)] == '\0';
}

const char *setting(const char *name, const char *otherwise)
{
	for (char **entry = environment; *entry; entry++)
		if (starts_with(*entry, name) && (*entry)[length(name)] == '=')
			return *entry + length(name) + 1;
	return otherwise;
}

/* The auxiliary vector follows the environment. */
size_t page_size(void)
{
	char **at = environment;
	unsigned long *entry;

	while (*at)
		at++;
	for (entry = (unsigned long *)(at + 1); entry[0] != AT_NULL; entry += 2)
		if (entry[0] == AT_PAGESZ)
			return entry[1];
	return 4096;
}

bool take_number(const char **text, uint64_t *number)
{
	const char *at = *text;
	uint64_t sum = 0;

	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(*at - '0'), &sum))
			return false;
	if (at == *text)
		return false;
	*text = at;
	*number = sum;
	return true;
}

size_t put_number(char *text, uint64_t number)
{
	char digits[20];
	size_t count = 0, at = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while (number /= 10);
	while (count)
		text[at++] = digits[--count];
	return at;
}

static bool is_octal(char digit)
{
	return digit >= '0' && digit <= '7';
}

size_t unescape(char *text, size_t bytes)
{
	size_t to = 0;

	for (size_t from = 0; from < bytes; from++) {
		const char *at = text + from;

		if (*at == '\\' && bytes - from > 3 && is_octal(at[1]) && is_octal(at[2]) && is_octal(at[3])) {
			text[to++] = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			from += 3;
		} else {
			text[to++] = *at;
		}
	}
	return to;
}

uint64_t boottime(void)
{
	struct __kernel_timespec now = {};

	sys(clock_gettime, CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

void sleep_for(uint64_t nanoseconds)
{
	struct __kernel_timespec span = {
		.tv_sec = (long long)(nanoseconds / SECOND),
		.tv_nsec = (long long)(nanoseconds % SECOND),
	};

	sys(nanosleep, &span, NULL);
}

long read_fully(int fd, char *buffer, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		long got = sys(read, fd, buffer + done, bytes - done);

		if (got < 0)
			return got;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (long)done;
}
