/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver's side of a split virtqueue: layout, private state, publish, arm,
 * break and drain. Buffers go in by add.h, come back by get.h, and by many at a
 * time by burst.h.
 *
 * PURE: no locking, no devices, no DMA API, so the same text runs in the
 * kernel, in user-space tests, under sanitizers, in the fuzzer and in the
 * benchmark. All access to memory shared with the device is in these files and
 * in event.h, by the accessors of shared.h.
 *
 * One thread at a time may use a ring, its owner. The device runs beside it. Any
 * other thread may ask vei_ring_in_flight(), vei_ring_claimed() and
 * vei_ring_pending(), and the interrupt handler may call vei_ring_intr_hush().
 *
 * The device is not trusted. What was posted is remembered in private slots;
 * nothing read from shared memory indexes, sizes or frees anything unchecked.
 * A device caught lying breaks the ring: from then on nothing can be added or
 * taken, &vei_ring.broken says why, and vei_ring_drain() gives the buffers back
 * once the device has been reset. The checks are arranged to cost nothing when
 * all is well: a broken ring looks full to add and empty to take, so only the
 * exit of the first asks whether it is broken; and the id of a used buffer is
 * compared with the one that is due, which is known to be good.
 *
 * Cache lines. Both sides bounce the lines they share, so the driver
 *   - stores avail->idx once a batch (publish), not once a buffer;
 *   - loads used->idx only when it has taken all that it saw there before;
 *   - hands out descriptor ids first in, first out: while the device completes
 *     in order, each avail entry gets the id it already holds, and is left alone;
 *   - links free descriptors in shared memory as it links them privately, so that
 *     a chain taken from the front of the free list is linked already;
 *   - writes flags and used_event only when they change.
 *
 * Barriers; partners and reasons are in Documentation/barriers.md:
 *   A  virt_wmb   descriptors and avail entries before avail->idx   (publish)
 *   B  full       avail->idx before the device's suppression word   (kick_prepare)
 *   C  virt_rmb   used->idx before the used entries                 (get)
 *   D  full       used_event or avail->flags before used->idx again (arm)
 */
#ifndef _VEI_RING_H
#define _VEI_RING_H

#include <asm/barrier.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/types.h>

#include <uapi/virtio_ei.h>
#include <vei/ring/event.h>
#include <vei/ring/shared.h>

/**
 * struct vei_seg - one piece of a buffer
 * @addr: guest-physical address
 * @len: bytes
 */
struct vei_seg {
	u64 addr;
	u32 len;
};

/**
 * enum vei_ring_error - what the device did that broke the ring
 * @VEI_RING_OK: nothing
 * @VEI_RING_USED_IDX: used->idx went back, or past what was made available
 * @VEI_RING_USED_ID: a used id that is no descriptor
 * @VEI_RING_USED_TWICE: a used id that heads no posted buffer
 * @VEI_RING_USED_LEN: more bytes written than the buffer had, where that matters
 * @VEI_RING_STOPPED: broken by the driver, vei_ring_break()
 */
enum vei_ring_error {
	VEI_RING_OK,
	VEI_RING_USED_IDX,
	VEI_RING_USED_ID,
	VEI_RING_USED_TWICE,
	VEI_RING_USED_LEN,
	VEI_RING_STOPPED,
};

/**
 * struct vei_ring_slot - what the driver knows of one descriptor id
 * @token: the caller's, of the buffer headed by this descriptor; NULL: none is
 * @in_len: bytes that the device may write into that buffer
 * @last: last descriptor of the chain headed here
 * @count: how many ring descriptors it has
 */
struct vei_ring_slot {
	void *token;
	u32 in_len;
	u16 last;
	u16 count;
};

/**
 * struct vei_ring_config - what a ring is made of
 * @mem: ring memory, vei_layout_size() bytes, aligned to VEI_RING_ALIGN
 * @slot: @size slots
 * @next: @size ids
 * @table: @size indirect tables of @table_len descriptors each, or NULL
 * @table_addr: guest-physical address of @table
 * @size: entries, a power of two up to VEI_RING_SIZE_MAX
 * @table_len: descriptors in each indirect table
 * @indirect_min: shortest chain that goes into a table while descriptors abound
 * @kick_by_index: the device suppresses kicks by avail_event
 * @intr_by_index: the driver suppresses interrupts by used_event
 * @strict_len: a used len over the buffer breaks the ring. For receive queues,
 *	where it says how much of a buffer is good. Elsewhere it sizes nothing, and
 *	some devices put the total descriptor length there (virtio 1.x, legacy
 *	interface of virtqueues): false takes what is over as all of the buffer
 */
