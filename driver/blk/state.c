// SPDX-License-Identifier: GPL-2.0
/*
 * What a device is about, and the one way from each state to another. All of it
 * under &vei_blk.lock.
 *
 *	REMOVED   ASLEEP   RESET  <->  READY  <->  RUNNING
 *	   ^         ^       |           |            |
 *	   +---------+-------+-----------+------------+
 *
 * As in virtio-net, see net/state.c: every step is taken in turn, what is REMOVED
 * stays so, and what is ASLEEP is left alone by everything but resume.
 *
 * Below RUNNING the block layer is held: its queue is quiesced, never frozen. To
 * freeze is to wait until every request is done, and a device that is stuck does
 * none; so nothing here waits for a request, and the lock is held over none.
 * Requests that were in flight are taken out of the rings after the reset, when
 * the device can be done with none of them any more, and are sent again later. So
 * each is completed once: who takes it out of its ring, under the ring's lock,
 * completes it, sends it back or sends it again.
 *
 * What cannot be set up again stays held for a moment, as another restart may be
 * tried (the core goes back to the toggles from before). Then it is let go and
 * fails everything, until a restart succeeds.
 */

#include <linux/delay.h>

#include "blk.h"

/* For what is in flight when the device is reset in good order. */
#define VEI_BLK_SETTLE_MS	1000
/* For a restart after one that failed, before requests fail. */
#define VEI_BLK_GIVE_UP_MS	5000

/*
 * The block layer sends nothing on return, and finds none that takes too long:
 * who looks for these must not do so while requests are sent back to it.
 */
static void vei_blk_hold(struct vei_blk *vblk)
{
	if (!vblk->has_queue || vblk->held)
		return;
	vblk->held = true;
	blk_mq_quiesce_queue(vblk->disk->queue);
	blk_sync_queue(vblk->disk->queue);
}

/* It sends again, first what was sent back. */
static void vei_blk_release(struct vei_blk *vblk)
{
	struct request_queue *rq;

	if (!vblk->has_queue || !vblk->held)
		return;
	rq = vblk->disk->queue;
	vblk->held = false;
	blk_mq_unquiesce_queue(rq);
	blk_mq_start_stopped_hw_queues(rq, true);
	blk_mq_kick_requeue_list(rq);
}

/* Take back what is done. Returns whether anything is still in flight that may be. */
static bool vei_blk_flush_queue(struct vei_blk_vq *vq)
{
	struct vei_blk_done done;
	bool more;

	vei_blk_done_init(&done);
	spin_lock_irq(&vq->lock);
	vei_blk_reap(vq, &done, false);
	more = vei_queue_in_flight(vq->q) && !vei_queue_broken(vq->q);
	spin_unlock_irq(&vq->lock);
	vei_blk_complete_all(&done);
	return more;
}

/* Give the device a moment to be done with what it has, so that little is sent twice. */
static void vei_blk_settle(struct vei_blk *vblk)
{
	unsigned int i, tries = VEI_BLK_SETTLE_MS;
	bool more;

	do {
		more = false;
		for (i = 0; i < vblk->nvq; i++)
			more |= vei_blk_flush_queue(&vblk->vq[i]);
		if (!more || vei_dev_is_gone(vblk->dev))
			return;
		usleep_range(500, 1000);
	} while (tries--);
}

/*
 * Returns 0, which leaving READY always is, or a negative errno from setting the
 * queues up; then the state is RESET, and the block layer held.
 */
static int vei_blk_set_state(struct vei_blk *vblk, enum vei_blk_state to)
{
	int err;

	lockdep_assert_held(&vblk->lock);
	if (to < VEI_BLK_RUNNING || vblk->state < VEI_BLK_READY)
		vei_blk_hold(vblk);
	if (vblk->state >= VEI_BLK_READY && to < VEI_BLK_READY) {
		vblk->state = VEI_BLK_RESET;
		vei_blk_down(vblk, to == VEI_BLK_REMOVED);
	}
	if (vblk->state < VEI_BLK_READY && to >= VEI_BLK_READY) {
		vblk->state = VEI_BLK_RESET;
		err = vei_blk_up(vblk);
		if (err)
			return err;
	}
	vblk->state = to;
	if (to == VEI_BLK_RUNNING)
		vei_blk_release(vblk);
	return 0;
}

/**
 * vei_blk_begin() - bring a new device to READY
 * @vblk: the device; it has no disk yet
 *
 * Context: may sleep. Return: 0, or a negative errno and the device is left
 * reset.
 */
int vei_blk_begin(struct vei_blk *vblk)
{
	int err;

	mutex_lock(&vblk->lock);
	err = vei_blk_set_state(vblk, VEI_BLK_READY);
	mutex_unlock(&vblk->lock);
	return err;
}

/**
 * vei_blk_run() - bring a device from READY to RUNNING
 * @vblk: the device; its disk is not added yet
 */
