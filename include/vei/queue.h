/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The core's API: a virtqueue of a device. A ring (ring.h) with memory, a
 * doorbell, an interrupt and exact counters.
 *
 * One thread at a time may use a queue, but for its interrupt handler. The hot
 * path is inline so that the ring is compiled into its user; what is rare is
 * in queue.c.
 */
#ifndef _VEI_QUEUE_H
#define _VEI_QUEUE_H

#include <linux/io.h>
#include <linux/timer.h>
#include <linux/tracepoint-defs.h>

#include <vei/ring/burst.h>
#include <vei/dev.h>

/**
 * struct vei_queue_spec - what a device driver wants of a queue
 * @name: for /proc/interrupts and messages; NULL: no use for this queue
 * @handler: the queue's interrupt; hard interrupt. NULL for none, and no vector:
 *	the driver polls, or has nothing to wait for
 * @priv: the device driver's own
 * @table_len: descriptors of the longest chain that may go into an indirect
 *	table; 0: no tables
 * @indirect_min: shortest chain that does while descriptors abound
 * @standing: the device keeps its buffers until something comes, as a receive queue's
 * @strict_len: a used length over the buffer breaks the queue. For queues where
 *	the length sizes something, as it does a received packet; elsewhere it is
 *	cut to the buffer, as some devices put the whole chain's length there
 */
struct vei_queue_spec {
	const char *name;
	void (*handler)(struct vei_queue *q);
	void *priv;
	u16 table_len;
	u16 indirect_min;
	bool standing;
	bool strict_len;
};

/**
 * struct vei_queue_count - what a queue counts, from probe to remove
 * @adds: buffers made available
 * @drained: buffers that came back by vei_queue_drain(), never used
 * @kick_decisions: how often it was asked whether to kick
 * @kicks: how often it was kicked
 * @rearms: how often interrupts were asked for
 * @rearms_lost: how often something was there already by then
 * @interrupts: interrupts for this queue
 * @interrupts_empty: of these, how many found nothing that was used
 * @lost: kicks and interrupts that the watch has made good for
 *
 * Each has one writer: the watch for @lost, the interrupt handler for the two before,
 * whoever uses the queue for the others. They go on when the device is restarted, as long as
 * it has the queue.
 */
struct vei_queue_count {
	struct vei_count adds;
	struct vei_count drained;
	struct vei_count kick_decisions;
	struct vei_count kicks;
	struct vei_count rearms;
	struct vei_count rearms_lost;
	struct vei_count interrupts;
	struct vei_count interrupts_empty;
	struct vei_count lost[VEI_NLOST];
};

/**
 * struct vei_watch - a queue as it was at the last look
 * @used: how many were used by then, modulo 65,536
 * @adds: and how many it had been given
 * @waits: the device sat on buffers
 * @taken: buffers taken
 * @shadow: what interrupts were asked for after
 * @interrupts: how many there had been
 * @due: one was due
 * @missed: one has not come since; its processor was asked
 * @kicked: kicked then, to see whether it helps
 * @looks: since the last kick of a device that does nothing
 * @patience: looks until the next one
 */
struct vei_watch {
	u16 used;
	u16 taken;
	u16 shadow;
	u64 adds;
	u64 interrupts;
	bool waits;
	bool due;
	bool missed;
	bool kicked;
	unsigned int looks;
	unsigned int patience;
};

/**
 * struct vei_queue_stats - the counters of a queue, as they are shown
 * @adds: buffers made available
 * @used: buffers that the device has used and the driver taken
 * @drained: buffers that came back by vei_queue_drain(), never used
 * @kick_decisions: how often it was asked whether to kick
 * @kicks: how often it was kicked
 * @kicks_suppressed: how often not
 * @interrupts: interrupts for this queue
 * @interrupts_empty: of these, how many found nothing that was used
 * @rearms: how often interrupts were asked for
 * @rearms_lost: how often something was there already by then
 * @kicks_lost: how many the watch has made good for
 * @interrupts_lost: likewise
 */
struct vei_queue_stats {
	u64 adds;
	u64 used;
	u64 drained;
	u64 kick_decisions;
	u64 kicks;
	u64 kicks_suppressed;
	u64 interrupts;
	u64 interrupts_empty;
	u64 rearms;
	u64 rearms_lost;
	u64 kicks_lost;
	u64 interrupts_lost;
};

/**
 * struct vei_queue - a virtqueue
 * @ring: the ring itself
 * @notify: doorbell register
 * @index: number of the queue in the device
 * @told: what was published when the device was kicked last, for dumps
 * @reported: a broken ring has been logged
 * @count: exact counters
 * @dev: the device
 * @handler: the device driver's interrupt handler
 * @priv: the device driver's own
 * @cfg: what the ring is made of; its memory is kept from one reset to the next
 * @table_len: of the spec; of the ring only if indirect descriptors are negotiated
 * @vector: entry in the device's table that is the queue's own, if there is one
 * @irq: Linux number of the same, or 0
 * @hint: the processors that were suggested for that vector, or NULL
 * @standing: of the spec
 * @watch: the watch's
 * @ask: asks the interrupt's processor whether it is there
 * @asked: and it has not answered yet
 * @debugfs: its files
 * @name: device and queue, as in /proc/interrupts
 */
