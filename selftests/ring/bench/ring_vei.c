// SPDX-License-Identifier: GPL-2.0
/* This project's ring behind the contract: the very text that the kernel module is made of. */
#include <stdlib.h>
#include <string.h>

#include <vei/ring/burst.h>

#include "contract.h"

struct vei_bench {
	struct vei_ring ring;
	struct vei_seg seg[BENCH_MAX_SEG];
	struct vei_seg one[BENCH_MAX_BURST];
	unsigned int out, in;
	struct vei_ring_config cfg;
};

static void *ring_open(const struct bench_params *p, struct bench_shared *sh)
{
	struct vei_bench *b = aligned_alloc(64, (sizeof(*b) + 63) & ~63UL);
	struct vei_ring_config *cfg = &b->cfg;
	size_t bytes = (vei_layout_size(p->qsz) + 4095) & ~4095UL;
	unsigned int i;

	memset(b, 0, sizeof(*b));
	cfg->mem = aligned_alloc(4096, bytes);
	cfg->slot = aligned_alloc(64, p->qsz * sizeof(*cfg->slot) + 64);
	cfg->next = aligned_alloc(64, p->qsz * sizeof(*cfg->next) + 64);
	cfg->size = p->qsz;
	cfg->indirect_min = 2;
	if (p->indirect) {
		cfg->table_len = BENCH_MAX_SEG;
		cfg->table = aligned_alloc(64, p->qsz * BENCH_MAX_SEG * sizeof(*cfg->table));
		cfg->table_addr = (uintptr_t)cfg->table;
	} else {
		cfg->indirect_min = -1;
	}
	cfg->kick_by_index = p->event_idx;
	cfg->intr_by_index = p->event_idx;
	cfg->strict_len = p->receive;
	if (vei_ring_init(&b->ring, cfg))
		return NULL;
	for (i = 0; i < p->nseg; i++)
		b->seg[i] = (struct vei_seg){ (uintptr_t)p->buf[i], p->len[i] };
	for (i = 0; i < BENCH_MAX_BURST; i++)
		b->one[i] = b->seg[0];
	b->out = p->receive ? 0 : p->nseg;
	b->in = p->receive ? p->nseg : 0;
	sh->desc = (void *)b->ring.desc;
	sh->avail = (void *)b->ring.avail;
	sh->used = (void *)b->ring.used;
	return b;
}

static void ring_close(void *ring)
{
	struct vei_bench *b = ring;

	free(b->cfg.mem);
	free(b->cfg.slot);
	free(b->cfg.next);
	free(b->cfg.table);
	free(b);
}

static BENCH_ENTRY int bx_add(void *ring, void *token)
{
	struct vei_bench *b = ring;

	return vei_ring_add(&b->ring, b->seg, b->out, b->in, token);
}

static BENCH_ENTRY bool bx_kick(void *ring)
{
	return vei_ring_kick_prepare(&((struct vei_bench *)ring)->ring);
}

static BENCH_ENTRY void bx_disable(void *ring)
{
	vei_ring_intr_disable(&((struct vei_bench *)ring)->ring);
}

static BENCH_ENTRY void *bx_get(void *ring, uint32_t *len)
{
	return vei_ring_get(&((struct vei_bench *)ring)->ring, len);
}

static BENCH_ENTRY bool bx_enable(void *ring)
{
	return vei_ring_intr_enable(&((struct vei_bench *)ring)->ring);
}

static BENCH_ENTRY int bx_add_burst(void *ring, void **tokens, unsigned int n)
{
	struct vei_bench *b = ring;

	return vei_ring_add_burst(&b->ring, b->one, tokens, n, b->in) != n;
}

static BENCH_ENTRY unsigned int bx_get_burst(void *ring, void **tokens, uint32_t *lens,
					     unsigned int n)
{
	return vei_ring_get_burst(&((struct vei_bench *)ring)->ring, tokens, lens, n);
}

const struct bench_ring_ops bench_vei = {
	.name = "virtio-ei",
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
