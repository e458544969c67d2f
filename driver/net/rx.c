// SPDX-License-Identifier: GPL-2.0
/*
 * Receive. Buffers are fragments of page_pool pages, big enough that an skb
 * can be built around each without a copy:
 *
 *   | headroom | virtio header | packet ... | skb_shared_info |
 *              ^-- what the device may write --^
 *
 * With mergeable buffers a packet may go on in further ones, which become
 * fragments of the first. Their size follows the packets: small ones for
 * frames, large ones for what was coalesced; and a ring full of small ones
 * holds the largest packet. Without, each buffer holds the largest packet that
 * the MTU allows.
 *
 * A packet of a few bytes is copied out: it would charge its receiver for all of
 * the buffer, and that is as good as new.
 */

#include <linux/etherdevice.h>
#include <linux/if_vlan.h>

#include "net.h"
#include "pool.h"

#define VEI_RX_HEADROOM		(NET_SKB_PAD + NET_IP_ALIGN)
#define VEI_RX_TAILROOM		SKB_DATA_ALIGN(sizeof(struct skb_shared_info))
#define VEI_RX_OVERHEAD		(VEI_RX_HEADROOM + VEI_RX_TAILROOM)
#define VEI_RX_FRAME(mtu)	(VLAN_ETH_HLEN + VLAN_HLEN + (mtu))

/* Largest thing that may come, plus what frames it. */
#define VEI_RX_MAX_PACKET	(GSO_LEGACY_MAX_SIZE + VLAN_ETH_HLEN + VLAN_HLEN)

/* Sizes of buffers, where nothing asks for more: of both kinds powers of two. */
#define VEI_RX_SMALL		2048
#define VEI_RX_LARGE		4096

/*
 * A token is the address of the buffer and, in the lowest bit, which of the
 * queue's two sizes it has.
 */
#define VEI_RX_TOKEN_LARGE	1UL
static_assert(IS_ALIGNED(VEI_RX_SMALL, SMP_CACHE_BYTES) && SMP_CACHE_BYTES > VEI_RX_TOKEN_LARGE);

static void *vei_rx_token(void *buf, bool large)
{
	return buf + large;
}

static void *vei_rx_token_buf(void *token)
{
	return (void *)((unsigned long)token & ~VEI_RX_TOKEN_LARGE);
}

static unsigned int vei_rx_token_truesize(const struct vei_net_rxq *rxq, void *token)
{
	return rxq->truesize[(unsigned long)token & VEI_RX_TOKEN_LARGE];
}

/**
 * vei_rxq_max_mtu() - largest MTU that receive buffers can be made for
 * @mergeable: a packet may span buffers
 */
unsigned int vei_rxq_max_mtu(bool mergeable)
{
	if (mergeable)
		return ETH_MAX_MTU;
	return min_t(size_t, ETH_MAX_MTU, (PAGE_SIZE << PAGE_ALLOC_COSTLY_ORDER) -
		     VEI_RX_OVERHEAD - VEI_NET_HDR_LEN - VEI_RX_FRAME(0));
}

/*
 * Without ANY_LAYOUT a plain buffer's header is a descriptor of its own: that is
 * what devices of that age were promised.
 */
static bool vei_rx_split_header(const struct vei_net *net)
{
	return !vei_net_has(net, VEI_NET_F_MRG_RXBUF) && !vei_net_has(net, VIRTIO_F_ANY_LAYOUT);
}

/* The most that the device may write for one packet, with its header. */
static unsigned int vei_rxq_max_packet(const struct vei_net_rxq *rxq)
{
	const struct vei_net *net = rxq->net;

	/* The MTU of mergeable buffers may change while they are posted. */
	if (vei_net_has(net, VEI_NET_F_MRG_RXBUF))
		return net->hdr_len + VEI_RX_MAX_PACKET;
	return net->hdr_len + VEI_RX_FRAME(net->netdev->mtu);
}

/* The size of a small buffer; without mergeable buffers, that of all. */
static unsigned int vei_rxq_small(const struct vei_net_rxq *rxq)
{
	unsigned int need = vei_rxq_max_packet(rxq);

	if (vei_net_has(rxq->net, VEI_NET_F_MRG_RXBUF))
		need = max_t(unsigned int, DIV_ROUND_UP(need, vei_queue_size(rxq->q)),
			     VEI_NET_HDR_LEN_MRG + VEI_RX_FRAME(ETH_DATA_LEN));
	return max_t(unsigned int, VEI_RX_SMALL, roundup_pow_of_two(need + VEI_RX_OVERHEAD));
}

