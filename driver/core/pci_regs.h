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

/**
 * vei_pci_device_features() - read bits 0:31 of what is offered
 * @dev: the device
 */
static inline u32 vei_pci_device_features(struct vei_dev *dev)
{
	return ioread32(dev->base + VEI_PCI_DEVICE_FEATURES);
}

/**
 * vei_pci_set_guest_features() - write bits 0:31 of what is acknowledged
 * @dev: the device
 * @features: the bits; bit 31 opens the extended pair, its absence closes it
 */
static inline void vei_pci_set_guest_features(struct vei_dev *dev, u32 features)
{
	iowrite32(features, dev->base + VEI_PCI_GUEST_FEATURES);
	dev->features_hi_open = features & BIT(VIRTIO_F_FEATURES_HI);
}

static inline void __iomem *vei_pci_hi_base(struct vei_dev *dev)
{
	return dev->base + vei_pci_features_hi_offset(dev->pdev->msix_enabled);
}

/**
 * vei_pci_device_features_hi() - read bits 32:63 of what is offered
 * @dev: the device, its extended pair open
 */
static inline u32 vei_pci_device_features_hi(struct vei_dev *dev)
{
	return ioread32(vei_pci_hi_base(dev) + VEI_PCI_DEVICE_FEATURES_HI);
}

/**
 * vei_pci_set_guest_features_hi() - write bits 32:63 of what is acknowledged
 * @dev: the device, its extended pair open
 * @features: the bits, shifted down by 32
 */
static inline void vei_pci_set_guest_features_hi(struct vei_dev *dev, u32 features)
{
	iowrite32(features, vei_pci_hi_base(dev) + VEI_PCI_GUEST_FEATURES_HI);
}

/**
 * vei_pci_config() - where the device's configuration begins now
 * @dev: the device
 */
static inline unsigned int vei_pci_config(struct vei_dev *dev)
{
	return vei_pci_config_offset(dev->pdev->msix_enabled, dev->features_hi_open);
}

/**
 * vei_pci_status() - read the device status
 * @dev: the device
 */
static inline u8 vei_pci_status(struct vei_dev *dev)
{
	return ioread8(dev->base + VEI_PCI_STATUS);
}

/**
 * vei_pci_set_status() - write the device status
 * @dev: the device
 * @status: VEI_STATUS_*; 0 resets the device, and with it the guest features
 */
static inline void vei_pci_set_status(struct vei_dev *dev, u8 status)
{
	iowrite8(status, dev->base + VEI_PCI_STATUS);
	if (!status)
		dev->features_hi_open = false;
}

/**
 * vei_pci_isr() - read the ISR, which clears it
 * @dev: the device
 */
static inline u8 vei_pci_isr(struct vei_dev *dev)
{
	return ioread8(dev->base + VEI_PCI_ISR);
}

/**
 * vei_pci_select_queue() - say which queue the accesses below are about
 * @dev: the device
 * @index: of the queue
 */
static inline void vei_pci_select_queue(struct vei_dev *dev, u16 index)
{
	iowrite16(index, dev->base + VEI_PCI_QUEUE_SELECT);
}

/**
 * vei_pci_queue_size() - read the size of the selected queue
 * @dev: the device
 *
 * Return: entries; 0: there is no such queue.
 */
static inline u16 vei_pci_queue_size(struct vei_dev *dev)
{
	return ioread16(dev->base + VEI_PCI_QUEUE_SIZE);
}

/**
 * vei_pci_queue_pfn() - read where the selected queue has its ring
 * @dev: the device
 *
 * Return: address / 4096; 0: nowhere yet.
 */
static inline u32 vei_pci_queue_pfn(struct vei_dev *dev)
{
	return ioread32(dev->base + VEI_PCI_QUEUE_PFN);
}

/**
 * vei_pci_set_queue_pfn() - give the selected queue its ring
 * @dev: the device
 * @pfn: address / 4096
 */
static inline void vei_pci_set_queue_pfn(struct vei_dev *dev, u32 pfn)
{
	iowrite32(pfn, dev->base + VEI_PCI_QUEUE_PFN);
}

/**
 * vei_pci_set_queue_vector() - choose a vector for the selected queue
 * @dev: the device, MSI-X enabled
 * @vector: entry of the MSI-X table, or VEI_PCI_NO_VECTOR
 *
 * Return: what the device made of it: VEI_PCI_NO_VECTOR if it refused.
 */
static inline u16 vei_pci_set_queue_vector(struct vei_dev *dev, u16 vector)
{
	iowrite16(vector, dev->base + VEI_PCI_QUEUE_VECTOR);
	return ioread16(dev->base + VEI_PCI_QUEUE_VECTOR);
}

/**
 * vei_pci_set_config_vector() - choose a vector for changes of the configuration
 * @dev: the device, MSI-X enabled
 * @vector: entry of the MSI-X table, or VEI_PCI_NO_VECTOR
 *
 * Return: as vei_pci_set_queue_vector().
 */
static inline u16 vei_pci_set_config_vector(struct vei_dev *dev, u16 vector)
{
	iowrite16(vector, dev->base + VEI_PCI_CONFIG_VECTOR);
	return ioread16(dev->base + VEI_PCI_CONFIG_VECTOR);
}

#endif /* _VEI_PCI_REGS_H */