struct vei_queue {
	struct vei_ring ring;
	void __iomem *notify;
	u16 index;
	u16 told;
	bool reported;
	struct vei_queue_count count;
	struct vei_dev *dev;
	void (*handler)(struct vei_queue *q);
	void *priv;
	struct vei_ring_config cfg;
	u16 table_len;
	u16 vector;
	unsigned int irq;
	const struct cpumask *hint;
	bool standing;
	struct vei_watch watch;
	struct timer_list ask;
	bool asked;
	struct dentry *debugfs[2];
	char name[40];
};

DECLARE_TRACEPOINT(vei_kick);
DECLARE_TRACEPOINT(vei_rearm);

int vei_dev_find_queues(struct vei_dev *dev, const struct vei_queue_spec *spec, unsigned int n);
void vei_dev_del_queues(struct vei_dev *dev);
void vei_queue_set_affinity(struct vei_queue *q, const struct cpumask *mask);
void vei_queue_break(struct vei_queue *q);
void vei_queue_went_back(struct vei_queue *q);
void *vei_queue_drain(struct vei_queue *q, u16 *cursor);
void vei_queue_report(struct vei_queue *q);
u64 vei_queue_used(const struct vei_queue *q);
void vei_queue_read_stats(const struct vei_queue *q, struct vei_queue_stats *s);
void vei_queue_trace_kick(const struct vei_queue *q, u16 old, bool kick);
void vei_queue_trace_rearm(const struct vei_queue *q, u16 n, bool armed);

/**
 * vei_queue_size() - descriptors of a queue
 * @q: the queue
 */
static __always_inline unsigned int vei_queue_size(const struct vei_queue *q)
{
	return q->ring.size;
}

/**
 * vei_queue_num_free() - descriptors that can be had now
 * @q: the queue
 */
static __always_inline unsigned int vei_queue_num_free(const struct vei_queue *q)
{
	return vei_ring_num_free(&q->ring);
}

/**
 * vei_queue_descs() - descriptors that a chain takes at the most
 * @q: the queue
 * @n: pieces of the chain
 *
 * Return: 1 if there is a table for it; else @n.
 */
static __always_inline unsigned int vei_queue_descs(const struct vei_queue *q, unsigned int n)
{
	return n <= q->ring.table_len ? 1 : n;
}

/**
 * vei_queue_in_flight() - buffers added and not yet taken back
 * @q: the queue
 *
 * Context: any, see vei_ring_in_flight().
 */
static __always_inline unsigned int vei_queue_in_flight(const struct vei_queue *q)
{
	return vei_ring_in_flight(&q->ring);
}

/**
 * vei_queue_taken() - buffers taken back so far, modulo 65,536
 * @q: the queue
 */
static __always_inline u16 vei_queue_taken(const struct vei_queue *q)
{
	return q->ring.last_used;
}

/**
 * vei_queue_added() - buffers added so far, modulo 65,536
 * @q: the queue
 *
 * Context: any; then it may be over before it is used.
 */
static __always_inline u16 vei_queue_added(const struct vei_queue *q)
{
	return READ_ONCE(q->ring.avail_idx);
}

/**
 * vei_queue_intr_armed() - was an interrupt asked for?
 * @q: the queue
 */
static __always_inline bool vei_queue_intr_armed(const struct vei_queue *q)
{
	return q->ring.intr.armed;
}

/**
 * vei_queue_claimed() - how many used buffers wait, as the device says: unchecked
 * @q: the queue
 *
 * Context: any, see vei_ring_claimed().
 */
static __always_inline unsigned int vei_queue_claimed(const struct vei_queue *q)
{
	return vei_ring_claimed(&q->ring);
}

/**
 * vei_queue_add_burst() - post buffers of one piece each, see vei_ring_add_burst()
 * @q: the queue
 * @seg: the pieces
 * @token: of each
 * @n: how many
 * @in: the device writes them
 *
 * Return: how many were posted.
 */
static __always_inline unsigned int vei_queue_add_burst(struct vei_queue *q,
							const struct vei_seg *seg,
							void *const *token, unsigned int n, bool in)
{
	return vei_ring_add_burst(&q->ring, seg, token, n, in);
}

/**
 * vei_queue_add() - post a buffer, see vei_ring_add()
 * @q: the queue
 * @seg: @out pieces to be read, then @in pieces to be written
 * @out: how many the device reads
 * @in: how many it writes
 * @token: comes back from vei_queue_get()
 *
 * Return: 0, -ENOSPC, -EINVAL or -EIO.
 */
