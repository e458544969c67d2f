/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Buffers go into a ring: one descriptor, a chain of them, or a table.
 *
 * Free descriptors are a list, first in first out, which descriptors in shared
 * memory are linked by as well; so a chain taken from its front needs no link
 * to be written. (A device that changes a link misleads itself: the driver
 * follows its own copy.)
 *
 * PURE, see ring.h.
 */
#ifndef _VEI_ADD_H
#define _VEI_ADD_H

#include <vei/ring/ring.h>

/* Remember a buffer and put its head into the available ring. The rest of the slot follows. */
static __always_inline struct vei_ring_slot *vei_ring_post(struct vei_ring *r, u32 head,
							   u32 count, void *token)
{
	struct vei_ring_slot *slot = &r->slot[head];
	u32 at = r->avail_idx & r->mask;

	slot->token = token;
	slot->count = count;
	r->num_free -= count;
	if (vei_shared_load16(&r->avail->ring[at]) != head)
		vei_shared_store16(&r->avail->ring[at], head);
	r->avail_idx++;
	return slot;
}

/* One descriptor. The caller knows that there is one, and that @in is 0 or 1. */
static __always_inline int vei_ring_add_one(struct vei_ring *r, const struct vei_seg *seg,
					    unsigned int in, void *token)
{
	u32 id = r->free_head;
	struct vei_ring_slot *slot = vei_ring_post(r, id, 1, token);
	u32 len = seg->len;

	slot->last = id;
	slot->in_len = len & -in;
	r->free_head = r->next[id];
	vei_shared_fill_desc(&r->desc[id], seg->addr, len, in * VEI_DESC_F_WRITE);
	return 0;
}

/* A chain of ring descriptors, linked already. The caller knows that there are enough. */
static noinline __maybe_unused int vei_ring_add_direct(struct vei_ring *r,
						       const struct vei_seg *seg,
						       unsigned int out, unsigned int n,
						       void *token)
{
	const struct vei_seg *in = seg + out, *last = seg + n - 1;
	u32 id = r->free_head, in_len = 0;
	struct vei_ring_slot *slot = vei_ring_post(r, id, n, token);
	u16 flags = VEI_DESC_F_NEXT;

	for (;; seg++) {
		if (seg >= in) {
			flags = VEI_DESC_F_NEXT | VEI_DESC_F_WRITE;
			in_len += seg->len;
		}
		if (seg == last)
			break;
		vei_shared_fill_desc(&r->desc[id], seg->addr, seg->len, flags);
		id = r->next[id];
	}
	slot->last = id;
	slot->in_len = in_len;
	r->free_head = r->next[id];
	vei_shared_fill_desc(&r->desc[id], seg->addr, seg->len, flags & ~VEI_DESC_F_NEXT);
	return 0;
}

/* One ring descriptor that points to the table belonging to its id, linked already. */
static noinline __maybe_unused int vei_ring_add_indirect(struct vei_ring *r,
							 const struct vei_seg *seg,
							 unsigned int out, unsigned int n,
							 void *token)
{
	const struct vei_seg *in = seg + out, *end = seg + n;
	u32 head = r->free_head, in_len = 0;
	struct vei_ring_slot *slot = vei_ring_post(r, head, 1, token);
	size_t first = (size_t)head * r->table_len;
	typeof(r->table) desc = &r->table[first];
	u16 flags = VEI_DESC_F_NEXT;

	slot->last = head;
	r->free_head = r->next[head];
	vei_shared_fill_desc(&r->desc[head], r->table_addr + first * sizeof(*desc),
			     n * sizeof(*desc), VEI_DESC_F_INDIRECT);
	do {
		if (seg >= in) {
			flags = VEI_DESC_F_NEXT | VEI_DESC_F_WRITE;
			in_len += seg->len;
		}
		vei_shared_fill_desc(desc++, seg->addr, seg->len, flags);
	} while (++seg != end);
	vei_shared_store16(&desc[-1].flags, flags & ~VEI_DESC_F_NEXT);
	slot->in_len = in_len;
	return 0;
}

/* Every case of vei_ring_add() but the two most usual. */
static noinline __maybe_unused int vei_ring_add_other(struct vei_ring *r,
						      const struct vei_seg *seg,
						      unsigned int out, unsigned int n,
						      void *token)
{
	if (!n || !token)
		return -EINVAL;
	if (r->num_free && n <= r->table_len && (n >= r->indirect_min || n > r->num_free))
		return vei_ring_add_indirect(r, seg, out, n, token);
	if (n <= r->num_free)
		return vei_ring_add_direct(r, seg, out, n, token);
	if (r->broken)
		return -EIO;
	return n > r->size && n > r->table_len ? -EINVAL : -ENOSPC;
}

/* A chain of ring descriptors, linked already, if it is one and the device only reads it. */
static noinline __maybe_unused int vei_ring_add_chain(struct vei_ring *r,
						      const struct vei_seg *seg,
						      unsigned int out, unsigned int n,
						      void *token)
{
	struct vei_ring_slot *slot;
	u32 id = r->free_head;

	if (n != out || n > r->num_free || n >= r->indirect_min || unlikely(n < 2 || !token))
		return vei_ring_add_other(r, seg, out, n, token);
	slot = vei_ring_post(r, id, n, token);
	do {
		vei_shared_fill_desc(&r->desc[id], seg->addr, seg->len, VEI_DESC_F_NEXT);
		id = r->next[id];
		seg++;
	} while (--n > 1);
	slot->last = id;
	slot->in_len = 0;
	r->free_head = r->next[id];
	vei_shared_fill_desc(&r->desc[id], seg->addr, seg->len, 0);
	return 0;
}

/**
 * vei_ring_add() - post a buffer; the device sees it after vei_ring_publish()
 * @r: the ring
 * @seg: @out pieces that the device reads, then @in pieces that it writes,
 *	together under 4 GiB
 * @out: how many the device reads
 * @in: how many it writes
 * @token: not NULL; vei_ring_get() gives it back
 *
 * Return: 0; -ENOSPC if there are not enough descriptors now; -EINVAL if there
 * can never be, or an argument is wrong; -EIO if the ring is broken.
 */
static __always_inline int vei_ring_add(struct vei_ring *r, const struct vei_seg *seg,
					unsigned int out, unsigned int in, void *token)
{
	if (out + in != 1 || unlikely(!r->num_free || !token))
		return vei_ring_add_chain(r, seg, out, out + in, token);
	return vei_ring_add_one(r, seg, in, token);
}

#endif /* _VEI_ADD_H */
