/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The legacy header in BAR 0, register by register (the draft, "Virtio Header";
 * offsets in <uapi/virtio_ei.h>). Accessors and nothing else: what to write
 * when is decided elsewhere.
 *
 * The layout moves while the device is in use, when MSI-X is switched and when
 * bit 31 enters or leaves the guest features, so it is computed at each access
 * from the state of the two.
 */
#ifndef _VEI_PCI_REGS_H
#define _VEI_PCI_REGS_H

#include <linux/io.h>

#include <vei/dev.h>

static inline u32 vei_pci_device_features(struct vei_dev *dev)
{
	return ioread32(dev->base + VEI_PCI_DEVICE_FEATURES);
}

/* Opens or closes the extended pair if the device has one. */
static inline void vei_pci_set_guest_features(struct vei_dev *dev, u32 features)
{
	iowrite32(features, dev->base + VEI_PCI_GUEST_FEATURES);
	dev->features_hi_open = features & BIT(VIRTIO_F_FEATURES_HI);
}

static inline void __iomem *vei_pci_hi_base(struct vei_dev *dev)
{
	return dev->base + vei_pci_features_hi_offset(dev->pdev->msix_enabled);
}

/* Only while the pair is open. */
static inline u32 vei_pci_device_features_hi(struct vei_dev *dev)
{
	return ioread32(vei_pci_hi_base(dev) + VEI_PCI_DEVICE_FEATURES_HI);
}

/* Only while the pair is open. */
static inline void vei_pci_set_guest_features_hi(struct vei_dev *dev, u32 features)
{
	iowrite32(features, vei_pci_hi_base(dev) + VEI_PCI_GUEST_FEATURES_HI);
}

/* Where the device's configuration begins now. */
static inline unsigned int vei_pci_config(struct vei_dev *dev)
{
	return vei_pci_config_offset(dev->pdev->msix_enabled, dev->features_hi_open);
}

static inline u8 vei_pci_status(struct vei_dev *dev)
{
	return ioread8(dev->base + VEI_PCI_STATUS);
}

/* Writing 0 resets the device, and with it the guest features. */
static inline void vei_pci_set_status(struct vei_dev *dev, u8 status)
{
	iowrite8(status, dev->base + VEI_PCI_STATUS);
	if (!status)
		dev->features_hi_open = false;
}

/* Clears it. */
static inline u8 vei_pci_isr(struct vei_dev *dev)
{
	return ioread8(dev->base + VEI_PCI_ISR);
}

static inline void vei_pci_select_queue(struct vei_dev *dev, u16 index)
{
	iowrite16(index, dev->base + VEI_PCI_QUEUE_SELECT);
}

/* The four below are of the selected queue. */
static inline u16 vei_pci_queue_size(struct vei_dev *dev)
{
	return ioread16(dev->base + VEI_PCI_QUEUE_SIZE);
}

static inline u32 vei_pci_queue_pfn(struct vei_dev *dev)
{
	return ioread32(dev->base + VEI_PCI_QUEUE_PFN);
}

static inline void vei_pci_set_queue_pfn(struct vei_dev *dev, u32 pfn)
{
	iowrite32(pfn, dev->base + VEI_PCI_QUEUE_PFN);
}

/* Only while MSI-X is enabled. Returns what the device made of it. */
static inline u16 vei_pci_set_queue_vector(struct vei_dev *dev, u16 vector)
{
	iowrite16(vector, dev->base + VEI_PCI_QUEUE_VECTOR);
	return ioread16(dev->base + VEI_PCI_QUEUE_VECTOR);
}

/* Only while MSI-X is enabled. Returns what the device made of it. */
static inline u16 vei_pci_set_config_vector(struct vei_dev *dev, u16 vector)
{
	iowrite16(vector, dev->base + VEI_PCI_CONFIG_VECTOR);
	return ioread16(dev->base + VEI_PCI_CONFIG_VECTOR);
}

#endif /* _VEI_PCI_REGS_H */