/**
 * vei_rxq_outgrown() - does the MTU need larger buffers than were made?
 * @rxq: a receive queue that has its pool
 */
bool vei_rxq_outgrown(const struct vei_net_rxq *rxq)
{
	return vei_rxq_small(rxq) > rxq->truesize[0];
}

/**
 * vei_rxq_create_pool() - make the page_pool that the buffers come from
 * @rxq: a receive queue of a device that has negotiated
 *
 * Return: 0 or a negative errno.
 */
int vei_rxq_create_pool(struct vei_net_rxq *rxq)
{
	struct vei_net *net = rxq->net;

	rxq->truesize[0] = vei_rxq_small(rxq);
	rxq->truesize[1] = rxq->truesize[0];
	if (vei_net_has(net, VEI_NET_F_MRG_RXBUF))
		rxq->truesize[1] = max_t(unsigned int, rxq->truesize[0], VEI_RX_LARGE);
	if (!VEI_POOL_FRAGMENTS) {
		rxq->truesize[1] = PAGE_SIZE << get_order(rxq->truesize[1]);
		rxq->truesize[0] = rxq->truesize[1];
	}
	rxq->descs = vei_rx_split_header(net) ? 2 : 1;
	if (vei_queue_size(rxq->q) < rxq->descs) {
		netdev_err(net->netdev, "%s: a buffer takes %u descriptors, the ring has %u\n",
			   rxq->q->name, rxq->descs, vei_queue_size(rxq->q));
		return -EINVAL;
	}
	ewma_vei_net_len_init(&rxq->avg_len);
	rxq->hdr_len = net->hdr_len;
	rxq->pool = vei_pool_create(net->netdev, get_order(rxq->truesize[1]),
				    vei_queue_size(rxq->q));
	if (IS_ERR(rxq->pool) && !vei_again_waits(&net->restart_again))
		netdev_err(net->netdev, "%s: no page pool to be had: %ld\n", rxq->q->name,
			   PTR_ERR(rxq->pool));
	return PTR_ERR_OR_ZERO(rxq->pool);
}

/* Of the next buffers. */
static bool vei_rxq_wants_large(struct vei_net_rxq *rxq)
{
	return ewma_vei_net_len_read(&rxq->avg_len) + VEI_NET_HDR_LEN_MRG + VEI_RX_OVERHEAD >
	       rxq->truesize[0];
}

static void vei_rx_free_buf(struct vei_net_rxq *rxq, void *buf)
{
	page_pool_put_full_page(rxq->pool, virt_to_head_page(buf), false);
}

/* Returns how many were posted: all, but into a broken ring. */
static unsigned int vei_rxq_post(struct vei_net_rxq *rxq, const struct vei_seg *seg,
				 void *const *token, unsigned int n)
{
	unsigned int i;

	if (rxq->descs == 1)
		return vei_queue_add_burst(rxq->q, seg, token, n, true);
	for (i = 0; i < n; i++) {
		const struct vei_seg split[] = {
			{ seg[i].addr, rxq->hdr_len },
			{ seg[i].addr + rxq->hdr_len, seg[i].len - rxq->hdr_len },
		};

		if (vei_queue_add(rxq->q, split, 0, 2, token[i]))
			break;
	}
	return i;
}

/* A buffer of the next burst: one that is at hand, or a new one. NULL if memory ran out. */
static void *vei_rxq_alloc(struct vei_net_rxq *rxq, bool large)
{
	void *buf;

	if (rxq->nspare)
		return rxq->spare[--rxq->nspare];
	buf = vei_pool_alloc(rxq->pool, rxq->truesize[large]);
	return buf ? vei_rx_token(buf, large) : NULL;
}

/* A buffer that nobody has anything of any more. */
static void vei_rxq_put_back(struct vei_net_rxq *rxq, void *token)
{
	if (rxq->nspare < ARRAY_SIZE(rxq->spare))
		rxq->spare[rxq->nspare++] = token;
	else
		vei_rx_free_buf(rxq, vei_rx_token_buf(token));
}

