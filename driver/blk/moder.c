// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that are done: when to be interrupted.
 *
 * A lone request has to be told of at once; of many, somebody waits for each, but
 * nobody needs an interrupt for each. By index the device can be asked for one
 * after the n-th from here, and n is
 *
 *   - half of the depth, which is what is in flight and what was just taken back:
 *     while the first half is told of, and replaced, the device has the other to
 *     do. A depth of up to three makes n 1;
 *   - not more than is in flight, or it would not come;
 *   - not more than the device has done lately in the time that a request may wait
 *     (module parameter postpone_usecs). A slow disk interrupts for each.
 *
 * A device that does so many a second, whatever it is asked, loses nothing by that.
 * One that works at all of them at once does: who waits to be told of the first
 * sends the next one later. Nor can it be known which are done soon: one that reads
 * beside some long writes would wait for those. So it is tried: for some requests
 * interrupts are postponed, for some they are not, and if the former take longer,
 * by a tenth, than those before and those behind them, it is left for a while. For
 * a longer one each time; and for a shorter one again, while it pays.
 *
 * A device may do less than n and then take its time, so while n is more than 1 a
 * timer is running, of four times the time that n should take, or twice
 * postpone_usecs if that is less:
 *
 *   - it is not moved when the interrupt comes, which would cost as much as an
 *     interrupt does. It finds out when it fires, and then waits for the rest; it is
 *     moved only if it would come much too late, which is after twice its time;
 *   - if it finds something that was done, but not n, that has waited in vain. If it
 *     does so twice in a period, it is left for a while as well;
 *   - if it finds nothing that was done in all its time, the device is slow now: an
 *     interrupt is asked for after the next one, and the timer stops.
 *
 * So a stream costs one timer each time that it fires, over several interrupts, and
 * a request that is alone in its queue none. &vei_blk_vq.timers counts them.
 */

#include <linux/ktime.h>
#include <linux/math64.h>

#include "blk.h"

/* A sample moves the median by one part in so many. */
#define VEI_BLK_PACE_WEIGHT	8
/* An interrupt is late after so many times the time that it should take. */
#define VEI_BLK_LATE		4

/* Requests of a period, and the periods of postponing between two without. */
#define VEI_BLK_PERIOD		256
#define VEI_BLK_PERIODS		15U
/* The most without, when postponing does not pay. */
#define VEI_BLK_BACKOFF_MAX	63U
/* Timers of a period that found something which has waited in vain. */
#define VEI_BLK_VAIN_MAX	2
/* By how much postponing may seem to take longer, one part in so many. */
#define VEI_BLK_CHANCE		10

/**
 * vei_blk_start_moder() - begin anew
 * @vq: a queue that is about to run, locked
 */
void vei_blk_start_moder(struct vei_blk_vq *vq)
{
	vq->moder = (struct vei_blk_moder){
		.pace = vei_blk_patience(),
		.trial = { .patient = true, .left = 1 },
	};
}

static void vei_blk_trial_next(struct vei_blk_trial *t, bool patient, unsigned int periods)
{
	t->patient = patient;
	t->left = periods;
	t->vain = 0;
	t->taken = 0;
	t->spent = 0;
}

/* It costs more than it saves: not for a while. */
static void vei_blk_trial_fails(struct vei_blk_trial *t)
{
	t->backoff = min(2 * t->backoff + 1, VEI_BLK_BACKOFF_MAX);
	t->suspect = 0;
	vei_blk_trial_next(t, false, t->backoff);
}

static bool vei_blk_takes_longer(u64 pace, u64 than)
{
	return than && pace > than + div_u64(than, VEI_BLK_CHANCE);
}

/* A period has ended: is it to go on like this? */
static void vei_blk_judge(struct vei_blk_trial *t)
{
	u64 pace = div_u64(t->spent, t->taken);
	bool more = --t->left;

	if (t->patient) {
		/* It may be the device that is slower now: the next period without will tell. */
		if (vei_blk_takes_longer(pace, t->plain)) {
			t->suspect = pace;
			more = false;
		} else {
			t->backoff /= 2;
		}
		vei_blk_trial_next(t, more, more ? t->left : 1);
		return;
	}
	t->plain = pace;
	if (vei_blk_takes_longer(t->suspect, pace)) {
		vei_blk_trial_fails(t);
		return;
	}
	t->suspect = 0;
	vei_blk_trial_next(t, !more, more ? t->left : VEI_BLK_PERIODS);
}

