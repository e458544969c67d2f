/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio-net on the core. The data path:
 *
 *   tx.c  ndo_start_xmit -> queue -> device -> reap (TX NAPI, RX NAPI, xmit)
 *   rx.c  refill -> queue -> device -> RX NAPI -> GRO
 *   hdr.c the header before each packet, both ways
 *
 * and around it:
 *
 *   main.c     parameters, features, the pci_driver, the net_device
 *   state.c    from each state of the device to another: start, stop, restart, sleep
 *   queues.c   what a reset takes and gives anew: negotiation, queues, pools
 *   settings.c what is set anew after a reset; features, MTU, address, pairs
 *   ctrl.c     commands on the control queue
 *   rx_mode.c  address filters
 *   link.c     link state, announcements
 *   ethtool.c  what ethtool shows and sets
 */
#ifndef _VEI_NET_H
#define _VEI_NET_H

#include <linux/dim.h>
#include <linux/average.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/timer.h>
#include <linux/u64_stats_sync.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <vei/again.h>
#include <vei/dev.h>
#include <vei/queue.h>

#include "compat.h"
#include "wire.h"

#define VEI_NET_NAME		"virtio_ei_net"

/* Header, linear part, fragments. */
#define VEI_NET_TX_SEGS		(MAX_SKB_FRAGS + 2)

/* ethtool --set-tunable and -C, at first. What lies in 512 bytes with all that an skb has. */
#define VEI_NET_RX_COPYBREAK	128
#define VEI_NET_TX_USECS	8000
#define VEI_NET_TX_FRAMES	16

/* Receive buffers are posted by the burst. */
#define VEI_RX_BURST		32U

DECLARE_EWMA(vei_net_len, 0, 64)

/**
 * enum vei_net_state - what a device is about; see state.c
 * @VEI_NET_REMOVED: reset for good
 * @VEI_NET_ASLEEP: reset until resume
 * @VEI_NET_RESET: reset, because a restart failed or is under way
 * @VEI_NET_READY: negotiated, has its queues, takes commands; no packets
 * @VEI_NET_RUNNING: moves packets
 */
enum vei_net_state {
	VEI_NET_REMOVED,
	VEI_NET_ASLEEP,
	VEI_NET_RESET,
	VEI_NET_READY,
	VEI_NET_RUNNING,
};

/**
 * struct vei_net_limits - what the stack was told last of a device
 * @features: of the net_device
 * @mtu: likewise
 */
struct vei_net_limits {
	netdev_features_t features;
	unsigned int mtu;
};

/**
 * struct vei_net_stats - what a queue has moved, one writer at a time
 * @syncp: for readers on 32-bit machines
 * @packets: packets
 * @bytes: bytes of them, without virtio headers
 * @drops: packets lost in the driver: malformed, or no memory
 */
struct vei_net_stats {
	struct u64_stats_sync syncp;
	u64_stats_t packets;
	u64_stats_t bytes;
	u64_stats_t drops;
};

/**
 * struct vei_net_moder - when a receive queue asks for interrupts; its poll's, but for two
 * @late: fires if an interrupt that was postponed has not come; reads @postponed, @polled
 *	and @limit
 * @dim: chooses @usecs, in a work of its own
 * @events: polls of streams, for @dim
 * @usecs: that a packet of a stream may wait
 * @by_index: interrupts can be postponed
 * @postponed: the next one was
 * @waited: the last one that was asked for was
 * @asked: after how many packets, if so
 * @burst: packets since it was asked for
 * @batch: packets that come at once, if none is postponed
 * @sent: entries of the transmit queue beside it at the last poll
 * @row: packets in a row, see moder.c
 * @came: packets since @polled
 * @pace: time from one packet to the next in a stream, ns, smoothed
 * @polled: time of the last poll of a stream, ns
 * @limit: how long a postponed interrupt may take from then on, ns
 */
