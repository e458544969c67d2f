// SPDX-License-Identifier: GPL-2.0
/*
 * A straightforward split ring without a single check on the device: a lower mark for what the
 * layout costs, not a ring to use. Free ids are a linked list, avail->idx is published at a kick.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/compiler.h>

#include "contract.h"

struct bare_ring {
	struct bench_shared sh;
	uint16_t *used_event, *avail_event;
	uint16_t mask, free, avail, kicked, last;
	bool event, indirect, receive;
	unsigned int nseg;
	struct bare_state {
		void *token;
		uint16_t last;
		struct bench_desc *table;
	} *state;
	uint64_t addr[BENCH_MAX_SEG];
	uint32_t len[BENCH_MAX_SEG];
	void *mem;
};

static void *ring_open(const struct bench_params *p, struct bench_shared *sh)
{
	size_t bytes = 16 * p->qsz + 2 * (3 + p->qsz);
	struct bare_ring *r = aligned_alloc(64, (sizeof(*r) + 63) & ~63UL);
	unsigned int i;

	bytes = (bytes + 4095) & ~4095UL;
	memset(r, 0, sizeof(*r));
	r->mem = aligned_alloc(4096, bytes + ((6 + 8 * p->qsz + 4095) & ~4095UL));
	memset(r->mem, 0, bytes + 6 + 8 * p->qsz);
	r->sh.desc = r->mem;
	r->sh.avail = (void *)(r->sh.desc + p->qsz);
	r->sh.used = (void *)((char *)r->mem + bytes);
	r->used_event = &r->sh.avail->ring[p->qsz];
	r->avail_event = (void *)&r->sh.used->ring[p->qsz];
	r->state = calloc(p->qsz, sizeof(*r->state));
	for (i = 0; i < p->qsz; i++) {
		r->sh.desc[i].next = i + 1;
		if (p->indirect)
			r->state[i].table = calloc(BENCH_MAX_SEG, sizeof(struct bench_desc));
	}
	for (i = 0; i < p->nseg; i++) {
		r->addr[i] = (uintptr_t)p->buf[i];
		r->len[i] = p->len[i];
	}
	r->mask = p->qsz - 1;
	r->event = p->event_idx;
	r->indirect = p->indirect;
	r->receive = p->receive;
	r->nseg = p->nseg;
	*sh = r->sh;
	return r;
}

static void ring_close(void *ring)
{
	struct bare_ring *r = ring;
	unsigned int i;

	for (i = 0; i <= r->mask; i++)
		free(r->state[i].table);
	free(r->state);
	free(r->mem);
	free(r);
}

static void bare_fill(const struct bare_ring *r, struct bench_desc *d, unsigned int i, bool last)
{
	d->addr = r->addr[i];
	d->len = r->len[i];
	d->flags = (r->receive ? 2 : 0) | (last ? 0 : 1);
}

static BENCH_ENTRY int bx_add(void *ring, void *token)
{
	struct bare_ring *r = ring;
	uint16_t head = r->free, id = head;
	struct bench_desc *d = &r->sh.desc[id];
	unsigned int i;

	if (r->indirect && r->nseg > 1) {
		struct bench_desc *t = r->state[head].table;

		for (i = 0; i < r->nseg; i++) {
			bare_fill(r, &t[i], i, i + 1 == r->nseg);
			t[i].next = i + 1;
		}
		d->addr = (uintptr_t)t;
		d->len = 16 * r->nseg;
		d->flags = 4;
	} else {
		for (i = 0;; id = d->next) {
			d = &r->sh.desc[id];
			bare_fill(r, d, i, i + 1 == r->nseg);
			if (++i == r->nseg)
				break;
		}
	}
	r->free = d->next;
	r->state[head].token = token;
	r->state[head].last = id;
	r->sh.avail->ring[r->avail++ & r->mask] = head;
	return 0;
}

static BENCH_ENTRY bool bx_kick(void *ring)
{
	struct bare_ring *r = ring;
	uint16_t old = r->kicked, event;

	__atomic_thread_fence(__ATOMIC_RELEASE);
	WRITE_ONCE(r->sh.avail->idx, r->avail);
	__asm__ __volatile__("lock; addl $0,-4(%%rsp)" ::: "memory", "cc");
	r->kicked = r->avail;
	if (r->event)
		event = READ_ONCE(*r->avail_event);
	if (r->event)
		return (uint16_t)(r->avail - event - 1) < (uint16_t)(r->avail - old);
	return !(READ_ONCE(r->sh.used->flags) & 1);
}

static BENCH_ENTRY void bx_disable(void *ring)
{
	struct bare_ring *r = ring;

	if (r->event)
		WRITE_ONCE(*r->used_event, r->last - r->mask - 2);
	else
		WRITE_ONCE(r->sh.avail->flags, 1);
}

static BENCH_ENTRY void *bx_get(void *ring, uint32_t *len)
{
	struct bare_ring *r = ring;
	struct bench_elem *e;
	uint16_t id;

	if (READ_ONCE(r->sh.used->idx) == r->last)
		return NULL;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	e = &r->sh.used->ring[r->last++ & r->mask];
	id = READ_ONCE(e->id);
	*len = READ_ONCE(e->len);
	r->sh.desc[r->state[id].last].next = r->free;
	r->free = id;
	return r->state[id].token;
}

static BENCH_ENTRY bool bx_enable(void *ring)
{
	struct bare_ring *r = ring;

	if (r->event)
		WRITE_ONCE(*r->used_event, r->last);
	else
		WRITE_ONCE(r->sh.avail->flags, 0);
	__asm__ __volatile__("lock; addl $0,-4(%%rsp)" ::: "memory", "cc");
	return READ_ONCE(r->sh.used->idx) == r->last;
}

const struct bench_ring_ops bench_bare = {
	.name = "bare",
	.open = ring_open,
	.close = ring_close,
	.add = bx_add,
	.kick = bx_kick,
	.disable = bx_disable,
	.get = bx_get,
	.enable = bx_enable,
};
