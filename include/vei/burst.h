/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Many single-segment buffers at a time: receive refill and reclaim.
 *
 * The same ring as in ring.h and free to be mixed with it; what a burst saves
 * is the state that stays in registers between one buffer and the next.
 *
 * PURE, see ring.h.
 */
#ifndef _VEI_BURST_H
#define _VEI_BURST_H

#include <vei/ring.h>

/**
 * vei_ring_add_burst() - post buffers of one segment each
 * @r: the ring
 * @seg: their segments
 * @token: their tokens, none NULL
 * @n: how many
 * @in: the device writes them; else it reads them
 *
 * The device sees them after vei_ring_publish().
 *
 * Return: how many were posted: fewer than @n if the ring is full, 0 if broken.
 */
static inline unsigned int vei_ring_add_burst(struct vei_ring *r, const struct vei_seg *seg,
					      void *const *token, unsigned int n, bool in)
{
	u16 num_free = vei_ring_num_free(r);
	unsigned int i;

	if (n > num_free)
		n = num_free;
	for (i = 0; i < n; i++) {
		u16 head = r->free[r->free_head++ & r->mask];

		vei_ring_fill_desc(&r->desc[head], seg[i].addr, seg[i].len,
				   in ? VEI_DESC_F_WRITE : 0);
		vei_ring_post(r, head, 1, in ? seg[i].len : 0, token[i]);
	}
	return n;
}

/**
 * vei_ring_get_burst() - take used buffers
 * @r: the ring
 * @token: room for @max tokens
 * @len: room for @max lengths, see vei_ring_get()
 * @max: how many at the most
 *
 * Return: how many were taken.
 */
static inline unsigned int vei_ring_get_burst(struct vei_ring *r, void **token, u32 *len,
					      unsigned int max)
{
	unsigned int n;

	for (n = 0; n < max; n++) {
		token[n] = vei_ring_get(r, &len[n]);
		if (!token[n])
			break;
	}
	return n;
}

#endif /* _VEI_BURST_H */
