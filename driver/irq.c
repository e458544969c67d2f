// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts: MSI-X with a vector for each queue, MSI-X with one for all, or
 * the pin and the ISR register.
 *
 * Vectors are assigned before the device is given any ring: to take a ring
 * back would reset it.
 */

#include <linux/interrupt.h>

#include "core.h"
#include "pci_regs.h"
#include "trace.h"

/* MSI-X: vector 0 is for config changes, the queues' begin behind it. */
#define VEI_VECTOR_CONFIG	0
#define VEI_VECTOR_QUEUES	1

const char *const vei_vector_mode_names[] = {
	[VEI_VECTORS_PER_QUEUE] = "per-queue",
	[VEI_VECTORS_SHARED] = "shared",
	[VEI_VECTORS_INTX] = "intx",
};

static void vei_irq_deliver(struct vei_queue *q, bool empty)
{
	vei_count_inc(&q->count.interrupts);
	if (empty)
		vei_count_inc(&q->count.interrupts_empty);
	trace_vei_interrupt(q, empty);
	if (q->handler)
		q->handler(q);
}

static irqreturn_t vei_irq_queue(int irq, void *data)
{
	struct vei_queue *q = data;

	if (READ_ONCE(q->dev->live))
		vei_irq_deliver(q, !vei_ring_pending(&q->ring));
	return IRQ_HANDLED;
}

static irqreturn_t vei_irq_config(int irq, void *data)
{
	struct vei_dev *dev = data;

	vei_count_inc(&dev->config_interrupts);
	if (READ_ONCE(dev->live) && dev->ops->config_changed)
		dev->ops->config_changed(dev);
	return IRQ_HANDLED;
}

/*
 * Which queue it is for must be looked up: those with something to take, and those
 * whose owner took it in passing and still counts on the interrupt.
 */
static irqreturn_t vei_irq_shared(int irq, void *data)
{
	struct vei_dev *dev = data;
	unsigned int i;

	vei_count_inc(&dev->shared_interrupts);
	if (!READ_ONCE(dev->live))
		return IRQ_HANDLED;
	for (i = 0; i < dev->nqueue; i++) {
		const struct vei_ring *r = &dev->queue[i]->ring;
		bool pending = vei_ring_pending(r);

		if (pending || vei_ring_intr_spent(r))
			vei_irq_deliver(dev->queue[i], !pending);
	}
	return IRQ_HANDLED;
}

static irqreturn_t vei_irq_intx(int irq, void *data)
{
	struct vei_dev *dev = data;
	u8 isr = vei_pci_isr(dev);

	/* A device that was pulled reads as all ones: none of its own either. */
	if (!isr || isr == U8_MAX)
		return IRQ_NONE;
	if (isr & VEI_ISR_CONFIG)
		vei_irq_config(irq, dev);
	if (isr & VEI_ISR_QUEUE)
		vei_irq_shared(irq, dev);
	return IRQ_HANDLED;
}

static bool vei_irq_vectors_accepted(struct vei_dev *dev, enum vei_vector_mode mode)
{
	unsigned int i;
	u16 vector;

	if (vei_pci_set_config_vector(dev, VEI_VECTOR_CONFIG) != VEI_VECTOR_CONFIG) {
		dev_warn(&dev->pdev->dev, "device refused vector %u for config changes\n",
			 VEI_VECTOR_CONFIG);
		return false;
	}
	for (i = 0; i < dev->nqueue; i++) {
		vector = VEI_VECTOR_QUEUES + (mode == VEI_VECTORS_PER_QUEUE ? i : 0);
		if (!dev->queue[i]->handler)
			vector = VEI_PCI_NO_VECTOR;
		vei_pci_select_queue(dev, i);
		if (vei_pci_set_queue_vector(dev, vector) != vector) {
			dev_warn(&dev->pdev->dev, "%s: device refused vector %u\n",
				 dev->queue[i]->name, vector);
			return false;
		}
	}
	return true;
}

/* As far as they were requested. */
static void vei_irq_free(struct vei_dev *dev, unsigned int nvec)
{
	while (nvec--) {
		unsigned int irq = pci_irq_vector(dev->pdev, nvec);
		struct vei_queue *q = NULL;

		if (dev->vector_mode == VEI_VECTORS_PER_QUEUE && nvec >= VEI_VECTOR_QUEUES)
			q = dev->queue[nvec - VEI_VECTOR_QUEUES];
		if (q) {
			irq_update_affinity_hint(irq, NULL);
			q->irq = 0;
			q->spread = false;
		}
		free_irq(irq, q ?: (void *)dev);
	}
}

