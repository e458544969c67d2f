// SPDX-License-Identifier: GPL-2.0
/* A virtqueue: its memory, its counters, and what is rare in its life. */

#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "core.h"
#include "pci_regs.h"
#include "trace.h"

/*
 * The most that a queue's indirect tables may take at once, whatever its size:
 * longer chains go into the ring itself.
 */
#define VEI_QUEUE_TABLES_MAX	SZ_512K

/*
 * Ring memory and buffers are given to the device by their guest-physical
 * address, not through the DMA API: a legacy device has no way to learn of an
 * IOMMU and reads the guest's memory as it is. Linux' own legacy transport
 * does the same.
 */
static void *vei_queue_alloc_mem(size_t bytes)
{
	return alloc_pages_exact(PAGE_ALIGN(bytes), GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);
}

static void vei_queue_free_mem(void *mem, size_t bytes)
{
	if (mem)
		free_pages_exact(mem, PAGE_ALIGN(bytes));
}

static size_t vei_queue_table_bytes(const struct vei_queue *q)
{
	return array3_size(sizeof(struct vei_desc), q->table_len, q->cfg.size);
}

/* A table for each descriptor, as long as is wanted and there is room for. */
static u16 vei_queue_table_len(const struct vei_queue_spec *spec, u16 size)
{
	return min_t(size_t, spec->table_len,
		     VEI_QUEUE_TABLES_MAX / array_size(sizeof(struct vei_desc), size));
}

/**
 * vei_queue_free() - free a queue
 * @q: a queue without a vector, of a device that was reset; drained
 *
 * Context: may sleep.
 */
void vei_queue_free(struct vei_queue *q)
{
	vei_queue_free_mem(q->cfg.table, vei_queue_table_bytes(q));
	vei_queue_free_mem(q->cfg.mem, vei_layout_size(q->cfg.size));
	kvfree(q->cfg.next);
	kvfree(q->cfg.slot);
	kfree(q);
}

/* Indirect tables, if they are negotiated and wanted. Without memory for them: direct. */
static void vei_queue_choose_tables(struct vei_queue *q)
{
	struct vei_ring_config *cfg = &q->cfg;

	cfg->table_len = 0;
	if (!q->table_len || !vei_dev_has(q->dev, VIRTIO_RING_F_INDIRECT_DESC))
		return;
	if (!cfg->table) {
		cfg->table = vei_queue_alloc_mem(vei_queue_table_bytes(q));
		if (!cfg->table) {
			dev_info(&q->dev->pdev->dev, "%s: no memory for indirect tables\n",
				 q->name);
			return;
		}
		cfg->table_addr = virt_to_phys(cfg->table);
	}
	cfg->table_len = q->table_len;
}

/**
 * vei_queue_create() - allocate what does not change in a queue's life
 * @dev: the device
 * @spec: what its driver wants
 * @index: of the queue
 * @size: entries, as the device says: unchecked
 *
 * Context: may sleep. Return: the queue, to be renewed; or NULL.
 */
struct vei_queue *vei_queue_create(struct vei_dev *dev, const struct vei_queue_spec *spec,
				   u16 index, u16 size)
{
	struct vei_queue *q = kzalloc(sizeof(*q), GFP_KERNEL);

	if (!q)
		return NULL;
	q->dev = dev;
	q->index = index;
	q->notify = dev->base + VEI_PCI_QUEUE_NOTIFY;
	q->table_len = vei_queue_table_len(spec, size);
	q->cfg.size = size;
	q->cfg.mem = vei_queue_alloc_mem(vei_layout_size(size));
	q->cfg.slot = kvcalloc(size, sizeof(*q->cfg.slot), GFP_KERNEL);
	q->cfg.next = kvcalloc(size, sizeof(*q->cfg.next), GFP_KERNEL);
	if (q->cfg.mem && q->cfg.slot && q->cfg.next)
		return q;
	vei_queue_free(q);
	return NULL;
}

/**
 * vei_queue_serves() - can a queue from before the reset be used again?
 * @q: the queue
 * @spec: what its driver wants
 * @size: entries, as the device says now
 *
 * Whether it has a vector goes by its handler.
 */
bool vei_queue_serves(const struct vei_queue *q, const struct vei_queue_spec *spec, u16 size)
{
	return q->cfg.size == size && q->table_len == vei_queue_table_len(spec, size) &&
	       !q->handler == !spec->handler;
}

/* By flags that never say otherwise. */
static void vei_queue_kick_always(struct vei_queue *q)
{
	static const u16 no_flags;

	q->ring.kick.by_index = false;
	q->ring.kick.word = (__force const u16 __vei_shared *)&no_flags;
}

/**
 * vei_queue_renew() - a ring as new, as was negotiated now, in the memory that it had
 * @q: a queue that serves @spec
 * @spec: what its driver wants
 *
 * Context: may sleep. Return: 0, or -EINVAL if its size is none that a ring can have.
 */
int vei_queue_renew(struct vei_queue *q, const struct vei_queue_spec *spec)
{
	struct vei_ring_config *cfg = &q->cfg;
	int err;

	snprintf(q->name, sizeof(q->name), "virtio_ei-%s-%s", pci_name(q->dev->pdev), spec->name);
	q->handler = spec->handler;
	q->priv = spec->priv;
	q->standing = spec->standing;
	q->told = 0;
	q->reported = false;
	cfg->indirect_min = spec->indirect_min;
	cfg->strict_len = spec->strict_len;
	cfg->kick_by_index = vei_dev_kick_by_index(q->dev);
	cfg->intr_by_index = vei_dev_intr_by_index(q->dev);
	vei_queue_choose_tables(q);
	err = vei_ring_init(&q->ring, cfg);
	if (!err && q->dev->kick_always)
		vei_queue_kick_always(q);
	return err;
}

