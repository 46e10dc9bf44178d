/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads a given share of the payload, in the order of a list that came with it. */
#ifndef READING_H
#define READING_H

/*
 * Reads the files of the list until `percents` of the payload's bytes are read: `10`, or `1,10,50,100`
 * for a report at each. The lines (`start-read`, then one `used` per percentage) come when all is read,
 * so that printing costs none of what is measured.
 */
void read_payload(const char *list, const char *percents);

#endif