/**
 * vei_blk_note_pace() - note what was taken back, and that time has passed
 * @vq: the queue, locked
 * @taken: requests
 * @in_flight: those that are left
 *
 * How fast the device is, from one reap to the next with something in flight all
 * the time: the median, so that a pause, as of a processor that the hypervisor took
 * away, is one slow sample among others.
 */
void vei_blk_note_pace(struct vei_blk_vq *vq, unsigned int taken, unsigned int in_flight)
{
	struct vei_blk_moder *m = &vq->moder;
	u32 step = m->pace / VEI_BLK_PACE_WEIGHT + 1;
	u64 now = ktime_get_ns();

	if (m->busy) {
		u64 gap = now - m->reaped;

		if (!taken)
			return;
		if (gap > (u64)taken * m->pace)
			m->pace = min_t(u32, m->pace + step, NSEC_PER_SEC);
		else if (m->pace > step)
			m->pace -= step;
		m->trial.taken += taken;
		/* Nor is it a device's pace that it stood still for long. */
		m->trial.spent += min(gap, (u64)VEI_BLK_LATE * taken * m->pace);
		if (m->trial.taken >= VEI_BLK_PERIOD)
			vei_blk_judge(&m->trial);
	}
	m->reaped = now;
	m->busy = in_flight;
}

/**
 * vei_blk_choose() - after how many shall the interrupt come?
 * @vq: the queue, locked
 * @taken: requests that were just taken back
 * @in_flight: those that are left, at least one
 *
 * Return: at least 1.
 */
unsigned int vei_blk_choose(struct vei_blk_vq *vq, unsigned int taken, unsigned int in_flight)
{
	unsigned int n = min((in_flight + taken) / 2, in_flight);

	if (n <= 1 || !vq->moder.trial.patient)
		return 1;
	return clamp(vei_blk_patience() / max(vq->moder.pace, 1U), 1U, n);
}

/**
 * vei_blk_watch() - the interrupt may be late
 * @vq: the queue, locked
 * @n: requests that it was asked for after
 */
void vei_blk_watch(struct vei_blk_vq *vq, unsigned int n)
{
	struct vei_blk_moder *m = &vq->moder;
	u64 expected = (u64)n * m->pace;

	m->asked = n;
	m->limit = min_t(u64, VEI_BLK_LATE * expected, 2ULL * vei_blk_patience());
	m->postponed = true;
	if (!hrtimer_is_queued(&vq->overdue) ||
	    ktime_to_ns(hrtimer_get_expires(&vq->overdue)) > m->reaped + 2 * m->limit)
		hrtimer_start(&vq->overdue, ns_to_ktime(m->limit), HRTIMER_MODE_REL);
}

/* All that was asked for is no delay of the device's: the interrupt is on its way. */
static void vei_blk_note_late(struct vei_blk_vq *vq)
{
	struct vei_blk_trial *t = &vq->moder.trial;
	unsigned int claimed = vei_queue_claimed(vq->q);

	if (t->patient && claimed && claimed < vq->moder.asked && ++t->vain == VEI_BLK_VAIN_MAX)
		vei_blk_trial_fails(t);
}

/**
 * vei_blk_overdue() - an interrupt was postponed, and may be late
 * @timer: &vei_blk_vq.overdue
 *
 * Context: hard interrupt.
 */
enum hrtimer_restart vei_blk_overdue(struct hrtimer *timer)
{
	struct vei_blk_vq *vq = container_of(timer, struct vei_blk_vq, overdue);
	struct vei_blk_moder *m = &vq->moder;
	struct vei_blk_done done;
	unsigned long flags;

	vei_blk_done_init(&done);
	spin_lock_irqsave(&vq->lock, flags);
	vei_count_inc(&vq->timers);
	if (vq->q && m->postponed) {
		u64 waited = ktime_get_ns() - m->reaped;

		if (waited < m->limit) {
			hrtimer_start(timer, ns_to_ktime(m->limit - waited), HRTIMER_MODE_REL);
		} else {
			vei_blk_note_late(vq);
			vei_blk_reap(vq, &done, false);
		}
	}
	spin_unlock_irqrestore(&vq->lock, flags);
	vei_blk_complete_all(&done);
	return HRTIMER_NORESTART;
}
