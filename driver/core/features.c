// SPDX-License-Identifier: GPL-2.0
/*
 * Feature bits: what is offered, which dialect that tells, what is
 * acknowledged (the draft, "Feature Bits" and Appendix B).
 */

#include <linux/bits.h>

#include "core.h"
#include "pci_regs.h"
#include "trace.h"

/* Bits from here on are none of a device type's. */
#define VEI_FEATURE_CORE_START	24

static const char *const vei_core_feature_names[] = {
	[VIRTIO_F_NOTIFY_ON_EMPTY] = "NOTIFY_ON_EMPTY",
	[VIRTIO_F_ANY_LAYOUT] = "ANY_LAYOUT",
	[VIRTIO_RING_F_INDIRECT_DESC] = "INDIRECT_DESC",
	[VIRTIO_RING_F_USED_EVENT_IDX] = "USED_EVENT_IDX",
	[VIRTIO_F_BAD_FEATURE] = "BAD_FEATURE",
	[VIRTIO_F_FEATURES_HI] = "FEATURES_HI",
	[VIRTIO_RING_F_AVAIL_EVENT_IDX] = "AVAIL_EVENT_IDX",
};

const char *const vei_dialect_names[] = {
	[VEI_DIALECT_RELEASED] = "released",
	[VEI_DIALECT_DRAFT] = "draft",
};

/**
 * vei_feature_name() - name of a feature bit
 * @dev: the device, for the bits of its type
 * @bit: 0..63
 *
 * Return: the name, or NULL if the bit has none here.
 */
const char *vei_feature_name(const struct vei_dev *dev, unsigned int bit)
{
	if (bit < VEI_FEATURE_CORE_START)
		return bit < dev->ops->nfeature_names ? dev->ops->feature_names[bit] : NULL;
	/* The released standard's name is the one that bit 29 deserves there. */
	if (bit == VIRTIO_RING_F_USED_EVENT_IDX && dev->dialect == VEI_DIALECT_RELEASED)
		return "EVENT_IDX";
	return bit < ARRAY_SIZE(vei_core_feature_names) ? vei_core_feature_names[bit] : NULL;
}

/**
 * vei_dev_kick_by_index() - does avail_event decide on kicks?
 * @dev: a device that has negotiated
 *
 * In the released dialect bit 29 turns on both directions.
 */
bool vei_dev_kick_by_index(const struct vei_dev *dev)
{
	if (dev->dialect == VEI_DIALECT_DRAFT)
		return vei_dev_has(dev, VIRTIO_RING_F_AVAIL_EVENT_IDX);
	return vei_dev_has(dev, VIRTIO_RING_F_USED_EVENT_IDX);
}

/**
 * vei_dev_intr_by_index() - does used_event decide on interrupts?
 * @dev: a device that has negotiated
 */
bool vei_dev_intr_by_index(const struct vei_dev *dev)
{
	return vei_dev_has(dev, VIRTIO_RING_F_USED_EVENT_IDX);
}

/*
 * The dialect follows from what is offered, not from what gets acknowledged:
 * a guest that declines bit 31 on a draft device still has used_event alone
 * from bit 29.
 */
static enum vei_dialect vei_dialect_of(struct vei_dev *dev)
{
	bool draft = dev->offered & BIT_ULL(VIRTIO_F_FEATURES_HI);

	if (vei_params.dialect == VEI_DIALECT_FORCE_DRAFT && !draft) {
		dev_warn(&dev->pdev->dev, "draft dialect forced on a device that does not offer bit 31\n");
		return VEI_DIALECT_DRAFT;
	}
	if (vei_params.dialect == VEI_DIALECT_FORCE_RELEASED && draft) {
		dev_warn(&dev->pdev->dev, "released dialect forced on a device that offers bit 31\n");
		return VEI_DIALECT_RELEASED;
	}
	return draft ? VEI_DIALECT_DRAFT : VEI_DIALECT_RELEASED;
}

