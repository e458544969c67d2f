// SPDX-License-Identifier: GPL-2.0
/*
 * A device on the virtio-pci legacy transport: its life, its configuration
 * space, and the module itself.
 */

#include <linux/cc_platform.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <xen/xen.h>

#include "core.h"
#include "pci_regs.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

EXPORT_TRACEPOINT_SYMBOL_GPL(vei_kick);
EXPORT_TRACEPOINT_SYMBOL_GPL(vei_rearm);

/* Legacy and transitional devices; what they are is said by the subsystem's id. */
#define VEI_PCI_ID_FIRST	0x1000
#define VEI_PCI_ID_LAST		0x103f

/* How long a device may take to reset. Emulated ones are done at once. */
#define VEI_RESET_TIMEOUT_MS	1000

/**
 * vei_dev_is_gone() - has the device left the bus?
 * @dev: the device
 *
 * A device that was pulled reads as all ones, which no status ever is. It stays
 * gone until a reset finds it there.
 */
bool vei_dev_is_gone(struct vei_dev *dev)
{
	if (!dev->gone && vei_pci_status(dev) == U8_MAX) {
		dev->gone = true;
		dev_warn(&dev->pdev->dev, "device is gone\n");
	}
	return dev->gone;
}
EXPORT_SYMBOL_NS_GPL(vei_dev_is_gone, VEI_NS);

/* Returns as vei_dev_reset(), with the device cut off from nothing yet. */
static int vei_dev_reset_status(struct vei_dev *dev)
{
	unsigned int ms;
	u8 status;

	vei_pci_set_status(dev, 0);
	for (ms = 0; ms < VEI_RESET_TIMEOUT_MS; ms++) {
		status = vei_pci_status(dev);
		if (status != U8_MAX)
			dev->gone = false;
		if (!status)
			return 0;
		if (vei_dev_is_gone(dev))
			return -ENODEV;
		usleep_range(1000, 2000);
	}
	dev_err(&dev->pdev->dev, "reset: status is still 0x%02x after %u ms, cut off from memory\n",
		status, ms);
	return -ETIMEDOUT;
}

/**
 * vei_dev_reset() - stop the device and take its rings from it
 * @dev: the device
 *
 * By the status register. To take a ring away by writing a PFN of 0 would reset
 * the whole device too, in QEMU, and leave the others' owners unaware.
 *
 * A device that does not say that it was reset is cut off from memory and from
 * the pin, also one that seems to have gone: what reads as all ones may still
 * master the bus.
 *
 * Context: may sleep. Return: 0; -ETIMEDOUT if the device would not reset;
 * -ENODEV if it is gone. In each case it uses no ring any more, and no interrupt
 * handler of a queue runs or will run before vei_dev_ready().
 */
int vei_dev_reset(struct vei_dev *dev)
{
	int err;

	WRITE_ONCE(dev->live, false);
	err = vei_dev_reset_status(dev);
	if (err) {
		pci_clear_master(dev->pdev);
		pci_intx(dev->pdev, 0);
	}
	vei_irq_synchronize(dev);
	dev->queues_given = false;
	return err;
}
EXPORT_SYMBOL_NS_GPL(vei_dev_reset, VEI_NS);

/**
 * vei_dev_fail() - tell the device that its driver gave up
 * @dev: the device
 */
void vei_dev_fail(struct vei_dev *dev)
{
	if (!vei_dev_is_gone(dev))
		vei_pci_set_status(dev, vei_pci_status(dev) | VEI_STATUS_FAILED);
}
EXPORT_SYMBOL_NS_GPL(vei_dev_fail, VEI_NS);

/**
 * vei_dev_ready() - let the device go
 * @dev: a device that has negotiated and found its queues
 */
void vei_dev_ready(struct vei_dev *dev)
{
	WRITE_ONCE(dev->live, true);
	vei_pci_set_status(dev, vei_pci_status(dev) | VEI_STATUS_DRIVER_OK);
}
EXPORT_SYMBOL_NS_GPL(vei_dev_ready, VEI_NS);

