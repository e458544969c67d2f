// SPDX-License-Identifier: GPL-2.0
/*
 * virtio_ei/ in a device's sysfs directory: what was negotiated, and the
 * toggles. A device driver hands &vei_dev_groups to its pci_driver, so they
 * live as long as the device is bound.
 */

#include <linux/device.h>
#include <linux/kstrtox.h>

#include "core.h"
#include "pci_regs.h"

static ssize_t dialect_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	return sysfs_emit(buf, "%s\n", vei_dialect_names[dev->dialect]);
}
static DEVICE_ATTR_RO(dialect);

static ssize_t features_offered_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	return sysfs_emit(buf, "0x%016llx\n", dev->offered);
}
static DEVICE_ATTR_RO(features_offered);

static ssize_t features_acked_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	return sysfs_emit(buf, "0x%016llx\n", dev->acked);
}
static DEVICE_ATTR_RO(features_acked);

static ssize_t vei_emit_names(struct vei_dev *dev, u64 features, char *buf)
{
	const char *sep = "";
	unsigned int bit;
	ssize_t len = 0;

	for (bit = 0; bit < 64; bit++) {
		const char *name = vei_feature_name(dev, bit);

		if (!(features & BIT_ULL(bit)))
			continue;
		if (name)
			len += sysfs_emit_at(buf, len, "%s%s", sep, name);
		else
			len += sysfs_emit_at(buf, len, "%sbit%u", sep, bit);
		sep = " ";
	}
	return len + sysfs_emit_at(buf, len, "\n");
}

static ssize_t features_offered_names_show(struct device *d, struct device_attribute *attr,
					   char *buf)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	return vei_emit_names(dev, dev->offered, buf);
}
static DEVICE_ATTR_RO(features_offered_names);

static ssize_t features_acked_names_show(struct device *d, struct device_attribute *attr,
					 char *buf)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	return vei_emit_names(dev, dev->acked, buf);
}
static DEVICE_ATTR_RO(features_acked_names);

static ssize_t kick_mode_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	if (dev->kick_always)
		return sysfs_emit(buf, "always\n");
	return sysfs_emit(buf, "%s\n", vei_dev_kick_by_index(dev) ? "avail_event" : "flags");
}
static DEVICE_ATTR_RO(kick_mode);

static ssize_t intr_mode_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	if (READ_ONCE(dev->intr_polled))
		return sysfs_emit(buf, "polled\n");
	return sysfs_emit(buf, "%s\n", vei_dev_intr_by_index(dev) ? "used_event" : "flags");
}
static DEVICE_ATTR_RO(intr_mode);

static ssize_t vector_mode_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	return sysfs_emit(buf, "%s\n", vei_vector_mode_names[dev->vector_mode]);
}
static DEVICE_ATTR_RO(vector_mode);

static ssize_t config_offset_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	return sysfs_emit(buf, "%u\n", vei_pci_config(dev));
}
static DEVICE_ATTR_RO(config_offset);

static ssize_t vei_toggle_store(struct device *d, size_t offset, const char *buf, size_t count)
{
	struct vei_dev *dev = dev_get_drvdata(d);
	bool *toggle = (void *)&dev->toggles + offset;
	bool value;
	int err = kstrtobool(buf, &value);

	if (err)
		return err;
	mutex_lock(&dev->toggle_lock);
	if (*toggle != value) {
		vei_watch_trust(dev);
		err = vei_dev_retoggle(dev, toggle, value);
	}
	mutex_unlock(&dev->toggle_lock);
	return err ?: count;
}

#define VEI_TOGGLE_ATTR(_name)									\
static ssize_t _name##_show(struct device *d, struct device_attribute *attr, char *buf)	\
{												\
	struct vei_dev *dev = dev_get_drvdata(d);						\
												\
	return sysfs_emit(buf, "%d\n", dev->toggles._name);					\
}												\
static ssize_t _name##_store(struct device *d, struct device_attribute *attr,			\
			     const char *buf, size_t count)					\
{												\
	return vei_toggle_store(d, offsetof(struct vei_toggles, _name), buf, count);		\
}												\
static DEVICE_ATTR_RW(_name)

VEI_TOGGLE_ATTR(used_event);
VEI_TOGGLE_ATTR(avail_event);
VEI_TOGGLE_ATTR(features_hi);
VEI_TOGGLE_ATTR(indirect);
VEI_TOGGLE_ATTR(notify_on_empty);

static ssize_t reset_store(struct device *d, struct device_attribute *attr, const char *buf,
			   size_t count)
{
	struct vei_dev *dev = dev_get_drvdata(d);
	bool value;
	int err = kstrtobool(buf, &value);

	if (err)
		return err;
	if (!value)
		return count;
	if (!dev->ops->restart)
		return -EOPNOTSUPP;
	mutex_lock(&dev->toggle_lock);
	vei_watch_trust(dev);
	err = dev->ops->restart(dev);
	mutex_unlock(&dev->toggle_lock);
	return err ?: count;
}
static DEVICE_ATTR_WO(reset);

static ssize_t kicks_lost_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	return sysfs_emit(buf, "%llu\n", vei_count_read(&dev->lost[VEI_LOST_KICK]));
}
static DEVICE_ATTR_RO(kicks_lost);

static ssize_t interrupts_lost_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	return sysfs_emit(buf, "%llu\n", vei_count_read(&dev->lost[VEI_LOST_INTERRUPT]));
}
static DEVICE_ATTR_RO(interrupts_lost);

static struct attribute *vei_dev_attrs[] = {
	&dev_attr_dialect.attr,
	&dev_attr_features_offered.attr,
	&dev_attr_features_acked.attr,
	&dev_attr_features_offered_names.attr,
	&dev_attr_features_acked_names.attr,
	&dev_attr_kick_mode.attr,
	&dev_attr_intr_mode.attr,
	&dev_attr_vector_mode.attr,
	&dev_attr_config_offset.attr,
	&dev_attr_used_event.attr,
	&dev_attr_avail_event.attr,
	&dev_attr_features_hi.attr,
	&dev_attr_indirect.attr,
	&dev_attr_notify_on_empty.attr,
	&dev_attr_kicks_lost.attr,
	&dev_attr_interrupts_lost.attr,
	&dev_attr_reset.attr,
	NULL,
};

static const struct attribute_group vei_dev_group = {
	.name = "virtio_ei",
	.attrs = vei_dev_attrs,
};

/* For &pci_driver.dev_groups. */
const struct attribute_group *vei_dev_groups[] = {
	&vei_dev_group,
	NULL,
};
EXPORT_SYMBOL_NS_GPL(vei_dev_groups, VEI_NS);
