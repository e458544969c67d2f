// SPDX-License-Identifier: GPL-2.0
/*
 * Transmit. Whoever holds the lock of the stack's queue may use the virtqueue.
 *
 * When to reap. A sent packet has to be freed in finite time, as its socket
 * waits for the memory, but nobody needs an interrupt for each, nor a timer, as
 * that is an interrupt too. So:
 *
 *   - transmit and receive reap in passing;
 *   - while packets follow each other closely (within tx-usecs) and little is in
 *     flight, no interrupt is asked for. A timer makes sure, but one of the timer
 *     wheel, which costs nothing until it fires: each packet that finds nothing
 *     left behind pushes it ahead. It fires when there is a pause;
 *   - the first packet after a pause asks for an interrupt, which is no dearer
 *     than the timer would be;
 *   - when half of the ring is in flight, or somebody waits for one of them (the
 *     stack's queue is stopped; a socket with half of its send buffer here; in TCP
 *     more than one packet, or a small one behind others that are not acknowledged;
 *     zero copy, XDP), an interrupt is asked for after three quarters of them. Each reap
 *     in passing pushes that ahead: it comes where nobody passes.
 *
 * So requests and responses cost no transmit interrupt, and a stream few.
 */

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/skbuff.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "net.h"

/* Less in flight is little also in bytes. */
#define VEI_TX_DEFER_BYTES	16384
/* So many timeouts without any progress reset the device. */
#define VEI_TX_TIMEOUTS		3
/* When the interface goes down, how long it waits for what is in flight. */
#define VEI_TX_SETTLE_MS	20

/* skb->cb is free for the driver once the stack has handed the packet over. */
static struct vei_net_hdr *vei_tx_cb_hdr(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct vei_net_hdr) > sizeof(skb->cb));
	return (struct vei_net_hdr *)skb->cb;
}

/* Does the header fit in front of the packet, in the same segment? */
static bool vei_tx_can_push(const struct vei_net_txq *txq, const struct sk_buff *skb)
{
	return txq->push && !skb_header_cloned(skb) && skb_headroom(skb) >= txq->net->hdr_len &&
	       IS_ALIGNED((unsigned long)skb->data, __alignof__(struct vei_net_hdr));
}

/*
 * Segments of a packet, header included, into &vei_net_txq.seg. Their addresses are
 * physical, as the device wants them, see queue.c. Returns how many, or -EINVAL.
 */
static int vei_tx_map(struct vei_net_txq *txq, struct sk_buff *skb)
{
	struct vei_net *net = txq->net;
	struct vei_seg *seg = txq->seg;
	const struct skb_shared_info *shinfo;
	struct vei_net_hdr *hdr;
	unsigned int i, n = 0;

	if (vei_tx_can_push(txq, skb)) {
		struct vei_net_hdr tmp;

		if (vei_net_hdr_from_skb(net, &tmp, skb))
			return -EINVAL;
		/* Without num_buffers the last two bytes would be the packet's. */
		vei_net_copy_hdr(skb->data - net->hdr_len, &tmp, net->hdr_len);
		seg[n].addr = virt_to_phys(skb->data - net->hdr_len);
		seg[n++].len = skb_headlen(skb) + net->hdr_len;
	} else {
		hdr = vei_tx_cb_hdr(skb);
		if (vei_net_hdr_from_skb(net, hdr, skb))
			return -EINVAL;
		seg[n].addr = virt_to_phys(hdr);
		seg[n++].len = net->hdr_len;
		seg[n].addr = virt_to_phys(skb->data);
		seg[n++].len = skb_headlen(skb);
	}
	/* Not before the header: a checksum that is computed there may move everything. */
	shinfo = skb_shinfo(skb);
	for (i = 0; i < shinfo->nr_frags; i++) {
		const skb_frag_t *frag = &shinfo->frags[i];

		seg[n].addr = page_to_phys(skb_frag_page(frag)) + skb_frag_off(frag);
		seg[n++].len = skb_frag_size(frag);
	}
	return n;
}

