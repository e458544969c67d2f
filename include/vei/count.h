/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A 64-bit counter with one writer, which may be read from anywhere at any
 * time and never torn. The kernel's u64_stats_sync would do where writers
 * cannot be preempted; a control queue's are in process context.
 */
#ifndef _VEI_COUNT_H
#define _VEI_COUNT_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/types.h>

/**
 * struct vei_count - a counter
 * @v: its value; an atomic where the machine cannot store 64 bits at once
 */
struct vei_count {
#ifdef CONFIG_64BIT
	u64 v;
#else
	atomic64_t v;
#endif
};

/**
 * vei_count_read() - read a counter
 * @count: the counter
 */
static __always_inline u64 vei_count_read(const struct vei_count *count)
{
#ifdef CONFIG_64BIT
	return READ_ONCE(count->v);
#else
	return atomic64_read(&count->v);
#endif
}

/**
 * vei_count_add() - count
 * @count: the counter; the caller is its one writer
 * @n: how many
 */
static __always_inline void vei_count_add(struct vei_count *count, u64 n)
{
#ifdef CONFIG_64BIT
	count->v += n;	/* an aligned word, which no compiler tears; WRITE_ONCE() costs two more */
#else
	atomic64_add(n, &count->v);
#endif
}

/**
 * vei_count_inc() - count one
 * @count: the counter; the caller is its one writer
 */
static __always_inline void vei_count_inc(struct vei_count *count)
{
	vei_count_add(count, 1);
}

#endif /* _VEI_COUNT_H */
