// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-rng on the core: one queue, one buffer, no configuration. The smallest
 * driver that there can be, and the example of Documentation/writing-a-driver.md.
 */

#include <linux/hw_random.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>

#include <vei/dev.h>
#include <vei/queue.h>

#define VEI_RNG_NAME		"virtio_ei_rng"
#define VEI_RNG_SUBDEVICE	4	/* virtio device type: entropy */

/* Looks that find nothing to give: no read is held up by a device that has no end of them. */
#define VEI_RNG_LOOKS		16

/**
 * enum vei_rng_state - what a device is about
 * @VEI_RNG_REMOVED: reset for good
 * @VEI_RNG_ASLEEP: reset until resume
 * @VEI_RNG_RESET: reset, because a restart failed or is under way
 * @VEI_RNG_RUNNING: gives entropy
 */
enum vei_rng_state {
	VEI_RNG_REMOVED,
	VEI_RNG_ASLEEP,
	VEI_RNG_RESET,
	VEI_RNG_RUNNING,
};

/**
 * struct vei_rng - a virtio-rng device
 * @dev: the core's view of it
 * @hwrng: the kernel's
 * @lock: of @state; who holds it may use the queue
 * @state: what it is about
 * @wait: for @told
 * @told: there is something to look at: an interrupt came, or the state changed
 * @data: the device's to write while it is posted
 */
struct vei_rng {
	struct vei_dev *dev;
	struct hwrng hwrng;
	struct mutex lock;		/* see above */
	enum vei_rng_state state;
	wait_queue_head_t wait;
	bool told;
	u8 data[64];
};

static void vei_rng_tell(struct vei_rng *rng)
{
	WRITE_ONCE(rng->told, true);
	wake_up(&rng->wait);
}

/* Hard interrupt. The queue is the lock holder's. */
static void vei_rng_interrupt(struct vei_queue *q)
{
	vei_rng_tell(q->priv);
}

/* Likewise. Whoever waits finds out that it is broken. */
static void vei_rng_queue_broken(struct vei_queue *q)
{
	vei_rng_tell(q->priv);
}

static int vei_rng_up(struct vei_rng *rng)
{
	const struct vei_queue_spec spec = {
		.name = "input",
		.handler = vei_rng_interrupt,
		.priv = rng,
		.strict_len = true,
	};
	int err = vei_dev_start(rng->dev);

	if (!err)
		err = vei_dev_negotiate(rng->dev, 0);
	if (!err)
		err = vei_dev_find_queues(rng->dev, &spec, 1);
	if (!err)
		err = vei_dev_ready(rng->dev);
	if (err)
		vei_dev_reset(rng->dev);
	return err;
}

static void vei_rng_down(struct vei_rng *rng)
{
	u16 cursor = 0;

	vei_dev_reset(rng->dev);
	while (vei_queue_drain(rng->dev->queue[0], &cursor))
		;
}

/* The one way from each state to another; what is below RUNNING is reset. Under the lock. */
static int vei_rng_set_state(struct vei_rng *rng, enum vei_rng_state to)
{
	int err = 0;

	lockdep_assert_held(&rng->lock);
	if (rng->state == VEI_RNG_RUNNING && to < VEI_RNG_RUNNING)
		vei_rng_down(rng);
	if (rng->state < VEI_RNG_RUNNING && to == VEI_RNG_RUNNING)
		err = vei_rng_up(rng);
	rng->state = err ? VEI_RNG_RESET : to;
	vei_rng_tell(rng);
	return err;
}

static int vei_rng_change(struct vei_rng *rng, enum vei_rng_state to)
{
	int err;

	mutex_lock(&rng->lock);
	err = vei_rng_set_state(rng, to);
	mutex_unlock(&rng->lock);
	return err;
}

static int vei_rng_restart(struct vei_dev *dev)
{
	struct vei_rng *rng = dev->priv;
	int err = -ENODEV;

	mutex_lock(&rng->lock);
	if (rng->state >= VEI_RNG_RESET) {
		vei_rng_set_state(rng, VEI_RNG_RESET);
		err = vei_rng_set_state(rng, VEI_RNG_RUNNING);
	}
	mutex_unlock(&rng->lock);
	return err;
}

static int vei_rng_post(struct vei_rng *rng, struct vei_queue *q, size_t len)
{
	const struct vei_seg seg = { virt_to_phys(rng->data), min(len, sizeof(rng->data)) };
	int err = vei_queue_add(q, &seg, 0, 1, rng);

	if (!err)
		vei_queue_kick(q);
	return err;
}

/*
 * Take what there is, and ask for more. Under the lock. Returns bytes, -EAGAIN if
 * it has to be waited for, or another negative errno.
 */