/* One burst. Returns false if memory ran out. */
static bool vei_rxq_refill_burst(struct vei_net_rxq *rxq, unsigned int n)
{
	bool large = vei_rxq_wants_large(rxq);
	struct vei_seg *seg = rxq->seg;
	void **token = rxq->token;
	unsigned int i, posted;

	for (i = 0; i < n; i++) {
		token[i] = vei_rxq_alloc(rxq, large);
		if (!token[i])
			break;
		seg[i].addr = virt_to_phys(vei_rx_token_buf(token[i])) + VEI_RX_HEADROOM;
		seg[i].len = vei_rx_token_truesize(rxq, token[i]) - VEI_RX_OVERHEAD;
	}
	posted = vei_rxq_post(rxq, seg, token, i);
	while (i > posted)	/* only into a broken ring */
		vei_rx_free_buf(rxq, vei_rx_token_buf(token[--i]));
	return posted == n;
}

/* Is there room for the largest packet in what is posted? */
static bool vei_rxq_holds_packet(const struct vei_net_rxq *rxq)
{
	return vei_queue_in_flight(rxq->q) * (rxq->truesize[0] - VEI_RX_OVERHEAD) >=
	       vei_rxq_max_packet(rxq);
}

/* Fill the ring up, and tell the device once. */
static void vei_rxq_refill(struct vei_net_rxq *rxq)
{
	bool ok = true;

	if (vei_queue_broken(rxq->q))
		return;
	while (ok && vei_queue_num_free(rxq->q) >= rxq->descs)
		ok = vei_rxq_refill_burst(rxq, min(vei_queue_num_free(rxq->q) / rxq->descs,
						   VEI_RX_BURST));
	vei_queue_kick(rxq->q);
	/* As long as any packet finds room, the next one will lead here again. */
	if (!ok && !vei_rxq_holds_packet(rxq) && !vei_queue_broken(rxq->q))
		schedule_delayed_work(&rxq->refill, HZ / 10);
}

/* When a burst is missing, or an eighth of the ring. */
static bool vei_rxq_wants_refill(const struct vei_net_rxq *rxq)
{
	return vei_queue_num_free(rxq->q) >= clamp(vei_queue_size(rxq->q) / 8, 1U, VEI_RX_BURST);
}

/**
 * vei_rxq_refill_work() - try to refill once more
 * @work: &vei_net_rxq.refill
 */
void vei_rxq_refill_work(struct work_struct *work)
{
	struct vei_net_rxq *rxq = container_of(to_delayed_work(work), struct vei_net_rxq, refill);

	local_bh_disable();
	napi_schedule(&rxq->napi);
	local_bh_enable();
}

static void vei_rxq_count_drop(struct vei_net_rxq *rxq)
{
	u64_stats_update_begin(&rxq->stats.syncp);
	u64_stats_inc(&rxq->stats.drops);
	u64_stats_update_end(&rxq->stats.syncp);
}

/* An skb around one buffer, which holds @skip bytes and then @len bytes of packet. */
static struct sk_buff *vei_rx_build_skb(struct vei_net_rxq *rxq, void *token, unsigned int skip,
					unsigned int len)
{
	void *buf = vei_rx_token_buf(token);
	struct sk_buff *skb = napi_build_skb(buf, vei_rx_token_truesize(rxq, token));

	if (unlikely(!skb)) {
		vei_rx_free_buf(rxq, buf);
		return NULL;
	}
	skb_mark_for_recycle(skb);
	skb_reserve(skb, VEI_RX_HEADROOM + skip);
	skb_put(skb, len);
	return skb;
}

/*
 * An skb with a copy of what was received, and the buffer is free; or NULL, and it is not.
 * As small as can be: napi_alloc_skb() would have a kilobyte.
 */
static struct sk_buff *vei_rx_copy_skb(struct vei_net_rxq *rxq, void *token, unsigned int len)
{
	struct sk_buff *skb = __alloc_skb(VEI_RX_HEADROOM + len, GFP_ATOMIC | __GFP_NOWARN,
					  SKB_ALLOC_NAPI | SKB_ALLOC_RX, NUMA_NO_NODE);

	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, VEI_RX_HEADROOM);
	skb_put_data(skb, vei_rx_token_buf(token) + VEI_RX_HEADROOM + rxq->hdr_len, len);
	vei_rxq_put_back(rxq, token);
	return skb;
}

