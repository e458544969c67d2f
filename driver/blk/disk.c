// SPDX-License-Identifier: GPL-2.0
/*
 * The disk and its queues in blk-mq.
 *
 * Disks are named vea, veb, ..., veaa: not vda, which the stock driver counts for
 * itself and would meet; as short, and told apart at a glance when both drivers
 * are at work.
 */

#include <linux/err.h>
#include <linux/hdreg.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "blk.h"

/* Minor numbers of a disk; partitions beyond get theirs elsewhere. */
#define VEI_BLK_MINORS_SHIFT	4
#define VEI_BLK_INDEX_MAX	(MINORMASK >> VEI_BLK_MINORS_SHIFT)

/* Pieces of a usual request, where each takes a descriptor of the ring. */
#define VEI_BLK_USUAL_SEGS	3

static int vei_blk_major;
static DEFINE_IDA(vei_blk_index);

static int vei_blk_init_hctx(struct blk_mq_hw_ctx *hctx, void *data, unsigned int index)
{
	struct vei_blk *vblk = data;

	hctx->driver_data = &vblk->vq[index];
	return 0;
}

static void vei_blk_map_queues(struct blk_mq_tag_set *set)
{
	struct vei_blk *vblk = set->driver_data;
	struct blk_mq_queue_map *map = &set->map[HCTX_TYPE_DEFAULT];
	unsigned int cpu, i;

	map->nr_queues = vblk->nvq - vblk->npoll;
	map->queue_offset = 0;
	blk_mq_map_queues(map);
	for (i = 0; i < vblk->nvq; i++)
		cpumask_clear(vblk->vq[i].cpus);
	for_each_possible_cpu(cpu)
		cpumask_set_cpu(cpu, vblk->vq[map->mq_map[cpu]].cpus);
	if (!vblk->npoll)
		return;
	set->map[HCTX_TYPE_READ].nr_queues = 0;
	map = &set->map[HCTX_TYPE_POLL];
	map->nr_queues = vblk->npoll;
	map->queue_offset = vblk->nvq - vblk->npoll;
	blk_mq_map_queues(map);
}

static const struct blk_mq_ops vei_blk_mq_ops = {
	.queue_rq = vei_blk_queue_rq,
	.commit_rqs = vei_blk_commit_rqs,
	.complete = vei_blk_complete,
	.poll = vei_blk_poll,
	.timeout = vei_blk_timeout,
	.init_hctx = vei_blk_init_hctx,
	.map_queues = vei_blk_map_queues,
};

/* By the device's geometry, or the usual one for those who need any. */
static int vei_blk_getgeo(struct vei_blk_geo_of *of, struct hd_geometry *geo)
{
	struct gendisk *disk = vei_blk_geo_disk(of);
	const struct vei_blk *vblk = disk->private_data;
	const struct vei_blk_limits *l = &vblk->limits;

	if (l->cylinders && l->heads && l->sectors) {
		geo->cylinders = l->cylinders;
		geo->heads = l->heads;
		geo->sectors = l->sectors;
		return 0;
	}
	geo->heads = 64;
	geo->sectors = 32;
	geo->cylinders = get_capacity(disk) / (64 * 32);
	return 0;
}

/* Who still has the disk open knows it by its name, so that is free no sooner. */
static void vei_blk_free_disk(struct gendisk *disk)
{
	struct vei_blk *vblk = disk->private_data;

	ida_free(&vei_blk_index, vblk->index);
	vei_blk_free(vblk);
}

static const struct block_device_operations vei_blk_fops = {
	.owner = THIS_MODULE,
	.getgeo = vei_blk_getgeo,
	.free_disk = vei_blk_free_disk,
};

/* vea, ..., vez, veaa, ...: written from its end. */
static void vei_blk_name(char *name, size_t size, unsigned int index)
{
	char letters[8];
	char *p = letters + sizeof(letters) - 1;

	*p = '\0';
	do {
		*--p = 'a' + index % 26;
		index = index / 26;
	} while (index--);
	snprintf(name, size, "ve%s", p);
}