/**
 * vei_queue_used() - buffers that the device has used and the driver taken
 * @q: the queue
 *
 * Context: any. Exact while the queue is at rest.
 */
u64 vei_queue_used(const struct vei_queue *q)
{
	u64 adds = vei_count_read(&q->count.adds);
	u16 in_flight = READ_ONCE(q->ring.published) - READ_ONCE(q->ring.last_used);
	u64 out = vei_count_read(&q->count.drained) + in_flight;

	return adds > out ? adds - out : 0;
}
EXPORT_SYMBOL_NS_GPL(vei_queue_used, VEI_NS);

/**
 * vei_queue_read_stats() - read the counters of a queue
 * @q: the queue; it may be in use
 * @s: filled
 *
 * What is a part of something is read before it, and never more than it.
 *
 * Context: any.
 */
void vei_queue_read_stats(const struct vei_queue *q, struct vei_queue_stats *s)
{
	const struct vei_queue_count *count = &q->count;

	s->used = vei_queue_used(q);
	s->drained = vei_count_read(&count->drained);
	s->kicks = vei_count_read(&count->kicks);
	s->interrupts_empty = vei_count_read(&count->interrupts_empty);
	s->rearms_lost = vei_count_read(&count->rearms_lost);
	s->adds = max(vei_count_read(&count->adds), s->used);
	s->kick_decisions = max(vei_count_read(&count->kick_decisions), s->kicks);
	s->kicks_suppressed = s->kick_decisions - s->kicks;
	s->interrupts = max(vei_count_read(&count->interrupts), s->interrupts_empty);
	s->kicks_lost = vei_count_read(&count->lost[VEI_LOST_KICK]);
	s->interrupts_lost = vei_count_read(&count->lost[VEI_LOST_INTERRUPT]);
	s->rearms = max(vei_count_read(&count->rearms), s->rearms_lost);
}
EXPORT_SYMBOL_NS_GPL(vei_queue_read_stats, VEI_NS);

/**
 * vei_queue_report() - log that a ring is broken, once, and tell its driver
 * @q: a queue with a broken ring
 */
void vei_queue_report(struct vei_queue *q)
{
	const struct vei_ring *r = &q->ring;

	q->reported = true;
	dev_err(&q->dev->pdev->dev, "%s: broken: %s: %u (size %u, taken %u, available %u)\n",
		q->name, vei_ring_strerror(r->broken), r->bad_value, r->size, r->last_used,
		r->published);
	if (q->dev->ops->queue_broken)
		q->dev->ops->queue_broken(q);
}
EXPORT_SYMBOL_NS_GPL(vei_queue_report, VEI_NS);

/**
 * vei_queue_went_back() - the device no longer says that it has used what it said it had
 * @q: a queue of which no interrupt could be asked for, as something waits, and which then
 *	had nothing to take
 *
 * A used index only grows: the device lies, and the queue breaks. Whoever went on asking would
 * do so as long as the device likes.
 */
void vei_queue_went_back(struct vei_queue *q)
{
	vei_ring_break(&q->ring, VEI_RING_USED_IDX, q->ring.last_used);
	if (!q->reported)
		vei_queue_report(q);
}
EXPORT_SYMBOL_NS_GPL(vei_queue_went_back, VEI_NS);

/**
 * vei_queue_break() - let a queue do nothing any more, until it is reset
 * @q: the queue
 */
void vei_queue_break(struct vei_queue *q)
{
	q->reported = true;
	vei_ring_break(&q->ring, VEI_RING_STOPPED, 0);
}
EXPORT_SYMBOL_NS_GPL(vei_queue_break, VEI_NS);

/**
 * vei_queue_drain() - get back a buffer that the device will never use
 * @q: a queue of a device that was reset or is gone
 * @cursor: 0 at first
 *
 * Return: its token, or NULL when all are back; then the ring is empty and as
 * new.
 */
void *vei_queue_drain(struct vei_queue *q, u16 *cursor)
{
	void *token = vei_ring_drain(&q->ring, cursor);

	if (token)
		return token;
	vei_count_add(&q->count.adds, (u16)(q->ring.avail_idx - q->ring.published));
	vei_count_add(&q->count.drained, vei_ring_in_flight(&q->ring));
	vei_ring_reset(&q->ring);
	q->told = 0;
	q->reported = false;
	return NULL;
}
EXPORT_SYMBOL_NS_GPL(vei_queue_drain, VEI_NS);

/**
 * vei_queue_trace_kick() - behind a static branch in queue.h, a no-op mostly
 * @q: the queue
 * @old: available index at the decision before
 * @kick: the verdict
 */
void vei_queue_trace_kick(const struct vei_queue *q, u16 old, bool kick)
{
	trace_vei_kick(q, old, kick);
}
EXPORT_SYMBOL_NS_GPL(vei_queue_trace_kick, VEI_NS);

/**
 * vei_queue_trace_rearm() - behind a static branch in queue.h, a no-op mostly
 * @q: the queue
 * @n: used buffers that were asked for
 * @armed: the interrupt will come
 */
void vei_queue_trace_rearm(const struct vei_queue *q, u16 n, bool armed)
{
	trace_vei_rearm(q, n, armed);
}
EXPORT_SYMBOL_NS_GPL(vei_queue_trace_rearm, VEI_NS);
