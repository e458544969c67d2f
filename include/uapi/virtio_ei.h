/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtio over the legacy virtio-pci transport with one event-index feature bit
 * for each direction: what a driver and a device have to agree on.
 *
 * Follows the virtio-spec draft v2 (2011-05-04), "64 bit features, used/avail
 * event". Usable from either side of the ring, from kernel or user space, from
 * C99 or C++. All ring and header fields are in the guest's byte order and the
 * header's registers little-endian, as everywhere in legacy virtio.
 */
#ifndef _UAPI_VIRTIO_EI_H
#define _UAPI_VIRTIO_EI_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

/*
 * Feature bits 24..40 belong to the queue and to feature negotiation
 * (Appendix B of the draft). Bits 0..23 belong to the device type.
 */
/* The device interrupts when a queue has run out of available buffers, even if suppressed. */
#define VIRTIO_F_NOTIFY_ON_EMPTY	24
/* The device accepts descriptors and headers in any split into buffers (released standard). */
#define VIRTIO_F_ANY_LAYOUT		27
/* Indirect descriptor tables. */
#define VIRTIO_RING_F_INDIRECT_DESC	28
/* Interrupts are suppressed by used_event in place of avail->flags. */
#define VIRTIO_RING_F_USED_EVENT_IDX	29
/* A trap for broken guests: never acknowledged. */
#define VIRTIO_F_BAD_FEATURE		30
/* Feature bits 32:63 exist. */
#define VIRTIO_F_FEATURES_HI		31
/* Kicks are suppressed by avail_event in place of used->flags. */
#define VIRTIO_RING_F_AVAIL_EVENT_IDX	32

/* Registers at fixed places in BAR 0; (R) and (RW) as the guest sees them. */
#define VEI_PCI_DEVICE_FEATURES		0	/* u32 R: bits 0:31 */
#define VEI_PCI_GUEST_FEATURES		4	/* u32 RW: bits 0:31 */
#define VEI_PCI_QUEUE_PFN		8	/* u32 RW: ring address / 4096 */
#define VEI_PCI_QUEUE_SIZE		12	/* u16 R: 0 means no such queue */
#define VEI_PCI_QUEUE_SELECT		14	/* u16 RW */
#define VEI_PCI_QUEUE_NOTIFY		16	/* u16 RW */
#define VEI_PCI_STATUS			18	/* u8 RW: 0 resets the device */
#define VEI_PCI_ISR			19	/* u8 R: reading clears it */
#define VEI_PCI_COMMON_SIZE		20

/* There only while MSI-X is enabled. */
#define VEI_PCI_CONFIG_VECTOR		20	/* u16 RW */
#define VEI_PCI_QUEUE_VECTOR		22	/* u16 RW */
#define VEI_PCI_MSIX_SIZE		4
#define VEI_PCI_NO_VECTOR		0xffff

/* The extended pair, relative to vei_pci_features_hi_offset(). */
#define VEI_PCI_DEVICE_FEATURES_HI	0	/* u32 R: bits 32:63 */
#define VEI_PCI_GUEST_FEATURES_HI	4	/* u32 RW: bits 32:63 */
#define VEI_PCI_FEATURES_HI_SIZE	8

/* Device status. */
#define VEI_STATUS_ACKNOWLEDGE		0x01
#define VEI_STATUS_DRIVER		0x02
#define VEI_STATUS_DRIVER_OK		0x04
#define VEI_STATUS_FAILED		0x80

/* ISR. */
#define VEI_ISR_QUEUE			0x01
#define VEI_ISR_CONFIG			0x02

/* Ring memory is placed by page frame number. */
#define VEI_PCI_PAGE_SHIFT		12
#define VEI_RING_ALIGN			4096
/* Indices are free-running u16, so a ring can have half their range. */
#define VEI_RING_SIZE_MAX		32768

/* Descriptor flags. */
#define VEI_DESC_F_NEXT			1	/* goes on at next */
#define VEI_DESC_F_WRITE		2	/* the device writes it */
#define VEI_DESC_F_INDIRECT		4	/* addr and len give a table */