void vei_blk_run(struct vei_blk *vblk)
{
	mutex_lock(&vblk->lock);
	vei_blk_set_state(vblk, VEI_BLK_RUNNING);
	mutex_unlock(&vblk->lock);
}

/* Set up again, and go on; or wait for another try, if there can be one. */
static int vei_blk_return(struct vei_blk *vblk)
{
	int err = vei_blk_set_state(vblk, VEI_BLK_RUNNING);

	if (err) {
		dev_err(&vblk->dev->pdev->dev, "%s: cannot be set up again: %d\n",
			vblk->disk->disk_name, err);
		mod_delayed_work(system_wq, &vblk->give_up_work, vei_dev_is_gone(vblk->dev) ?
				 0 : msecs_to_jiffies(VEI_BLK_GIVE_UP_MS));
		return err;
	}
	cancel_delayed_work(&vblk->give_up_work);
	schedule_work(&vblk->config_work);
	return 0;
}

static int vei_blk_restart(struct vei_blk *vblk, bool settle)
{
	int err = -ENODEV;

	mutex_lock(&vblk->lock);
	if (vblk->state >= VEI_BLK_RESET) {
		vei_count_inc(&vblk->restarts);
		vei_blk_hold(vblk);
		if (settle && vblk->state >= VEI_BLK_READY)
			vei_blk_settle(vblk);
		vei_blk_set_state(vblk, VEI_BLK_RESET);
		err = vei_blk_return(vblk);
	}
	mutex_unlock(&vblk->lock);
	return err;
}

/**
 * vei_blk_restart_dev() - reset the device and go on, on behalf of the core
 * @dev: the device
 *
 * Context: may sleep. Return: 0; -ENODEV if the device is removed or asleep; or
 * another negative errno, and the device is left reset: it may be tried again.
 */
int vei_blk_restart_dev(struct vei_dev *dev)
{
	return vei_blk_restart(dev->priv, true);
}

/**
 * vei_blk_restart_work() - restart a device that is stuck or broken
 * @work: &vei_blk.restart_work
 */
void vei_blk_restart_work(struct work_struct *work)
{
	struct vei_blk *vblk = container_of(work, struct vei_blk, restart_work.work);

	dev_warn(&vblk->dev->pdev->dev, "%s: reset, as it is stuck\n", vblk->disk->disk_name);
	vei_blk_restart(vblk, false);
}

/**
 * vei_blk_give_up_work() - no other restart has followed one that failed
 * @work: &vei_blk.give_up_work
 */
void vei_blk_give_up_work(struct work_struct *work)
{
	struct vei_blk *vblk = container_of(work, struct vei_blk, give_up_work.work);

	mutex_lock(&vblk->lock);
	if (vblk->state == VEI_BLK_RESET)
		vei_blk_release(vblk);
	mutex_unlock(&vblk->lock);
}

/**
 * vei_blk_queue_broken() - the device lied about a queue
 * @q: the queue
 *
 * It stays as it is, to be looked at, for as long as a request may take. Those
 * that it has would time out then, but those that wait for it have no timeout: so
 * the device is reset after that time.
 *
 * Context: any.
 */
void vei_blk_queue_broken(struct vei_queue *q)
{
	struct vei_blk *vblk = q->dev->priv;

	schedule_delayed_work(&vblk->restart_work, vblk->has_queue ?
			      READ_ONCE(vblk->disk->queue->rq_timeout) : 0);
}

/**
 * vei_blk_suspend() - reset the device for sleep
 * @vblk: the device
 *
 * Context: may sleep.
 */
void vei_blk_suspend(struct vei_blk *vblk)
{
	cancel_delayed_work_sync(&vblk->restart_work);
	mutex_lock(&vblk->lock);
	vei_blk_hold(vblk);
	if (vblk->state >= VEI_BLK_READY)
		vei_blk_settle(vblk);
	vei_blk_set_state(vblk, VEI_BLK_ASLEEP);
	mutex_unlock(&vblk->lock);
}

/**
 * vei_blk_resume() - begin anew after sleep
 * @vblk: the device
 *
 * Context: may sleep. Return: 0 or a negative errno; then the device is left
 * reset.
 */
int vei_blk_resume(struct vei_blk *vblk)
{
	int err;

	mutex_lock(&vblk->lock);
	err = vei_blk_return(vblk);
	mutex_unlock(&vblk->lock);
	return err;
}

/**
 * vei_blk_end() - reset the device for good; what is or comes for it fails
 * @vblk: the device
 *
 * Context: may sleep. Nothing runs for the device on return, and nothing will if
 * its disk is gone.
 */
void vei_blk_end(struct vei_blk *vblk)
{
	mutex_lock(&vblk->lock);
	if (vblk->state > VEI_BLK_REMOVED)
		vei_blk_set_state(vblk, VEI_BLK_REMOVED);
	vei_blk_release(vblk);
	mutex_unlock(&vblk->lock);
	cancel_work_sync(&vblk->config_work);
	cancel_delayed_work_sync(&vblk->restart_work);
	cancel_delayed_work_sync(&vblk->give_up_work);
}