/* Free what was sent. Under the lock; @budget is NAPI's, or 0 outside of it. */
static unsigned int vei_txq_reap(struct vei_net_txq *txq, int budget)
{
	unsigned int packets = 0, bytes = 0;
	struct sk_buff *skb;
	u32 len;

	while ((skb = vei_queue_get(txq->q, &len))) {
		packets++;
		bytes += skb->len;
		napi_consume_skb(skb, budget);
	}
	if (!packets)
		return 0;
	txq->reaped = true;
	if (txq->awaited && (s16)(txq->awaited_idx - vei_queue_taken(txq->q)) <= 0)
		txq->awaited = false;
	u64_stats_update_begin(&txq->stats.syncp);
	u64_stats_add(&txq->stats.packets, packets);
	u64_stats_add(&txq->stats.bytes, bytes);
	u64_stats_update_end(&txq->stats.syncp);
	netdev_tx_completed_queue(txq->nq, packets, bytes);
	return packets;
}

static bool vei_txq_has_room(const struct vei_net_txq *txq)
{
	return vei_queue_num_free(txq->q) >= txq->stop_below;
}

/* A stopped queue goes on when a good part is free, not to stop again at once. */
static __always_inline void vei_txq_reap_and_wake(struct vei_net_txq *txq, int budget)
{
	vei_txq_reap(txq, budget);
	if (netif_tx_queue_stopped(txq->nq) && vei_txq_has_room(txq) &&
	    vei_queue_num_free(txq->q) >= vei_queue_size(txq->q) / 4)
		netif_tx_wake_queue(txq->nq);
}

/* Bytes in flight, as BQL counts them. */
static unsigned int vei_tx_bql_bytes(const struct netdev_queue *nq)
{
#ifdef CONFIG_BQL
	return nq->dql.num_queued - nq->dql.num_completed;
#else
	return 0;
#endif
}

/*
 * TCP has no more than two small packets in queues below it. And it holds the next small
 * write back while one is there, if something sent before is not acknowledged (autocorking):
 * a request that stands alone is not meant. Mere ACKs do not count.
 */
static bool vei_tx_tcp_waits(const struct sk_buff *skb, const struct sock *sk, unsigned int here)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (skb_is_tcp_pure_ack(skb))
		return false;
	return here > skb->truesize + skb->truesize / 2 ||
	       (READ_ONCE(tp->packets_out) && skb->len < READ_ONCE(tp->mss_cache));
}

/* Does somebody wait until this packet is freed, or soon? It is in flight by now. */
static bool vei_tx_is_awaited(struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;
	unsigned int here;

	if (!sk || !sk_fullsock(sk))
		return false;
	here = refcount_read(&sk->sk_wmem_alloc);
	/* An XDP socket has its frames back when the packet is freed. */
	return here > READ_ONCE(sk->sk_sndbuf) / 2 || skb_zcopy(skb) || sk->sk_family == PF_XDP ||
	       (sk_is_tcp(sk) && vei_tx_tcp_waits(skb, sk, here));
}

/* Remember the last packet that somebody waits for. Under the lock. */
static void vei_txq_note_awaited(struct vei_net_txq *txq)
{
	txq->awaited = true;
	txq->awaited_idx = vei_queue_added(txq->q);
}

/* Is what is in flight so little that a timer does for it? Under the lock. */
static bool vei_txq_may_defer(struct vei_net_txq *txq, unsigned int in_flight)
{
	return txq->dense && in_flight < vei_queue_size(txq->q) / 2 &&
	       !netif_xmit_stopped(txq->nq) &&
	       vei_tx_bql_bytes(txq->nq) < VEI_TX_DEFER_BYTES && !txq->awaited;
}

/*
 * The timer is to fire tx-usecs after the oldest packet that was left behind; the
 * wheel adds or takes away a part of a jiffy.
 *
 * One that is running already counts for nothing: it may have looked. What was
 * published before this is seen by one that has yet to begin, see vei_txq_defer().
 */
