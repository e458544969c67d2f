// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts: MSI-X with a vector for each queue, MSI-X with one for all, or
 * the pin and the ISR register.
 *
 * Vectors are assigned before the device is given any ring: to take a ring
 * back would reset it.
 */

#include <linux/interrupt.h>
#include <linux/irq.h>

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

static __always_inline void vei_irq_deliver(struct vei_queue *q, bool empty)
{
	vei_count_inc(&q->count.interrupts);
	if (empty)
		vei_count_inc(&q->count.interrupts_empty);
	trace_vei_interrupt(q, empty);
	q->handler(q);
}

static irqreturn_t vei_irq_queue(int irq, void *data)
{
	struct vei_queue *q = data;

	if (READ_ONCE(q->dev->live))
		vei_irq_deliver(q, !vei_queue_pending(q));
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
 * whose owner took it in passing and still counts on the interrupt. Returns whether it
 * was for any.
 */
static bool vei_irq_deliver_all(struct vei_dev *dev)
{
	bool any = false;
	unsigned int i;

	vei_count_inc(&dev->shared_interrupts);
	if (!READ_ONCE(dev->live))
		return false;
	for (i = 0; i < dev->nqueue; i++) {
		struct vei_queue *q = dev->queue[i];
		bool pending;

		if (!q || !q->handler)
			continue;
		pending = vei_queue_pending(q);
		if (pending || vei_ring_intr_spent(&q->ring)) {
			vei_irq_deliver(q, !pending);
			any = true;
		}
	}
	return any;
}

static irqreturn_t vei_irq_shared(int irq, void *data)
{
	vei_irq_deliver_all(data);
	return IRQ_HANDLED;
}

static irqreturn_t vei_irq_intx(int irq, void *data)
{
	struct vei_dev *dev = data;
	u8 isr = vei_pci_isr(dev);
	bool any = false;

	/* A device that was pulled reads as all ones: none of its own either. */
	if (!isr || isr == U8_MAX)
		return IRQ_NONE;
	if (isr & VEI_ISR_CONFIG)
		any = vei_irq_config(irq, dev);
	if (isr & VEI_ISR_QUEUE)
		any |= vei_irq_deliver_all(dev);
	/* A pin that is asserted for nothing without end is the kernel's to end. */
	return IRQ_RETVAL(any);
}

/* In the device's table; what nobody listens to has none. */
static u16 vei_irq_vector_of(const struct vei_queue *q, enum vei_vector_mode mode)
{
	if (!q->handler)
		return VEI_PCI_NO_VECTOR;
	return mode == VEI_VECTORS_PER_QUEUE ? q->vector : VEI_VECTOR_QUEUES;
}

static bool vei_irq_vectors_accepted(struct vei_dev *dev, enum vei_vector_mode mode)
{
	unsigned int i;

	if (vei_pci_set_config_vector(dev, VEI_VECTOR_CONFIG) != VEI_VECTOR_CONFIG) {
		dev_warn(&dev->pdev->dev, "device refused vector %u for config changes\n",
			 VEI_VECTOR_CONFIG);
		return false;
	}
	for (i = 0; i < dev->nqueue; i++) {
		const struct vei_queue *q = dev->queue[i];
		u16 vector;

		if (!q)
			continue;
		vector = vei_irq_vector_of(q, mode);
		vei_pci_select_queue(dev, i);
		if (vei_pci_set_queue_vector(dev, vector) != vector) {
			dev_warn(&dev->pdev->dev, "%s: device refused vector %u\n", q->name,
				 vector);
			return false;
		}
	}
	return true;
}

/* As far as they were requested. */
static void vei_irq_free(struct vei_dev *dev)
{
	unsigned int i;

	for (i = 0; i < dev->nqueue; i++) {
		struct vei_queue *q = dev->queue[i];

		if (!q || !q->irq)
			continue;
		irq_update_affinity_hint(q->irq, NULL);
		free_irq(q->irq, q);
		q->irq = 0;
		q->hint = NULL;
	}
	while (dev->nirq)
		free_irq(pci_irq_vector(dev->pdev, --dev->nirq), dev);
}

/* The next vector, for the device as a whole. */
static int vei_irq_request_dev(struct vei_dev *dev, irq_handler_t handler, unsigned long flags,
			       const char *name)
{
	int err = request_irq(pci_irq_vector(dev->pdev, dev->nirq), handler, flags, name, dev);

	if (!err)
		dev->nirq++;
	return err;
}

static int vei_irq_request_queues(struct vei_dev *dev)
{
	unsigned int i;
	int err;

	for (i = 0; i < dev->nqueue; i++) {
		struct vei_queue *q = dev->queue[i];

		if (!q || !q->handler)
			continue;
		err = request_irq(pci_irq_vector(dev->pdev, q->vector), vei_irq_queue, 0, q->name,
				  q);
		if (err)
			return err;
		q->irq = pci_irq_vector(dev->pdev, q->vector);
	}
	return 0;
}

static int vei_irq_request(struct vei_dev *dev)
{
	int err;

	if (dev->vector_mode == VEI_VECTORS_INTX)
		err = vei_irq_request_dev(dev, vei_irq_intx, IRQF_SHARED, pci_name(dev->pdev));
	else
		err = vei_irq_request_dev(dev, vei_irq_config, 0, dev->config_irq_name);
	if (!err && dev->vector_mode == VEI_VECTORS_SHARED)
		err = vei_irq_request_dev(dev, vei_irq_shared, 0, dev->queues_irq_name);
	if (!err && dev->vector_mode == VEI_VECTORS_PER_QUEUE)
		err = vei_irq_request_queues(dev);
	else if (!err)
		dev->queues_irq = pci_irq_vector(dev->pdev, dev->nirq - 1);
	if (err) {
		dev_err(&dev->pdev->dev, "cannot request vectors (%s): %d\n",
			vei_vector_mode_names[dev->vector_mode], err);
		vei_irq_free(dev);
	}
	return err;
}

/* Give each queue that has a handler an entry of the table. Returns how many there are then. */
static unsigned int vei_irq_number_queues(struct vei_dev *dev)
{
	unsigned int i, nvec = VEI_VECTOR_QUEUES;

	for (i = 0; i < dev->nqueue; i++)
		if (dev->queue[i] && dev->queue[i]->handler)
			dev->queue[i]->vector = nvec++;
	return nvec;
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
		[VEI_VECTORS_PER_QUEUE] = vei_irq_number_queues(dev),
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
	vei_irq_free(dev);
err_vectors:
	pci_free_irq_vectors(dev->pdev);
	dev->nvec = 0;
	return err;
}

/*
 * Is the pin's line disabled? If the kernel did that, as nobody cared for what came there, who
 * asks for it anew has it enabled again.
 */
static bool vei_irq_pin_is_lost(struct vei_dev *dev)
{
	struct irq_data *line = irq_get_irq_data(pci_irq_vector(dev->pdev, 0));

	return dev->vector_mode == VEI_VECTORS_INTX && line && irqd_irq_disabled(line);
}

/**
 * vei_irq_setup() - get the interrupts of a device's queues
 * @dev: a device whose queues exist, but were not given to it
 *
 * The best way that works: a vector for each queue, one for all, the pin; or
 * the one that parameter vectors demands. What is there already from before a
 * reset is used again.
 *
 * Return: 0 or a negative errno, with a message.
 */
int vei_irq_setup(struct vei_dev *dev)
{
	bool memory = true;
	int mode, err = -ENODEV;

	if (dev->nvec && vei_irq_pin_is_lost(dev)) {
		dev_warn(&dev->pdev->dev, "the line of its pin is disabled, and asked for anew\n");
		vei_irq_teardown(dev);
	}
	if (dev->nvec) {
		if (dev->vector_mode == VEI_VECTORS_INTX ||
		    vei_irq_vectors_accepted(dev, dev->vector_mode))
			return 0;
		/* Which refuses everything: what it had is for when it is back. */
		if (vei_dev_is_gone(dev))
			return -ENODEV;
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
		if (err == -ENOMEM) {
			memory = false;
			dev_warn(&dev->pdev->dev, "no memory for vectors (%s)\n",
				 vei_vector_mode_names[mode]);
		}
	}
	dev_err(&dev->pdev->dev, "no interrupts to be had: %d\n", err);
	/* For which it can be tried again, whatever became of the others. */
	return memory ? err : -ENOMEM;
}

/**
 * vei_irq_teardown() - give the interrupts back, if there are any
 * @dev: a device that was reset; no handler runs any more on return
 */
void vei_irq_teardown(struct vei_dev *dev)
{
	if (!dev->nvec)
		return;
	vei_irq_free(dev);
	pci_free_irq_vectors(dev->pdev);
	dev->nvec = 0;
}

/**
 * vei_irq_cpu() - which processor a queue's interrupts go to
 * @q: a queue with a handler
 *
 * Context: any, while the device has its vectors. Return: the first one online, or -1.
 */
int vei_irq_cpu(const struct vei_queue *q)
{
	const struct cpumask *mask;
	unsigned int cpu = nr_cpu_ids;

	mask = irq_get_effective_affinity_mask(q->irq ?: q->dev->queues_irq);
	if (mask)
		cpu = cpumask_first_and(mask, cpu_online_mask);
	return cpu < nr_cpu_ids ? cpu : -1;
}

/**
 * vei_queue_set_affinity() - suggest processors for a queue's interrupt
 * @q: the queue; nothing happens if it has no vector of its own
 * @mask: the processors, lasting as long as the queue
 *
 * Once for each vector, and once more after sleep: afterwards it is the user's to move.
 */
void vei_queue_set_affinity(struct vei_queue *q, const struct cpumask *mask)
{
	if (!q->irq || q->hint)
		return;
	q->hint = mask;
	irq_set_affinity_and_hint(q->irq, mask);
}
EXPORT_SYMBOL_NS_GPL(vei_queue_set_affinity, VEI_NS);

/* Where a vector is to be: as it was set last, though it may not have moved yet. */
static const struct cpumask *vei_irq_wanted(unsigned int irq)
{
#ifdef CONFIG_GENERIC_PENDING_IRQ
	struct irq_data *data = irq_get_irq_data(irq);

	if (data && irqd_is_setaffinity_pending(data))
		return irq_data_to_desc(data)->pending_mask;
#endif
	return irq_get_affinity_mask(irq);
}

/**
 * vei_dev_sleep() - prepare for processors that go offline with the machine
 * @dev: a device that was reset for sleep
 *
 * Their interrupts go to others then, and do not come back: those that are where they were
 * suggested to be may be suggested anew. What the user has moved stays the user's.
 *
 * Context: may sleep.
 */
void vei_dev_sleep(struct vei_dev *dev)
{
	unsigned int i;

	for (i = 0; i < dev->nqueue; i++) {
		struct vei_queue *q = dev->queue[i];

		if (q && q->irq && q->hint &&
		    cpumask_equal(vei_irq_wanted(q->irq), q->hint))
			q->hint = NULL;
	}
}
EXPORT_SYMBOL_NS_GPL(vei_dev_sleep, VEI_NS);
