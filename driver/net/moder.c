// SPDX-License-Identifier: GPL-2.0
/*
 * Receive: when to be interrupted.
 *
 * A lone packet is to be told of at once, and so is what somebody here waits for.
 * Of a stream nobody needs an interrupt for each packet. By index the device can be
 * asked for one after the n-th from here, and n is
 *
 *   - half of what has come in a row since this pair last sent something, if that is
 *     much more than what comes at once anyway. Who answers each packet never waits,
 *     nor does who acknowledges each batch; who takes what comes waits soon. (What is
 *     answered by another pair looks like a stream, and may wait as long as dim finds
 *     right for one.)
 *   - not more than come at the present pace within rx-usecs. Adaptive moderation
 *     has the kernel's dim choose these; else they, and rx-frames, are the user's,
 *     who then has asked for the delay, and the row does not count;
 *   - not more than half of the buffers that are posted;
 *   - more than come at once anyway, or nothing would be saved.
 *
 * The stream may end before the n-th, so while n is more than 1 a timer is running.
 * It is not moved when the interrupt comes, which would cost as much as an interrupt
 * does: when it fires it finds out whether it is time, and waits for the rest.
 */

#include <linux/dim.h>
#include <linux/ktime.h>

#include <vei/compat.h>

#include "net.h"

/* Part of the kernel, or a module that this one may use. */
#if IS_REACHABLE(CONFIG_DIMLIB)
#define VEI_RX_DIM
#endif

/* A row does not count for more. */
#define VEI_RX_ROW		512U
/* A sample moves the pace by one part in so many. */
#define VEI_RX_PACE_WEIGHT	8
/* The profile of dim to begin with, in the midst of them. */
#define VEI_RX_DIM_START	2
/*
 * A pause, which ends a stream, is so many times the time to wait; and a millisecond at
 * the least, or a short time that dim has found would keep it from looking any further.
 */
#define VEI_RX_PAUSE		4
#define VEI_RX_PAUSE_MIN	NSEC_PER_MSEC
/* Without dim, and at first. */
#define VEI_RX_USECS		64

/* Time from one packet to the next. Returns false after a pause. */
static bool vei_rxq_note_pace(struct vei_net_moder *m, unsigned int usecs)
{
	u64 now = ktime_get_ns(), gap = now - m->polled;
	unsigned int came = m->came;

	WRITE_ONCE(m->polled, now);
	m->came = 0;
	if (gap > max_t(u64, usecs * (VEI_RX_PAUSE * 1000ULL), VEI_RX_PAUSE_MIN))
		return false;
	gap = min_t(u64, gap, NSEC_PER_SEC);
	m->pace += ((s32)((u32)gap / came) - (s32)m->pace) / VEI_RX_PACE_WEIGHT;
	return true;
}

/* Have dim look for a better time. */
static void vei_rxq_adapt(struct vei_net_rxq *rxq)
{
#ifdef VEI_RX_DIM
	struct dim_sample sample;

	dim_update_sample(++rxq->moder.events, u64_stats_read(&rxq->stats.packets),
			  u64_stats_read(&rxq->stats.bytes), &sample);
	vei_net_dim(&rxq->moder.dim, sample);
#endif
}

/* What it measures is a stream's, and has no pause in it. */
static void vei_rxq_pause(struct vei_net_moder *m)
{
	m->row = 0;
#ifdef VEI_RX_DIM
	if (m->dim.state == DIM_MEASURE_IN_PROGRESS)
		m->dim.state = DIM_START_MEASURE;
#endif
}

#ifdef VEI_RX_DIM
static void vei_rxq_dim_work(struct work_struct *work)
{
	struct dim *dim = container_of(work, struct dim, work);
	struct vei_net_moder *m = container_of(dim, struct vei_net_moder, dim);

	WRITE_ONCE(m->usecs, net_dim_get_rx_moderation(dim->mode, dim->profile_ix).usec);
	dim->state = DIM_START_MEASURE;
}
#endif

/* The interrupt comes later than it might: see that it is not too late. */
static void vei_rxq_watch(struct vei_net_moder *m, u64 limit)
{
	WRITE_ONCE(m->limit, limit);
	WRITE_ONCE(m->postponed, true);
	virt_mb();	/* with vei_rxq_late(): at least one of the two sees the other */
	/* One that was set for much longer is too late. */
	if (!hrtimer_is_queued(&m->late) ||
	    ktime_to_ns(hrtimer_get_expires(&m->late)) > m->polled + limit + NSEC_PER_MSEC)
		hrtimer_start(&m->late, ns_to_ktime(limit), HRTIMER_MODE_REL);
}

