/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in for the kernel's <linux/atomic.h>: what count.h uses of it on 32-bit machines. */
#ifndef VEI_SHIM_ATOMIC_H
#define VEI_SHIM_ATOMIC_H

#include <linux/types.h>

typedef struct {
	int64_t counter __attribute__((aligned(8)));
} atomic64_t;

static inline int64_t atomic64_read(const atomic64_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}

static inline void atomic64_add(int64_t n, atomic64_t *v)
{
	__atomic_fetch_add(&v->counter, n, __ATOMIC_RELAXED);
}

#endif /* VEI_SHIM_ATOMIC_H */
