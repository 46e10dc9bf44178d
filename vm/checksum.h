/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The checksum that shows that two flows read the same bytes, nothing more. It starts at 0. Bytes are taken as
 * 64-bit little-endian words, the last one filled up with zeros, and after them one word more, the number of
 * bytes; each word w makes sum = (rotl64(sum, 13) ^ w) + 0x9e3779b97f4a7c15.
 */
#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t mix(uint64_t before, uint64_t word)
{
	return ((before << 13 | before >> 51) ^ word) + 0x9e3779b97f4a7c15ull;
}

/* Without the number of bytes. `buffer` is aligned to 8, and so long that the last word can be filled up. */
static inline uint64_t mix_bytes(uint64_t sum, char *buffer, size_t count)
{
	const uint64_t *words = (const uint64_t *)(void *)buffer;

	while (count % 8)
		buffer[count++] = 0;
	for (size_t i = 0; i < count / 8; i++)
		sum = mix(sum, words[i]);
	return sum;
}

#endif
