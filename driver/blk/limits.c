// SPDX-License-Identifier: GPL-2.0
/* What the configuration says of a disk, none of it believed unchecked; and its capacity. */

#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>

#include "blk.h"

/* Under 4 GiB, so that the lengths of a request's pieces add up in 32 bits. */
#define VEI_BLK_MAX_SECTORS	(U32_MAX >> SECTOR_SHIFT)

/* @units of @unit bytes; 0 if that is more than 32 bits have. */
static u32 vei_blk_bytes(u32 units, u32 unit)
{
	u64 bytes = (u64)units * unit;

	return bytes <= U32_MAX ? bytes : 0;
}

static int vei_blk_read_sizes(struct vei_dev *dev, struct vei_blk_limits *l)
{
	l->seg_max = 1;
	l->size_max = U32_MAX;
	l->block = SECTOR_SIZE;
	if (vei_dev_has(dev, VEI_BLK_F_SEG_MAX))
		l->seg_max = vei_dev_config_read32(dev, VEI_BLK_CONFIG_SEG_MAX) ?: 1;
	/* none can be of 0 bytes: QEMU's storage daemon says so, and means no limit */
	if (vei_dev_has(dev, VEI_BLK_F_SIZE_MAX))
		l->size_max = vei_dev_config_read32(dev, VEI_BLK_CONFIG_SIZE_MAX) ?: U32_MAX;
	if (vei_dev_has(dev, VEI_BLK_F_BLK_SIZE))
		l->block = vei_dev_config_read32(dev, VEI_BLK_CONFIG_BLK_SIZE);
	if (l->size_max < PAGE_SIZE) {
		dev_err(&dev->pdev->dev, "device wants segments of %u bytes at the most, possible are %lu\n",
			l->size_max, PAGE_SIZE);
		return -EINVAL;
	}
	if (l->block < SECTOR_SIZE || l->block > PAGE_SIZE || !is_power_of_2(l->block)) {
		dev_err(&dev->pdev->dev, "device wants blocks of %u bytes, possible are powers of two from %u to %lu\n",
			l->block, SECTOR_SIZE, PAGE_SIZE);
		return -EINVAL;
	}
	return 0;
}

/* Hints; what makes no sense is left out. */
static void vei_blk_read_topology(struct vei_dev *dev, struct vei_blk_limits *l)
{
	u8 exp;

	l->physical = l->block;
	if (!vei_dev_has(dev, VEI_BLK_F_TOPOLOGY))
		return;
	exp = vei_dev_config_read8(dev, VEI_BLK_CONFIG_PHYSICAL_EXP);
	if (exp < 32 && vei_blk_bytes(BIT(exp), l->block))
		l->physical = l->block << exp;
	l->alignment = l->block * vei_dev_config_read8(dev, VEI_BLK_CONFIG_ALIGNMENT);
	l->io_min = vei_blk_bytes(vei_dev_config_read16(dev, VEI_BLK_CONFIG_MIN_IO), l->block);
	l->io_opt = vei_blk_bytes(vei_dev_config_read32(dev, VEI_BLK_CONFIG_OPT_IO), l->block);
}

/*
 * A limit of a range, in whole blocks; none is as good as the largest. That is what a bio
 * can have: the block layer shifts this limit into bytes of 32 bits without a look, and
 * what is lost there is reported as done.
 */
static u32 vei_blk_read_sectors(struct vei_dev *dev, unsigned int offset, u32 block)
{
	u32 sectors = vei_dev_config_read32(dev, offset) ?: U32_MAX;

	return round_down(min_t(u32, sectors, VEI_BLK_MAX_SECTORS), block >> SECTOR_SHIFT);
}

static void vei_blk_read_ranges(struct vei_dev *dev, struct vei_blk_limits *l)
{
	u32 align;

	if (vei_dev_has(dev, VEI_BLK_F_DISCARD)) {
		l->discard_sectors = vei_blk_read_sectors(dev, VEI_BLK_CONFIG_DISCARD_MAX,
							  l->block);
		align = vei_dev_config_read32(dev, VEI_BLK_CONFIG_DISCARD_ALIGN);
		l->discard_granularity = vei_blk_bytes(align, SECTOR_SIZE);
		/* It is a hint, but one that the block layer cuts requests by. */
		if (!is_power_of_2(l->discard_granularity) || l->discard_granularity < l->block ||
		    align > l->discard_sectors)
			l->discard_granularity = l->block;
		/* From 6.9 on it does not cut by less than that, and so not at all. */
		if (l->discard_sectors && l->physical >> SECTOR_SHIFT > l->discard_sectors)
			l->physical = l->block;
	}
	if (vei_dev_has(dev, VEI_BLK_F_WRITE_ZEROES))
		l->zeroes_sectors = vei_blk_read_sectors(dev, VEI_BLK_CONFIG_ZEROES_MAX, l->block);
}

/**
 * vei_blk_read_limits() - read what the configuration says of the disk
 * @dev: the device, negotiated
 * @l: filled
 *
 * Return: 0, or -EINVAL if it cannot be a disk's, with a message.
 */