/* avail->flags, written by the guest; stays 0 where used_event is in use. */
#define VEI_AVAIL_F_NO_INTERRUPT	1
/* used->flags, written by the device; stays 0 where avail_event is in use. */
#define VEI_USED_F_NO_NOTIFY		1

struct vei_desc {
	uint64_t addr;		/* guest-physical */
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct vei_used_elem {
	uint32_t id;		/* head of the chain that was used */
	uint32_t len;		/* bytes written into it by the device */
};

/* Written by the guest. */
struct vei_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[];	/* qsz heads, and used_event behind them */
};

/* Written by the device. */
struct vei_used {
	uint16_t flags;
	uint16_t idx;
	struct vei_used_elem ring[];	/* qsz elements, and avail_event behind them */
};

/**
 * vei_need_event() - is the other side to be told?
 * @event: index that it published: "tell me when this entry has been written"
 * @new_idx: index now
 * @old_idx: index at the last decision
 *
 * Right across the wrap at 65536 (the draft, "Updating The Available Ring").
 *
 * Return: true iff the index crossed @event since the last decision.
 */
static inline bool vei_need_event(uint16_t event, uint16_t new_idx, uint16_t old_idx)
{
	return (uint16_t)(new_idx - event - 1) < (uint16_t)(new_idx - old_idx);
}

/**
 * vei_layout_avail() - where a ring has its available ring
 * @qsz: descriptors of the ring
 *
 * Return: bytes from the ring's start, as the three below.
 */
static inline size_t vei_layout_avail(unsigned int qsz)
{
	return sizeof(struct vei_desc) * (size_t)qsz;
}

/**
 * vei_layout_used_event() - where a ring has used_event
 * @qsz: descriptors of the ring
 */
static inline size_t vei_layout_used_event(unsigned int qsz)
{
	return vei_layout_avail(qsz) + sizeof(uint16_t) * (2 + (size_t)qsz);
}

/**
 * vei_layout_used() - where a ring has its used ring
 * @qsz: descriptors of the ring
 */
static inline size_t vei_layout_used(unsigned int qsz)
{
	size_t end = vei_layout_used_event(qsz) + sizeof(uint16_t);

	return (end + VEI_RING_ALIGN - 1) & ~(size_t)(VEI_RING_ALIGN - 1);
}

/**
 * vei_layout_avail_event() - where a ring has avail_event
 * @qsz: descriptors of the ring
 */
static inline size_t vei_layout_avail_event(unsigned int qsz)
{
	return vei_layout_used(qsz) + sizeof(uint16_t) * 2 +
	       sizeof(struct vei_used_elem) * (size_t)qsz;
}

/**
 * vei_layout_size() - bytes of a ring, always with room for both event fields
 * @qsz: descriptors of the ring
 */
static inline size_t vei_layout_size(unsigned int qsz)
{
	return vei_layout_avail_event(qsz) + sizeof(uint16_t);
}

/**
 * vei_pci_features_hi_offset() - where the header has the extended pair
 * @msix: MSI-X is enabled in the PCI capability now
 *
 * Return: offset in BAR 0, if bit 31 stands in the guest features.
 */
static inline unsigned int vei_pci_features_hi_offset(bool msix)
{
	return VEI_PCI_COMMON_SIZE + (msix ? VEI_PCI_MSIX_SIZE : 0);
}

/**
 * vei_pci_config_offset() - where the device's configuration begins
 * @msix: MSI-X is enabled in the PCI capability now
 * @features_hi: bit 31 stands in the guest features now
 *
 * Return: offset in BAR 0: 20, 24, 28 or 32.
 */
static inline unsigned int vei_pci_config_offset(bool msix, bool features_hi)
{
	return vei_pci_features_hi_offset(msix) + (features_hi ? VEI_PCI_FEATURES_HI_SIZE : 0);
}

#endif /* _UAPI_VIRTIO_EI_H */
