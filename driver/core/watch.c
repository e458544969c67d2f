// SPDX-License-Identifier: GPL-2.0
/*
 * The watch: kicks and interrupts that got lost.
 *
 * Who suppresses notifications too well is never told again. By index a kick is due only
 * when the index is crossed, so what comes after a lost one does not make good for it;
 * and so with interrupts. The hot path knows nothing of this file: now and then a timer
 * compares each queue with what it was at the look before.
 *
 *   a kick      Nothing was used since the last look, though the device has buffers. It is
 *               kicked. If that helps at once, a kick had been lost; if not, the device is
 *               slow, or nothing is to be done, and it is kicked more and more rarely.
 *   an interrupt  What it was asked for after has been used, since before the last look, and
 *               nobody has come; nor has anybody when the processor that the interrupt goes
 *               to has shown that it is there. The handler is called in its place.
 *
 * A device that loses several in one direction is not trusted with it any more, until the
 * user says otherwise: it is kicked for everything; interrupts are by flags, and when that
 * does not help, looked for instead.
 */

#include <linux/export.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>

#include <vei/ring/dump.h>

#include "core.h"
#include "trace.h"

/* How long a device may take to do something about a kick. */
#define VEI_WATCH_REACTION	max(HZ / 50, 2)

/* Where interrupts are looked for instead. */
#define VEI_WATCH_POLL		max(HZ / 100, 1)

/* Looks at a device that does nothing whatever it is told, between two kicks, at the most. */
#define VEI_WATCH_PATIENCE	32

/* An idle device is looked at more rarely: 2^this times. */
#define VEI_WATCH_QUIET		2

/* So many looks that find something lost in a direction end the trust in it; older ones not. */
#define VEI_WATCH_TRUST		3
#define VEI_WATCH_FORGET	(600 * HZ)

static const char *const vei_lost_names[] = {
	[VEI_LOST_KICK] = "kick",
	[VEI_LOST_INTERRUPT] = "interrupt",
};

static void vei_watch_lost(struct vei_queue *q, enum vei_lost what, u16 used)
{
	struct vei_dev *dev = q->dev;
	struct vei_ring_shared shared;

	vei_ring_read_shared(&q->ring, &shared);
	trace_vei_lost(q, what, used);
	/* What is long ago counts no more, and what is found at one look has one reason. */
	if (time_after(jiffies, dev->watch_when[what] + VEI_WATCH_FORGET))
		dev->watch_lost[what] = 0;
	if (!dev->watch_lost[what])
		dev_warn(&dev->pdev->dev,
			 "%s: lost %s: available %u, used %u, taken %u; avail_event %u, used flags %u, used_event %u, avail flags %u\n",
			 q->name, vei_lost_names[what], shared.avail_idx, used,
			 READ_ONCE(q->ring.last_used), shared.avail_event, shared.used_flags,
			 shared.used_event, shared.avail_flags);
	vei_count_inc(&q->count.lost[what]);
	vei_count_inc(&dev->lost[what]);
	if (!dev->watch_lost[what] || dev->watch_found[what] != dev->watch_looks)
		dev->watch_lost[what]++;
	dev->watch_found[what] = dev->watch_looks;
	dev->watch_when[what] = jiffies;
	if (dev->watch_lost[what] >= VEI_WATCH_TRUST)
		schedule_work(&dev->distrust);
}

static u16 vei_watch_used(const struct vei_queue *q)
{
	return vei_ring_used_idx(&q->ring);
}

/* Does the device sit on buffers that it may not know of? */
static bool vei_watch_waits(const struct vei_queue *q)
{
	return q->standing ? vei_ring_starved(&q->ring, q->cfg.kick_by_index) :
			     vei_ring_unused(&q->ring);
}

/* The first kick that might help, or one more after a while. */
static void vei_watch_kick(struct vei_queue *q, bool stuck)
{
	struct vei_watch *w = &q->watch;

	if (!stuck) {
		w->looks = 0;
		w->patience = 1;
		return;
	}
	if (++w->looks < w->patience)
		return;
	w->looks = 0;
	w->patience = min(2 * w->patience, VEI_WATCH_PATIENCE);
	w->kicked = true;
	/* Not vei_queue_notify(), whose counter is the owner's. */
	WRITE_ONCE(q->told, READ_ONCE(q->ring.published));
	iowrite16(q->index, q->notify);
}

/* In the place of an interrupt; with PREEMPT_RT handlers are threads, and their locks sleep. */
static void vei_watch_handle(struct vei_queue *q)
{
	unsigned long flags = 0;

	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_save(flags);
	q->handler(q);
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_restore(flags);
}

static bool vei_watch_awake(struct vei_queue *q)
{
	return q->dev->ops->queue_busy && q->dev->ops->queue_busy(q);
}

/* Is the interrupt still due that was due at the last look, and nobody has come? */
static bool vei_watch_misses(struct vei_queue *q)
{
	const struct vei_watch *w = &q->watch;

	return w->due && vei_ring_intr_due(&q->ring) &&
	       READ_ONCE(q->ring.last_used) == w->taken &&
	       READ_ONCE(q->ring.intr.shadow) == w->shadow &&
	       vei_count_read(&q->count.interrupts) == w->interrupts && !vei_watch_awake(q);
}