int vei_blk_read_limits(struct vei_dev *dev, struct vei_blk_limits *l)
{
	int err;

	memset(l, 0, sizeof(*l));
	err = vei_blk_read_sizes(dev, l);
	if (err)
		return err;
	vei_blk_read_topology(dev, l);
	vei_blk_read_ranges(dev, l);
	if (vei_dev_has(dev, VEI_BLK_F_GEOMETRY)) {
		l->cylinders = vei_dev_config_read16(dev, VEI_BLK_CONFIG_CYLINDERS);
		l->heads = vei_dev_config_read8(dev, VEI_BLK_CONFIG_HEADS);
		l->sectors = vei_dev_config_read8(dev, VEI_BLK_CONFIG_SECTORS);
	}
	return 0;
}

/**
 * vei_blk_limits_serve() - can requests made for a disk's limits still be sent?
 * @now: what its configuration says now
 * @before: what the block layer was told
 *
 * Geometry and hints do not matter to a request, and limits may have grown.
 */
bool vei_blk_limits_serve(const struct vei_blk_limits *now, const struct vei_blk_limits *before)
{
	return now->block == before->block && now->seg_max >= before->seg_max &&
	       now->size_max >= before->size_max &&
	       now->discard_sectors >= before->discard_sectors &&
	       now->zeroes_sectors >= before->zeroes_sectors;
}

/**
 * vei_blk_queue_limits() - the same for the block layer
 * @vblk: the device
 * @lim: filled
 */
void vei_blk_queue_limits(struct vei_blk *vblk, struct queue_limits *lim)
{
	const struct vei_blk_limits *l = &vblk->limits;

	memset(lim, 0, sizeof(*lim));
	lim->max_hw_sectors = VEI_BLK_MAX_SECTORS;
	lim->max_segments = vblk->max_segments;
	lim->max_segment_size = l->size_max;
	/* A block that began anywhere might not lie in one piece, and cannot be cut. */
	lim->dma_alignment = lim->max_segments == 1 ? l->block - 1 : SECTOR_SIZE - 1;
	lim->logical_block_size = l->block;
	lim->physical_block_size = l->physical;
	lim->alignment_offset = l->alignment;
	lim->io_min = l->io_min;
	lim->io_opt = l->io_opt;
	vei_blk_lim_discard(lim, l->discard_sectors);
	vei_blk_lim_rotational(lim);
	lim->max_discard_segments = 1;
	lim->discard_granularity = l->discard_granularity;
	lim->max_write_zeroes_sectors = l->zeroes_sectors;
}

/**
 * vei_blk_write_back() - does the disk have a cache that must be flushed?
 * @vblk: the device, up
 */
bool vei_blk_write_back(struct vei_blk *vblk)
{
	if (!vei_blk_has(vblk, VEI_BLK_F_FLUSH))
		return false;
	if (!vei_blk_has(vblk, VEI_BLK_F_CONFIG_WCE))
		return true;
	return vei_dev_config_read8(vblk->dev, VEI_BLK_CONFIG_WCE);
}

/**
 * vei_blk_set_wce() - switch the device's cache
 * @vblk: the device, up, with CONFIG_WCE
 * @wce: write-back, else write-through
 */
void vei_blk_set_wce(struct vei_blk *vblk, bool wce)
{
	u8 byte = wce;

	vei_dev_config_write(vblk->dev, VEI_BLK_CONFIG_WCE, &byte, sizeof(byte));
}

/**
 * vei_blk_read_capacity() - how large the disk is now
 * @vblk: the device, up
 *
 * Return: sectors; all ones if the device is gone.
 */
u64 vei_blk_read_capacity(struct vei_blk *vblk)
{
	u64 capacity = vei_dev_config_read64(vblk->dev, VEI_BLK_CONFIG_CAPACITY);

	if (capacity == U64_MAX && vei_dev_is_gone(vblk->dev))
		return capacity;
	/* What the block layer can count in bytes. */
	return min_t(u64, capacity, LLONG_MAX >> SECTOR_SHIFT);
}

/**
 * vei_blk_config_changed() - the device changed its configuration
 * @dev: the device
 *
 * Context: hard interrupt.
 */
void vei_blk_config_changed(struct vei_dev *dev)
{
	struct vei_blk *vblk = dev->priv;

	schedule_work(&vblk->config_work);
}

/**
 * vei_blk_config_work() - look what changed: the capacity
 * @work: &vei_blk.config_work
 */
void vei_blk_config_work(struct work_struct *work)
{
	struct vei_blk *vblk = container_of(work, struct vei_blk, config_work);
	u64 before, now = U64_MAX;

	mutex_lock(&vblk->lock);
	if (vblk->state == VEI_BLK_RUNNING)
		now = vei_blk_read_capacity(vblk);
	mutex_unlock(&vblk->lock);
	if (now == U64_MAX)
		return;
	before = get_capacity(vblk->disk);
	if (before != now)
		dev_info(&vblk->dev->pdev->dev, "%s: %llu sectors, were %llu\n",
			 vblk->disk->disk_name, now, before);
	set_capacity_and_notify(vblk->disk, now);
}
