// SPDX-License-Identifier: GPL-2.0
/* virtio-blk on the core: the module and the pci_driver. */

#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "blk.h"

#define VEI_BLK_SUBDEVICE	2	/* virtio device type: block */

static unsigned int num_queues;
module_param(num_queues, uint, 0444);
MODULE_PARM_DESC(num_queues,
		 "queues with interrupts: 0 as many as device and processors allow (default), else at most so many");

static unsigned int poll_queues;
module_param(poll_queues, uint, 0444);
MODULE_PARM_DESC(poll_queues,
		 "queues beside these that are polled, if the device has so many (default: 0)");

static unsigned int postpone_usecs = 4000;
module_param(postpone_usecs, uint, 0444);
MODULE_PARM_DESC(postpone_usecs,
		 "time that a finished request may wait for others, twice that at worst; 0: no time (default: 4000)");

/* Longer than anybody would wait. */
#define VEI_BLK_POSTPONE_USECS_MAX	100000

static const char *const vei_blk_feature_names[] = {
	[VEI_BLK_F_BARRIER] = "BARRIER",
	[VEI_BLK_F_SIZE_MAX] = "SIZE_MAX",
	[VEI_BLK_F_SEG_MAX] = "SEG_MAX",
	[VEI_BLK_F_GEOMETRY] = "GEOMETRY",
	[VEI_BLK_F_RO] = "RO",
	[VEI_BLK_F_BLK_SIZE] = "BLK_SIZE",
	[VEI_BLK_F_SCSI] = "SCSI",
	[VEI_BLK_F_FLUSH] = "FLUSH",
	[VEI_BLK_F_TOPOLOGY] = "TOPOLOGY",
	[VEI_BLK_F_CONFIG_WCE] = "CONFIG_WCE",
	[VEI_BLK_F_MQ] = "MQ",
	[VEI_BLK_F_DISCARD] = "DISCARD",
	[VEI_BLK_F_WRITE_ZEROES] = "WRITE_ZEROES",
};

/**
 * vei_blk_wanted_features() - feature bits of the device type that are wanted
 *
 * Not among them: BARRIER, which is obsolete, and SCSI, commands that reach past
 * the disk to what it is made of.
 */
u64 vei_blk_wanted_features(void)
{
	u64 want = BIT_ULL(VEI_BLK_F_SIZE_MAX) | BIT_ULL(VEI_BLK_F_SEG_MAX) |
		   BIT_ULL(VEI_BLK_F_GEOMETRY) | BIT_ULL(VEI_BLK_F_RO) |
		   BIT_ULL(VEI_BLK_F_BLK_SIZE) | BIT_ULL(VEI_BLK_F_FLUSH) |
		   BIT_ULL(VEI_BLK_F_TOPOLOGY) | BIT_ULL(VEI_BLK_F_CONFIG_WCE) |
		   BIT_ULL(VEI_BLK_F_DISCARD) | BIT_ULL(VEI_BLK_F_WRITE_ZEROES);

	if (num_queues != 1 || poll_queues)
		want |= BIT_ULL(VEI_BLK_F_MQ);
	return want;
}

/**
 * vei_blk_wanted_queues() - module parameter num_queues
 */
unsigned int vei_blk_wanted_queues(void)
{
	return num_queues;
}

/**
 * vei_blk_wanted_poll_queues() - module parameter poll_queues
 */
unsigned int vei_blk_wanted_poll_queues(void)
{
	return poll_queues;
}

/**
 * vei_blk_patience() - module parameter postpone_usecs, in ns
 */
u32 vei_blk_patience(void)
{
	return postpone_usecs * NSEC_PER_USEC;
}

/*
 * The switch of the cache is of use to who can flush it. A device of which neither is
 * acknowledged writes through by itself; with the switch alone it goes on caching.
 */
static u64 vei_blk_fix_features(u64 features)
{
	if (!(features & BIT_ULL(VEI_BLK_F_FLUSH)))
		features &= ~BIT_ULL(VEI_BLK_F_CONFIG_WCE);
	return features;
}

static const struct vei_dev_ops vei_blk_dev_ops = {
	.feature_names = vei_blk_feature_names,
	.nfeature_names = ARRAY_SIZE(vei_blk_feature_names),
	.config_changed = vei_blk_config_changed,
	.queue_broken = vei_blk_queue_broken,
	.fix_features = vei_blk_fix_features,
	.restart = vei_blk_restart_dev,
};

static struct vei_blk *vei_blk_alloc(struct vei_dev *dev)
{
	struct vei_blk *vblk = kzalloc(sizeof(*vblk), GFP_KERNEL);

	if (!vblk)
		return NULL;
	vblk->dev = dev;
	vblk->state = VEI_BLK_RESET;
	vblk->used = U64_MAX;
	mutex_init(&vblk->lock);
	mutex_init(&vblk->wce_lock);
	INIT_WORK(&vblk->config_work, vei_blk_config_work);
	INIT_DELAYED_WORK(&vblk->restart_work, vei_blk_restart_work);
	INIT_DELAYED_WORK(&vblk->give_up_work, vei_blk_give_up_work);
	dev->priv = vblk;
	return vblk;
}