static int vei_blk_alloc_tags(struct vei_blk *vblk)
{
	const struct vei_queue *q = vblk->dev->queue[0];
	struct blk_mq_tag_set *set = &vblk->tags;

	set->ops = &vei_blk_mq_ops;
	set->nr_hw_queues = vblk->nvq;
	set->nr_maps = vblk->npoll ? HCTX_MAX_TYPES : 1;
	set->queue_depth = vei_queue_size(q) / vei_queue_descs(q, VEI_BLK_USUAL_SEGS) ?: 1;
	set->queue_depth = min_t(unsigned int, set->queue_depth, BLK_MQ_MAX_DEPTH);
	set->cmd_size = sizeof(struct vei_blk_req);
	set->numa_node = dev_to_node(&vblk->dev->pdev->dev);
	set->flags = BLK_MQ_F_SHOULD_MERGE;
	set->driver_data = vblk;
	return blk_mq_alloc_tag_set(set);
}

static void vei_blk_fill_disk(struct vei_blk *vblk, struct gendisk *disk)
{
	vei_blk_name(disk->disk_name, sizeof(disk->disk_name), vblk->index);
	disk->major = vei_blk_major;
	disk->first_minor = vblk->index << VEI_BLK_MINORS_SHIFT;
	disk->minors = 1 << VEI_BLK_MINORS_SHIFT;
	disk->fops = &vei_blk_fops;
	disk->private_data = vblk;
	set_capacity(disk, vei_blk_read_capacity(vblk));
	if (vei_blk_has(vblk, VEI_BLK_F_RO))
		set_disk_ro(disk, true);
}

/**
 * vei_blk_alloc_disk() - make a disk
 * @vblk: a device that is READY
 *
 * Context: may sleep. Return: 0, or a negative errno and nothing is left.
 */
int vei_blk_alloc_disk(struct vei_blk *vblk)
{
	struct queue_limits lim;
	struct gendisk *disk;
	int err;

	vblk->index = ida_alloc_max(&vei_blk_index, VEI_BLK_INDEX_MAX, GFP_KERNEL);
	if (vblk->index < 0)
		return vblk->index;
	err = vei_blk_alloc_tags(vblk);
	if (err)
		goto err_index;
	vei_blk_queue_limits(vblk, &lim);
	disk = vei_blk_mq_alloc_disk(&vblk->tags, &lim, vblk);
	if (IS_ERR(disk)) {
		err = PTR_ERR(disk);
		goto err_tags;
	}
	vei_blk_fill_disk(vblk, disk);
	vblk->disk = disk;
	vblk->has_queue = true;
	vblk->wce = vei_blk_write_back(vblk);
	vei_blk_flushes(disk, vblk->wce);
	vei_blk_spread(vblk);
	return 0;

err_tags:
	blk_mq_free_tag_set(&vblk->tags);
err_index:
	ida_free(&vei_blk_index, vblk->index);
	return err;
}

/**
 * vei_blk_add_disk() - let others see the disk, partitions and all
 * @vblk: a device that is RUNNING
 *
 * Context: may sleep. Return: 0 or a negative errno.
 */
int vei_blk_add_disk(struct vei_blk *vblk)
{
	int err = device_add_disk(&vblk->dev->pdev->dev, vblk->disk, vei_blk_disk_groups);

	vblk->added = !err;
	return err;
}

/**
 * vei_blk_del_disk() - nobody sees the disk any more
 * @vblk: the device; while it runs, what waits to be written is
 *
 * Context: may sleep. No request is there on return, and none will come.
 */
void vei_blk_del_disk(struct vei_blk *vblk)
{
	del_gendisk(vblk->disk);
	mutex_lock(&vblk->lock);
	vblk->has_queue = false;
	mutex_unlock(&vblk->lock);
}

/**
 * vei_blk_put_disk() - let go of the disk; it and @vblk are there as long as it is open
 * @vblk: the device, REMOVED
 *
 * Context: may sleep.
 */
void vei_blk_put_disk(struct vei_blk *vblk)
{
	struct gendisk *disk = vblk->disk;

	if (vblk->added) {
		blk_mq_free_tag_set(&vblk->tags);
		put_disk(disk);
		return;
	}
	/* Of a disk that nobody has seen, the block layer does not call free_disk. */
	put_disk(disk);
	blk_mq_free_tag_set(&vblk->tags);
	ida_free(&vei_blk_index, vblk->index);
	vei_blk_free(vblk);
}

/**
 * vei_blk_disk_init() - get a major number
 *
 * Return: 0 or a negative errno.
 */
int vei_blk_disk_init(void)
{
	vei_blk_major = register_blkdev(0, VEI_BLK_NAME);
	return min(vei_blk_major, 0);
}

/**
 * vei_blk_disk_exit() - give it back
 */
void vei_blk_disk_exit(void)
{
	unregister_blkdev(vei_blk_major, VEI_BLK_NAME);
	ida_destroy(&vei_blk_index);
}