/*
 * A timer's work on the processor that the interrupt goes to comes when all that is pending
 * there has been taken; where handlers are threads, when they may run. Until then nothing is
 * said of an interrupt that has not come: the processor may have been away.
 */
static void vei_watch_ask(struct vei_queue *q)
{
	int cpu;

	/* A processor does not go offline in between, nor before its timers are moved. */
	preempt_disable();
	cpu = vei_irq_cpu(q);
	if (!READ_ONCE(q->asked) && cpu >= 0) {
		WRITE_ONCE(q->asked, true);
		q->ask.expires = jiffies + 1;
		add_timer_on(&q->ask, cpu);
	}
	preempt_enable();
}

static void vei_watch_answer(struct timer_list *timer)
{
	struct vei_queue *q = timer_container_of(q, timer, ask);

	/* The last of what is done here with it: it may be asked again, or freed. */
	WRITE_ONCE(q->asked, false);
}

static void vei_watch_intr(struct vei_queue *q)
{
	struct vei_watch *w = &q->watch;

	if (vei_watch_misses(q)) {
		if (!w->missed)
			vei_watch_ask(q);
		w->missed = true;
		return;
	}
	w->missed = false;
	w->interrupts = vei_count_read(&q->count.interrupts);
	w->shadow = READ_ONCE(q->ring.intr.shadow);
	w->taken = READ_ONCE(q->ring.last_used);
	w->due = vei_ring_intr_due(&q->ring);
}

/* Did the kick help? */
static void vei_watch_look_again(struct vei_queue *q, u16 used, bool late)
{
	struct vei_watch *w = &q->watch;

	if (used != w->used) {
		if (w->kicked && !late)
			vei_watch_lost(q, VEI_LOST_KICK, used);
		/* The next one that is lost is not this one. */
		w->patience = 1;
	}
	w->kicked = false;
}

/* Its processor was there, and nobody has come all the same? */
static void vei_watch_judge(struct vei_queue *q, u16 used)
{
	struct vei_watch *w = &q->watch;

	if (!w->missed || READ_ONCE(q->asked))
		return;
	if (vei_watch_misses(q)) {
		vei_watch_lost(q, VEI_LOST_INTERRUPT, used);
		vei_watch_handle(q);
		w->due = false;
	}
	w->missed = false;
}

/* Returns whether it is to be looked at again soon. */
static bool vei_watch_queue(struct vei_queue *q, bool late, bool *quiet)
{
	struct vei_watch *w = &q->watch;
	u16 used = vei_watch_used(q);
	u64 adds = vei_count_read(&q->count.adds);
	/* Whoever is back at the same index was given more than a ring has room for. */
	bool still = used == w->used && adds - w->adds <= q->ring.size;
	bool waits = vei_watch_waits(q);

	vei_watch_judge(q, used);
	if (q->dev->watch_again) {
		vei_watch_look_again(q, used, late);
	} else {
		/* What it was given since is not old enough to have been lost. */
		vei_watch_kick(q, still && waits && w->waits);
		if (q->handler)
			vei_watch_intr(q);
	}
	if (!still || w->due || waits)
		*quiet = false;
	w->used = used;
	w->adds = adds;
	w->waits = waits;
	return !q->dev->watch_again && (w->kicked || w->missed);
}

/* Its interrupts are not to be trusted. */
static void vei_watch_poll(struct vei_queue *q)
{
	if (q->handler && vei_ring_intr_due(&q->ring) && !vei_watch_awake(q))
		vei_watch_handle(q);
}

static unsigned long vei_watch_delay(struct vei_dev *dev, bool again, bool quiet)
{
	unsigned long delay = msecs_to_jiffies(vei_params.watch_ms);

	if (again)
		return VEI_WATCH_REACTION;
	dev->watch_quiet = quiet ? min(dev->watch_quiet + 1, VEI_WATCH_QUIET) : 0;
	delay <<= dev->watch_quiet;
	/* With other timers of the machine, where it is all the same. */
	return delay < HZ ? delay : round_jiffies_relative(delay);
}

/* The first one after a reset only sees what there is. */
static void vei_watch_begin(struct vei_dev *dev)
{
	unsigned int i;

	for (i = 0; i < dev->nqueue; i++) {
		struct vei_queue *q = dev->queue[i];

		if (q)
			q->watch = (struct vei_watch){
				.used = vei_watch_used(q),
				.adds = vei_count_read(&q->count.adds),
				.patience = 1,
			};
	}
	dev->watch_fresh = false;
	dev->watch_again = false;
	dev->watch_delay = vei_watch_delay(dev, false, false);
	dev->watch_next = jiffies + dev->watch_delay;
}

/*
 * A look that comes much too late says nothing of the device: the machine was away, and
 * the device perhaps with it.
 */
static bool vei_watch_is_late(const struct vei_dev *dev)
{
	unsigned long bearable = dev->watch_again ? VEI_WATCH_REACTION :
						    dev->watch_delay / 4 + HZ / 10;

	return time_after(jiffies, dev->watch_next + bearable);
}

