// SPDX-License-Identifier: GPL-2.0
/*
 * What a reset destroys and builds anew: negotiated bits, virtqueues, and what
 * was in flight. The disk and its queues in blk-mq stay.
 */

#include <linux/slab.h>

#include <vei/compat.h>

#include "blk.h"

/* Bits of the device type, as opposed to the core's. */
#define VEI_BLK_FEATURES	GENMASK_ULL(23, 0)

/* After so many timeouts a request has had its chances, resets included. */
#define VEI_BLK_TIMEOUTS_FAIL	4

/* Pieces of a request with which a table for each descriptor is still of use. */
#define VEI_BLK_TABLE_MAX	256
/* Requests of so many pieces are long enough; tables of large rings may be too short for it. */
#define VEI_BLK_SEGS_ENOUGH	126U

static unsigned int vei_blk_device_queues(struct vei_dev *dev)
{
	if (!vei_dev_has(dev, VEI_BLK_F_MQ))
		return 1;
	return max_t(unsigned int, vei_dev_config_read16(dev, VEI_BLK_CONFIG_NUM_QUEUES), 1);
}

static int vei_blk_init_queue(struct vei_blk *vblk, unsigned int i)
{
	struct vei_blk_vq *vq = &vblk->vq[i];

	spin_lock_init(&vq->lock);
	vei_timer_init(&vq->overdue, vei_blk_overdue);
	vq->vblk = vblk;
	vq->polled = i >= vblk->nvq - vblk->npoll;
	snprintf(vq->name, sizeof(vq->name), vq->polled ? "poll.%u" : "req.%u", i);
	vblk->spec[i] = (struct vei_queue_spec){
		.name = vq->name,
		.handler = vq->polled ? NULL : vei_blk_interrupt,
		.priv = vq,
		.table_len = min_t(u32, vblk->limits.seg_max, VEI_BLK_TABLE_MAX) +
			     VEI_BLK_EXTRA_SEGS,
	};
	return zalloc_cpumask_var(&vq->cpus, GFP_KERNEL) ? 0 : -ENOMEM;
}

/**
 * vei_blk_choose_queues() - how many queues there are to be, once and for all
 * @vblk: a new device, negotiated
 *
 * What is polled comes on top of what has interrupts, which a processor each is
 * enough for.
 *
 * Return: 0 or a negative errno.
 */
int vei_blk_choose_queues(struct vei_blk *vblk)
{
	unsigned int i, all = vei_blk_device_queues(vblk->dev);
	unsigned int wanted = vei_blk_wanted_queues() ?: num_online_cpus();
	int err;

	vblk->npoll = min3(vei_blk_wanted_poll_queues(), all - 1, num_possible_cpus());
	vblk->nvq = min3(all - vblk->npoll, wanted, num_possible_cpus()) + vblk->npoll;
	vblk->vq = kcalloc(vblk->nvq, sizeof(*vblk->vq), GFP_KERNEL);
	vblk->spec = kcalloc(vblk->nvq, sizeof(*vblk->spec), GFP_KERNEL);
	if (!vblk->vq || !vblk->spec)
		return -ENOMEM;
	vblk->features = vblk->dev->acked & VEI_BLK_FEATURES;
	err = vei_blk_read_limits(vblk->dev, &vblk->limits);
	for (i = 0; i < vblk->nvq && !err; i++)
		err = vei_blk_init_queue(vblk, i);
	return err;
}

/**
 * vei_blk_free_queues() - what was allocated by then
 * @vblk: a device that is down
 */
void vei_blk_free_queues(struct vei_blk *vblk)
{
	unsigned int i;

	for (i = 0; vblk->vq && i < vblk->nvq; i++) {
		kfree(vblk->vq[i].seg);
		free_cpumask_var(vblk->vq[i].cpus);
	}
	kfree(vblk->spec);
	kfree(vblk->vq);
}

/*
 * How many pieces of data a request may have: as many as go into a table, if
 * there are tables, so that a request takes one descriptor; or into the ring, where
 * there is none, or one too short.
 */
