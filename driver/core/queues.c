// SPDX-License-Identifier: GPL-2.0
/* The virtqueues of a device: which there are, and that the device is given them. */

#include <linux/export.h>
#include <linux/slab.h>

#include "core.h"
#include "pci_regs.h"

/* One less. Vectors are requested for all queues together, so they go with it. */
static void vei_queues_drop(struct vei_dev *dev, unsigned int index)
{
	struct vei_queue *q = dev->queue[index];

	if (!q)
		return;
	vei_irq_teardown(dev);
	vei_debugfs_del_queue(q);
	dev->queue[index] = NULL;
	vei_queue_free(q);
}

/* The device's size of a queue, or a negative errno, with a message. */
static int vei_queues_find(struct vei_dev *dev, const struct vei_queue_spec *spec, u16 index)
{
	u32 pfn;
	u16 size;

	vei_pci_select_queue(dev, index);
	size = vei_pci_queue_size(dev);
	if (!size) {
		dev_err(&dev->pdev->dev, "queue %u (%s): size 0, the device has no such queue\n",
			index, spec->name);
		return -ENOENT;
	}
	pfn = vei_pci_queue_pfn(dev);
	if (pfn == U32_MAX && vei_dev_is_gone(dev))
		return -ENODEV;
	if (pfn) {
		dev_err(&dev->pdev->dev, "queue %u (%s): in use already\n", index, spec->name);
		return -EBUSY;
	}
	/* Before memory for so many is asked for. */
	if (!vei_ring_size_is_valid(size)) {
		dev_err(&dev->pdev->dev, "queue %u (%s): size %u is no power of two up to %u\n",
			index, spec->name, size, VEI_RING_SIZE_MAX);
		return -EINVAL;
	}
	return size;
}

/*
 * A new queue in place of what is there, its ring laid out before anybody sees it. Its
 * counters go on.
 */
static int vei_queues_replace(struct vei_dev *dev, const struct vei_queue_spec *spec, u16 index,
			      u16 size)
{
	struct vei_queue *q = vei_queue_create(dev, spec, index, size);
	int err;

	if (!q)
		return -ENOMEM;
	vei_watch_add(q);
	err = vei_queue_renew(q, spec);
	if (err) {
		vei_queue_free(q);
		return err;
	}
	if (dev->queue[index])
		q->count = dev->queue[index]->count;
	vei_queues_drop(dev, index);
	vei_irq_teardown(dev);
	dev->queue[index] = q;
	vei_debugfs_add_queue(q);
	return 0;
}

static int vei_queues_renew_one(struct vei_dev *dev, const struct vei_queue_spec *spec, u16 index)
{
	int size;

	if (!spec->name) {
		vei_queues_drop(dev, index);
		return 0;
	}
	size = vei_queues_find(dev, spec, index);
	if (size < 0)
		return size;
	if (!dev->queue[index] || !vei_queue_serves(dev->queue[index], spec, size))
		return vei_queues_replace(dev, spec, index, size);
	return vei_queue_renew(dev->queue[index], spec);
}

/* Room for @n queues; those beyond go. */
static int vei_queues_resize(struct vei_dev *dev, unsigned int n)
{
	struct vei_queue **queue = kcalloc(n, sizeof(*queue), GFP_KERNEL);
	unsigned int i;

	if (!queue)
		return -ENOMEM;
	vei_irq_teardown(dev);
	for (i = n; i < dev->nqueue; i++)
		vei_queues_drop(dev, i);
	for (i = 0; i < min(n, dev->nqueue); i++)
		queue[i] = dev->queue[i];
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
		err = vei_queues_renew_one(dev, &spec[i], i);
	return err;
}

/*
 * Give the rings to the device. -ENXIO if some lie where a PFN of 32 bits does not reach: no
 * shortage of memory. These go, so that the next reset may have them elsewhere.
 */
static int vei_queues_give(struct vei_dev *dev)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < dev->nqueue; i++) {
		struct vei_queue *q = dev->queue[i];
		u64 pfn;

		if (!q)
			continue;
		pfn = virt_to_phys(q->cfg.mem) >> VEI_PCI_PAGE_SHIFT;
		if (upper_32_bits(pfn)) {
			dev_err(&dev->pdev->dev, "%s: ring memory lies above 2^44\n", q->name);
			vei_queues_drop(dev, i);
			err = -ENXIO;
			continue;
		}
		vei_pci_select_queue(dev, q->index);
		vei_pci_set_queue_pfn(dev, pfn);
	}
	return err;
}

/**
 * vei_dev_find_queues() - make a device's queues and give them to it
 * @dev: a device that has negotiated, and was given no queues since its reset
 * @spec: @n of them, for queues 0 to @n - 1; one without a name is a queue that
 *	the device has not, or its driver no use for: it gets neither ring nor vector
 * @n: how many, 65536 at the most
 *
 * Queues, memory and vectors that are there from before the reset, and still
 * fit, are used again.
 *
 * Context: may sleep. Return: 0; -EBUSY if the device has queues already; -EINVAL if
 * there cannot be so many; or another negative errno, with a message but for -ENOMEM, and the
 * device is left reset.
 */
int vei_dev_find_queues(struct vei_dev *dev, const struct vei_queue_spec *spec, unsigned int n)
{
	int err;

	if (WARN_ON_ONCE(dev->queues_given))
		return -EBUSY;
	if (WARN_ON_ONCE(n > U16_MAX + 1))
		return -EINVAL;
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
		vei_queues_drop(dev, i);
	kfree(dev->queue);
	dev->queue = NULL;
	dev->nqueue = 0;
}
EXPORT_SYMBOL_NS_GPL(vei_dev_del_queues, VEI_NS);
