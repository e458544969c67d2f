// SPDX-License-Identifier: GPL-2.0
/*
 * A device on the virtio-pci legacy transport: its status and its configuration
 * space.
 */

#include <linux/delay.h>
#include <linux/export.h>
#include <linux/interrupt.h>

#include "core.h"
#include "pci_regs.h"

/* How long a device may take to reset. Emulated ones are done at once. */
#define VEI_RESET_TIMEOUT_MS	1000

/* Reads of a field that keeps changing: a device that never stops must not hang its driver. */
#define VEI_CONFIG_TRIES	16

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

/* Wait until no handler runs that began before. */
static void vei_dev_synchronize(struct vei_dev *dev)
{
	unsigned int i;

	for (i = 0; i < dev->nvec; i++)
		synchronize_irq(pci_irq_vector(dev->pdev, i));
}

/* Neither looks of the watch nor processors' answers to it come any more. */
static void vei_dev_unlook(struct vei_dev *dev)
{
	unsigned int i;

	timer_delete_sync(&dev->watch);
	for (i = 0; i < dev->nqueue; i++) {
		struct vei_queue *q = dev->queue[i];

		if (!q)
			continue;
		timer_delete_sync(&q->ask);
		q->asked = false;
	}
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
 * handler of a queue runs or will run before vei_dev_ready(), nor does the watch.
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
	vei_dev_synchronize(dev);
	vei_dev_unlook(dev);
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
 *
 * One that went on the way here said yes to nothing: what was read since is all ones, and
 * what was written is lost.
 *
 * Return: 0, or -ENODEV if it is gone; it is to be reset then.
 */
int vei_dev_ready(struct vei_dev *dev)
{
	WRITE_ONCE(dev->live, true);
	vei_pci_set_status(dev, vei_pci_status(dev) | VEI_STATUS_DRIVER_OK);
	if (vei_dev_is_gone(dev))
		return -ENODEV;
	dev->watch_fresh = true;
	if (vei_params.watch_ms)
		mod_timer(&dev->watch, jiffies + 1);
	return 0;
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

/* Byte by byte. Returns whether @buf had the same in it. */
static bool vei_config_copy(struct vei_dev *dev, unsigned int offset, u8 *buf, unsigned int len)
{
	bool same = true;

	for (; len; len--, buf++, offset++) {
		u8 byte = ioread8(dev->base + vei_pci_config(dev) + offset);

		same &= *buf == byte;
		*buf = byte;
	}
	return same;
}

/**
 * vei_dev_config_read() - read bytes of the device's configuration
 * @dev: the device
 * @offset: from the beginning of the device's configuration
 * @buf: filled with it; with ones where BAR 0 ends before
 * @len: bytes
 *
 * For arrays of bytes, as a MAC address, read until they stay the same. What has
 * a width is read in it: vei_dev_config_read16() and its kin.
 */
void vei_dev_config_read(struct vei_dev *dev, unsigned int offset, void *buf, unsigned int len)
{
	unsigned int tries = VEI_CONFIG_TRIES;

	memset(buf, 0xff, len);
	if (!vei_config_in_bar(dev, offset, len))
		return;
	vei_config_copy(dev, offset, buf, len);
	while (!vei_config_copy(dev, offset, buf, len) && --tries)
		;
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

/*
 * One access of the field's own width, so that it cannot change halfway. The
 * configuration is in the guest's byte order, and ioread*() takes it for
 * little-endian, which is undone here.
 */
static u32 vei_config_fetch(struct vei_dev *dev, unsigned int offset, unsigned int width)
{
	void __iomem *from = dev->base + vei_pci_config(dev) + offset;

	switch (width) {
	case sizeof(u8):
		return ioread8(from);
	case sizeof(u16):
		return (__force u16)cpu_to_le16(ioread16(from));
	default:
		return (__force u32)cpu_to_le32(ioread32(from));
	}
}

/* Two halves, in the guest's order of them. */
static u64 vei_config_fetch64(struct vei_dev *dev, unsigned int offset)
{
	u64 first = vei_config_fetch(dev, offset, sizeof(u32));
	u64 second = vei_config_fetch(dev, offset + sizeof(u32), sizeof(u32));

	return IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) ? first << 32 | second : second << 32 | first;
}

/**
 * vei_dev_config_read_field() - read a field of the device's configuration
 * @dev: the device
 * @offset: from the beginning of the device's configuration
 * @width: of the field: 1, 2, 4 or 8 bytes
 *
 * What is wider than one access can change between two, and the legacy transport
 * has no generation counter to tell: it is read until it stays the same.
 *
 * Return: the value; all ones where BAR 0 ends before the field does.
 */
u64 vei_dev_config_read_field(struct vei_dev *dev, unsigned int offset, unsigned int width)
{
	unsigned int tries = VEI_CONFIG_TRIES;
	u64 value, before;

	if (!vei_config_in_bar(dev, offset, width))
		return U64_MAX >> (64 - 8 * width);
	if (width <= sizeof(u32))
		return vei_config_fetch(dev, offset, width);
	value = vei_config_fetch64(dev, offset);
	do {
		before = value;
		value = vei_config_fetch64(dev, offset);
	} while (value != before && --tries);
	return value;
}
EXPORT_SYMBOL_NS_GPL(vei_dev_config_read_field, VEI_NS);
