/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who is to be told: the two notification directions of a virtqueue.
 *
 *   kick  driver -> device  "the available ring has grown"
 *         suppressed by the device: used->flags, or avail_event in the used ring
 *   intr  device -> driver  "the used ring has grown"
 *         suppressed by the driver: avail->flags, or used_event in the avail ring
 *
 * Each direction is by flags or by index, never both, and the two are
 * independent of one another (virtio-spec draft v2, sections 2.4.1.4 and
 * 2.4.2): four combinations. A direction is one small object, pointed at the
 * one word of shared memory that counts when the queue is set up; the other
 * word of the direction stays zero.
 *
 * PURE: values and one shared word, no locking, no devices. All barriers are
 * in ring.h, which knows what they order.
 */
#ifndef _VEI_EVENT_H
#define _VEI_EVENT_H

#include <linux/compiler.h>
#include <linux/types.h>

#include <uapi/virtio_ei.h>
#include <vei/ring/shared.h>

/**
 * struct vei_kick - suppression of kicks, seen from the driver
 * @word: shared, written by the device: &avail_event if @by_index, else &used->flags
 * @old: available index at the last decision
 * @by_index: avail_event decides
 * @seen: @word as the last decision saw it, for traces and dumps
 */
struct vei_kick {
	const u16 __vei_shared *word;
	u16 old;
	bool by_index;
	u16 seen;
};

/**
 * struct vei_intr - suppression of interrupts, seen from the driver
 * @word: shared, written by the driver: &used_event if @by_index, else &avail->flags
 * @shadow: what the driver last wrote there
 * @mask: 0xffff if @by_index, else 0: turns an index into what counts of it
 * @behind: subtracted from a masked index, says "none"
 * @by_index: used_event decides
 * @armed: the device may interrupt
 */
struct vei_intr {
	u16 __vei_shared *word;
	u16 shadow;
	u16 mask;
	u16 behind;
	bool by_index;
	bool armed;
};

/**
 * vei_event_intr_init() - choose how a direction is suppressed
 * @intr: the direction
 * @word: shared, written by the driver
 * @size: entries of the ring
 * @by_index: used_event decides, else flags
 *
 * By index, "none" lies a full ring behind. The device never has more than a
 * ring of entries to decide on, so it neither finds that index among them nor
 * reaches it before many more have been used; a fixed value, as 0, would be
 * crossed once in every 65,536 from wherever the ring happens to be. A ring of
 * half the range of an index has no value with a full ring on either side: a
 * quarter of the range behind leaves the most room ahead.
 *
 * By flags the same sum gives 0 - 0xffff = 1, VEI_AVAIL_F_NO_INTERRUPT, so that
 * neither way costs a branch.
 */
static inline void vei_event_intr_init(struct vei_intr *intr, u16 __vei_shared *word, u16 size,
				       bool by_index)
{
	intr->word = word;
	intr->by_index = by_index;
	intr->mask = by_index ? 0xffff : 0;
	intr->behind = by_index ? (size < VEI_RING_SIZE_MAX ? size + 1 : 0x4001) :
				  (u16)-VEI_AVAIL_F_NO_INTERRUPT;
}

/**
 * vei_event_kick_needed() - decide on a kick and remember where
 * @kick: the direction
 * @new: available index, already visible to the device
 *
 * Takes the decision on everything made available since the last one, so it is
 * to be called at least once every 65,535 entries. The caller has put a full
 * barrier between the store of the index and this.
 *
 * Return: true if the device must be kicked.
 */
static __always_inline bool vei_event_kick_needed(struct vei_kick *kick, u16 new)
{
	u16 old = kick->old;
	u16 word = vei_shared_load16(kick->word);

	kick->old = new;
	kick->seen = word;
	if (likely(kick->by_index))
		return vei_need_event(word, new, old);
	return !(word & VEI_USED_F_NO_NOTIFY);
}

/**
 * vei_event_intr_value() - the word that asks for an interrupt after @n entries
 * @intr: the direction
 * @last_used: the driver's index into the used ring
 * @n: how many entries from @last_used on; at least 1
 *
 * Flags cannot postpone: they ask for the next entry whatever @n is.
 */
static __always_inline u16 vei_event_intr_value(const struct vei_intr *intr, u16 last_used, u16 n)
{
	return (last_used + n - 1) & intr->mask;
}

/**
 * vei_event_intr_off_value() - the word that asks for none
 * @intr: the direction
 * @last_used: the driver's index into the used ring
 *
 * See vei_event_intr_init() for why there.
 */
static __always_inline u16 vei_event_intr_off_value(const struct vei_intr *intr, u16 last_used)
{
	return (last_used & intr->mask) - intr->behind;
}

/**
 * vei_event_intr_off_is_stale() - is an earlier "none" about to expire?
 * @intr: the direction, not armed
 * @last_used: the driver's index into the used ring
 *
 * An index left behind comes round again; long before that it has to be moved.
 */
static __always_inline bool vei_event_intr_off_is_stale(const struct vei_intr *intr, u16 last_used)
{
	return (u16)(vei_event_intr_off_value(intr, last_used) - intr->shadow) >= 0x2000;
}

static __always_inline void vei_event_intr_write(struct vei_intr *intr, u16 value)
{
	intr->shadow = value;
	vei_shared_store16(intr->word, value);
}

/**
 * vei_event_intr_disarm() - ask for no interrupt
 * @intr: the direction
 * @last_used: the driver's index into the used ring
 *
 * The line is shared with the device, so it is not dirtied for nothing.
 */
static __always_inline void vei_event_intr_disarm(struct vei_intr *intr, u16 last_used)
{
	if (!intr->armed && likely(!vei_event_intr_off_is_stale(intr, last_used)))
		return;
	intr->armed = false;
	vei_event_intr_write(intr, vei_event_intr_off_value(intr, last_used));
}

/**
 * vei_event_intr_arm() - ask for an interrupt after @n entries
 * @intr: the direction
 * @last_used: the driver's index into the used ring
 * @n: how many entries from @last_used on; at least 1
 */
static __always_inline void vei_event_intr_arm(struct vei_intr *intr, u16 last_used, u16 n)
{
	u16 value = vei_event_intr_value(intr, last_used, n);

	intr->armed = true;
	if (intr->shadow != value)
		vei_event_intr_write(intr, value);
}

/**
 * vei_event_intr_hush() - by flags, let no more interrupts come until the owner has been
 * @intr: the direction
 *
 * For an interrupt handler, beside the thread that owns the direction: it writes
 * the shared word and leaves alone what is the owner's, who then believes what it
 * last wrote to be there still. Hence the contract: the handler hands over to the
 * owner after this, in a way that orders memory, and the owner disarms before it
 * arms. Armed or not, a disarm leaves &vei_intr.shadow at NO_INTERRUPT, so that
 * the arm behind it does write.
 *
 * By index there is no need: the device passes an index once.
 */
static __always_inline void vei_event_intr_hush(const struct vei_intr *intr)
{
	if (!intr->by_index)
		vei_shared_store16(intr->word, VEI_AVAIL_F_NO_INTERRUPT);
}

#endif /* _VEI_EVENT_H */
