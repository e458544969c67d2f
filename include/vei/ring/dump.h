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

#endif /* _VEI_DUMP_H */