/**
 * vei_rxq_postpone() - ask for an interrupt in a stream, when there is no more to take
 * @rxq: the queue, still the poll's own, which has taken something
 *
 * Return: true if it will come, false if so much is there already.
 */
bool vei_rxq_postpone(struct vei_net_rxq *rxq)
{
	const struct vei_net *net = rxq->net;
	struct vei_net_moder *m = &rxq->moder;
	bool adaptive = READ_ONCE(net->rx_adaptive);
	unsigned int usecs = adaptive ? READ_ONCE(m->usecs) : READ_ONCE(net->rx_usecs);
	unsigned int n;

	m->row = min(m->row, VEI_RX_ROW);
	if (!m->waited || m->burst >= 2 * m->asked)
		m->batch = m->burst;
	if (!vei_rxq_note_pace(m, usecs)) {
		vei_rxq_pause(m);
		return vei_rxq_next(rxq);
	}
	if (adaptive) {
		vei_rxq_adapt(rxq);
		n = min(m->row / 2, usecs * 1000 / max(m->pace, 1U));
	} else {
		n = READ_ONCE(net->rx_frames) ?: VEI_RX_ROW;
	}
	n = min(n, vei_queue_in_flight(rxq->q) / 2);
	/* A timer that knows nothing but the kernel's ticks would be too late by far. */
	if (n <= m->batch || (adaptive && hrtimer_resolution > usecs * 1000))
		return vei_rxq_next(rxq);
	m->waited = true;
	m->asked = n;
	vei_rxq_watch(m, usecs * 1000ULL);
	return vei_queue_intr_postpone(rxq->q, n);
}

/* The stream may have ended before the interrupt: then the poll finds that out. */
static enum hrtimer_restart vei_rxq_late(struct hrtimer *timer)
{
	struct vei_net_moder *m = container_of(timer, struct vei_net_moder, late);
	struct vei_net_rxq *rxq = container_of(m, struct vei_net_rxq, moder);
	u64 waited, limit;

	virt_mb();	/* with vei_rxq_watch() */
	if (!READ_ONCE(m->postponed))
		return HRTIMER_NORESTART;
	waited = ktime_get_ns() - READ_ONCE(m->polled);
	limit = READ_ONCE(m->limit);
	if (waited < limit)
		hrtimer_start(timer, ns_to_ktime(limit - waited), HRTIMER_MODE_REL);
	else
		napi_schedule(&rxq->napi);
	return HRTIMER_NORESTART;
}

/**
 * vei_rxq_init_moder() - of a queue that was just allocated
 * @rxq: the queue
 */
void vei_rxq_init_moder(struct vei_net_rxq *rxq)
{
	struct vei_net_moder *m = &rxq->moder;

	vei_timer_init(&m->late, vei_rxq_late);
#ifdef VEI_RX_DIM
	INIT_WORK(&m->dim.work, vei_rxq_dim_work);
#endif
}

/**
 * vei_rxq_start_moder() - begin anew
 * @rxq: a queue that is about to run
 */
void vei_rxq_start_moder(struct vei_net_rxq *rxq)
{
	struct vei_net_moder *m = &rxq->moder;

	m->by_index = vei_net_has(rxq->net, VIRTIO_RING_F_USED_EVENT_IDX);
	m->row = 0;
	m->came = 0;
	m->pace = 0;
	m->postponed = false;
	m->waited = false;
	m->burst = 0;
	m->batch = 1;
	m->usecs = VEI_RX_USECS;
#ifdef VEI_RX_DIM
	m->dim.mode = DIM_CQ_PERIOD_MODE_START_FROM_EQE;
	m->dim.state = DIM_START_MEASURE;
	/* From below it would stay below where packets are farther apart than its first steps. */
	m->dim.profile_ix = VEI_RX_DIM_START;
	m->dim.tune_state = DIM_GOING_RIGHT;
	m->dim.tired = 0;
	m->dim.steps_left = 0;
	m->dim.steps_right = 0;
	m->dim.prev_stats = (struct dim_stats){};
	m->usecs = net_dim_get_rx_moderation(m->dim.mode, m->dim.profile_ix).usec;
#endif
}

/**
 * vei_rxq_stop_moder() - nothing of it runs on return
 * @rxq: a queue whose NAPI is disabled
 *
 * Context: may sleep.
 */
void vei_rxq_stop_moder(struct vei_net_rxq *rxq)
{
	WRITE_ONCE(rxq->moder.postponed, false);
	hrtimer_cancel(&rxq->moder.late);
#ifdef VEI_RX_DIM
	cancel_work_sync(&rxq->moder.dim.work);
#endif
}