static int vei_irq_request(struct vei_dev *dev)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < dev->nvec && !err; i++) {
		unsigned int irq = pci_irq_vector(dev->pdev, i);

		if (dev->vector_mode == VEI_VECTORS_INTX) {
			err = request_irq(irq, vei_irq_intx, IRQF_SHARED, pci_name(dev->pdev), dev);
		} else if (i == VEI_VECTOR_CONFIG) {
			err = request_irq(irq, vei_irq_config, 0, dev->config_irq_name, dev);
		} else if (dev->vector_mode == VEI_VECTORS_SHARED) {
			err = request_irq(irq, vei_irq_shared, 0, dev->queues_irq_name, dev);
		} else {
			struct vei_queue *q = dev->queue[i - VEI_VECTOR_QUEUES];

			err = request_irq(irq, vei_irq_queue, 0, q->name, q);
			if (!err)
				q->irq = irq;
		}
	}
	if (err) {
		dev_err(&dev->pdev->dev, "cannot request vector %u: %d\n", i - 1, err);
		vei_irq_free(dev, i - 1);
	}
	return err;
}

/* Leaves nothing behind when it fails. */
static int vei_irq_try(struct vei_dev *dev, enum vei_vector_mode mode)
{
	static const unsigned int types[] = {
		[VEI_VECTORS_PER_QUEUE] = PCI_IRQ_MSIX,
		[VEI_VECTORS_SHARED] = PCI_IRQ_MSIX,
		[VEI_VECTORS_INTX] = PCI_IRQ_INTX,
	};
	const unsigned int nvec[] = {
		[VEI_VECTORS_PER_QUEUE] = VEI_VECTOR_QUEUES + dev->nqueue,
		[VEI_VECTORS_SHARED] = VEI_VECTOR_QUEUES + 1,
		[VEI_VECTORS_INTX] = 1,
	};
	int err = pci_alloc_irq_vectors(dev->pdev, nvec[mode], nvec[mode], types[mode]);

	if (err < 0)
		return err;
	dev->vector_mode = mode;
	dev->nvec = nvec[mode];
	err = vei_irq_request(dev);
	if (err)
		goto err_vectors;
	if (mode == VEI_VECTORS_INTX || vei_irq_vectors_accepted(dev, mode))
		return 0;
	err = -EBUSY;
	vei_irq_free(dev, dev->nvec);
err_vectors:
	pci_free_irq_vectors(dev->pdev);
	dev->nvec = 0;
	return err;
}

/**
 * vei_irq_setup() - get the interrupts of a device's queues
 * @dev: a device whose queues exist, but are not active
 *
 * The best way that works: a vector for each queue, one for all, the pin; or
 * the one that parameter vectors demands. What is there already from before a
 * reset is used again.
 *
 * Return: 0 or a negative errno, with a message.
 */
int vei_irq_setup(struct vei_dev *dev)
{
	int mode, err = -ENODEV;

	if (dev->nvec) {
		if (dev->vector_mode == VEI_VECTORS_INTX ||
		    vei_irq_vectors_accepted(dev, dev->vector_mode))
			return 0;
		vei_irq_teardown(dev);
	}

	snprintf(dev->config_irq_name, sizeof(dev->config_irq_name), "virtio_ei-%s-config",
		 pci_name(dev->pdev));
	snprintf(dev->queues_irq_name, sizeof(dev->queues_irq_name), "virtio_ei-%s-queues",
		 pci_name(dev->pdev));

	if (vei_params.vectors != VEI_CHOOSE_AUTO) {
		mode = vei_params.vectors - VEI_CHOOSE_PER_QUEUE;
		err = vei_irq_try(dev, mode);
		if (err)
			dev_err(&dev->pdev->dev, "vectors=%s cannot be had: %d\n",
				vei_vector_mode_names[mode], err);
		return err;
	}
	for (mode = VEI_VECTORS_PER_QUEUE; mode <= VEI_VECTORS_INTX; mode++) {
		err = vei_irq_try(dev, mode);
		if (!err)
			return 0;
	}
	dev_err(&dev->pdev->dev, "no interrupts to be had: %d\n", err);
	return err;
}

/**
 * vei_irq_synchronize() - wait until no handler runs that began before
 * @dev: the device
 *
 * Context: may sleep.
 */
void vei_irq_synchronize(struct vei_dev *dev)
{
	unsigned int i;

	for (i = 0; i < dev->nvec; i++)
		synchronize_irq(pci_irq_vector(dev->pdev, i));
}

/**
 * vei_irq_teardown() - give the interrupts back, if there are any
 * @dev: a device that was reset; no handler runs any more on return
 */
void vei_irq_teardown(struct vei_dev *dev)
{
	if (!dev->nvec)
		return;
	vei_irq_free(dev, dev->nvec);
	pci_free_irq_vectors(dev->pdev);
	dev->nvec = 0;
}

/**
 * vei_queue_set_affinity() - suggest processors for a queue's interrupt
 * @q: the queue; nothing happens if it has no vector of its own
 * @mask: the processors, lasting as long as the queue
 *
 * Once for each vector: afterwards it is the user's to move.
 */
void vei_queue_set_affinity(struct vei_queue *q, const struct cpumask *mask)
{
	if (!q->irq || q->spread)
		return;
	q->spread = true;
	irq_set_affinity_and_hint(q->irq, mask);
}
EXPORT_SYMBOL_NS_GPL(vei_queue_set_affinity, VEI_NS);