static void vei_txq_push_timer(struct vei_net_txq *txq)
{
	unsigned long when = jiffies + txq->net->tx_jiffies;

	if (timer_pending(&txq->defer) && (!txq->fresh || txq->defer.expires == when))
		return;
	txq->defer_used = vei_queue_taken(txq->q);
	mod_timer(&txq->defer, when);
}

/*
 * See to it that what is in flight will be reaped. Under the lock. A timer is
 * no way to wait for a device that makes no @progress. Returns false if so much
 * is back already that no interrupt would come.
 */
static bool vei_txq_arrange(struct vei_net_txq *txq, bool progress)
{
	unsigned int in_flight = vei_queue_in_flight(txq->q);
	bool armed = vei_queue_intr_armed(txq->q);

	/* What was asked for stands, until somebody has reaped before it came. */
	if (!in_flight || (armed && !txq->reaped) || vei_queue_broken(txq->q))
		return true;
	txq->reaped = false;
	if (progress && vei_txq_may_defer(txq, in_flight)) {
		if (armed)
			vei_queue_intr_disable(txq->q);
		vei_txq_push_timer(txq);
		txq->fresh = false;
		return true;
	}
	if (vei_queue_intr_postpone(txq->q, in_flight - in_flight / 4))
		return true;
	vei_queue_intr_disable(txq->q);
	return false;
}

static void vei_txq_count_drop(struct vei_net_txq *txq, struct sk_buff *skb)
{
	u64_stats_update_begin(&txq->stats.syncp);
	u64_stats_inc(&txq->stats.drops);
	u64_stats_update_end(&txq->stats.syncp);
	dev_kfree_skb_any(skb);
}

/* Publish, kick if the device wants it, and arrange for the end. Under the lock. */
static void vei_txq_flush(struct vei_net_txq *txq)
{
	vei_queue_kick(txq->q);
	if (!vei_txq_arrange(txq, true))
		napi_schedule(&txq->napi);
}

/*
 * Before a packet is sent: reap what is many, and in a new jiffy all that was left
 * behind, so that the timer can be pushed ahead. Note whether packets follow each
 * other closely. Under the lock.
 */
static void vei_txq_reap_before(struct vei_net_txq *txq)
{
	unsigned int in_flight = vei_queue_in_flight(txq->q);
	unsigned long now = jiffies;

	if (in_flight >= txq->net->tx_frames || (in_flight && now != txq->sent)) {
		vei_txq_reap(txq, 0);
		in_flight = vei_queue_in_flight(txq->q);
	}
	if (!in_flight)
		txq->fresh = true;
	if (now != txq->sent) {
		txq->dense = now - txq->sent <= txq->net->tx_jiffies;
		txq->sent = now;
	}
}

/**
 * vei_net_start_xmit() - ndo_start_xmit
 * @skb: the packet
 * @netdev: the device
 *
 * The device sees a packet, and is kicked, at the end of a batch. Also if that
 * end is lost, or there is no room for more.
 */
netdev_tx_t vei_net_start_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct vei_net *net = netdev_priv(netdev);
	struct vei_net_txq *txq = &net->txq[skb_get_queue_mapping(skb)];
	unsigned int len = skb->len;
	int n;

	/* Chosen before there were fewer: by a reset, or by the user. */
	if (unlikely(!txq->open)) {
		vei_txq_count_drop(txq, skb);
		return NETDEV_TX_OK;
	}
	vei_txq_reap_before(txq);

	if (unlikely(!vei_txq_has_room(txq))) {
		netif_tx_stop_queue(txq->nq);
		vei_txq_flush(txq);
		return NETDEV_TX_BUSY;
	}
	/* A ring too small for so many fragments: one piece does. */
	if (unlikely(skb_shinfo(skb)->nr_frags + 2 > txq->stop_below && txq->stop_below > 1 &&
		     (skb_shared(skb) || skb_linearize(skb))))
		goto drop;
	/* Before it is mapped: the copy that waits for the time may move its pages. */
	skb_tx_timestamp(skb);
	n = vei_tx_map(txq, skb);
	if (unlikely(n < 0))
		goto drop;
	if (unlikely(vei_queue_add(txq->q, txq->seg, n, 0, skb)))
		goto drop;
	/* Not published yet, so it is still there to be looked at. */
	if (vei_tx_is_awaited(skb))
		vei_txq_note_awaited(txq);

	if (!vei_txq_has_room(txq))
		netif_tx_stop_queue(txq->nq);
	if (__netdev_tx_sent_queue(txq->nq, len, netdev_xmit_more()) ||
	    netif_tx_queue_stopped(txq->nq))
		vei_txq_flush(txq);
	return NETDEV_TX_OK;

