// SPDX-License-Identifier: GPL-2.0
/*
 * No driver at all: one descriptor per ring slot, laid out once; adding and taking only move
 * indices. What the harness and its device cost by themselves, to be subtracted from the others'
 * times, and the least number of cache lines that a split ring can move.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/compiler.h>

#include "contract.h"

struct floor_ring {
	struct bench_shared sh;
	uint16_t avail, last, seen, mask;
	void **token;
	void *mem;
};

static void *ring_open(const struct bench_params *p, struct bench_shared *sh)
{
	size_t used = (16 * p->qsz + 2 * (3 + p->qsz) + 4095) & ~4095UL;
	struct floor_ring *r = aligned_alloc(64, (sizeof(*r) + 63) & ~63UL);
	unsigned int i;

	memset(r, 0, sizeof(*r));
	r->mem = aligned_alloc(4096, used + 4096);
	memset(r->mem, 0, used + 4096);
	r->sh.desc = r->mem;
	r->sh.avail = (void *)(r->sh.desc + p->qsz);
	r->sh.used = (void *)((char *)r->mem + used);
	r->token = calloc(p->qsz, sizeof(*r->token));
	for (i = 0; i < p->qsz; i++) {
		r->sh.desc[i].len = p->len[0];
		r->sh.avail->ring[i] = i;
	}
	r->mask = p->qsz - 1;
	*sh = r->sh;
	return r;
}

static void ring_close(void *ring)
{
	struct floor_ring *r = ring;

	free(r->token);
	free(r->mem);
	free(r);
}

static BENCH_ENTRY int bx_add(void *ring, void *token)
{
	struct floor_ring *r = ring;

	r->token[r->avail++ & r->mask] = token;
	return 0;
}

static BENCH_ENTRY bool bx_kick(void *ring)
{
	struct floor_ring *r = ring;

	__atomic_thread_fence(__ATOMIC_RELEASE);
	WRITE_ONCE(r->sh.avail->idx, r->avail);
	return false;
}

static BENCH_ENTRY void bx_disable(void *ring)
{
	(void)ring;
}

static BENCH_ENTRY void *bx_get(void *ring, uint32_t *len)
{
	struct floor_ring *r = ring;

	if (r->seen == r->last) {
		r->seen = READ_ONCE(r->sh.used->idx);
		if (r->seen == r->last)
			return NULL;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	}
	*len = 0;
	return r->token[r->last++ & r->mask];
}

static BENCH_ENTRY bool bx_enable(void *ring)
{
	(void)ring;
	return true;
}

static BENCH_ENTRY int bx_add_burst(void *ring, void **tokens, unsigned int n)
{
	struct floor_ring *r = ring;
	unsigned int i;

	for (i = 0; i < n; i++)
		r->token[r->avail++ & r->mask] = tokens[i];
	return 0;
}

static BENCH_ENTRY unsigned int bx_get_burst(void *ring, void **tokens, uint32_t *lens,
					     unsigned int n)
{
	struct floor_ring *r = ring;
	unsigned int i, there;

	r->seen = READ_ONCE(r->sh.used->idx);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	there = (uint16_t)(r->seen - r->last);
	if (n > there)
		n = there;
	for (i = 0; i < n; i++) {
		lens[i] = 0;
		tokens[i] = r->token[r->last++ & r->mask];
	}
	return n;
}

const struct bench_ring_ops bench_floor = {
	.name = "floor",
	.open = ring_open,
	.close = ring_close,
	.add = bx_add,
	.kick = bx_kick,
	.disable = bx_disable,
	.get = bx_get,
	.enable = bx_enable,
	.add_burst = bx_add_burst,
	.get_burst = bx_get_burst,
};