struct vei_ring_config {
	void *mem;
	struct vei_ring_slot *slot;
	u16 *next;
	struct vei_desc *table;
	u64 table_addr;
	u32 indirect_min;
	u16 size;
	u16 table_len;
	bool kick_by_index;
	bool intr_by_index;
	bool strict_len;
};

/**
 * struct vei_ring - a split virtqueue, driver's side
 * @used_idx: &used->idx; of a broken ring &vei_ring.dead_idx, as if that were shared
 * @desc: descriptors, shared
 * @avail: available ring, shared
 * @used: used ring, shared
 * @slot: private state of each descriptor id
 * @next: the id behind each id, in the free list and within a direct chain;
 *	the same as in the descriptor itself, which the device could change
 * @table: indirect tables, one for each id
 * @table_addr: guest-physical address of @table
 * @size: entries
 * @mask: @size - 1
 * @table_len: descriptors in an indirect table; 0: none
 * @indirect_min: shortest chain that goes into a table while descriptors abound
 * @num_free: free descriptors
 * @free_head: the id to be taken next
 * @free_tail: the id given back last
 * @avail_idx: entries added; anybody may read it, see vei_ring_in_flight()
 * @published: entries that the device can see; the shadow of avail->idx
 * @last_used: entries taken; anybody may read it
 * @used_seen: used->idx when it was last read
 * @kick: suppression of kicks
 * @intr: suppression of interrupts
 * @strict_len: a used len over the buffer breaks the ring
 * @dead_idx: stands in for used->idx of a broken ring, empty for good
 * @broken: why the ring no longer works
 * @bad_value: the value that broke it
 */
struct vei_ring {
	const u16 __vei_shared *used_idx;
	struct vei_desc __vei_shared *desc;
	struct vei_avail __vei_shared *avail;
	struct vei_used __vei_shared *used;
	struct vei_ring_slot *slot;
	u16 *next;
	struct vei_desc __vei_shared *table;
	u64 table_addr;
	u32 mask;
	u32 free_head;
	u16 avail_idx;
	u16 published;
	u32 num_free;
	u16 last_used;
	u16 used_seen;
	u32 free_tail;
	u32 indirect_min;
	u16 size;
	u16 table_len;
	struct vei_kick kick;
	struct vei_intr intr;
	bool strict_len;
	u16 dead_idx;
	enum vei_ring_error broken;
	u32 bad_value;
};

/* All of it 0, but for the links: a ring of free descriptors, and chains in the tables. */
static inline void vei_ring_reset_shared(struct vei_ring *r)
{
	u8 __vei_shared *mem = (u8 __vei_shared *)r->desc;
	size_t i;

	for (i = 0; i < r->size; i++) {
		vei_shared_fill_desc(&r->desc[i], 0, 0, 0);
		vei_shared_store16(&r->desc[i].next, r->next[i]);
		vei_shared_store16(&r->avail->ring[i], 0);
		vei_shared_store32(&r->used->ring[i].id, 0);
		vei_shared_store32(&r->used->ring[i].len, 0);
	}
	vei_shared_store16(&r->avail->flags, 0);
	vei_shared_store16(&r->avail->idx, 0);
	vei_shared_store16(vei_shared_word(mem, vei_layout_used_event(r->size)), 0);
	vei_shared_store16(&r->used->flags, 0);
	vei_shared_store16(&r->used->idx, 0);
	vei_shared_store16(vei_shared_word(mem, vei_layout_avail_event(r->size)), 0);
	for (i = 0; i < (size_t)r->size * r->table_len; i++)
		vei_shared_store16(&r->table[i].next, i % r->table_len + 1);
}

/**
 * vei_ring_reset() - begin anew: nothing posted, all indices 0
 * @r: a ring set up once by vei_ring_init()
 *
 * The device must not be using the memory: before it is given the ring's
 * address, or after a reset and vei_ring_drain().
 */
