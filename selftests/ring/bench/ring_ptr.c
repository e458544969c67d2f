// SPDX-License-Identifier: GPL-2.0
/*
 * Not a virtqueue: two arrays of pointers, where NULL means empty, so that data and index travel in
 * one line and no index is shared at all. After the idea of the kernel's ptr_ring, as a mark for
 * what another layout could do. Only for two threads.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/compiler.h>

#include "contract.h"

struct ptr_ring {
	void **fwd, **back;
	unsigned int mask;
	char pad0[128];
	struct { unsigned int add, get; } driver;
	char pad1[128];
	struct { unsigned int take, give; } device;
	char pad2[128];
};

static void *ring_open(const struct bench_params *p, struct bench_shared *sh)
{
	struct ptr_ring *r = aligned_alloc(128, (sizeof(*r) + 127) & ~127UL);

	memset(r, 0, sizeof(*r));
	memset(sh, 0, sizeof(*sh));
	r->mask = p->qsz - 1;
	r->fwd = aligned_alloc(128, p->qsz * sizeof(void *));
	r->back = aligned_alloc(128, p->qsz * sizeof(void *));
	memset(r->fwd, 0, p->qsz * sizeof(void *));
	memset(r->back, 0, p->qsz * sizeof(void *));
	return r;
}

static void ring_close(void *ring)
{
	struct ptr_ring *r = ring;

	free(r->fwd);
	free(r->back);
	free(r);
}

static BENCH_ENTRY int bx_add(void *ring, void *token)
{
	struct ptr_ring *r = ring;

	__atomic_store_n(&r->fwd[r->driver.add++ & r->mask], token, __ATOMIC_RELEASE);
	return 0;
}

static BENCH_ENTRY bool bx_kick(void *ring)
{
	(void)ring;
	return false;
}

static BENCH_ENTRY void bx_disable(void *ring)
{
	(void)ring;
}

static void *ptr_consume(void **array, unsigned int *idx, unsigned int mask)
{
	void **at = &array[*idx & mask], *token = __atomic_load_n(at, __ATOMIC_ACQUIRE);

	if (!token)
		return NULL;
	WRITE_ONCE(*at, NULL);
	(*idx)++;
	return token;
}

static BENCH_ENTRY void *bx_get(void *ring, uint32_t *len)
{
	struct ptr_ring *r = ring;

	*len = 0;
	return ptr_consume(r->back, &r->driver.get, r->mask);
}

static BENCH_ENTRY bool bx_enable(void *ring)
{
	(void)ring;
	return true;
}

static unsigned int ptr_device(void *ring)
{
	struct ptr_ring *r = ring;
	unsigned int n = 0;
	void *token;

	while (n < 32 && (token = ptr_consume(r->fwd, &r->device.take, r->mask))) {
		__atomic_store_n(&r->back[r->device.give++ & r->mask], token, __ATOMIC_RELEASE);
		n++;
	}
	return n;
}

const struct bench_ring_ops bench_ptr = {
	.name = "ptr_ring",
	.open = ring_open,
	.close = ring_close,
	.add = bx_add,
	.kick = bx_kick,
	.disable = bx_disable,
	.get = bx_get,
	.enable = bx_enable,
	.device = ptr_device,
};