/* The bits of the core that are known and wanted in the device's dialect. */
static u64 vei_core_features(const struct vei_dev *dev)
{
	const struct vei_toggles *t = &dev->toggles;
	u64 want = BIT_ULL(VIRTIO_F_ANY_LAYOUT);

	if (t->notify_on_empty)
		want |= BIT_ULL(VIRTIO_F_NOTIFY_ON_EMPTY);
	if (t->indirect)
		want |= BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC);
	if (dev->dialect == VEI_DIALECT_RELEASED) {
		/* One bit for both, so it takes the wish for both. */
		if (t->used_event && t->avail_event && !dev->intr_flags)
			want |= BIT_ULL(VIRTIO_RING_F_USED_EVENT_IDX);
		return want;
	}
	if (t->used_event && !dev->intr_flags)
		want |= BIT_ULL(VIRTIO_RING_F_USED_EVENT_IDX);
	if (t->features_hi) {
		want |= BIT_ULL(VIRTIO_F_FEATURES_HI);
		if (t->avail_event)
			want |= BIT_ULL(VIRTIO_RING_F_AVAIL_EVENT_IDX);
	}
	return want;
}

/* Is there room for the pair, also once MSI-X has pushed it back? */
static int vei_check_features_hi(struct vei_dev *dev)
{
	unsigned int end = vei_pci_config_offset(dev->pdev->msix_cap, true);

	if (dev->bar_len >= end)
		return 0;
	dev_err(&dev->pdev->dev,
		"BAR 0 has %llu bytes, too short for feature bits 32:63, which end at %u\n",
		(unsigned long long)dev->bar_len, end);
	return -ENODEV;
}

/**
 * vei_dev_negotiate() - acknowledge feature bits
 * @dev: a device that was created or reset
 * @wanted: bits of the device's type that its driver knows and wants; the
 *	core's own are chosen by &vei_dev.toggles
 *
 * In the order of the draft: bits 0:31; if bit 31 is offered and wanted, it is
 * acknowledged first, which opens the pair behind the header; then bits 32:63
 * are read and written, and at last bits 0:31. A bit is acknowledged only if
 * it is offered, known and wanted; bit 30 never.
 *
 * Context: may sleep. Return: 0; or -ENODEV, with status FAILED if the device is there.
 */
int vei_dev_negotiate(struct vei_dev *dev, u64 wanted)
{
	const u64 device_bits = BIT_ULL(VEI_FEATURE_CORE_START) - 1;
	u64 want;

	dev->offered = vei_pci_device_features(dev);
	if (dev->offered == U32_MAX && vei_dev_is_gone(dev))
		return -ENODEV;
	dev->dialect = vei_dialect_of(dev);
	want = (wanted & device_bits) | vei_core_features(dev);
	want &= vei_params.feature_mask;
	if (dev->ops->fix_features)
		want = (want & ~device_bits) |
		       dev->ops->fix_features(want & device_bits & dev->offered);

	if (dev->offered & want & BIT_ULL(VIRTIO_F_FEATURES_HI)) {
		int err = vei_check_features_hi(dev);

		if (err) {
			vei_dev_fail(dev);
			return err;
		}
		vei_pci_set_guest_features(dev, BIT(VIRTIO_F_FEATURES_HI));
		dev->offered |= (u64)vei_pci_device_features_hi(dev) << 32;
		dev->acked = dev->offered & want;
		vei_pci_set_guest_features_hi(dev, upper_32_bits(dev->acked));
	} else {
		dev->acked = dev->offered & want;
	}
	vei_pci_set_guest_features(dev, lower_32_bits(dev->acked));
	trace_vei_negotiate(dev);

	if (dev->dialect == VEI_DIALECT_RELEASED &&
	    dev->toggles.used_event != dev->toggles.avail_event)
		dev_info(&dev->pdev->dev,
			 "released dialect: bit 29 is both directions, and one is not wanted: both by flags\n");
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vei_dev_negotiate, VEI_NS);

/**
 * vei_dev_retoggle() - negotiate again
 * @dev: the device, under its toggle_lock
 * @toggle: one of its toggles
 * @value: its new value; what was before is tried if the device cannot go on so
 *
 * Context: may sleep. Return: 0 or a negative errno.
 */
int vei_dev_retoggle(struct vei_dev *dev, bool *toggle, bool value)
{
	bool before = *toggle;
	int err;

	if (!dev->ops->restart)
		return -EOPNOTSUPP;
	*toggle = value;
	err = dev->ops->restart(dev);
	if (err) {
		*toggle = before;
		dev->ops->restart(dev);
	}
	return err;
}