/**
 * vei_blk_free() - free a device
 * @vblk: a device that was ended; its disk is not open any more
 */
void vei_blk_free(struct vei_blk *vblk)
{
	vei_blk_free_queues(vblk);
	mutex_destroy(&vblk->wce_lock);
	mutex_destroy(&vblk->lock);
	kfree(vblk);
}

/* With its disk, or -errno and as it was. */
static int vei_blk_start(struct vei_blk *vblk)
{
	int err = vei_blk_alloc_disk(vblk);

	if (err)
		return err;
	err = vei_blk_run(vblk);
	if (!err)
		err = vei_blk_add_disk(vblk);
	/* what changed since the disk's size was read was not told of */
	if (!err)
		schedule_work(&vblk->config_work);
	return err;
}

static int vei_blk_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vei_blk *vblk;
	struct vei_dev *dev;
	int err;

	dev = vei_dev_create(pdev, &vei_blk_dev_ops, NULL);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	/* How many queues there are is known only after negotiation, so it comes twice. */
	err = vei_dev_negotiate(dev, vei_blk_wanted_features());
	if (err)
		goto err_dev;
	err = -ENOMEM;
	vblk = vei_blk_alloc(dev);
	if (!vblk)
		goto err_dev;
	err = vei_blk_choose_queues(vblk);
	if (!err)
		err = vei_blk_begin(vblk);
	if (!err)
		err = vei_blk_start(vblk);
	if (!err)
		return 0;

	vei_blk_end(vblk);
	vei_dev_unwatch(dev);
	vei_dev_fail(dev);
	vei_dev_del_queues(dev);
	vei_dev_destroy(dev);
	if (vblk->disk)
		vei_blk_put_disk(vblk);
	else
		vei_blk_free(vblk);
	return err;

err_dev:
	vei_dev_fail(dev);
	vei_dev_destroy(dev);
	return err;
}

static void vei_blk_remove(struct pci_dev *pdev)
{
	struct vei_dev *dev = pci_get_drvdata(pdev);
	struct vei_blk *vblk = dev->priv;

	/* What can be written is. What waits for a device that is gone fails first. */
	if (vei_dev_is_gone(dev)) {
		vei_blk_end(vblk);
		blk_mark_disk_dead(vblk->disk);
	}
	vei_blk_del_disk(vblk);
	vei_blk_end(vblk);
	vei_dev_unwatch(dev);
	vei_dev_del_queues(dev);
	vei_dev_destroy(dev);
	vei_blk_put_disk(vblk);
}

/* The next kernel must find neither an asserted pin nor a device that masters the bus. */
static void vei_blk_shutdown(struct pci_dev *pdev)
{
	struct vei_dev *dev = pci_get_drvdata(pdev);

	vei_blk_end(dev->priv);
}

static int __maybe_unused vei_blk_pm_suspend(struct device *d)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	return vei_blk_suspend(dev->priv);
}

static int __maybe_unused vei_blk_pm_resume(struct device *d)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	return vei_blk_resume(dev->priv);
}

static SIMPLE_DEV_PM_OPS(vei_blk_pm_ops, vei_blk_pm_suspend, vei_blk_pm_resume);

/* As in virtio-net: by the subsystem's id, and no MODULE_DEVICE_TABLE. */
static const struct pci_device_id vei_blk_ids[] = {
	{ PCI_DEVICE_SUB(PCI_VENDOR_ID_REDHAT_QUMRANET, PCI_ANY_ID, PCI_ANY_ID,
			 VEI_BLK_SUBDEVICE) },
	{}
};

static struct pci_driver vei_blk_driver = {
	.name = VEI_BLK_NAME,
	.id_table = vei_blk_ids,
	.probe = vei_blk_probe,
	.remove = vei_blk_remove,
	.shutdown = vei_blk_shutdown,
	.err_handler = &vei_dev_pci_errors,
	.driver.pm = &vei_blk_pm_ops,
	.dev_groups = vei_dev_groups,
};

static int __init vei_blk_init(void)
{
	int err;

	if (postpone_usecs > VEI_BLK_POSTPONE_USECS_MAX) {
		pr_err(VEI_BLK_NAME ": parameter postpone_usecs: %u is over %u\n", postpone_usecs,
		       VEI_BLK_POSTPONE_USECS_MAX);
		return -EINVAL;
	}
	err = vei_blk_state_init();
	if (err)
		return err;
	err = vei_blk_disk_init();
	if (err)
		goto err_state;
	err = pci_register_driver(&vei_blk_driver);
	if (err)
		goto err_disk;
	return 0;

err_disk:
	vei_blk_disk_exit();
err_state:
	vei_blk_state_exit();
	return err;
}

static void __exit vei_blk_exit(void)
{
	pci_unregister_driver(&vei_blk_driver);
	vei_blk_disk_exit();
	vei_blk_state_exit();
}

module_init(vei_blk_init);
module_exit(vei_blk_exit);
MODULE_DESCRIPTION("virtio-blk over legacy virtio-pci with an event index for each direction");
MODULE_VERSION(VEI_VERSION);
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(VEI_NS);
