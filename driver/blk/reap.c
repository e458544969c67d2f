// SPDX-License-Identifier: GPL-2.0
/*
 * Requests come back: by interrupt, by a poll, by the timer, after a timeout.
 *
 * Who takes them out of the ring does so under the queue's lock, and completes
 * them without it. When the device is to interrupt: see moder.c.
 */

#include "blk.h"

/* So many timeouts of a request reset the device. */
#define VEI_BLK_TIMEOUTS_RESET	2

/* A status that is none: the device lied. The request is sent again after a reset. */
static void vei_blk_suspect(struct vei_blk_vq *vq, struct vei_blk_req *req, u8 status)
{
	dev_err(&vq->vblk->dev->pdev->dev, "%s: broken: status that is none: %u\n", vq->q->name,
		status);
	req->next = vq->suspect;
	vq->suspect = req;
	vq->suspects++;
	vei_queue_break(vq->q);
	vei_blk_queue_broken(vq->q);
}

/* Of vei_blk_take(). */
static __always_inline unsigned int vei_blk_take_all(struct vei_blk_vq *vq,
						     struct vei_blk_done *done)
{
	struct vei_blk_req *req;
	unsigned int n = 0;
	u32 len;

	lockdep_assert_held(&vq->lock);
	while ((req = vei_queue_get(vq->q, &len))) {
		req->result = READ_ONCE(req->status);
		if (unlikely(req->result > VEI_BLK_S_LAST)) {
			vei_blk_suspect(vq, req, req->result);
			break;
		}
		vei_blk_done_add(done, req);
		n++;
		/* Who asks for an interrupt afterwards asks whether there is more. */
		if (!vei_queue_saw_more(vq->q))
			break;
	}
	if (unlikely(vq->full) && n) {
		done->room = vq->full;
		vq->full = NULL;
	}
	return n;
}

/**
 * vei_blk_take() - take back what the device was found to be done with
 * @vq: the queue, locked
 * @done: they are added to it, to be completed when the lock is no longer held
 *
 * Return: how many.
 */
unsigned int vei_blk_take(struct vei_blk_vq *vq, struct vei_blk_done *done)
{
	return vei_blk_take_all(vq, done);
}

/* Of vei_blk_reap(), for the interrupt without a call; of a queue that is not polled. */
static __always_inline void vei_blk_reap_all(struct vei_blk_vq *vq, struct vei_blk_done *done,
					     bool patient)
{
	unsigned int taken = 0, more, in_flight, n;
	bool waits = false;

	for (;;) {
		/* By flags, none while we look; by index the one that was asked for has been. */
		if (!vq->by_index)
			vei_queue_intr_disable(vq->q);
		more = vei_blk_take_all(vq, done);
		taken += more;
		in_flight = vei_queue_in_flight(vq->q);
		n = 1;
		if (patient && in_flight && vq->by_index)
			n = vei_blk_choose(vq, taken, in_flight);
		if (likely(vei_queue_intr_postpone(vq->q, n)))
			break;
		if (unlikely(waits && !more)) {
			vei_queue_went_back(vq->q);
			break;
		}
		waits = true;
	}

	/* Lone requests do not even need a look at the clock. */
	if ((vq->moder.busy || in_flight) && vq->by_index)
		vei_blk_note_pace(vq, taken, in_flight);
	vq->moder.postponed = false;
	if (n > 1)
		vei_blk_watch(vq, n);
}

/**
 * vei_blk_reap() - take back what the device is done with, and ask for an interrupt
 * @vq: the queue, locked
 * @done: they are added to it
 * @patient: not for the next one already
 */
void vei_blk_reap(struct vei_blk_vq *vq, struct vei_blk_done *done, bool patient)
{
	if (vq->polled) {
		vei_blk_take(vq, done);
		vei_queue_intr_disable(vq->q);
		return;
	}
	vei_blk_reap_all(vq, done, patient);
}

/**
 * vei_blk_interrupt() - interrupt of a queue
 * @q: the queue
 *
 * Context: hard interrupt.
 */
void vei_blk_interrupt(struct vei_queue *q)
{
	struct vei_blk_vq *vq = q->priv;
	struct vei_blk_done done;

	vei_blk_done_init(&done);
	spin_lock(&vq->lock);
	if (likely(vq->q))
		vei_blk_reap_all(vq, &done, true);
	spin_unlock(&vq->lock);
	vei_blk_complete_all(&done);
}

/**
 * vei_blk_poll() - blk_mq_ops.poll
 * @hctx: one of our queues that are polled
 * @iob: the caller's batch
 *
 * Return: how many requests were done.
 */
int vei_blk_poll(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *iob)
{
	struct vei_blk_vq *vq = hctx->driver_data;
	struct vei_blk_done done;
	unsigned int found = 0;
	unsigned long flags;

	vei_blk_done_init(&done);
	spin_lock_irqsave(&vq->lock, flags);
	if (likely(vq->q))
		found = vei_blk_take(vq, &done);
	/* What was asked for long ago comes round again. */
	if (found)
		vei_queue_intr_disable(vq->q);
	spin_unlock_irqrestore(&vq->lock, flags);
	vei_blk_complete_into(&done, iob);
	return found;
}

/* A wake-up may have been lost, on either side. Returns false if there is no use in that. */
static bool vei_blk_nudge(struct vei_blk_vq *vq, struct vei_blk_done *done)
{
	if (vei_queue_broken(vq->q))
		return false;
	vei_queue_kick_anyway(vq->q);
	vei_blk_reap(vq, done, false);
	return !vei_queue_broken(vq->q);
}

/**
 * vei_blk_timeout() - blk_mq_ops.timeout
 * @rq: a request that takes too long
 *
 * Both sides are told again: a superfluous kick is harmless. If that does not
 * help until the next timeout, the device is reset.
 *
 * Return: whether to go on waiting.
 */
enum blk_eh_timer_return vei_blk_timeout(struct request *rq)
{
	struct vei_blk_req *req = blk_mq_rq_to_pdu(rq);
	struct vei_blk_vq *vq = rq->mq_hctx->driver_data;
	struct vei_blk *vblk = vq->vblk;
	unsigned int in_flight = 0, claimed = 0;
	bool up, hope = false;
	struct vei_blk_done done;
	unsigned long flags;

	atomic64_inc(&vblk->timeouts);
	vei_blk_done_init(&done);
	spin_lock_irqsave(&vq->lock, flags);
	up = vq->q;
	if (up) {
		in_flight = vei_queue_in_flight(vq->q);
		claimed = vei_queue_claimed(vq->q);
		hope = vei_blk_nudge(vq, &done);
	}
	spin_unlock_irqrestore(&vq->lock, flags);
	/* Mostly there are many at once. */
	dev_warn_ratelimited(&vblk->dev->pdev->dev, "%s: timeout: %u in flight, %u to take\n",
			     vq->name, in_flight, claimed);
	vei_blk_complete_all(&done);

	if (!blk_mq_request_started(rq) || blk_mq_request_completed(rq))
		return BLK_EH_DONE;
	/* Down, it is about to be sent again, or failed. */
	if (up && (++req->timeouts >= VEI_BLK_TIMEOUTS_RESET || !hope ||
		   vei_dev_is_gone(vblk->dev)))
		vei_blk_ask_restart(vblk);
	return BLK_EH_RESET_TIMER;
}
