// SPDX-License-Identifier: GPL-2.0
/*
 * What the end of a kernel does to one PCI device, as before a reboot or kexec,
 * while the kernel goes on and the device can be looked at:
 *
 *	insmod vei_shutdown.ko bdf=0000:00:10.0
 *
 * Its driver has it still, and can be unbound.
 */

#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/module.h>

#include "vei_pci.h"

static char *bdf;
module_param(bdf, charp, 0444);
MODULE_PARM_DESC(bdf, "address of the device");

static int __init vei_shutdown_init(void)
{
	struct pci_dev *pdev = vei_pci_get(bdf);

	if (!pdev)
		return -ENODEV;
	device_lock(&pdev->dev);
	pdev->dev.bus->shutdown(&pdev->dev);
	device_unlock(&pdev->dev);
	pci_dev_put(pdev);
	return 0;
}

static void __exit vei_shutdown_exit(void)
{
}

module_init(vei_shutdown_init);
module_exit(vei_shutdown_exit);
MODULE_DESCRIPTION("Shuts one PCI device down, for tests");
MODULE_LICENSE("GPL");
