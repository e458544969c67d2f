// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of the disk. serial and cache_type are what the stock driver has
 * under these names; virtio_ei_* are counters.
 */

#include <linux/device.h>
#include <linux/slab.h>

#include "blk.h"

static struct vei_blk *vei_blk_of(struct device *d)
{
	return dev_to_disk(d)->private_data;
}

/* Ask the device. @id has room for VEI_BLK_ID_BYTES. */
static int vei_blk_get_id(struct vei_blk *vblk, char *id)
{
	struct request *rq = blk_mq_alloc_request(vblk->disk->queue, REQ_OP_DRV_IN, 0);
	int err;

	if (IS_ERR(rq))
		return PTR_ERR(rq);
	err = vei_blk_rq_map_kern(rq, id, VEI_BLK_ID_BYTES);
	if (!err)
		err = blk_status_to_errno(blk_execute_rq(rq, false));
	blk_mq_free_request(rq);
	return err;
}

static ssize_t serial_show(struct device *d, struct device_attribute *attr, char *buf)
{
	char *id = kzalloc(VEI_BLK_ID_BYTES + 1, GFP_KERNEL);
	ssize_t len;

	if (!id)
		return -ENOMEM;
	len = vei_blk_get_id(vei_blk_of(d), id);
	if (!len)
		len = sysfs_emit(buf, "%s", id);
	else if (len == -EOPNOTSUPP)	/* it has none */
		len = 0;
	kfree(id);
	return len;
}
static DEVICE_ATTR_RO(serial);

static const char *const vei_blk_cache_types[] = { "write through", "write back" };

static ssize_t cache_type_show(struct device *d, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", vei_blk_cache_types[vei_blk_flushes_wanted(dev_to_disk(d))]);
}

/* Tell the device, unless it is down: then it is told when it is up again. */
static int vei_blk_tell_wce(struct vei_blk *vblk, bool wce)
{
	int err = 0;

	mutex_lock(&vblk->lock);
	if (vblk->state == VEI_BLK_REMOVED) {
		err = -ENODEV;
	} else {
		if (vblk->state >= VEI_BLK_READY) {
			vei_blk_set_wce(vblk, wce);
			if (vei_blk_write_back(vblk) != wce)
				err = -EIO;
		}
		if (!err)
			vblk->wce = wce;
	}
	mutex_unlock(&vblk->lock);
	return err;
}

/*
 * At no time may the device cache writes that nobody flushes. So flushes begin before
 * its cache does, and what was sent until then is done; and they end after one that
 * finds the cache off, and everything done that it may have cached. (The block layer
 * takes its flush from a write that it then holds back, for a cgroup's limit say, where
 * no driver sees it.)
 */
static int vei_blk_switch_wce(struct vei_blk *vblk, bool wce)
{
	struct gendisk *disk = vblk->disk;
	int err;

	if (wce) {
		vei_blk_flushes(disk, true);
		return vei_blk_drain(vblk) ? vei_blk_tell_wce(vblk, true) : -EBUSY;
	}
	err = vei_blk_tell_wce(vblk, false);
	if (err)
		return err;
	if (!vei_blk_drain(vblk))
		return -EBUSY;
	err = blkdev_issue_flush(disk->part0);
	if (!err)
		vei_blk_flushes(disk, false);
	return err;
}

static ssize_t cache_type_store(struct device *d, struct device_attribute *attr, const char *buf,
				size_t count)
{
	struct vei_blk *vblk = vei_blk_of(d);
	int err, wce = sysfs_match_string(vei_blk_cache_types, buf);

	if (wce < 0)
		return wce;
	mutex_lock(&vblk->wce_lock);
	err = vei_blk_switch_wce(vblk, wce);
	mutex_unlock(&vblk->wce_lock);
	return err ?: count;
}
static DEVICE_ATTR_RW(cache_type);

static ssize_t virtio_ei_timers_show(struct device *d, struct device_attribute *attr, char *buf)
{
	const struct vei_blk *vblk = vei_blk_of(d);
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < vblk->nvq; i++)
		sum += vei_count_read(&vblk->vq[i].timers);
	return sysfs_emit(buf, "%llu\n", sum);
}
static DEVICE_ATTR_RO(virtio_ei_timers);

static ssize_t virtio_ei_timeouts_show(struct device *d, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lld\n", (s64)atomic64_read(&vei_blk_of(d)->timeouts));
}
static DEVICE_ATTR_RO(virtio_ei_timeouts);

static ssize_t virtio_ei_restarts_show(struct device *d, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", vei_count_read(&vei_blk_of(d)->restarts));
}
static DEVICE_ATTR_RO(virtio_ei_restarts);

static struct attribute *vei_blk_disk_attrs[] = {
	&dev_attr_serial.attr,
	&dev_attr_cache_type.attr,
	&dev_attr_virtio_ei_timers.attr,
	&dev_attr_virtio_ei_timeouts.attr,
	&dev_attr_virtio_ei_restarts.attr,
	NULL,
};

/* The cache can be switched only where there is a switch. */
static umode_t vei_blk_disk_attr_mode(struct kobject *kobj, struct attribute *attr, int i)
{
	const struct vei_blk *vblk = vei_blk_of(kobj_to_dev(kobj));

	if (attr == &dev_attr_cache_type.attr && !vei_blk_has(vblk, VEI_BLK_F_CONFIG_WCE))
		return 0444;
	return attr->mode;
}

static const struct attribute_group vei_blk_disk_group = {
	.attrs = vei_blk_disk_attrs,
	.is_visible = vei_blk_disk_attr_mode,
};

/* For device_add_disk(). */
const struct attribute_group *vei_blk_disk_groups[] = {
	&vei_blk_disk_group,
	NULL,
};
