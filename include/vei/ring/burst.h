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

#include <vei/ring/add.h>
#include <vei/ring/get.h>

/* Post @n buffers for which there is room, none of whose avail entries wraps around. */
static __always_inline void vei_ring_add_run(struct vei_ring *r, const struct vei_seg *seg,
					     void *const *token, unsigned int n, bool in)
{
	u16 __vei_shared *entry = &r->avail->ring[r->avail_idx & r->mask];
	const u32 in_mask = in ? ~0 : 0;
	const struct vei_seg *const end = seg + n;
	struct vei_ring_slot *const slots = r->slot;
	struct vei_desc __vei_shared *const desc = r->desc;
	const u16 *const next = r->next;
	u32 id = r->free_head;

	r->avail_idx += n;
	r->num_free -= n;
	for (; seg != end; seg++, token++, entry++) {
		struct vei_ring_slot *slot = &slots[id];
		u32 len = seg->len;

		slot->token = *token;
		slot->in_len = len & in_mask;
		slot->last = id;
		slot->count = 1;
		vei_shared_fill_desc(&desc[id], seg->addr, len, in_mask & VEI_DESC_F_WRITE);
		if (vei_shared_load16(entry) != id)
			vei_shared_store16(entry, id);
		id = next[id];
	}
	r->free_head = id;
}

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
	unsigned int done, run;

	if (n > r->num_free)
		n = r->num_free;
	for (done = 0; done < n; done += run) {
		run = r->size - (r->avail_idx & r->mask);
		if (run > n - done)
			run = n - done;
		vei_ring_add_run(r, seg + done, token + done, run, in);
	}
	return n;
}

/*
 * Take up to @n entries that are known to be there and do not wrap around, while
 * they come in order; how many.
 */
static __always_inline unsigned int vei_ring_get_run(struct vei_ring *r, void **token, u32 *len,
						     unsigned int n)
{
	const struct vei_used_elem __vei_shared *elem = &r->used->ring[r->last_used & r->mask];
	void **const first = token, **const end = token + n;
	struct vei_ring_slot *const slots = r->slot;
	const u16 *const next = r->next;
	u32 tail = r->free_tail, count = 0;

	for (; token != end; token++, len++, elem++) {
		u32 id = vei_shared_load32(&elem->id);
		u32 written = vei_shared_load32(&elem->len);
		struct vei_ring_slot *slot;

		if (unlikely(id != next[tail]))
			break;
		slot = &slots[id];
		if (unlikely(!slot->token || written > slot->in_len))
			break;
		*token = slot->token;
		*len = written;
		slot->token = NULL;
		count += slot->count;
		tail = slot->last;
	}
	n = token - first;
	r->last_used += n;
	r->free_tail = tail;
	r->num_free += count;
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
	unsigned int n = 0, run;

	while (n < max) {
		/* One at least by itself: it may be the first, out of order, or a lie. */
		token[n] = vei_ring_get(r, &len[n]);
		if (!token[n])
			break;
		n++;
		run = r->size - (r->last_used & r->mask);
		if (run > (u16)(r->used_seen - r->last_used))
			run = (u16)(r->used_seen - r->last_used);
		if (run > max - n)
			run = max - n;
		n += vei_ring_get_run(r, token + n, len + n, run);
	}
	return n;
}

#endif /* _VEI_BURST_H */
