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
 * Below RUNNING the block layer is held: its queue is quiesced, not frozen. To
 * freeze is to wait until every request is done, and a device that is stuck does
 * none; so no change of state waits for a request, and the lock is held over none.
 * Sleep alone freezes first, without the lock, and for a limited time.
 * Requests that were in flight are taken out of the rings after the reset, when
 * the device can be done with none of them any more, and are sent again later. So
 * each is completed once: who takes it out of its ring, under the ring's lock,
 * completes it, sends it back or sends it again.
 *
 * What cannot be set up again stays held for a moment, as another restart may be
 * tried (the core goes back to the toggles from before; for want of memory it is tried
 * ever more rarely). Then it is let go and fails everything, until a restart succeeds; one
 * that fails again holds it no longer than it takes.
 * So does a device that lies again after each of some restarts, and does nothing
 * between: requests that wait for it have no time limit.
 *
 * To free memory may take a request to this very disk. So what a change of state
 * allocates does not wait for I/O, and restarts have workers of their own, with
 * one in reserve for when none can be had. That does not reach who else is waited
 * for where queues or vectors are new: readers of debugfs, who holds the locks of
 * interrupts.
 */

#include <linux/delay.h>
#include <linux/sched/mm.h>

#include "blk.h"

/* For what is in flight when the device is reset in good order. */
#define VEI_BLK_SETTLE_MS	1000
/* For a restart after one that failed, before requests fail. */
#define VEI_BLK_GIVE_UP_MS	5000
/* For every request there is to end, before sleep. */
#define VEI_BLK_FREEZE_MS	10000
#define VEI_BLK_FREEZE_SLICE_MS	100
/* Restarts in a row of a device that does nothing but lie. */
#define VEI_BLK_FUTILE_MAX	4

static struct workqueue_struct *vei_blk_wq;

/**
 * vei_blk_state_init() - at the load of the module
 *
 * Return: 0 or -ENOMEM.
 */
int vei_blk_state_init(void)
{
	vei_blk_wq = alloc_workqueue(VEI_BLK_NAME, WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	return vei_blk_wq ? 0 : -ENOMEM;
}

/**
 * vei_blk_state_exit() - at its removal
 */
void vei_blk_state_exit(void)
{
	destroy_workqueue(vei_blk_wq);
}

/* Returns what vei_blk_unlock() is given. */
static unsigned int vei_blk_lock(struct vei_blk *vblk)
{
	mutex_lock(&vblk->lock);
	return memalloc_noio_save();
}

static void vei_blk_unlock(struct vei_blk *vblk, unsigned int noio)
{
	memalloc_noio_restore(noio);
	mutex_unlock(&vblk->lock);
}

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
	/* the work that is waited for may have set the timer anew */
	do
		blk_sync_queue(vblk->disk->queue);
	while (timer_pending(&vblk->disk->queue->timeout));
}

/* It sends again, also what was sent back. */
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

/* Fail what waits and what comes, until a restart succeeds. The state is RESET. */
static void vei_blk_give_up(struct vei_blk *vblk)
{
	vblk->given_up = true;
	vei_blk_release(vblk);
}

/* Take back what is done. Returns whether anything is still in flight that may be. */
static bool vei_blk_flush_queue(struct vei_blk_vq *vq)
{
	struct vei_blk_done done;
	bool more = false;

	vei_blk_done_init(&done);
	spin_lock_irq(&vq->lock);
	if (vq->q) {
		vei_blk_reap(vq, &done, false);
		more = vei_queue_in_flight(vq->q) && !vei_queue_broken(vq->q);
	}
	spin_unlock_irq(&vq->lock);
	vei_blk_complete_all(&done);
	return more;
}

static bool vei_blk_flush_queues(struct vei_blk *vblk)
{
	bool more = false;
	unsigned int i;

	for (i = 0; i < vblk->nvq; i++)
		more |= vei_blk_flush_queue(&vblk->vq[i]);
	return more;
}

/* Give the device a moment to be done with what it has, so that little is sent twice. */
static void vei_blk_settle(struct vei_blk *vblk)
{
	unsigned int tries = VEI_BLK_SETTLE_MS;

	while (vei_blk_flush_queues(vblk) && !vei_dev_is_gone(vblk->dev) && tries--)
		usleep_range(500, 1000);
}