/* At all queues; soon once more, if anything is in doubt. */
static void vei_watch_queues(struct vei_dev *dev, bool late)
{
	bool quiet = !dev->watch_again, again = false;
	unsigned int i;

	/* What is in doubt belongs to the look that has found it. */
	if (!dev->watch_again)
		dev->watch_looks++;
	for (i = 0; i < dev->nqueue; i++) {
		struct vei_queue *q = dev->queue[i];

		if (q && !q->ring.broken)
			again |= vei_watch_queue(q, late, &quiet);
	}
	dev->watch_again = again;
	dev->watch_delay = vei_watch_delay(dev, again, quiet);
	dev->watch_next = jiffies + dev->watch_delay;
}

/* The timer. */
static void vei_watch_look(struct timer_list *timer)
{
	struct vei_dev *dev = timer_container_of(dev, timer, watch);
	bool polled = READ_ONCE(dev->intr_polled);
	bool late = vei_watch_is_late(dev);
	unsigned int i;

	if (!READ_ONCE(dev->live))
		return;
	if (dev->watch_fresh || (late && !dev->watch_again))
		vei_watch_begin(dev);
	for (i = 0; polled && i < dev->nqueue; i++)
		if (dev->queue[i])
			vei_watch_poll(dev->queue[i]);
	if (time_after_eq(jiffies, dev->watch_next)) {
		/* Nor is the one to be trusted that tells of the configuration. */
		if (polled && !dev->watch_again && dev->ops->config_changed)
			dev->ops->config_changed(dev);
		vei_watch_queues(dev, late);
	}
	if (polled && time_after(dev->watch_next, jiffies + VEI_WATCH_POLL))
		mod_timer(timer, jiffies + VEI_WATCH_POLL);
	else
		mod_timer(timer, dev->watch_next);
}

/* No restart fails for want of trust, so if one does, that is not taken back: the next has it. */
static void vei_watch_restart(struct vei_dev *dev)
{
	if (!dev->ops->restart || (dev->ops->restart(dev) && dev->ops->restart(dev)))
		dev_warn(&dev->pdev->dev, "cannot be reset now: that begins with its next reset\n");
}

/* Negotiate again, or only begin again, with less trust. */
static void vei_watch_distrust(struct work_struct *work)
{
	struct vei_dev *dev = container_of(work, struct vei_dev, distrust);
	unsigned int *lost = dev->watch_lost;
	bool *what = NULL;

	mutex_lock(&dev->toggle_lock);
	if (lost[VEI_LOST_KICK] >= VEI_WATCH_TRUST && !dev->kick_always) {
		what = &dev->kick_always;
		dev_warn(&dev->pdev->dev, "loses kicks: it is kicked for everything from now on\n");
	} else if (lost[VEI_LOST_INTERRUPT] >= VEI_WATCH_TRUST && vei_dev_intr_by_index(dev)) {
		what = &dev->intr_flags;
		dev_warn(&dev->pdev->dev, "loses interrupts: they are by flags from now on\n");
	} else if (lost[VEI_LOST_INTERRUPT] >= VEI_WATCH_TRUST && !dev->intr_polled) {
		dev_warn(&dev->pdev->dev, "loses interrupts: it is polled from now on\n");
		WRITE_ONCE(dev->intr_polled, true);
		lost[VEI_LOST_INTERRUPT] = 0;
	}
	if (what) {
		*what = true;
		vei_watch_restart(dev);
		lost[what == &dev->kick_always ? VEI_LOST_KICK : VEI_LOST_INTERRUPT] = 0;
	}
	mutex_unlock(&dev->toggle_lock);
}

/**
 * vei_watch_add() - prepare the watch of a new queue
 * @q: the queue
 */
void vei_watch_add(struct vei_queue *q)
{
	timer_setup(&q->ask, vei_watch_answer, TIMER_PINNED);
}

/**
 * vei_watch_init() - prepare the watch of a new device
 * @dev: the device
 */
void vei_watch_init(struct vei_dev *dev)
{
	timer_setup(&dev->watch, vei_watch_look, 0);
	INIT_WORK(&dev->distrust, vei_watch_distrust);
}

/**
 * vei_watch_trust() - forget what was lost; the user has said how it is to be
 * @dev: the device, under its toggle_lock; to be restarted
 */
void vei_watch_trust(struct vei_dev *dev)
{
	dev->kick_always = false;
	dev->intr_flags = false;
	WRITE_ONCE(dev->intr_polled, false);
	memset(dev->watch_lost, 0, sizeof(dev->watch_lost));
}

/**
 * vei_dev_unwatch() - no restart of the core's own comes any more
 * @dev: a device that was reset for good, so that its &vei_dev_ops.restart does nothing
 *
 * Before &vei_dev.priv goes. Context: may sleep.
 */
void vei_dev_unwatch(struct vei_dev *dev)
{
	cancel_work_sync(&dev->distrust);
}
EXPORT_SYMBOL_NS_GPL(vei_dev_unwatch, VEI_NS);