static unsigned int vei_blk_fit(const struct vei_blk *vblk, const struct vei_queue *q)
{
	unsigned int size = vei_queue_size(q), n;

	if (size <= VEI_BLK_EXTRA_SEGS)
		return 0;
	n = min(vblk->limits.seg_max, size - VEI_BLK_EXTRA_SEGS);
	if (vei_queue_descs(q, 1 + VEI_BLK_EXTRA_SEGS) > 1)
		return n;
	while (n > VEI_BLK_SEGS_ENOUGH && vei_queue_descs(q, n + VEI_BLK_EXTRA_SEGS) > 1)
		n--;
	return n;
}

/* At first: what goes into the smallest queue, and memory to put it together. */
static int vei_blk_size_requests(struct vei_blk *vblk)
{
	unsigned int i, n = U16_MAX;

	for (i = 0; i < vblk->nvq; i++)
		n = min(n, vei_blk_fit(vblk, vblk->dev->queue[i]));
	if (!n) {
		dev_err(&vblk->dev->pdev->dev, "a queue is too small for any request\n");
		return -EINVAL;
	}
	for (i = 0; i < vblk->nvq; i++) {
		vblk->vq[i].seg = kcalloc(n + VEI_BLK_EXTRA_SEGS, sizeof(*vblk->vq[i].seg),
					  GFP_KERNEL);
		if (!vblk->vq[i].seg)
			return -ENOMEM;
	}
	vblk->max_segments = n;
	return 0;
}

/* Do requests that are as large as ever fit in the queues as they are now? */
static int vei_blk_check_queues(struct vei_blk *vblk)
{
	unsigned int i;

	if (!vblk->max_segments)
		return vei_blk_size_requests(vblk);
	for (i = 0; i < vblk->nvq; i++) {
		const struct vei_queue *q = vblk->dev->queue[i];

		if (vblk->max_segments + VEI_BLK_EXTRA_SEGS <= vei_queue_size(q))
			continue;
		dev_err(&vblk->dev->pdev->dev, "%s: size %u, it was larger before\n", q->name,
			vei_queue_size(q));
		return -EINVAL;
	}
	return 0;
}

/* Is it the disk that it was? The block layer has its limits, and requests made for them. */
static int vei_blk_check_disk(struct vei_blk *vblk)
{
	u64 lost = vblk->features & ~vblk->dev->acked;
	struct vei_blk_limits limits;
	int err;

	if (lost || vei_blk_device_queues(vblk->dev) < vblk->nvq) {
		dev_err(&vblk->dev->pdev->dev,
			"device offers less than before: features 0x%llx, queues %u of %u\n", lost,
			vei_blk_device_queues(vblk->dev), vblk->nvq);
		return -EINVAL;
	}
	err = vei_blk_read_limits(vblk->dev, &limits);
	if (err)
		return err;
	if (!vei_blk_limits_serve(&limits, &vblk->limits)) {
		dev_err(&vblk->dev->pdev->dev, "device has other blocks or less room than before\n");
		return -EINVAL;
	}
	return 0;
}

/* Its cache as it was: what it caches now must not be what nobody flushes. */
static int vei_blk_restore_cache(struct vei_blk *vblk)
{
	if (!vei_blk_has(vblk, VEI_BLK_F_CONFIG_WCE) || !vblk->disk)
		return 0;
	vei_blk_set_wce(vblk, vblk->wce);
	if (vblk->wce || !vei_blk_write_back(vblk))
		return 0;
	dev_err(&vblk->dev->pdev->dev, "device caches writes that nobody flushes\n");
	return -EIO;
}

/**
 * vei_blk_spread() - suggest for each queue's interrupt the processors that use it
 * @vblk: a device that has its queues
 */
void vei_blk_spread(struct vei_blk *vblk)
{
	unsigned int i;

	if (vblk->nvq - vblk->npoll == 1)
		return;
	for (i = 0; i < vblk->nvq; i++)
		if (!cpumask_empty(vblk->vq[i].cpus))
			vei_queue_set_affinity(vblk->dev->queue[i], vblk->vq[i].cpus);
}

