/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What both sides have written into a ring, for people to look at.
 *
 * PURE, see ring.h.
 */
#ifndef _VEI_DUMP_H
#define _VEI_DUMP_H

#include <vei/ring/ring.h>

/**
 * struct vei_ring_shared - the shared words of a ring
 * @avail_flags: written by the driver
 * @avail_idx: written by the driver
 * @used_event: written by the driver
 * @used_flags: written by the device
 * @used_idx: written by the device
 * @avail_event: written by the device
 */
struct vei_ring_shared {
	u16 avail_flags;
	u16 avail_idx;
	u16 used_event;
	u16 used_flags;
	u16 used_idx;
	u16 avail_event;
};

/**
 * vei_ring_read_shared() - read them all, also those that do not count
 * @r: the ring; both sides may be at work
 * @out: filled
 */
static inline void vei_ring_read_shared(const struct vei_ring *r, struct vei_ring_shared *out)
{
	u8 __vei_shared *mem = (u8 __vei_shared *)r->desc;

	out->avail_flags = vei_shared_load16(&r->avail->flags);
	out->avail_idx = vei_shared_load16(&r->avail->idx);
	out->used_event = vei_shared_load16(vei_shared_word(mem, vei_layout_used_event(r->size)));
	out->used_flags = vei_shared_load16(&r->used->flags);
	out->used_idx = vei_shared_load16(&r->used->idx);
	out->avail_event = vei_shared_load16(vei_shared_word(mem, vei_layout_avail_event(r->size)));
}

/**
 * struct vei_ring_view - a ring as it stands, as far as it stands still
 * @shared: the shared words
 * @published: entries that the driver has let the device see
 * @last_used: entries that the driver has taken back
 * @seen: the device's word at the driver's last decision on a kick
 * @kick_by_index: avail_event decides on kicks
 * @intr_by_index: used_event decides on interrupts
 * @armed: the driver has asked for an interrupt
 */
struct vei_ring_view {
	struct vei_ring_shared shared;
	u16 published;
	u16 last_used;
	u16 seen;
	bool kick_by_index;
	bool intr_by_index;
	bool armed;
};

/**
 * vei_ring_look() - all that decides on who is to be told
 * @r: the ring; both sides may be at work
 * @v: filled
 */
static inline void vei_ring_look(const struct vei_ring *r, struct vei_ring_view *v)
{
	v->last_used = READ_ONCE(r->last_used);
	v->published = READ_ONCE(r->published);
	v->seen = READ_ONCE(r->kick.seen);
	v->kick_by_index = READ_ONCE(r->kick.by_index);
	v->intr_by_index = READ_ONCE(r->intr.by_index);
	v->armed = READ_ONCE(r->intr.armed);
	vei_ring_read_shared(r, &v->shared);
}

/**
 * vei_ring_moved() - has either side done anything between two looks?
 * @a: one
 * @b: the other
 */
static inline bool vei_ring_moved(const struct vei_ring_view *a, const struct vei_ring_view *b)
{
	return a->published != b->published || a->last_used != b->last_used ||
	       a->armed != b->armed || a->shared.used_idx != b->shared.used_idx ||
	       a->shared.avail_event != b->shared.avail_event ||
	       a->shared.used_flags != b->shared.used_flags;
}

/**
 * vei_ring_kick_verdict() - what the rule makes of a ring's kicks, in words
 * @v: the ring
 * @told: what was published when the device was kicked last
 *
 * What the device has used less than it was told of it works on, or has not heard. A
 * decision goes by what the device asked for at that moment. It may have asked for the
 * same entry later, and then has to look again behind that; by index that cannot be told
 * from a kick that the driver owes, unless nobody has decided since.
 */
static inline const char *vei_ring_kick_verdict(const struct vei_ring_view *v, u16 told)
{
	const struct vei_ring_shared *s = &v->shared;
	u16 word = v->kick_by_index ? s->avail_event : s->used_flags;

	if (v->published == s->used_idx)
		return "nothing waits for the device";
	if ((u16)(told - s->used_idx - 1) < VEI_RING_SIZE_MAX)
		return "told of it: the device's turn";
	if (v->kick_by_index ? !vei_need_event(word, v->published, told) :
			       word & VEI_USED_F_NO_NOTIFY)
		return "none due: the device does not ask to be told of it";
	if (v->seen != word)
		return "none was due: the device asked later, and has to look again by itself";
	if (v->kick_by_index)
		return "not sent, but asked for: the device has to look again, or the driver errs";
	return "due, and not sent: the driver's turn";
}