struct vei_net_moder {
	struct hrtimer late;
	struct dim dim;
	u16 events;
	unsigned int usecs;
	bool by_index;
	bool postponed;
	bool waited;
	u16 sent;
	unsigned int asked;
	unsigned int burst;
	unsigned int batch;
	unsigned int row;
	unsigned int came;
	u32 pace;
	u64 polled;
	u64 limit;
};

/**
 * struct vei_net_rxq - a receive queue; its NAPI is the one user of @q
 * @q: the virtqueue; NULL while the device is down
 * @net: the device
 * @txq: the transmit queue beside it
 * @index: of the pair
 * @napi: polls it
 * @pool: where the buffers come from
 * @avg_len: of packets, which decides on the size of the buffers
 * @hdr_len: bytes of the header before each packet
 * @descs: descriptors that a buffer takes
 * @truesize: of a small buffer and of a large one
 * @nspare: how many are in @spare
 * @spare: tokens of buffers whose packets were copied out, to be posted again
 * @refill: tries again when memory ran out and too little is posted
 * @moder: when it asks for interrupts
 * @stats: what came
 * @seg: where a burst is put together: on the stack the compiler would clear it each time
 * @token: likewise
 */
struct vei_net_rxq {
	struct vei_queue *q;
	struct vei_net *net;
	struct vei_net_txq *txq;
	unsigned int index;
	struct page_pool *pool;
	struct ewma_vei_net_len avg_len;
	unsigned int hdr_len;
	unsigned int descs;
	unsigned int truesize[2];
	struct vei_net_moder moder;
	struct vei_net_stats stats;
	struct napi_struct napi;
	struct delayed_work refill;
	unsigned int nspare;
	void *spare[NAPI_POLL_WEIGHT];
	struct vei_seg seg[VEI_RX_BURST];
	void *token[VEI_RX_BURST];
} ____cacheline_aligned_in_smp;

/**
 * struct vei_net_txq - a transmit queue; who holds the lock of @nq may use @q
 * @q: the virtqueue; NULL while the device is down
 * @open: there is one, and the device serves it
 * @net: the device
 * @nq: the stack's queue
 * @napi: reaps what was sent
 * @defer: makes sure of that while no interrupt was asked for
 * @defer_used: entries taken when @defer was started
 * @sent: jiffies of the last packet
 * @dense: that packet came soon after the one before
 * @fresh: since @defer was pushed ahead, there was nothing in flight
 * @reaped: since an interrupt was asked for, something was taken
 * @awaited: somebody waits for a packet that is in flight
 * @awaited_idx: entries taken when it is not any more
 * @push: the header may be in one piece with the packet
 * @stop_below: free descriptors that a packet may need
 * @timeouts: in a row without progress, as of tx timeout
 * @timeout_used: used buffers at the last of them
 * @stats: what went
 * @seg: where a packet's pieces are put together: on the stack the compiler would clear it
 *	each time
 */
struct vei_net_txq {
	struct vei_queue *q;
	struct vei_net *net;
	struct netdev_queue *nq;
	unsigned long sent;
	bool open;
	bool dense;
	bool fresh;
	bool reaped;
	bool awaited;
	bool push;
	u16 awaited_idx;
	u16 defer_used;
	u16 stop_below;
	struct vei_net_stats stats;
	struct timer_list defer;
	struct napi_struct napi;
	unsigned int timeouts;
	u64 timeout_used;
	struct vei_seg seg[VEI_NET_TX_SEGS];
} ____cacheline_aligned_in_smp;

