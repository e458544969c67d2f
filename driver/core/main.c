// SPDX-License-Identifier: GPL-2.0
/* A device's life in the core, from probe to remove, and the module itself. */

#include <linux/cc_platform.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <xen/xen.h>

#include "core.h"
#include "pci_regs.h"

/* Legacy and transitional devices; what they are is said by the subsystem's id. */
#define VEI_PCI_ID_FIRST	0x1000
#define VEI_PCI_ID_LAST		0x103f

/*
 * A legacy device reads the guest's memory as it is, at guest-physical
 * addresses, see queue.c. Says why it cannot, or NULL.
 */
static const char *vei_dev_why_blind(void)
{
	/* SEV and TDX guests, arm64 realms */
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT) || cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT))
		return "encrypted memory";
	/*
	 * Physical is not the machine's there, or a page has to be granted. A fully
	 * virtual guest may have neither, but does not know that.
	 */
	if (xen_domain())
		return "the memory of a Xen guest";
	return NULL;
}

static int vei_dev_map(struct vei_dev *dev)
{
	struct pci_dev *pdev = dev->pdev;
	int err = pci_enable_device(pdev);

	if (err)
		return err;
	err = pci_request_region(pdev, 0, "virtio_ei");
	if (err)
		goto err_disable;
	dev->bar_len = pci_resource_len(pdev, 0);
	if (dev->bar_len < VEI_PCI_COMMON_SIZE) {
		dev_err(&pdev->dev, "BAR 0 has %llu bytes, no legacy virtio header\n",
			(unsigned long long)dev->bar_len);
		err = -ENODEV;
		goto err_release;
	}
	dev->base = pci_iomap(pdev, 0, 0);
	if (!dev->base) {
		dev_err(&pdev->dev, "cannot map BAR 0\n");
		err = -ENOMEM;
		goto err_release;
	}
	return 0;

err_release:
	pci_release_region(pdev, 0);
err_disable:
	pci_disable_device(pdev);
	return err;
}

/**
 * vei_dev_create() - take hold of a device
 * @pdev: its PCI function; the driver data becomes the core's
 * @ops: the device driver
 * @priv: the device driver's own
 *
 * The device is reset and knows that it has a driver.
 *
 * Context: may sleep. Return: the device, or an ERR_PTR().
 */
struct vei_dev *vei_dev_create(struct pci_dev *pdev, const struct vei_dev_ops *ops, void *priv)
{
	const char *blind = vei_dev_why_blind();
	struct vei_dev *dev;
	int err;

	if (pdev->device < VEI_PCI_ID_FIRST || pdev->device > VEI_PCI_ID_LAST || pdev->revision) {
		dev_err(&pdev->dev, "id 0x%04x, revision %u: no legacy virtio device\n",
			pdev->device, pdev->revision);
		return ERR_PTR(-ENODEV);
	}
	if (blind) {
		dev_err(&pdev->dev, "a legacy device cannot read %s\n", blind);
		return ERR_PTR(-ENODEV);
	}
	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev->pdev = pdev;
	dev->ops = ops;
	dev->priv = priv;
	dev->toggles = vei_params.toggles;
	mutex_init(&dev->toggle_lock);
	vei_watch_init(dev);

	err = vei_dev_map(dev);
	if (err)
		goto err_free;
	err = vei_dev_start(dev);
	if (err)
		goto err_unmap;
	pci_set_drvdata(pdev, dev);
	vei_debugfs_add_dev(dev);
	return dev;

err_unmap:
	pci_iounmap(pdev, dev->base);
	pci_release_region(pdev, 0);
	pci_disable_device(pdev);
err_free:
	mutex_destroy(&dev->toggle_lock);
	kfree(dev);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_NS_GPL(vei_dev_create, VEI_NS);

/**
 * vei_dev_destroy() - let go of a device
 * @dev: a device that was reset or failed, without queues
 *
 * Context: may sleep.
 */
void vei_dev_destroy(struct vei_dev *dev)
{
	struct pci_dev *pdev = dev->pdev;

	vei_dev_unwatch(dev);
	vei_debugfs_del_dev(dev);
	pci_set_drvdata(pdev, NULL);
	pci_iounmap(pdev, dev->base);
	pci_release_region(pdev, 0);
	pci_disable_device(pdev);
	mutex_destroy(&dev->toggle_lock);
	kfree(dev);
}
EXPORT_SYMBOL_NS_GPL(vei_dev_destroy, VEI_NS);

/*
 * A reset by the bus, as the user may ask for. Meanwhile the device does not answer, as one
 * that is gone; no toggle must find it so.
 */
static void vei_dev_pci_reset_prepare(struct pci_dev *pdev)
{
	struct vei_dev *dev = pci_get_drvdata(pdev);

	mutex_lock(&dev->toggle_lock);
	if (dev->ops->sleep)
		dev->ops->sleep(dev);
}

/* It has nothing of its driver any more. */
static void vei_dev_pci_reset_done(struct pci_dev *pdev)
{
	struct vei_dev *dev = pci_get_drvdata(pdev);
	int (*go_on)(struct vei_dev *dev) = dev->ops->sleep ? dev->ops->wake : dev->ops->restart;

	if (go_on && go_on(dev))
		dev_warn(&pdev->dev, "cannot go on after a reset by the bus\n");
	mutex_unlock(&dev->toggle_lock);
}

/** vei_dev_pci_errors - for &pci_driver.err_handler, whose device is one of vei_dev_create() */
const struct pci_error_handlers vei_dev_pci_errors = {
	.reset_prepare = vei_dev_pci_reset_prepare,
	.reset_done = vei_dev_pci_reset_done,
};
EXPORT_SYMBOL_NS_GPL(vei_dev_pci_errors, VEI_NS);

static int __init vei_init(void)
{
	vei_debugfs_init();
	return 0;
}

static void __exit vei_exit(void)
{
	vei_debugfs_exit();
}

module_init(vei_init);
module_exit(vei_exit);
MODULE_DESCRIPTION("Legacy virtio-pci with an event index for each direction");
MODULE_VERSION(VEI_VERSION);
MODULE_LICENSE("GPL");