/**
 * vei_ring_intr_verdict() - what the rule makes of a ring's interrupts, in words
 * @v: the ring
 *
 * The driver takes what it comes across also if it waits for no interrupt, or not yet.
 */
static inline const char *vei_ring_intr_verdict(const struct vei_ring_view *v)
{
	const struct vei_ring_shared *s = &v->shared;

	if (s->used_idx == v->last_used)
		return "nothing waits for the driver";
	if (v->intr_by_index ? !v->armed : s->avail_flags & VEI_AVAIL_F_NO_INTERRUPT)
		return "none due: the driver asked for none, and has to look by itself";
	if (v->intr_by_index &&
	    (u16)(s->used_idx - s->used_event - 1) >= VEI_RING_SIZE_MAX)
		return "none due yet: the driver asked for a later one";
	return "due: lost on the way, or the handler has not run yet";
}

/**
 * vei_ring_avail_id() - an entry of the available ring
 * @r: the ring
 * @at: its index
 */
static inline u16 vei_ring_avail_id(const struct vei_ring *r, u16 at)
{
	return vei_shared_load16(&r->avail->ring[at & r->mask]);
}

/**
 * vei_ring_used_elem() - an entry of the used ring, as the device wrote it: unchecked
 * @r: the ring
 * @at: its index
 */
static inline struct vei_used_elem vei_ring_used_elem(const struct vei_ring *r, u16 at)
{
	const struct vei_used_elem __vei_shared *elem = &r->used->ring[at & r->mask];
	struct vei_used_elem out;

	out.id = vei_shared_load32(&elem->id);
	out.len = vei_shared_load32(&elem->len);
	return out;
}

/**
 * vei_ring_chain_len() - descriptors of a buffer that is in flight
 * @r: the ring
 * @head: an id below the ring's size
 *
 * Return: those in the ring itself; 0 if it heads no buffer.
 */
static inline u16 vei_ring_chain_len(const struct vei_ring *r, u16 head)
{
	const struct vei_ring_slot *slot = &r->slot[head];

	return READ_ONCE(slot->token) ? READ_ONCE(slot->count) : 0;
}

/* By accessors, as the device may write to any of it. */
static inline struct vei_desc vei_ring_copy_desc(const struct vei_desc __vei_shared *desc)
{
	struct vei_desc out;

	out.addr = vei_shared_load64(&desc->addr);
	out.len = vei_shared_load32(&desc->len);
	out.flags = vei_shared_load16(&desc->flags);
	out.next = vei_shared_load16(&desc->next);
	return out;
}

/**
 * vei_ring_chain_desc() - a descriptor of a chain, as the device finds it
 * @r: the ring
 * @id: its id; becomes that of the next one, by what the driver knows
 */
static inline struct vei_desc vei_ring_chain_desc(const struct vei_ring *r, u16 *id)
{
	u16 at = *id & r->mask;

	*id = READ_ONCE(r->next[at]);
	return vei_ring_copy_desc(&r->desc[at]);
}

/**
 * vei_ring_table_desc() - a descriptor of an indirect table, as the device finds it
 * @r: the ring
 * @head: the table's id, below the ring's size
 * @at: number in the table
 * @out: filled
 *
 * Return: false if the table ends before that.
 */
static inline bool vei_ring_table_desc(const struct vei_ring *r, u16 head, u16 at,
				       struct vei_desc *out)
{
	const struct vei_desc __vei_shared *table = READ_ONCE(r->table);
	u16 table_len = READ_ONCE(r->table_len);

	if (!table || at >= table_len)
		return false;
	*out = vei_ring_copy_desc(&table[(size_t)head * table_len + at]);
	return true;
}

#endif /* _VEI_DUMP_H */