/* Requests that the device has done since probe, or said so; those that were a lie not counted. */
static u64 vei_blk_used(const struct vei_blk *vblk)
{
	unsigned int i;
	u64 used = 0;

	for (i = 0; i < vblk->nvq; i++)
		if (vblk->dev->queue[i])
			used += vei_queue_used(vblk->dev->queue[i]) - vblk->vq[i].suspects;
	return used;
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
	if (vblk->state < VEI_BLK_RUNNING && to == VEI_BLK_RUNNING) {
		err = vei_dev_ready(vblk->dev);
		if (err) {
			vblk->state = VEI_BLK_RESET;
			vei_blk_down(vblk, false);
			return err;
		}
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
	unsigned int noio = vei_blk_lock(vblk);
	int err = vei_blk_set_state(vblk, VEI_BLK_READY);

	vei_blk_unlock(vblk, noio);
	return err;
}

/**
 * vei_blk_run() - bring a device from READY to RUNNING
 * @vblk: the device; its disk is not added yet
 *
 * Context: may sleep. Return: 0, or a negative errno and the device is left
 * reset.
 */
int vei_blk_run(struct vei_blk *vblk)
{
	unsigned int noio = vei_blk_lock(vblk);
	int err = vei_blk_set_state(vblk, VEI_BLK_RUNNING);

	vei_blk_unlock(vblk, noio);
	return err;
}

/* This message comes once, however often it is tried. Nobody else asks for memory later. */
static void vei_blk_note_failure(struct vei_blk *vblk, int err)
{
	if (err != -ENOMEM || !vei_again_waits(&vblk->restart_again))
		dev_err(&vblk->dev->pdev->dev, "%s: cannot be set up again: %d\n",
			vblk->disk->disk_name, err);
	if (err == -ENOMEM)
		mod_delayed_work(vei_blk_wq, &vblk->restart_work,
				 vei_again_failed(&vblk->restart_again));
	else
		vei_again_over(&vblk->restart_again);
}

/* Set up again, and go on; or wait for another try, if there can be one. */
static int vei_blk_return(struct vei_blk *vblk)
{
	int err;

	/* This is the try that was to come; once it runs, it may ask for another. */
	cancel_delayed_work(&vblk->restart_work);
	err = vei_blk_set_state(vblk, VEI_BLK_RUNNING);
	if (err) {
		vei_blk_note_failure(vblk, err);
		if (vblk->given_up || vei_dev_is_gone(vblk->dev))
			vei_blk_give_up(vblk);
		else
			queue_delayed_work(vei_blk_wq, &vblk->give_up_work,
					   msecs_to_jiffies(VEI_BLK_GIVE_UP_MS));
		return err;
	}
	vei_again_over(&vblk->restart_again);
	vblk->given_up = false;
	cancel_delayed_work(&vblk->give_up_work);
	schedule_work(&vblk->config_work);
	return 0;
}

/* To RESET, after a moment for what is in flight if @settle, and back. */
static int vei_blk_restart(struct vei_blk *vblk, bool settle)
{
	vei_count_inc(&vblk->restarts);
	vei_blk_hold(vblk);
	if (settle && vblk->state >= VEI_BLK_READY)
		vei_blk_settle(vblk);
	vei_blk_set_state(vblk, VEI_BLK_RESET);
	vblk->used = vei_blk_used(vblk);
	return vei_blk_return(vblk);
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
	struct vei_blk *vblk = dev->priv;
	unsigned int noio = vei_blk_lock(vblk);
	int err = -ENODEV;

	if (vblk->state >= VEI_BLK_RESET) {
		vblk->futile = 0;
		err = vei_blk_restart(vblk, true);
	}
	vei_blk_unlock(vblk, noio);
	return err;
}

/* Does the device, which is up, do nothing but lie, restart after restart? */
static bool vei_blk_is_hopeless(struct vei_blk *vblk)
{
	bool broken = false;
	unsigned int i;

	for (i = 0; i < vblk->nvq && vblk->vq[i].q; i++)
		broken |= vei_queue_broken(vblk->vq[i].q);
	if (broken && vei_blk_used(vblk) == vblk->used)
		vblk->futile++;
	else
		vblk->futile = 0;
	return vblk->futile >= VEI_BLK_FUTILE_MAX;
}

/* Unless somebody did so meanwhile, or it is no use. */
static bool vei_blk_wants_restart(const struct vei_blk *vblk)
{
	if (vblk->state > VEI_BLK_RESET)
		return READ_ONCE(vblk->stuck);
	return vblk->state == VEI_BLK_RESET && vei_again_waits(&vblk->restart_again);
}

/**
 * vei_blk_restart_work() - restart a device that is stuck or broken, or had no memory to
 * @work: &vei_blk.restart_work
 */
void vei_blk_restart_work(struct work_struct *work)
{
	struct vei_blk *vblk = container_of(work, struct vei_blk, restart_work.work);
	struct device *d = &vblk->dev->pdev->dev;
	unsigned int noio = vei_blk_lock(vblk);

	if (!vei_blk_wants_restart(vblk)) {
		vei_blk_unlock(vblk, noio);
		return;
	}
	if (vblk->state > VEI_BLK_RESET && vei_blk_is_hopeless(vblk)) {
		dev_err(d, "%s: broken again after %u resets, given up until the next\n",
			vblk->disk->disk_name, VEI_BLK_FUTILE_MAX);
		vei_blk_set_state(vblk, VEI_BLK_RESET);
		vei_blk_give_up(vblk);
	} else {
		if (vblk->state > VEI_BLK_RESET)
			dev_warn(d, "%s: reset, as it is stuck\n", vblk->disk->disk_name);
		vei_blk_restart(vblk, false);
	}
	vei_blk_unlock(vblk, noio);
}

/**
 * vei_blk_give_up_work() - no other restart has followed one that failed
 * @work: &vei_blk.give_up_work
 */
void vei_blk_give_up_work(struct work_struct *work)
{
	struct vei_blk *vblk = container_of(work, struct vei_blk, give_up_work.work);
	unsigned int noio = vei_blk_lock(vblk);

	if (vblk->state == VEI_BLK_RESET)
		vei_blk_give_up(vblk);
	vei_blk_unlock(vblk, noio);
}

/**
 * vei_blk_ask_restart() - let the device be reset, as it is stuck
 * @vblk: the device
 *
 * Context: any.
 */
void vei_blk_ask_restart(struct vei_blk *vblk)
{
	WRITE_ONCE(vblk->stuck, true);
	mod_delayed_work(vei_blk_wq, &vblk->restart_work, 0);
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

	/* found when the queue is taken back, before there ever was a disk */
	if (!vblk->disk)
		return;
	WRITE_ONCE(vblk->stuck, true);
	queue_delayed_work(vei_blk_wq, &vblk->restart_work,
			   READ_ONCE(vblk->disk->queue->rq_timeout));
}

/*
 * Freeze a queue, which is when no request is left. Who polls for one may be asleep by now,
 * or wait for this, so it is taken back here. Returns whether it did, in time.
 */
static bool vei_blk_freeze_idle(struct vei_blk *vblk)
{
	struct request_queue *rq = vblk->disk->queue;
	unsigned int slices = VEI_BLK_FREEZE_MS / VEI_BLK_FREEZE_SLICE_MS;
	unsigned long slice = msecs_to_jiffies(VEI_BLK_FREEZE_SLICE_MS);
	bool idle;

	blk_freeze_queue_start(rq);
	do {
		vei_blk_flush_queues(vblk);
		idle = blk_mq_freeze_queue_wait_timeout(rq, slice);
	} while (!idle && slices--);
	if (!idle)
		vei_blk_unfreeze(rq);
	return idle;
}

/**
 * vei_blk_drain() - wait until every request that was sent by now is done
 * @vblk: the device
 *
 * Context: may sleep; &vei_blk.lock not held. Return: whether they are, in time.
 */
bool vei_blk_drain(struct vei_blk *vblk)
{
	bool idle = vei_blk_freeze_idle(vblk);

	if (idle)
		vei_blk_unfreeze(vblk->disk->queue);
	return idle;
}

/* Quiesce a queue when no request is left. Returns whether it did, in time. */
static bool vei_blk_quiesce_idle(struct vei_blk *vblk)
{
	bool idle = vei_blk_freeze_idle(vblk);

	if (idle) {
		blk_mq_quiesce_queue(vblk->disk->queue);
		vei_blk_unfreeze(vblk->disk->queue);
	}
	return idle;
}

/**
 * vei_blk_suspend() - reset the device for sleep
 * @vblk: the device
 *
 * When every request there was has ended, also those that waited to be sent: to
 * take a processor out, as sleep does, is to wait for those of its queue. What is
 * sent later waits for resume.
 *
 * Context: may sleep. Return: 0; or -EBUSY if they do not end, and the device
 * runs on.
 */
int vei_blk_suspend(struct vei_blk *vblk)
{
	struct request_queue *rq = vblk->disk->queue;
	unsigned int noio;

	if (!vei_blk_quiesce_idle(vblk)) {
		dev_err(&vblk->dev->pdev->dev, "%s: no sleep, as requests do not end\n",
			vblk->disk->disk_name);
		return -EBUSY;
	}
	cancel_delayed_work_sync(&vblk->restart_work);
	noio = vei_blk_lock(vblk);
	vei_blk_set_state(vblk, VEI_BLK_ASLEEP);
	vei_dev_sleep(vblk->dev);
	vei_blk_unlock(vblk, noio);
	blk_mq_unquiesce_queue(rq);
	return 0;
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
	unsigned int noio = vei_blk_lock(vblk);
	int err;

	vblk->futile = 0;
	vei_again_over(&vblk->restart_again);
	vblk->given_up = false;
	err = vei_blk_return(vblk);
	vei_blk_unlock(vblk, noio);
	return err;
}

/**
 * vei_blk_end() - reset the device for good; what is or comes for it fails
 * @vblk: the device
 *
 * What is in flight has a moment to be done.
 *
 * Context: may sleep. Nothing runs for the device on return, and nothing will if
 * its disk is gone.
 */
void vei_blk_end(struct vei_blk *vblk)
{
	unsigned int noio = vei_blk_lock(vblk);

	if (vblk->state > VEI_BLK_REMOVED) {
		vei_blk_hold(vblk);
		if (vblk->state >= VEI_BLK_READY)
			vei_blk_settle(vblk);
		vei_blk_set_state(vblk, VEI_BLK_REMOVED);
	}
	vei_blk_release(vblk);
	vei_blk_unlock(vblk, noio);
	cancel_work_sync(&vblk->config_work);
	cancel_delayed_work_sync(&vblk->restart_work);
	cancel_delayed_work_sync(&vblk->give_up_work);
}