/**
 * struct vei_net - a virtio-net device
 * @dev: the core's view of it
 * @netdev: the stack's
 * @rxq: receive queues, @max_pairs of them
 * @txq: transmit queues, likewise
 * @max_pairs: pairs of queues that there is room for
 * @avail_pairs: how many of them the device has
 * @pairs: how many of these are in use
 * @wanted_pairs: how many the user would have
 * @wanted_mtu: the MTU that the user would have; 0 before there is a user
 * @told: what the stack goes by; kept over restarts that fail
 * @hdr_len: bytes of the header before each packet
 * @state: under RTNL
 * @removing: the net_device goes, and must see no restart or change of the link any
 *	more; under RTNL
 * @rx_copybreak: packets of up to so many bytes are copied out of their buffers
 * @rx_usecs: how long a packet of a stream may wait, if not @rx_adaptive; 0: not at all
 * @rx_frames: so many at the most; 0: as many as a row counts for
 * @rx_adaptive: moderation looks for a time by itself
 * @tx_usecs: how long a few sent packets may wait to be reaped
 * @tx_jiffies: the same; 0: not at all
 * @tx_frames: how many are a few
 * @tx_timeouts: times that the stack found a transmit queue stuck
 * @restarts: times that the device was reset and set up anew
 * @ctrl_q: control queue; NULL if there is none or the device is down
 * @ctrl_lock: one command at a time
 * @ctrl_wait: woken by the control queue's interrupt, and when commands are cancelled
 * @ctrl_cancelled: no commands are taken, nobody waits for an answer
 * @config_work: looks what changed in the configuration
 * @rx_mode_work: programs the address filters
 * @rx_mode_again: when it does so again, if there was no memory. Its own
 * @restart_work: restarts the device
 * @restart_again: when it does so again, likewise; under RTNL
 */
struct vei_net {
	struct vei_dev *dev;
	struct net_device *netdev;
	struct vei_net_rxq *rxq;
	struct vei_net_txq *txq;
	unsigned int max_pairs;
	unsigned int avail_pairs;
	unsigned int pairs;
	unsigned int wanted_pairs;
	unsigned int wanted_mtu;
	struct vei_net_limits told;
	unsigned int hdr_len;
	enum vei_net_state state;
	bool removing;
	unsigned int rx_copybreak;
	unsigned int rx_usecs;
	unsigned int rx_frames;
	bool rx_adaptive;
	unsigned int tx_usecs;
	unsigned long tx_jiffies;
	unsigned int tx_frames;
	struct vei_count tx_timeouts;
	struct vei_count restarts;

	struct vei_queue *ctrl_q;
	struct mutex ctrl_lock;		/* one command at a time */
	wait_queue_head_t ctrl_wait;
	bool ctrl_cancelled;

	struct work_struct config_work;
	struct delayed_work rx_mode_work;
	struct vei_again rx_mode_again;
	struct delayed_work restart_work;
	struct vei_again restart_again;
};

/**
 * vei_net_read_stats() - a consistent copy of a queue's counters
 * @from: being written perhaps
 * @to: private
 */
static inline void vei_net_read_stats(const struct vei_net_stats *from, struct vei_net_stats *to)
{
	unsigned int start;

	do {
		start = vei_stats_fetch_begin(&from->syncp);
		to->packets = from->packets;
		to->bytes = from->bytes;
		to->drops = from->drops;
	} while (vei_stats_fetch_retry(&from->syncp, start));
}

/**
 * vei_net_has() - was a feature bit negotiated?
 * @net: the device
 * @bit: 0..63
 */
static inline bool vei_net_has(const struct vei_net *net, unsigned int bit)
{
	return vei_dev_has(net->dev, bit);
}

/* So many in a row are a stream, and so many times what comes at once. */
#define VEI_RX_STREAM		4U

/**
 * vei_rxq_disarm() - no interrupt is waited for any more, as the queue is polled
 * @rxq: the queue, from now on the poll's own
 */
static inline void vei_rxq_disarm(struct vei_net_rxq *rxq)
{
	vei_queue_intr_disable(rxq->q);
	/* Or the timer would have the queue polled once more, and find the stream ended. */
	if (rxq->moder.postponed)
		WRITE_ONCE(rxq->moder.postponed, false);
}

/**
 * vei_rxq_next() - ask for an interrupt after the next packet
 * @rxq: the queue, still the poll's own
 *
 * Return: true if it will come, false if there is one already.
 */
