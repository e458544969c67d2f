// SPDX-License-Identifier: GPL-2.0
/*
 * Put one PCI device to sleep and wake it up again, by the callbacks that its
 * driver has for the sleep of the machine, which goes on meanwhile:
 *
 *	insmod vei_sleep.ko bdf=0000:00:10.0 [ms=N]
 *
 * On return the device is awake.
 */

#include <linux/delay.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/pm.h>

#include "vei_pci.h"

static char *bdf;
module_param(bdf, charp, 0444);
MODULE_PARM_DESC(bdf, "address of the device");

static unsigned int ms = 100;
module_param(ms, uint, 0444);
MODULE_PARM_DESC(ms, "how long it sleeps (default: 100)");

static int vei_sleep_device(struct device *dev)
{
	const struct dev_pm_ops *pm = dev->driver ? dev->driver->pm : NULL;
	int err;

	if (!pm || !pm->suspend || !pm->resume) {
		dev_err(dev, "vei_sleep: no driver that could sleep\n");
		return -EINVAL;
	}
	err = pm->suspend(dev);
	if (err)
		return err;
	msleep(ms);
	return pm->resume(dev);
}

static int __init vei_sleep_init(void)
{
	struct pci_dev *pdev = vei_pci_get(bdf);
	int err;

	if (!pdev)
		return -ENODEV;
	device_lock(&pdev->dev);
	err = vei_sleep_device(&pdev->dev);
	device_unlock(&pdev->dev);
	pci_dev_put(pdev);
	return err;
}

static void __exit vei_sleep_exit(void)
{
}

module_init(vei_sleep_init);
module_exit(vei_sleep_exit);
MODULE_DESCRIPTION("Puts one PCI device to sleep for a while, for tests");
MODULE_LICENSE("GPL");
