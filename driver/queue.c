// SPDX-License-Identifier: GPL-2.0
/* Virtqueues of a device: memory, activation, and what is rare in their life. */

#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "core.h"
#include "pci_regs.h"
#include "trace.h"

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
	return sizeof(struct vei_desc) * q->table_len * q->cfg.size;
}

static void vei_queue_free(struct vei_queue *q)
{
	vei_debugfs_del_queue(q);
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

/* The ring as new, as was negotiated now. */
static int vei_queue_init_ring(struct vei_queue *q)
{
	int err;

	q->cfg.kick_by_index = vei_dev_kick_by_index(q->dev);
	q->cfg.intr_by_index = vei_dev_intr_by_index(q->dev);
	q->reported = false;
	vei_queue_choose_tables(q);
	err = vei_ring_init(&q->ring, &q->cfg);
	if (err)
		dev_err(&q->dev->pdev->dev, "%s: size %u is no power of two up to %u\n", q->name,
			q->cfg.size, VEI_RING_SIZE_MAX);
	return err;
}

static struct vei_queue *vei_queue_create(struct vei_dev *dev, const struct vei_queue_spec *spec,
					  u16 index, u16 size)
{
	struct vei_queue *q = kzalloc(sizeof(*q), GFP_KERNEL);

	if (!q)
		return NULL;
	q->dev = dev;
	q->index = index;
	q->notify = dev->base + VEI_PCI_QUEUE_NOTIFY;
	q->table_len = spec->table_len;
	q->cfg.size = size;
	q->cfg.mem = vei_queue_alloc_mem(vei_layout_size(size));
	q->cfg.slot = kvcalloc(size, sizeof(*q->cfg.slot), GFP_KERNEL);
	q->cfg.next = kvcalloc(size, sizeof(*q->cfg.next), GFP_KERNEL);
	if (q->cfg.mem && q->cfg.slot && q->cfg.next)
		return q;
	vei_queue_free(q);
	return NULL;
}

/* Can a queue from before the reset be used again? Whether it has a vector goes by its handler. */
static bool vei_queue_serves(const struct vei_queue *q, const struct vei_queue_spec *spec, u16 size)
{
	return q->cfg.size == size && q->table_len == spec->table_len &&
	       !q->handler == !spec->handler;
}

/* The device's size of a queue, or a negative errno, with a message. */
static int vei_queue_find(struct vei_dev *dev, const struct vei_queue_spec *spec, u16 index)
{
	u16 size;

	vei_pci_select_queue(dev, index);
	size = vei_pci_queue_size(dev);
	if (!size) {
		dev_err(&dev->pdev->dev, "queue %u (%s): size 0, the device has no such queue\n",
			index, spec->name);
		return -ENOENT;
	}
	if (vei_pci_queue_pfn(dev)) {
		dev_err(&dev->pdev->dev, "queue %u (%s): in use already\n", index, spec->name);
		return -EBUSY;
	}
	return size;
}

/* A queue with a ring as new, in the memory that it had if that fits. */
static int vei_queue_renew(struct vei_dev *dev, const struct vei_queue_spec *spec, u16 index)
{
	struct vei_queue *q = dev->queue[index];
	struct vei_queue_count count = {};
	int err, size = vei_queue_find(dev, spec, index);

	if (size < 0)
		return size;
	if (q && !vei_queue_serves(q, spec, size)) {
		vei_irq_teardown(dev);
		count = q->count;
		vei_queue_free(q);
		dev->queue[index] = NULL;
		q = NULL;
	}
	if (!q) {
		q = vei_queue_create(dev, spec, index, size);
		if (!q)
			return -ENOMEM;
		q->count = count;
		dev->queue[index] = q;
	}
	snprintf(q->name, sizeof(q->name), "virtio_ei-%s-%s", pci_name(dev->pdev), spec->name);
	q->handler = spec->handler;
	q->priv = spec->priv;
	q->cfg.indirect_min = spec->indirect_min;
	q->cfg.strict_len = spec->strict_len;
	err = vei_queue_init_ring(q);
	if (!err && !q->debugfs)
		vei_debugfs_add_queue(q);
	return err;
}

/* Room for @n queues; those beyond go. */
static int vei_queues_resize(struct vei_dev *dev, unsigned int n)
{
	struct vei_queue **queue = kcalloc(n, sizeof(*queue), GFP_KERNEL);
	unsigned int i;

	if (!queue)
		return -ENOMEM;
	vei_irq_teardown(dev);
	for (i = 0; i < dev->nqueue; i++) {
		if (i < n)
			queue[i] = dev->queue[i];
		else if (dev->queue[i])
			vei_queue_free(dev->queue[i]);
	}
	kfree(dev->queue);
	dev->queue = queue;
	dev->nqueue = n;
	return 0;
}

static int vei_queues_renew(struct vei_dev *dev, const struct vei_queue_spec *spec, unsigned int n)
{
	unsigned int i;
	int err = 0;

	if (n != dev->nqueue)
		err = vei_queues_resize(dev, n);
	for (i = 0; i < n && !err; i++)
		err = vei_queue_renew(dev, &spec[i], i);
	return err;
}

/* Give the rings to the device. -ENOMEM if one lies where a PFN of 32 bits does not reach. */
static int vei_queues_give(struct vei_dev *dev)
{
	unsigned int i;

	for (i = 0; i < dev->nqueue; i++) {
		struct vei_queue *q = dev->queue[i];
		u64 pfn = virt_to_phys(q->cfg.mem) >> VEI_PCI_PAGE_SHIFT;

		if (upper_32_bits(pfn)) {
			dev_err(&dev->pdev->dev, "%s: ring memory lies above 2^44\n", q->name);
			return -ENOMEM;
		}
		vei_pci_select_queue(dev, q->index);
		vei_pci_set_queue_pfn(dev, pfn);
	}
	return 0;
}

/**
 * vei_dev_find_queues() - make a device's queues and give them to it
 * @dev: a device that has negotiated, and was given no queues since its reset
 * @spec: @n of them, for queues 0 to @n - 1
 * @n: how many
 *
 * Queues, memory and vectors that are there from before the reset, and still
 * fit, are used again.
 *
 * Context: may sleep. Return: 0; -EBUSY if the device has queues already; or
 * another negative errno, with a message, and the device is left reset.
 */
int vei_dev_find_queues(struct vei_dev *dev, const struct vei_queue_spec *spec, unsigned int n)
{
	int err;

	if (WARN_ON_ONCE(dev->queues_given))
		return -EBUSY;
	err = vei_queues_renew(dev, spec, n);
	if (!err)
		err = vei_irq_setup(dev);
	if (!err)
		err = vei_queues_give(dev);
	if (err)
		vei_dev_reset(dev);
	else
		dev->queues_given = true;
	return err;
}
EXPORT_SYMBOL_NS_GPL(vei_dev_find_queues, VEI_NS);

/**
 * vei_dev_del_queues() - free a device's queues and vectors
 * @dev: a device that was reset, and whose queues were drained
 *
 * Context: may sleep.
 */
void vei_dev_del_queues(struct vei_dev *dev)
{
	unsigned int i;

	vei_irq_teardown(dev);
	for (i = 0; i < dev->nqueue; i++)
		if (dev->queue[i])
			vei_queue_free(dev->queue[i]);
	kfree(dev->queue);
	dev->queue = NULL;
	dev->nqueue = 0;
}
EXPORT_SYMBOL_NS_GPL(vei_dev_del_queues, VEI_NS);

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
