/* SPDX-License-Identifier: GPL-2.0 */
/* What the block layer has had by other names in older kernels, see vei/compat.h. */
#ifndef _VEI_BLK_COMPAT_H
#define _VEI_BLK_COMPAT_H

#include <linux/version.h>

#include <linux/blk-mq.h>
#include <linux/blkdev.h>

/* 6.14: requests are always merged. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
#define BLK_MQ_F_SHOULD_MERGE 0
#endif

/**
 * vei_blk_rq_map_kern() - give a request a buffer of the kernel's
 * @rq: the request
 * @buf: the buffer
 * @len: bytes
 *
 * 6.16: the request knows its queue.
 *
 * Return: 0 or a negative errno.
 */
static inline int vei_blk_rq_map_kern(struct request *rq, void *buf, unsigned int len)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
	return blk_rq_map_kern(rq->q, rq, buf, len, GFP_KERNEL);
#else
	return blk_rq_map_kern(rq, buf, len, GFP_KERNEL);
#endif
}

/* 6.18: the geometry is the disk's. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define vei_blk_geo_of gendisk
#define vei_blk_geo_disk(disk) (disk)
#else
#define vei_blk_geo_of block_device
#define vei_blk_geo_disk(bdev) ((bdev)->bd_disk)
#endif

/*
 * A disk with limits. 6.9: they are given to it as a whole; before, one by one,
 * and the ones it chooses itself from these are where it keeps them. 6.9 also has
 * the limit of discard that is the device's apart from the one that is the user's.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#define vei_blk_mq_alloc_disk(set, lim, data) blk_mq_alloc_disk(set, lim, data)

/**
 * vei_blk_lim_discard() - limit the ranges of discards
 * @lim: the limits
 * @sectors: of a range; 0: no discards
 */
static inline void vei_blk_lim_discard(struct queue_limits *lim, unsigned int sectors)
{
	lim->max_hw_discard_sectors = sectors;
}
#else
static inline void vei_blk_set_limits(struct request_queue *q, const struct queue_limits *lim)
{
	blk_queue_max_hw_sectors(q, lim->max_hw_sectors);
	blk_queue_max_segments(q, lim->max_segments);
	blk_queue_max_segment_size(q, lim->max_segment_size);
	blk_queue_dma_alignment(q, lim->dma_alignment);
	blk_queue_logical_block_size(q, lim->logical_block_size);
	blk_queue_physical_block_size(q, lim->physical_block_size);
	blk_queue_alignment_offset(q, lim->alignment_offset);
	if (lim->io_min)
		blk_queue_io_min(q, lim->io_min);
	if (lim->io_opt)
		blk_queue_io_opt(q, lim->io_opt);
	blk_queue_max_discard_sectors(q, lim->max_discard_sectors);
	blk_queue_max_discard_segments(q, lim->max_discard_segments ?: 1);
	q->limits.discard_granularity = lim->discard_granularity;
	blk_queue_max_write_zeroes_sectors(q, lim->max_write_zeroes_sectors);
}

#define vei_blk_mq_alloc_disk(set, lim, data)				\
({									\
	struct gendisk *__disk = blk_mq_alloc_disk(set, data);		\
									\
	if (!IS_ERR(__disk))						\
		vei_blk_set_limits(__disk->queue, lim);			\
	__disk;								\
})

/**
 * vei_blk_lim_discard() - limit the ranges of discards
 * @lim: the limits
 * @sectors: of a range; 0: no discards
 */
static inline void vei_blk_lim_discard(struct queue_limits *lim, unsigned int sectors)
{
	lim->max_discard_sectors = sectors;
}
#endif

/**
 * vei_blk_lim_rotational() - nobody knows what the disk is made of: take it for one that turns
 * @lim: the limits
 *
 * As the stock driver does. Before 6.11 that is what a new queue is.
 */
static inline void vei_blk_lim_rotational(struct queue_limits *lim)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	lim->features |= BLK_FEAT_ROTATIONAL;
#endif
}

/**
 * vei_blk_unfreeze() - the end of blk_freeze_queue_start()
 * @q: the queue
 *
 * 6.14: blk_mq_unfreeze_queue() ends a section without I/O as well, which is begun by
 * blk_mq_freeze_queue() alone.
 */
static inline void vei_blk_unfreeze(struct request_queue *q)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
	blk_mq_unfreeze_queue(q);
#else
	blk_mq_unfreeze_queue_nomemrestore(q);
#endif
}

/**
 * vei_blk_flushes() - shall the block layer send flushes?
 * @disk: the disk
 * @wanted: it has a cache
 *
 * 6.11: that is a limit; 6.14: which is changed with the queue frozen by the block
 * layer itself, in the one order of its locks that is right.
 *
 * Context: may sleep.
 */
static inline void vei_blk_flushes(struct gendisk *disk, bool wanted)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
	blk_queue_write_cache(disk->queue, wanted, false);
#else
	struct queue_limits lim = queue_limits_start_update(disk->queue);

	if (wanted)
		lim.features |= BLK_FEAT_WRITE_CACHE;
	else
		lim.features &= ~BLK_FEAT_WRITE_CACHE;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
	blk_mq_freeze_queue(disk->queue);
	WARN_ON(queue_limits_commit_update(disk->queue, &lim));
	blk_mq_unfreeze_queue(disk->queue);
#else
	WARN_ON(queue_limits_commit_update_frozen(disk->queue, &lim));
#endif
#endif
}

/**
 * vei_blk_flushes_wanted() - does the block layer send flushes?
 * @disk: the disk
 *
 * 6.11: a limit as well.
 */
static inline bool vei_blk_flushes_wanted(struct gendisk *disk)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
	return test_bit(QUEUE_FLAG_WC, &disk->queue->queue_flags);
#else
	return blk_queue_write_cache(disk->queue);
#endif
}

#endif /* _VEI_BLK_COMPAT_H */