/**
 * vei_dev_start() - reset, and announce a driver
 * @dev: the device
 *
 * What comes before negotiation, at first and at each restart.
 *
 * Context: may sleep. Return: as vei_dev_reset().
 */
int vei_dev_start(struct vei_dev *dev)
{
	int err = vei_dev_reset(dev);

	if (err)
		return err;
	pci_set_master(dev->pdev);
	if (!dev->pdev->msix_enabled)
		pci_intx(dev->pdev, 1);
	vei_pci_set_status(dev, VEI_STATUS_ACKNOWLEDGE);
	vei_pci_set_status(dev, VEI_STATUS_ACKNOWLEDGE | VEI_STATUS_DRIVER);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vei_dev_start, VEI_NS);

/* Is there room for @len bytes of configuration at @offset? */
static bool vei_config_in_bar(struct vei_dev *dev, unsigned int offset, unsigned int len)
{
	u64 end = (u64)vei_pci_config(dev) + offset + len;

	if (end <= dev->bar_len)
		return true;
	dev_err_once(&dev->pdev->dev, "configuration field at %u+%u lies beyond BAR 0 (%llu bytes)\n",
		     offset, len, (unsigned long long)dev->bar_len);
	return false;
}

/**
 * vei_dev_config_read() - read device configuration, byte by byte
 * @dev: the device
 * @offset: from the beginning of the device's configuration
 * @buf: filled with it; with ones where BAR 0 ends before
 * @len: bytes
 *
 * For arrays of bytes, as a MAC address. What has a width is read in it:
 * vei_dev_config_read16().
 */
void vei_dev_config_read(struct vei_dev *dev, unsigned int offset, void *buf, unsigned int len)
{
	void __iomem *from = dev->base + vei_pci_config(dev) + offset;
	u8 *to = buf;

	if (!vei_config_in_bar(dev, offset, len)) {
		memset(buf, 0xff, len);
		return;
	}
	while (len--)
		*to++ = ioread8(from++);
}
EXPORT_SYMBOL_NS_GPL(vei_dev_config_read, VEI_NS);

/**
 * vei_dev_config_write() - write device configuration, byte by byte
 * @dev: the device
 * @offset: from the beginning of the device's configuration
 * @buf: what to write
 * @len: bytes
 */
void vei_dev_config_write(struct vei_dev *dev, unsigned int offset, const void *buf,
			  unsigned int len)
{
	void __iomem *to = dev->base + vei_pci_config(dev) + offset;
	const u8 *from = buf;

	if (!vei_config_in_bar(dev, offset, len))
		return;
	while (len--)
		iowrite8(*from++, to++);
}
EXPORT_SYMBOL_NS_GPL(vei_dev_config_write, VEI_NS);

/**
 * vei_dev_config_read16() - read a 16-bit field of the device's configuration
 * @dev: the device
 * @offset: from the beginning of the device's configuration
 *
 * In one access, so that it cannot change halfway; the legacy transport has
 * no generation counter to tell. Configuration is in the guest's byte order.
 */
u16 vei_dev_config_read16(struct vei_dev *dev, unsigned int offset)
{
	u16 raw;

	if (!vei_config_in_bar(dev, offset, sizeof(raw)))
		return U16_MAX;
	raw = ioread16(dev->base + vei_pci_config(dev) + offset);
	/* ioread16() took it for little-endian; undo that. */
	return (__force u16)cpu_to_le16(raw);
}
EXPORT_SYMBOL_NS_GPL(vei_dev_config_read16, VEI_NS);

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

	vei_debugfs_del_dev(dev);
	pci_set_drvdata(pdev, NULL);
	pci_iounmap(pdev, dev->base);
	pci_release_region(pdev, 0);
	pci_disable_device(pdev);
	mutex_destroy(&dev->toggle_lock);
	kfree(dev);
}
EXPORT_SYMBOL_NS_GPL(vei_dev_destroy, VEI_NS);

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