static inline bool vei_rxq_next(struct vei_net_rxq *rxq)
{
	rxq->moder.waited = false;
	return vei_queue_intr_enable(rxq->q);
}

/**
 * vei_rxq_note_row() - count what this poll has taken
 * @rxq: the queue, still the poll's own
 * @taken: so many packets
 */
static inline void vei_rxq_note_row(struct vei_net_rxq *rxq, unsigned int taken)
{
	struct vei_net_moder *m = &rxq->moder;
	u16 sent = vei_queue_added(rxq->txq->q);

	m->row += taken;
	m->came += taken;
	m->burst += taken;
	/* Who sends may be waiting for an answer, and the row that was waited for has ended. */
	if (sent != m->sent || !taken) {
		m->sent = sent;
		m->row = 0;
	}
}

/**
 * vei_rxq_is_stream() - is the interrupt better postponed? See moder.c
 * @rxq: the queue, still the poll's own
 * @taken: packets that this poll has taken, and noted
 */
static inline bool vei_rxq_is_stream(const struct vei_net_rxq *rxq, unsigned int taken)
{
	const struct vei_net *net = rxq->net;
	const struct vei_net_moder *m = &rxq->moder;

	if (likely(READ_ONCE(net->rx_adaptive)))
		return m->row >= VEI_RX_STREAM * (taken + 1) && m->by_index;
	return taken && READ_ONCE(net->rx_usecs) && m->by_index;
}

/* main.c */
u64 vei_net_wanted_features(void);

/* queues.c */
unsigned int vei_net_device_pairs(struct vei_dev *dev);
bool vei_net_queue_busy(struct vei_queue *q);
int vei_net_up(struct vei_net *net);
void vei_net_down(struct vei_net *net);
void vei_net_spread_senders(struct vei_net *net, unsigned int pairs);

/* state.c */
int vei_net_set_state(struct vei_net *net, enum vei_net_state to);
int vei_net_begin(struct vei_net *net);
void vei_net_forsake(struct vei_net *net);
void vei_net_end(struct vei_net *net);
int vei_net_restart(struct vei_net *net);
int vei_net_restart_dev(struct vei_dev *dev);
void vei_net_restart_work(struct work_struct *work);
void vei_net_suspend(struct vei_dev *dev);
int vei_net_resume(struct vei_dev *dev);
int vei_net_open(struct net_device *netdev);
int vei_net_stop(struct net_device *netdev);

/* settings.c */
int vei_net_limit(struct vei_net *net);
int vei_net_settle_new(struct vei_net *net);
int vei_net_settle_again(struct vei_net *net);
int vei_net_set_pairs(struct vei_net *net, unsigned int pairs);
int vei_net_set_mac(struct net_device *netdev, void *addr);
netdev_features_t vei_net_fix_netdev_features(struct net_device *netdev,
					      netdev_features_t features);
int vei_net_change_mtu(struct net_device *netdev, int mtu);

/* rx.c */
void vei_rxq_interrupt(struct vei_queue *q);
int vei_rxq_poll(struct napi_struct *napi, int budget);
int vei_rxq_create_pool(struct vei_net_rxq *rxq);
void vei_rxq_start(struct vei_net_rxq *rxq);
void vei_rxq_stop(struct vei_net_rxq *rxq);
void vei_rxq_drain(struct vei_net_rxq *rxq);
void vei_rxq_refill_work(struct work_struct *work);
bool vei_rxq_outgrown(const struct vei_net_rxq *rxq);
unsigned int vei_rxq_max_mtu(bool mergeable);

/* moder.c */
bool vei_rxq_postpone(struct vei_net_rxq *rxq);
void vei_rxq_init_moder(struct vei_net_rxq *rxq);
void vei_rxq_start_moder(struct vei_net_rxq *rxq);
void vei_rxq_stop_moder(struct vei_net_rxq *rxq);

