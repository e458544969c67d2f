/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Buffers come back from a ring, each checked against what was posted.
 *
 * PURE, see ring.h.
 */
#ifndef _VEI_GET_H
#define _VEI_GET_H

#include <vei/ring/ring.h>

/* The device lied. */
static noinline __maybe_unused void *vei_ring_bad(struct vei_ring *r, enum vei_ring_error error,
						  u32 value)
{
	vei_ring_break(r, error, value);
	return NULL;
}

/* The buffer headed by @id, all checked, is the driver's again, behind what came back before. */
static __always_inline void *vei_ring_take(struct vei_ring *r, struct vei_ring_slot *slot)
{
	void *token = slot->token;

	slot->token = NULL;
	r->free_tail = slot->last;
	r->num_free += slot->count;
	r->last_used++;
	return token;
}

/* The rest of vei_ring_get(): what is not the most usual case. */
static noinline __maybe_unused void *vei_ring_get_checked(struct vei_ring *r, u32 *len,
							  u32 id, u32 written)
{
	struct vei_ring_slot *slot;
	u32 tail = r->free_tail;

	if (id >= r->size)
		return vei_ring_bad(r, VEI_RING_USED_ID, id);
	slot = &r->slot[id];
	if (!slot->token)
		return vei_ring_bad(r, VEI_RING_USED_TWICE, id);
	if (written > slot->in_len) {
		if (r->strict_len && slot->in_len)
			return vei_ring_bad(r, VEI_RING_USED_LEN, written);
		written = slot->in_len;
	}
	if (r->next[tail] != id) {
		u16 __vei_shared *link = &r->desc[tail].next;

		r->next[tail] = id;
		vei_shared_store16(link, id);
		if (!r->num_free)
			r->free_head = id;
	}
	*len = written;
	return vei_ring_take(r, slot);
}

/**
 * vei_ring_get() - take one used buffer
 * @r: the ring
 * @len: bytes that the device wrote, never more than the buffer has for it to
 *	write: a device that says more breaks a ring of &vei_ring.strict_len, in
 *	any other ring it is taken as all of them. Always 0 for a buffer with
 *	nothing to write: there the number means nothing, and devices in the field
 *	(vhost with zero copy) leave anything in it.
 *
 * The id is first held against a private guess of it: the buffer that was added
 * next after the one that came back last. While buffers come back in the order in
 * which they were added it is right, and then the id is known to be one, and the
 * free list to go on there already, also when there was nothing left in it.
 *
 * Return: the token; NULL if there is none, or the ring is broken.
 */
static __always_inline void *vei_ring_get(struct vei_ring *r, u32 *len)
{
	const struct vei_used_elem __vei_shared *elem;
	struct vei_ring_slot *slot;
	u32 last = r->last_used;
	u32 id, written;

	if (likely((u16)last == r->used_seen)) {
		u16 idx = vei_shared_load16(r->used_idx);

		if (idx == (u16)last)
			return NULL;
		if (unlikely((u16)(idx - last) > (u16)(r->published - last)))
			return vei_ring_bad(r, VEI_RING_USED_IDX, idx);
		r->used_seen = idx;
		virt_rmb();	/* C */
	}

	elem = &r->used->ring[last & r->mask];
	id = vei_shared_load32(&elem->id);
	written = vei_shared_load32(&elem->len);
	if (unlikely(id != r->next[r->free_tail]))
		return vei_ring_get_checked(r, len, id, written);
	slot = &r->slot[id];
	if (unlikely(!slot->token || written > slot->in_len))
		return vei_ring_get_checked(r, len, id, written);
	*len = written;
	return vei_ring_take(r, slot);
}

/**
 * vei_ring_saw_more() - is another used buffer known of, without asking the device?
 * @r: the ring, of which vei_ring_get() has just taken one
 *
 * If not, arming asks the device anyway.
 */
static __always_inline bool vei_ring_saw_more(const struct vei_ring *r)
{
	return r->last_used != r->used_seen;
}

#endif /* _VEI_GET_H */
