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

static void vei_queue_free(struct vei_queue *q)
{
	q->dev->count[q->index] = q->count;
	vei_queue_free_mem(q->ring.table, q->table_bytes);
	vei_queue_free_mem(q->mem, vei_layout_size(q->ring.size));
	kvfree(q->ring.next);
	kvfree(q->ring.slot);
	kfree(q);
}

/* Indirect tables, if they are negotiated and wanted. Without memory for them: direct. */
static void vei_queue_alloc_tables(struct vei_queue *q, struct vei_ring_config *cfg,
				   const struct vei_queue_spec *spec)
{
	if (!spec->table_len || !vei_dev_has(q->dev, VIRTIO_RING_F_INDIRECT_DESC))
		return;
	q->table_bytes = sizeof(struct vei_desc) * spec->table_len * cfg->size;
	cfg->table = vei_queue_alloc_mem(q->table_bytes);
	if (!cfg->table) {
		dev_info(&q->dev->pdev->dev, "%s: no memory for indirect tables\n", q->name);
		return;
	}
	cfg->table_addr = virt_to_phys(cfg->table);
	cfg->table_len = spec->table_len;
	cfg->indirect_min = spec->indirect_min;
}

static int vei_queue_alloc_ring(struct vei_queue *q, const struct vei_queue_spec *spec, u16 size)
{
	struct vei_ring_config cfg = {
		.size = size,
		.kick_by_index = vei_dev_kick_by_index(q->dev),
		.intr_by_index = vei_dev_intr_by_index(q->dev),
	};
	int err;

	cfg.mem = vei_queue_alloc_mem(vei_layout_size(size));
	cfg.slot = kvcalloc(size, sizeof(*cfg.slot), GFP_KERNEL);
	cfg.next = kvcalloc(size, sizeof(*cfg.next), GFP_KERNEL);
	if (!cfg.mem || !cfg.slot || !cfg.next) {
		err = -ENOMEM;
		goto err_free;
	}
	vei_queue_alloc_tables(q, &cfg, spec);
	err = vei_ring_init(&q->ring, &cfg);
	if (err) {
		dev_err(&q->dev->pdev->dev, "%s: size %u is no power of two up to %u\n", q->name,
			size, VEI_RING_SIZE_MAX);
		goto err_free_tables;
	}
	q->mem = cfg.mem;
	return 0;

err_free_tables:
	vei_queue_free_mem(cfg.table, q->table_bytes);
err_free:
	vei_queue_free_mem(cfg.mem, vei_layout_size(size));
	kvfree(cfg.slot);
	kvfree(cfg.next);
	return err;
}

static struct vei_queue *vei_queue_create(struct vei_dev *dev, const struct vei_queue_spec *spec,
					  u16 index)
{
	struct vei_queue *q;
	u16 size;
	int err;

	vei_pci_select_queue(dev, index);
	size = vei_pci_queue_size(dev);
	if (!size) {
		dev_err(&dev->pdev->dev, "queue %u (%s): size 0, the device has no such queue\n",
			index, spec->name);
		return ERR_PTR(-ENOENT);
	}
	if (vei_pci_queue_pfn(dev)) {
		dev_err(&dev->pdev->dev, "queue %u (%s): in use already\n", index, spec->name);
		return ERR_PTR(-EBUSY);
	}
	q = kzalloc(sizeof(*q), GFP_KERNEL);
	if (!q)
		return ERR_PTR(-ENOMEM);
	q->dev = dev;
	q->index = index;
	q->handler = spec->handler;
	q->priv = spec->priv;
	q->count = dev->count[index];
	q->notify = dev->base + VEI_PCI_QUEUE_NOTIFY;
	snprintf(q->name, sizeof(q->name), "virtio_ei-%s-%s", pci_name(dev->pdev), spec->name);

	err = vei_queue_alloc_ring(q, spec, size);
	if (!err)
		return q;
	kfree(q);
	return ERR_PTR(err);
}

/**
 * vei_queues_alloc() - make the queues, without the device knowing
 * @dev: a device that has negotiated
 * @spec: @n of them
 * @n: how many
 *
 * Return: 0 or a negative errno, with a message.
 */
int vei_queues_alloc(struct vei_dev *dev, const struct vei_queue_spec *spec, unsigned int n)
{
	struct vei_queue_count *count;
	struct vei_queue *q;

	if (n > dev->ncount) {
		count = krealloc_array(dev->count, n, sizeof(*count), GFP_KERNEL | __GFP_ZERO);
		if (!count)
			return -ENOMEM;
		dev->count = count;
		dev->ncount = n;
	}
	dev->queue = kcalloc(n, sizeof(*dev->queue), GFP_KERNEL);
	if (!dev->queue)
		return -ENOMEM;
	while (dev->nqueue < n) {
		q = vei_queue_create(dev, &spec[dev->nqueue], dev->nqueue);
		if (IS_ERR(q)) {
			vei_queues_free(dev);
			return PTR_ERR(q);
		}
		dev->queue[dev->nqueue++] = q;
	}
	return 0;
}

/**
 * vei_queues_free() - free what vei_queues_alloc() made
 * @dev: a device that was reset, or never knew of the queues
 */
void vei_queues_free(struct vei_dev *dev)
{
	while (dev->nqueue)
		vei_queue_free(dev->queue[--dev->nqueue]);
	kfree(dev->queue);
	dev->queue = NULL;
}

/**
 * vei_queues_activate() - give the rings to the device
 * @dev: a device whose queues exist and have their vectors
 *
 * Return: 0, or -ENOMEM if a ring lies where a PFN of 32 bits does not reach.
 */
int vei_queues_activate(struct vei_dev *dev)
{
	unsigned int i;

	for (i = 0; i < dev->nqueue; i++) {
		struct vei_queue *q = dev->queue[i];
		u64 pfn = virt_to_phys(q->mem) >> VEI_PCI_PAGE_SHIFT;

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
 * @dev: a device that has negotiated
 * @spec: @n of them, for queues 0 to @n - 1
 * @n: how many
 *
 * Interrupts may come from here on, and only for what is posted.
 *
 * Context: may sleep. Return: 0, or a negative errno, with a message and status
 * FAILED; the device is to be reset then, and has no queues.
 */
int vei_dev_find_queues(struct vei_dev *dev, const struct vei_queue_spec *spec, unsigned int n)
{
	int err = vei_queues_alloc(dev, spec, n);

	if (err)
		goto err_fail;
	err = vei_irq_setup(dev);
	if (err)
		goto err_free;
	err = vei_queues_activate(dev);
	if (err)
		goto err_irq;
	vei_debugfs_add_queues(dev);
	return 0;

err_irq:
	vei_dev_reset(dev);
	vei_irq_teardown(dev);
err_free:
	vei_queues_free(dev);
err_fail:
	vei_dev_fail(dev);
	return err;
}
EXPORT_SYMBOL_NS_GPL(vei_dev_find_queues, VEI_NS);

/**
 * vei_dev_del_queues() - undo vei_dev_find_queues()
 * @dev: a device that was reset, and whose queues were drained
 *
 * Context: may sleep.
 */
void vei_dev_del_queues(struct vei_dev *dev)
{
	vei_debugfs_del_queues(dev);
	vei_irq_teardown(dev);
	vei_queues_free(dev);
}
EXPORT_SYMBOL_NS_GPL(vei_dev_del_queues, VEI_NS);

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
	q->count.adds += (u16)(q->ring.avail_idx - q->ring.published);
	q->count.drained += vei_ring_in_flight(&q->ring);
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