drop:
	vei_txq_count_drop(txq, skb);
	if (!netdev_xmit_more())
		vei_txq_flush(txq);
	return NETDEV_TX_OK;
}

/**
 * vei_txq_interrupt() - interrupt of a transmit queue
 * @q: the queue
 *
 * The virtqueue is the lock holder's, so only hush; the poll does the rest.
 */
void vei_txq_interrupt(struct vei_queue *q)
{
	struct vei_net_txq *txq = q->priv;

	vei_queue_intr_hush(q);
	napi_schedule(&txq->napi);
}

/**
 * vei_txq_poll() - NAPI of a transmit queue
 * @napi: &vei_net_txq.napi
 * @budget: of packets; to reap is cheap and not limited by it. 0 from netpoll,
 *	which calls in the midst of anything, also of what holds the lock
 *
 * Return: 0, or @budget to be called again.
 */
int vei_txq_poll(struct napi_struct *napi, int budget)
{
	struct vei_net_txq *txq = container_of(napi, struct vei_net_txq, napi);
	bool done;

	if (unlikely(!budget)) {
		if (__netif_tx_trylock(txq->nq)) {
			vei_txq_reap_and_wake(txq, 0);
			__netif_tx_unlock(txq->nq);
		}
		return 0;
	}
	__netif_tx_lock(txq->nq, smp_processor_id());
	vei_queue_intr_disable(txq->q);
	vei_txq_reap_and_wake(txq, budget);
	done = vei_txq_arrange(txq, vei_queue_taken(txq->q) != txq->defer_used);
	__netif_tx_unlock(txq->nq);
	if (!done)
		return budget;
	napi_complete_done(napi, 0);
	return 0;
}

/**
 * vei_txq_defer() - little was in flight, and may still be
 * @timer: &vei_net_txq.defer
 *
 * No longer pending before it looks, as the transmitter publishes before it looks
 * whether the timer is pending: at least one of the two sees the other. The
 * transmitter's barrier is that of the kick decision (B).
 *
 * Context: softirq.
 */
void vei_txq_defer(struct timer_list *timer)
{
	struct vei_net_txq *txq = timer_container_of(txq, timer, defer);

	virt_mb();	/* with B, see above */
	if (vei_queue_in_flight(txq->q))
		napi_schedule(&txq->napi);
}

/**
 * vei_txq_reap_beside_rx() - reap in passing
 * @txq: the queue beside the receive queue that is polled
 * @budget: of that poll
 *
 * Context: NAPI of the receive queue.
 */
void vei_txq_reap_beside_rx(struct vei_net_txq *txq, int budget)
{
	if (!txq->q || !vei_queue_in_flight(txq->q) || !__netif_tx_trylock(txq->nq))
		return;
	vei_txq_reap_and_wake(txq, budget);
	/* The interrupt that was asked for is pushed ahead; by netpoll, left as it is. */
	if (budget && txq->reaped && vei_queue_intr_armed(txq->q) && !vei_txq_arrange(txq, true))
		napi_schedule(&txq->napi);
	__netif_tx_unlock(txq->nq);
}