static void vei_blk_attach(struct vei_blk *vblk)
{
	bool by_index = vei_dev_has(vblk->dev, VIRTIO_RING_F_USED_EVENT_IDX);
	unsigned int i;

	for (i = 0; i < vblk->nvq; i++) {
		struct vei_blk_vq *vq = &vblk->vq[i];

		spin_lock_irq(&vq->lock);
		vq->q = vblk->dev->queue[i];
		vq->by_index = by_index;
		vei_blk_start_moder(vq);
		if (vq->polled)
			vei_queue_intr_disable(vq->q);
		spin_unlock_irq(&vq->lock);
	}
}

/**
 * vei_blk_up() - negotiate and give the device its queues
 * @vblk: a device that was reset
 *
 * It is not let go yet: a device that lies or changes its configuration must not be
 * heard before there is a disk that this can be said of.
 *
 * Context: may sleep; what is allocated must not wait for I/O. Return: 0, or a
 * negative errno and the device is left reset.
 */
int vei_blk_up(struct vei_blk *vblk)
{
	struct vei_dev *dev = vblk->dev;
	int err = vei_dev_start(dev);

	if (err)
		return err;
	/* No more than at first: the block layer would not flush a cache that came with FLUSH. */
	err = vei_dev_negotiate(dev, vblk->features);
	if (!err)
		err = vei_blk_check_disk(vblk);
	if (!err)
		err = vei_dev_find_queues(dev, vblk->spec, vblk->nvq);
	if (!err)
		err = vei_blk_check_queues(vblk);
	if (!err)
		err = vei_blk_restore_cache(vblk);
	if (err) {
		vei_dev_reset(dev);
		return err;
	}
	vei_blk_spread(vblk);
	vei_blk_attach(vblk);
	return 0;
}

/* Everything out of a queue: what was done by the reset, and what will never be. */
static void vei_blk_detach(struct vei_blk_vq *vq, struct vei_blk_done *done,
			   struct vei_blk_done *undone)
{
	struct vei_blk_req *req;
	u16 cursor = 0;

	spin_lock_irq(&vq->lock);
	vei_blk_take(vq, done);
	while ((req = vei_queue_drain(vq->q, &cursor)))
		vei_blk_done_add(undone, req);
	while ((req = vq->suspect)) {
		vq->suspect = req->next;
		req->timeouts++;
		vei_blk_done_add(undone, req);
	}
	vq->full = NULL;
	vq->q = NULL;
	spin_unlock_irq(&vq->lock);
	hrtimer_cancel(&vq->overdue);
}

/* Each once: to be sent again, or failed. */
static void vei_blk_give_back(struct vei_blk_done *undone, bool fail)
{
	struct vei_blk_done failed;
	struct vei_blk_req *req, *next;

	vei_blk_done_init(&failed);
	for (req = undone->first; req; req = next) {
		next = req->next;
		if (fail || req->timeouts >= VEI_BLK_TIMEOUTS_FAIL) {
			req->result = VEI_BLK_S_IOERR;
			vei_blk_done_add(&failed, req);
		} else {
			blk_mq_requeue_request(blk_mq_rq_from_pdu(req), false);
		}
	}
	vei_blk_complete_all(&failed);
}

/**
 * vei_blk_down() - reset the device and take everything back from it
 * @vblk: a device that the block layer sends nothing to
 * @fail: what it was not done with fails; else it is sent again
 *
 * What timed out again and again fails in any case.
 *
 * Context: may sleep.
 */
void vei_blk_down(struct vei_blk *vblk, bool fail)
{
	struct vei_blk_done done, undone;
	unsigned int i;

	vei_blk_done_init(&done);
	vei_blk_done_init(&undone);
	vei_dev_reset(vblk->dev);
	for (i = 0; i < vblk->nvq; i++)
		if (vblk->vq[i].q)
			vei_blk_detach(&vblk->vq[i], &done, &undone);
	/* Queues that were stopped are started when all is up again. */
	done.room = NULL;
	vei_blk_complete_all(&done);
	vei_blk_give_back(&undone, fail);
	/* Whoever asked for a restart has it. */
	WRITE_ONCE(vblk->stuck, false);
	cancel_delayed_work(&vblk->restart_work);
}