static inline void vei_ring_reset(struct vei_ring *r)
{
	unsigned int i;

	for (i = 0; i < r->size; i++) {
		r->slot[i].token = NULL;
		r->next[i] = (i + 1) & r->mask;
	}
	vei_ring_reset_shared(r);
	WRITE_ONCE(r->used_idx, &r->used->idx);
	r->num_free = r->size;
	r->free_head = 0;
	r->free_tail = r->mask;
	r->avail_idx = 0;
	r->published = 0;
	r->last_used = 0;
	r->used_seen = 0;
	r->kick.old = 0;
	r->kick.seen = 0;
	r->intr.shadow = 0;
	r->intr.armed = true;
	r->dead_idx = 0;
	r->broken = VEI_RING_OK;
	r->bad_value = 0;
}

/**
 * vei_ring_size_is_valid() - can a ring have so many entries?
 * @size: as the device says
 *
 * A power of two up to VEI_RING_SIZE_MAX.
 */
static inline bool vei_ring_size_is_valid(u16 size)
{
	return size && size <= VEI_RING_SIZE_MAX && !(size & (size - 1));
}

/**
 * vei_ring_init() - lay a ring out in its memory
 * @r: the ring
 * @cfg: what it is made of
 *
 * Return: 0, or -EINVAL if the size is none that a ring can have.
 */
static inline int vei_ring_init(struct vei_ring *r, const struct vei_ring_config *cfg)
{
	u8 __vei_shared *mem = (__force u8 __vei_shared *)cfg->mem;
	u16 __vei_shared *intr_word;
	u16 size = cfg->size;

	if (!vei_ring_size_is_valid(size))
		return -EINVAL;

	r->desc = (struct vei_desc __vei_shared *)mem;
	r->avail = (struct vei_avail __vei_shared *)(mem + vei_layout_avail(size));
	r->used = (struct vei_used __vei_shared *)(mem + vei_layout_used(size));
	r->slot = cfg->slot;
	r->next = cfg->next;
	r->table = (__force struct vei_desc __vei_shared *)cfg->table;
	r->table_addr = cfg->table_addr;
	r->size = size;
	r->mask = size - 1;
	r->table_len = cfg->table ? cfg->table_len : 0;
	/* One segment never needs a table: vei_ring_add() relies on it. */
	r->indirect_min = cfg->indirect_min > 1 ? cfg->indirect_min : 2;
	if (!r->table_len)
		r->indirect_min = ~0;

	r->strict_len = cfg->strict_len;
	r->kick.by_index = cfg->kick_by_index;
	r->kick.word = &r->used->flags;
	if (cfg->kick_by_index)
		r->kick.word = vei_shared_word(mem, vei_layout_avail_event(size));
	intr_word = &r->avail->flags;
	if (cfg->intr_by_index)
		intr_word = vei_shared_word(mem, vei_layout_used_event(size));
	vei_event_intr_init(&r->intr, intr_word, size, cfg->intr_by_index);
	vei_ring_reset(r);
	return 0;
}

/**
 * vei_ring_strerror() - a few words on why a ring broke
 * @error: the reason; &vei_ring.bad_value belongs to it
 */
static inline const char *vei_ring_strerror(enum vei_ring_error error)
{
	switch (error) {
	case VEI_RING_OK:
		return "no error";
	case VEI_RING_USED_IDX:
		return "used->idx out of range";
	case VEI_RING_USED_ID:
		return "used id out of range";
	case VEI_RING_USED_TWICE:
		return "used id not in flight";
	case VEI_RING_USED_LEN:
		return "used len over the buffer";
	case VEI_RING_STOPPED:
		return "stopped by the driver";
	}
	return "unknown";
}

/**
 * vei_ring_break() - let the ring do nothing any more
 * @r: the ring
 * @error: why
 * @value: the offending value, for the message
 *
 * Keeps the first reason. The slots stay as they are, for vei_ring_drain().
 */
static inline void vei_ring_break(struct vei_ring *r, enum vei_ring_error error, u32 value)
{
	if (r->broken)
		return;
	r->broken = error;
	r->bad_value = value;
	r->num_free = 0;		/* full */
	r->dead_idx = r->last_used;	/* and empty */
	r->used_seen = r->last_used;
	WRITE_ONCE(r->used_idx, (__force const u16 __vei_shared *)&r->dead_idx);
}