/* Has the device sent anything since it was last asked? Then it is not the same stall. */
static void vei_txq_note_progress(struct vei_net_txq *txq)
{
	u64 used = vei_queue_used(txq->q);

	if (used != txq->timeout_used)
		txq->timeouts = 0;
	txq->timeout_used = used;
}

/**
 * vei_net_tx_timeout() - ndo_tx_timeout
 * @netdev: the device
 * @index: of the queue that is stuck
 *
 * A wake-up may have been lost, on either side, so tell both again: a
 * superfluous kick is harmless. A device that makes no progress even then is
 * reset, once: if it is stalled for a good reason, a reset does not help it. So
 * the count goes on over the reset, until something is sent again. One that is
 * gone is reset at once, which takes the carrier away.
 */
void vei_net_tx_timeout(struct net_device *netdev, unsigned int index)
{
	struct vei_net *net = netdev_priv(netdev);
	struct vei_net_txq *txq = &net->txq[index];

	__netif_tx_lock(txq->nq, smp_processor_id());
	vei_txq_note_progress(txq);
	txq->timeouts++;
	vei_count_inc(&net->tx_timeouts);
	netdev_warn(netdev, "tx queue %u stuck: %u in flight, %u to reap, %u time(s)\n", index,
		    vei_queue_in_flight(txq->q), vei_queue_claimed(txq->q),
		    txq->timeouts);
	if (txq->timeouts == VEI_TX_TIMEOUTS || vei_dev_is_gone(net->dev)) {
		mod_delayed_work(system_percpu_wq, &net->restart_work, 0);
	} else {
		vei_queue_kick_anyway(txq->q);
		napi_schedule(&txq->napi);
	}
	txq_trans_cond_update(txq->nq);
	__netif_tx_unlock(txq->nq);
}

/**
 * vei_txq_start() - let a transmit queue run
 * @txq: the queue, stopped
 */
void vei_txq_start(struct vei_net_txq *txq)
{
	napi_enable(&txq->napi);
	local_bh_disable();
	napi_schedule(&txq->napi);
	local_bh_enable();
}

/**
 * vei_txq_stop() - let a transmit queue rest
 * @txq: the queue; its NAPI is disabled, and the stack sends nothing any more
 */
void vei_txq_stop(struct vei_net_txq *txq)
{
	timer_delete_sync(&txq->defer);
	__netif_tx_lock_bh(txq->nq);
	vei_txq_reap(txq, 0);
	vei_txq_note_progress(txq);
	vei_queue_intr_disable(txq->q);
	__netif_tx_unlock_bh(txq->nq);
}

/**
 * vei_txq_settle() - give the device a moment to be done with what was sent
 * @txq: the queue, stopped
 *
 * Context: may sleep.
 */
void vei_txq_settle(struct vei_net_txq *txq)
{
	unsigned int tries = VEI_TX_SETTLE_MS;

	while (vei_queue_in_flight(txq->q) && !vei_queue_broken(txq->q) && tries--) {
		usleep_range(500, 1000);
		__netif_tx_lock_bh(txq->nq);
		vei_txq_reap(txq, 0);
		__netif_tx_unlock_bh(txq->nq);
	}
}

/**
 * vei_txq_drain() - take a transmit queue out of use
 * @txq: the queue, stopped, of a device that was reset
 *
 * What the device had sent by then counts as sent, what not as dropped.
 */
void vei_txq_drain(struct vei_net_txq *txq)
{
	struct sk_buff *skb;
	u16 cursor = 0;

	__netif_tx_lock_bh(txq->nq);
	vei_txq_reap(txq, 0);
	while ((skb = vei_queue_drain(txq->q, &cursor)))
		vei_txq_count_drop(txq, skb);
	txq->open = false;
	__netif_tx_unlock_bh(txq->nq);
	netdev_tx_reset_queue(txq->nq);
	/* What the reset itself set free is no progress. */
	txq->timeout_used = vei_queue_used(txq->q);
	txq->q = NULL;
}