/* Hang one more buffer onto a packet: as a fragment, or when these run out as an skb. */
static bool vei_rx_append(struct vei_net_rxq *rxq, struct sk_buff *head, struct sk_buff **tail,
			  void *token, unsigned int len)
{
	unsigned int truesize = vei_rx_token_truesize(rxq, token);
	void *data = vei_rx_token_buf(token) + VEI_RX_HEADROOM;
	struct page *page = virt_to_head_page(data);
	struct sk_buff *skb;

	if (skb_shinfo(*tail)->nr_frags < MAX_SKB_FRAGS) {
		skb_add_rx_frag(*tail, skb_shinfo(*tail)->nr_frags, page,
				data - page_address(page), len, truesize);
		if (*tail != head) {
			head->len += len;
			head->data_len += len;
			head->truesize += truesize;
		}
		return true;
	}
	skb = vei_rx_build_skb(rxq, token, 0, len);
	if (unlikely(!skb))
		return false;
	if (*tail == head)
		skb_shinfo(head)->frag_list = skb;
	else
		(*tail)->next = skb;
	*tail = skb;
	head->len += len;
	head->data_len += len;
	head->truesize += skb->truesize;
	return true;
}

/*
 * The rest of a packet of @more further buffers. All of them are taken, also
 * when the packet is lost, so that the next one is found where it begins.
 */
static struct sk_buff *vei_rx_merge(struct vei_net_rxq *rxq, struct sk_buff *head,
				    unsigned int more)
{
	struct sk_buff *tail = head;
	void *token;
	u32 len;

	for (; more; more--) {
		token = vei_queue_get(rxq->q, &len);
		if (unlikely(!token)) {
			net_dbg_ratelimited("%s: %u buffers of a packet missing\n",
					    rxq->net->netdev->name, more);
			goto drop;
		}
		if (unlikely(!head)) {
			vei_rxq_put_back(rxq, token);
			continue;
		}
		if (unlikely(head->len + len > VEI_RX_MAX_PACKET ||
			     !vei_rx_append(rxq, head, &tail, token, len))) {
			if (head->len + len > VEI_RX_MAX_PACKET)
				vei_rxq_put_back(rxq, token);
			kfree_skb(head);
			head = NULL;
		}
	}
	return head;
drop:
	kfree_skb(head);
	return NULL;
}

/* The packet that begins in a used buffer, or NULL if it is lost. */
static struct sk_buff *vei_rx_packet(struct vei_net_rxq *rxq, void *token, u32 len)
{
	struct vei_net_hdr hdr = {};
	struct sk_buff *skb;
	unsigned int more = 0;

	/* A copy: what is checked is what is used. Nothing of it that was not written. */
	if (likely(len >= rxq->hdr_len)) {
		vei_net_copy_hdr(&hdr, vei_rx_token_buf(token) + VEI_RX_HEADROOM, rxq->hdr_len);
		if (unlikely(hdr.num_buffers > 1))
			more = hdr.num_buffers - 1;
	}

	if (unlikely(len < rxq->hdr_len + ETH_HLEN)) {
		vei_rxq_put_back(rxq, token);
		skb = NULL;
	} else {
		len -= rxq->hdr_len;
		skb = NULL;
		if (len <= READ_ONCE(rxq->net->rx_copybreak) && !more)
			skb = vei_rx_copy_skb(rxq, token, len);
		if (!skb)
			skb = vei_rx_build_skb(rxq, token, rxq->hdr_len, len);
	}
	if (more)
		skb = vei_rx_merge(rxq, skb, more);
	if (unlikely(!skb))
		return NULL;
	/* Of the packet as a whole: a buffer never holds more than one of its size does. */
	ewma_vei_net_len_add(&rxq->avg_len, skb->len);
	if (unlikely(vei_net_hdr_to_skb(rxq->net, skb, &hdr))) {
		kfree_skb(skb);
		return NULL;
	}
	return skb;
}

