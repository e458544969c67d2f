/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What there was no memory for is tried again: after a second, then two, and so on up to a
 * minute. Only a try whose time had come makes the wait longer. One that somebody else makes
 * before it, as often as he likes, leaves the time as it is.
 */
#ifndef _VEI_AGAIN_H
#define _VEI_AGAIN_H

#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/types.h>

#define VEI_AGAIN_FIRST		HZ
#define VEI_AGAIN_MAX		(60 * HZ)

/**
 * struct vei_again - when something is tried again; whoever tries has it alone
 * @wait: how long it waits from one try to the next; 0: it is not tried again
 * @due: when that is over, in jiffies
 */
struct vei_again {
	unsigned long wait;
	unsigned long due;
};

/**
 * vei_again_waits() - is there to be another try?
 * @again: of what
 */
static inline bool vei_again_waits(const struct vei_again *again)
{
	return again->wait;
}

/**
 * vei_again_failed() - there was no memory this time
 * @again: of what
 *
 * Return: how long from now until the next try, in jiffies.
 */
static inline unsigned long vei_again_failed(struct vei_again *again)
{
	unsigned long now = jiffies;

	if (again->wait && time_before(now, again->due))
		return again->due - now;
	again->wait = again->wait ? min_t(unsigned long, 2 * again->wait, VEI_AGAIN_MAX) :
				    VEI_AGAIN_FIRST;
	again->due = now + again->wait;
	return again->wait;
}

/**
 * vei_again_over() - it is done, or no use
 * @again: of what
 */
static inline void vei_again_over(struct vei_again *again)
{
	again->wait = 0;
}

#endif /* _VEI_AGAIN_H */