static __always_inline int vei_queue_add(struct vei_queue *q, const struct vei_seg *seg,
					 unsigned int out, unsigned int in, void *token)
{
	return vei_ring_add(&q->ring, seg, out, in, token);
}

/**
 * vei_queue_kick_prepare() - publish what was added and decide on a kick
 * @q: the queue
 *
 * Return: true if vei_queue_notify() has to follow.
 */
static __always_inline bool vei_queue_kick_prepare(struct vei_queue *q)
{
	u16 old = q->ring.kick.old;
	bool kick;

	vei_count_add(&q->count.adds, (u16)(q->ring.avail_idx - q->ring.published));
	kick = vei_ring_kick_prepare(&q->ring);
	vei_count_inc(&q->count.kick_decisions);
	if (tracepoint_enabled(vei_kick))
		vei_queue_trace_kick(q, old, kick);
	return kick;
}

/**
 * vei_queue_notify() - ring the doorbell
 * @q: the queue
 *
 * Costs an exit to the hypervisor.
 */
static __always_inline void vei_queue_notify(struct vei_queue *q)
{
	vei_count_inc(&q->count.kicks);
	WRITE_ONCE(q->told, READ_ONCE(q->ring.published));
	iowrite16(q->index, q->notify);
}

/**
 * vei_queue_kick() - publish what was added, and kick if the device wants it
 * @q: the queue
 */
static __always_inline void vei_queue_kick(struct vei_queue *q)
{
	if (vei_queue_kick_prepare(q))
		vei_queue_notify(q);
}

/**
 * vei_queue_kick_anyway() - kick without asking whether the device wants it
 * @q: the queue
 *
 * For when a kick may have been lost: a superfluous one is harmless. Counts as
 * a decision too.
 */
static inline void vei_queue_kick_anyway(struct vei_queue *q)
{
	vei_queue_kick_prepare(q);
	vei_queue_notify(q);
}

/**
 * vei_queue_get() - take one used buffer, see vei_ring_get()
 * @q: the queue
 * @len: bytes written by the device
 *
 * Return: its token, or NULL. A ring found broken is logged once.
 */
static __always_inline void *vei_queue_get(struct vei_queue *q, u32 *len)
{
	void *token = vei_ring_get(&q->ring, len);

	if (!token && unlikely(q->ring.broken && !q->reported))
		vei_queue_report(q);
	return token;
}

/**
 * vei_queue_saw_more() - is another used buffer known of? See vei_ring_saw_more()
 * @q: the queue
 */
static __always_inline bool vei_queue_saw_more(const struct vei_queue *q)
{
	return vei_ring_saw_more(&q->ring);
}

/**
 * vei_queue_pending() - has the device used something that was not taken yet?
 * @q: the queue
 *
 * Never true of a broken queue.
 */
static __always_inline bool vei_queue_pending(const struct vei_queue *q)
{
	return vei_ring_pending(&q->ring);
}

/**
 * vei_queue_broken() - does the queue do nothing any more, until a reset?
 * @q: the queue
 */
static __always_inline bool vei_queue_broken(const struct vei_queue *q)
{
	return q->ring.broken;
}

/**
 * vei_queue_intr_disable() - ask for no interrupts; a hint
 * @q: the queue
 */
static __always_inline void vei_queue_intr_disable(struct vei_queue *q)
{
	vei_ring_intr_disable(&q->ring);
}

/**
 * vei_queue_intr_hush() - ask for no interrupts, from the queue's own handler
 * @q: the queue
 *
 * While somebody else may be using the queue. By index it is not needed: there
 * is no second interrupt before the next one is asked for. Whoever the handler
 * wakes has to call vei_queue_intr_disable() before interrupts are asked for
 * again, as the queue's user does not know of this.
 */
static __always_inline void vei_queue_intr_hush(struct vei_queue *q)
{
	vei_ring_intr_hush(&q->ring);
}

/**
 * vei_queue_intr_postpone() - ask for an interrupt after @n used buffers
 * @q: the queue
 * @n: how many; limited to what is in flight
 *
 * Return: true if it will come, false if as many wait already.
 */
static __always_inline bool vei_queue_intr_postpone(struct vei_queue *q, u16 n)
{
	bool armed = vei_ring_intr_postpone(&q->ring, n);

	vei_count_inc(&q->count.rearms);
	if (!armed)
		vei_count_inc(&q->count.rearms_lost);
	if (tracepoint_enabled(vei_rearm))
		vei_queue_trace_rearm(q, n, armed);
	return armed;
}

/**
 * vei_queue_intr_enable() - ask for an interrupt after the next used buffer
 * @q: the queue
 *
 * Return: true if it will come, false if one waits already.
 */
static __always_inline bool vei_queue_intr_enable(struct vei_queue *q)
{
	return vei_queue_intr_postpone(q, 1);
}

#endif /* _VEI_QUEUE_H */