/**
 * vei_ring_num_free() - descriptors that can be had now
 * @r: the ring
 */
static __always_inline unsigned int vei_ring_num_free(const struct vei_ring *r)
{
	return r->num_free;
}

/**
 * vei_ring_in_flight() - buffers added and not yet taken back
 * @r: the ring
 *
 * Anybody may ask, as a timer does. The owner's plain stores of 16 bits are whole
 * ones. Who is not the owner gets the difference of two instants, what was taken
 * at the first and what was added at the second, so never less than none.
 */
static __always_inline u16 vei_ring_in_flight(const struct vei_ring *r)
{
	u16 last_used = READ_ONCE(r->last_used);

	return READ_ONCE(r->avail_idx) - last_used;
}

/**
 * vei_ring_publish() - let the device see all that was added
 * @r: the ring
 *
 * Return: the index that it sees.
 */
static __always_inline u16 vei_ring_publish(struct vei_ring *r)
{
	u16 idx = r->avail_idx;

	virt_wmb();	/* A */
	r->published = idx;
	vei_shared_store16(&r->avail->idx, idx);
	return idx;
}

/**
 * vei_ring_kick_prepare() - publish, and decide whether to kick
 * @r: the ring
 *
 * To be called at least once every 65,535 additions. The decision covers all
 * that was published since the last one.
 *
 * Return: true if the caller must notify the device.
 */
static __always_inline bool vei_ring_kick_prepare(struct vei_ring *r)
{
	u16 idx = vei_ring_publish(r);

	virt_mb();	/* B */
	return vei_event_kick_needed(&r->kick, idx);
}

/**
 * vei_ring_claimed() - how many used entries wait, as the device says: unchecked
 * @r: the ring
 *
 * Anybody may ask; who is not the owner gets the difference of two instants, good
 * for whether it is 0.
 */
static __always_inline u16 vei_ring_claimed(const struct vei_ring *r)
{
	return vei_shared_load16(READ_ONCE(r->used_idx)) - READ_ONCE(r->last_used);
}

/**
 * vei_ring_pending() - has the device used something that was not taken yet?
 * @r: the ring
 *
 * Never true of a broken ring, lest its owner keep trying. Anybody may ask.
 */
static __always_inline bool vei_ring_pending(const struct vei_ring *r)
{
	return vei_ring_claimed(r);
}

/**
 * vei_ring_used_idx() - what the device says it has used, modulo 65,536: unchecked
 * @r: the ring
 *
 * Anybody may ask. Of a broken ring, what was taken.
 */
static __always_inline u16 vei_ring_used_idx(const struct vei_ring *r)
{
	return vei_shared_load16(READ_ONCE(r->used_idx));
}

/**
 * vei_ring_unused() - has the device not used all that it was to be told of?
 * @r: the ring
 *
 * What is published without a decision on a kick is not counted: its owner is at it.
 * Anybody may ask.
 */
static __always_inline bool vei_ring_unused(const struct vei_ring *r)
{
	u16 published = READ_ONCE(r->published);

	return READ_ONCE(r->kick.old) == published && published != vei_ring_used_idx(r);
}

/**
 * vei_ring_starved() - does the device say that it waits for buffers that it has?
 * @r: the ring, of a queue where the device keeps buffers for what may come
 * @by_index: the device writes avail_event, whether or not kicks go by it now
 *
 * By index, it waits for the buffer after all that it has used, and it has used some: it
 * has consumed what it knew of. (A device that never began waits likewise, by rights.) By
 * flags nobody can tell, as NO_NOTIFY is a hint. Anybody may ask.
 */
static __always_inline bool vei_ring_starved(const struct vei_ring *r, bool by_index)
{
	u8 __vei_shared *mem = (u8 __vei_shared *)r->desc;
	u16 used = vei_ring_used_idx(r);

	return by_index && used && vei_ring_unused(r) &&
	       vei_shared_load16(vei_shared_word(mem, vei_layout_avail_event(r->size))) == used;
}

/**
 * vei_ring_intr_disable() - ask for no interrupts
 * @r: the ring
 *
 * A hint: the device may have decided already, or notify on empty. By index it
 * holds for a quarter of 65,536 used buffers at least. Who does not call again
 * before may get one interrupt each time that the index comes round.
 */