static int vei_rxq_receive(struct vei_net_rxq *rxq, int budget)
{
	struct net_device *netdev = rxq->net->netdev;
	u64 packets = 0, bytes = 0;
	int taken = 0;
	void *token;
	u32 len;

	while (taken < budget && (token = vei_queue_get(rxq->q, &len))) {
		struct sk_buff *skb = vei_rx_packet(rxq, token, len);

		taken++;
		if (unlikely(!skb)) {
			vei_rxq_count_drop(rxq);
			continue;
		}
		packets++;
		bytes += skb->len;
		/* What is left in a queue that is no longer in use came from none. */
		if (likely(rxq->index < READ_ONCE(netdev->real_num_rx_queues)))
			skb_record_rx_queue(skb, rxq->index);
		skb->protocol = eth_type_trans(skb, netdev);
		napi_gro_receive(&rxq->napi, skb);
	}
	u64_stats_update_begin(&rxq->stats.syncp);
	u64_stats_add(&rxq->stats.packets, packets);
	u64_stats_add(&rxq->stats.bytes, bytes);
	u64_stats_update_end(&rxq->stats.syncp);
	return taken;
}

/**
 * vei_rxq_interrupt() - interrupt of a receive queue
 * @q: the queue
 */
void vei_rxq_interrupt(struct vei_queue *q)
{
	struct vei_net_rxq *rxq = q->priv;

	if (napi_schedule_prep(&rxq->napi)) {
		vei_queue_intr_disable(q);
		__napi_schedule(&rxq->napi);
	}
}

/**
 * vei_rxq_poll() - NAPI of a receive queue
 * @napi: &vei_net_rxq.napi
 * @budget: packets at the most
 *
 * Interrupts are asked for while the queue is still ours; only then is NAPI
 * left. One that comes in between has it polled again.
 *
 * Without a budget it is netpoll that calls, maybe in the midst of whatever this
 * processor was doing: it wants transmit reaped and nothing else touched.
 *
 * Return: packets taken; @budget to be called again.
 */
int vei_rxq_poll(struct napi_struct *napi, int budget)
{
	struct vei_net_rxq *rxq = container_of(napi, struct vei_net_rxq, napi);
	bool armed;
	int taken;

	vei_txq_reap_beside_rx(rxq->txq, budget);
	if (unlikely(!budget))
		return 0;
	/* Whoever called: a timer and the refill do so without the interrupt. */
	vei_rxq_disarm(rxq);
	taken = vei_rxq_receive(rxq, budget);
	vei_rxq_note_row(rxq, taken);
	if (vei_rxq_wants_refill(rxq))
		vei_rxq_refill(rxq);
	if (taken == budget)
		return budget;
	if (unlikely(vei_rxq_is_stream(rxq, taken)))
		armed = vei_rxq_postpone(rxq);
	else
		armed = vei_rxq_next(rxq);
	if (!armed)
		return budget;
	rxq->moder.burst = 0;
	/* From here on the queue may be another processor's. */
	napi_complete_done(napi, taken);
	return taken;
}

/**
 * vei_rxq_start() - let a receive queue run
 * @rxq: the queue, stopped
 */
void vei_rxq_start(struct vei_net_rxq *rxq)
{
	vei_rxq_refill(rxq);
	vei_rxq_start_moder(rxq);
	napi_enable(&rxq->napi);
	/* It takes what may be there already, and asks for interrupts. */
	local_bh_disable();
	napi_schedule(&rxq->napi);
	local_bh_enable();
}

/**
 * vei_rxq_stop() - let a receive queue rest; its buffers stay posted
 * @rxq: the queue, running
 */
void vei_rxq_stop(struct vei_net_rxq *rxq)
{
	cancel_delayed_work_sync(&rxq->refill);
	napi_disable(&rxq->napi);
	cancel_delayed_work_sync(&rxq->refill);
	vei_rxq_stop_moder(rxq);
	vei_queue_intr_disable(rxq->q);
}

/**
 * vei_rxq_drain() - take a receive queue out of use
 * @rxq: the queue, stopped, of a device that was reset
 */
void vei_rxq_drain(struct vei_net_rxq *rxq)
{
	u16 cursor = 0;
	void *token;

	while ((token = vei_queue_drain(rxq->q, &cursor)))
		vei_rx_free_buf(rxq, vei_rx_token_buf(token));
	while (rxq->nspare)
		vei_rx_free_buf(rxq, vei_rx_token_buf(rxq->spare[--rxq->nspare]));
	if (!IS_ERR_OR_NULL(rxq->pool))
		page_pool_destroy(rxq->pool);
	rxq->pool = NULL;
	rxq->q = NULL;
}