static int vei_rng_take(struct vei_rng *rng, void *to, size_t max)
{
	struct vei_queue *q;
	int err;
	u32 len;

	lockdep_assert_held(&rng->lock);
	if (rng->state < VEI_RNG_RUNNING)
		return -ENODEV;
	q = rng->dev->queue[0];
	WRITE_ONCE(rng->told, false);
	if (vei_queue_get(q, &len)) {
		/* The core has checked it against the buffer; the reader's may be smaller. */
		len = min_t(size_t, len, max);
		memcpy(to, rng->data, len);
		memzero_explicit(rng->data, sizeof(rng->data));
		return len;
	}
	if (!vei_queue_in_flight(q)) {
		err = vei_rng_post(rng, q, max);
		if (err)
			return err;
	}
	if (vei_queue_broken(q))
		return -EIO;
	return vei_queue_intr_enable(q) ? -EAGAIN : 0;
}

static int vei_rng_read(struct hwrng *hwrng, void *to, size_t max, bool wait)
{
	struct vei_rng *rng = container_of(hwrng, struct vei_rng, hwrng);
	unsigned int looks = VEI_RNG_LOOKS;
	int n;

	while (looks) {
		mutex_lock(&rng->lock);
		n = vei_rng_take(rng, to, max);
		mutex_unlock(&rng->lock);
		if (n > 0 || (n < 0 && n != -EAGAIN))
			return n;
		if (n == -EAGAIN && !wait)
			return 0;
		if (n == -EAGAIN && wait_event_interruptible(rng->wait, READ_ONCE(rng->told)))
			return -ERESTARTSYS;
		if (!n)
			looks--;
	}
	return 0;
}

/* Who was told, or does not wait any more, has asked for an interrupt and left it at that. */
static bool vei_rng_nobody_waits(struct vei_queue *q)
{
	struct vei_rng *rng = q->priv;

	/* A glance: who comes to wait now is seen at the next look. */
	return !waitqueue_active(&rng->wait);
}

static const struct vei_dev_ops vei_rng_dev_ops = {
	.queue_broken = vei_rng_queue_broken,
	.queue_busy = vei_rng_nobody_waits,
	.restart = vei_rng_restart,
};

static int vei_rng_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vei_rng *rng = kzalloc(sizeof(*rng), GFP_KERNEL);
	int err;

	if (!rng)
		return -ENOMEM;
	mutex_init(&rng->lock);
	init_waitqueue_head(&rng->wait);
	rng->state = VEI_RNG_RESET;
	rng->hwrng.name = pci_name(pdev);
	rng->hwrng.read = vei_rng_read;
	/* In thousandths; 0 is none before 6.2 and all from then on. */
	rng->hwrng.quality = 1000;
	rng->dev = vei_dev_create(pdev, &vei_rng_dev_ops, rng);
	if (IS_ERR(rng->dev)) {
		err = PTR_ERR(rng->dev);
		goto err_free;
	}
	err = vei_rng_change(rng, VEI_RNG_RUNNING);
	if (!err)
		err = hwrng_register(&rng->hwrng);
	if (!err)
		return 0;

	vei_rng_change(rng, VEI_RNG_REMOVED);
	vei_dev_unwatch(rng->dev);
	vei_dev_fail(rng->dev);
	vei_dev_del_queues(rng->dev);
	vei_dev_destroy(rng->dev);
err_free:
	kfree(rng);
	return err;
}

static void vei_rng_remove(struct pci_dev *pdev)
{
	struct vei_dev *dev = pci_get_drvdata(pdev);
	struct vei_rng *rng = dev->priv;

	/* First, as whoever reads would wait for ever. */
	vei_rng_change(rng, VEI_RNG_REMOVED);
	hwrng_unregister(&rng->hwrng);
	vei_dev_unwatch(dev);
	vei_dev_del_queues(dev);
	vei_dev_destroy(dev);
	kfree(rng);
}

static void vei_rng_shutdown(struct pci_dev *pdev)
{
	struct vei_dev *dev = pci_get_drvdata(pdev);

	vei_rng_change(dev->priv, VEI_RNG_REMOVED);
}

static int __maybe_unused vei_rng_suspend(struct device *d)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	vei_rng_change(dev->priv, VEI_RNG_ASLEEP);
	return 0;
}

static int __maybe_unused vei_rng_resume(struct device *d)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	return vei_rng_change(dev->priv, VEI_RNG_RUNNING);
}

static SIMPLE_DEV_PM_OPS(vei_rng_pm_ops, vei_rng_suspend, vei_rng_resume);

/* By the subsystem's id, and no MODULE_DEVICE_TABLE: no device is taken from another driver. */
static const struct pci_device_id vei_rng_ids[] = {
	{ PCI_DEVICE_SUB(PCI_VENDOR_ID_REDHAT_QUMRANET, PCI_ANY_ID, PCI_ANY_ID,
			 VEI_RNG_SUBDEVICE) },
	{}
};

static struct pci_driver vei_rng_driver = {
	.name = VEI_RNG_NAME,
	.id_table = vei_rng_ids,
	.probe = vei_rng_probe,
	.remove = vei_rng_remove,
	.shutdown = vei_rng_shutdown,
	.err_handler = &vei_dev_pci_errors,
	.driver.pm = &vei_rng_pm_ops,
	.dev_groups = vei_dev_groups,
};

module_pci_driver(vei_rng_driver);
MODULE_DESCRIPTION("virtio-rng over legacy virtio-pci with an event index for each direction");
MODULE_VERSION(VEI_VERSION);
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(VEI_NS);