/* tx.c */
netdev_tx_t vei_net_start_xmit(struct sk_buff *skb, struct net_device *netdev);
void vei_net_tx_timeout(struct net_device *netdev, unsigned int index);
void vei_txq_interrupt(struct vei_queue *q);
int vei_txq_poll(struct napi_struct *napi, int budget);
void vei_txq_defer(struct timer_list *timer);
void vei_txq_reap_beside_rx(struct vei_net_txq *txq, int budget);
void vei_txq_start(struct vei_net_txq *txq);
void vei_txq_stop(struct vei_net_txq *txq);
void vei_txq_settle(struct vei_net_txq *txq);
void vei_txq_drain(struct vei_net_txq *txq);

/* hdr.c */
int vei_net_hdr_offload(struct vei_net *net, struct vei_net_hdr *hdr, struct sk_buff *skb);
int vei_net_hdr_accept(struct vei_net *net, struct sk_buff *skb, const struct vei_net_hdr *hdr);

/**
 * vei_net_copy_hdr() - copy the header of a packet, once
 * @to: to here
 * @from: from here; the device may be writing it
 * @len: VEI_NET_HDR_LEN or VEI_NET_HDR_LEN_MRG; that there are just two saves a call
 */
static inline void vei_net_copy_hdr(void *to, const void *from, unsigned int len)
{
	if (len == VEI_NET_HDR_LEN_MRG)
		memcpy(to, from, VEI_NET_HDR_LEN_MRG);
	else
		memcpy(to, from, VEI_NET_HDR_LEN);
	/* Nor does the compiler look there again. */
	barrier();
}

/**
 * vei_net_hdr_from_skb() - describe a packet to the device
 * @net: the device
 * @hdr: filled
 * @skb: to be sent; its checksum is computed if the device cannot
 *
 * Return: 0, or -EINVAL for an offload that was not negotiated.
 */
static inline int vei_net_hdr_from_skb(struct vei_net *net, struct vei_net_hdr *hdr,
				       struct sk_buff *skb)
{
	*hdr = (struct vei_net_hdr){};
	if (skb->ip_summed != CHECKSUM_PARTIAL && !skb_is_gso(skb))
		return 0;
	return vei_net_hdr_offload(net, hdr, skb);
}

/**
 * vei_net_hdr_to_skb() - take over what the device says of a packet
 * @net: the device
 * @skb: the packet, at its Ethernet header
 * @hdr: from the device; a copy
 *
 * Return: 0, or -EINVAL if it makes no sense.
 */
static inline int vei_net_hdr_to_skb(struct vei_net *net, struct sk_buff *skb,
				     const struct vei_net_hdr *hdr)
{
	if (hdr->flags == 0 && hdr->gso_type == VEI_NET_HDR_GSO_NONE)
		return 0;
	return vei_net_hdr_accept(net, skb, hdr);
}

/* ctrl.c */
void vei_net_ctrl_interrupt(struct vei_queue *q);
int vei_net_ctrl(struct vei_net *net, u8 class, u8 cmd, const void *data, size_t len);
int vei_net_ctrl_tables(struct vei_net *net, u8 class, u8 cmd, const void *data, size_t len,
			size_t first);
void vei_net_ctrl_start(struct vei_net *net, struct vei_queue *q);
void vei_net_ctrl_cancel(struct vei_net *net);
void vei_net_ctrl_drain(struct vei_net *net);

/* rx_mode.c */
void vei_net_set_rx_mode(struct net_device *netdev);
void vei_net_rx_mode_work(struct work_struct *work);

/* link.c */
void vei_net_config_changed(struct vei_dev *dev);
void vei_net_queue_broken(struct vei_queue *q);
void vei_net_config_work(struct work_struct *work);
bool vei_net_update_link(struct vei_net *net);

/* ethtool.c */
extern const struct ethtool_ops vei_net_ethtool_ops;

#endif /* _VEI_NET_H */