static __always_inline void vei_ring_intr_disable(struct vei_ring *r)
{
	vei_event_intr_disarm(&r->intr, r->last_used);
}

/**
 * vei_ring_intr_hush() - from the interrupt handler: no more until the owner has been
 * @r: the ring
 *
 * By flags the device interrupts for every used buffer until the owner has got
 * round to vei_ring_intr_disable(). This keeps it quiet from the handler on,
 * beside the owner. By index it does nothing: one index makes one interrupt.
 *
 * The owner is not told, and the word may say NO_INTERRUPT while it believes to
 * be armed. So the handler sees to it that the owner calls vei_ring_intr_disable()
 * and only then enables or postpones. NAPI's poll begins with the one and ends
 * with the other; napi_schedule(), called after this, makes it follow, also when
 * it is under way, and orders memory.
 *
 * Context: any; not beside vei_ring_init() or vei_ring_reset().
 */
static __always_inline void vei_ring_intr_hush(const struct vei_ring *r)
{
	vei_event_intr_hush(&r->intr);
}

/**
 * vei_ring_intr_spent() - has the device used what an interrupt was asked for after?
 * @r: the ring
 *
 * Also if the owner has taken it all since, in passing: then nothing is pending, but
 * the owner waits for an interrupt that has been. For a handler that has to find
 * out which queue it is for. By flags none is ever spent: the next used buffer
 * makes another. A wrong answer while the owner is at work is a true.
 */
static __always_inline bool vei_ring_intr_spent(const struct vei_ring *r)
{
	u16 past = READ_ONCE(r->last_used) + vei_ring_claimed(r) - READ_ONCE(r->intr.shadow) - 1;

	return r->intr.by_index && READ_ONCE(r->intr.armed) && past < 0x8000;
}

/**
 * vei_ring_intr_due() - should there have been an interrupt?
 * @r: the ring
 *
 * Something is to take, and by index what an interrupt was asked for after has been used;
 * by flags, interrupts are asked for; a handler that has hushed them is on its way.
 * Anybody may ask; while the owner is at work the answer may be wrong.
 */
static __always_inline bool vei_ring_intr_due(const struct vei_ring *r)
{
	if (!vei_ring_pending(r))
		return false;
	if (r->intr.by_index)
		return vei_ring_intr_spent(r);
	return READ_ONCE(r->intr.armed) && !vei_shared_load16(r->intr.word);
}

/**
 * vei_ring_intr_postpone() - ask for an interrupt after @n more used buffers
 * @r: the ring
 * @n: how many; taken as what is in flight if that is less, and as 1 if 0
 *
 * By flags the interrupt comes with the next one already.
 *
 * Return: true if the interrupt will come; false if so many were used
 * meanwhile, so that it may not, and the caller has to go on taking.
 */
static __always_inline bool vei_ring_intr_postpone(struct vei_ring *r, u16 n)
{
	u16 in_flight = r->published - r->last_used;

	if (n > in_flight)
		n = in_flight;
	if (!n)
		n = 1;
	vei_event_intr_arm(&r->intr, r->last_used, n);
	virt_mb();	/* D */
	return (u16)(vei_shared_load16(r->used_idx) - r->last_used) < n;
}

/**
 * vei_ring_intr_enable() - ask for an interrupt after the next used buffer
 * @r: the ring
 *
 * Return: true if it will come; false if there is something to take already,
 * for which it may not come.
 */
static __always_inline bool vei_ring_intr_enable(struct vei_ring *r)
{
	vei_event_intr_arm(&r->intr, r->last_used, 1);
	virt_mb();	/* D */
	return vei_shared_load16(r->used_idx) == r->last_used;
}

/**
 * vei_ring_drain() - get back a buffer that the device will never use
 * @r: the ring, broken or not
 * @cursor: 0 at first
 *
 * Only once the device was reset, or before it knew of the ring.
 * vei_ring_reset() is to follow before anything is added.
 *
 * Return: a token, or NULL when all are back.
 */
static inline void *vei_ring_drain(struct vei_ring *r, u16 *cursor)
{
	while (*cursor < r->size) {
		struct vei_ring_slot *slot = &r->slot[(*cursor)++];
		void *token = slot->token;

		if (token) {
			slot->token = NULL;
			return token;
		}
	}
	return NULL;
}

#endif /* _VEI_RING_H */
